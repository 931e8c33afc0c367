// `-T ndjson`: the records of interfaces 3, one JSON object a line.

import type { SidescopeEvent } from '../daemon/events.ts';
import { printableJson } from '../dissectors/printable.ts';
import { writeOutput } from './stdout.ts';

/** Prints one record. Characters that a terminal would obey are written as JSON escapes. */
export function printJsonLine(event: SidescopeEvent): void {
  writeOutput(`${printableJson(event)}\n`);
}
