// `-T ndjson`: the records of interfaces 3, one JSON object a line.

import type { AnalysisListener } from '../daemon/analysis.ts';
import { MessageRecordWriter } from '../daemon/engine/message-record-writer.ts';
import type { SidescopeEvent } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { printableJson } from '../dissectors/printable.ts';
import { flushFullOutput, standardOutput, writeOutput } from './stdout.ts';

/**
 * Prints every record. Characters that a terminal would obey are written as JSON escapes.
 *
 * @param payload whether deciphered SDUs are in the records of messages
 */
export function recordPrinter(keyring: Keyring, payload: boolean): AnalysisListener {
  const writer = new MessageRecordWriter(keyring, { payload });
  return {
    record: (table, row, reassembled) => {
      writer.write(table, row, reassembled, standardOutput);
      flushFullOutput();
    },
    finding: printJsonLine,
    key: printJsonLine,
    epoch: printJsonLine,
    summary: printJsonLine,
  };
}

function printJsonLine(event: SidescopeEvent): void {
  writeOutput(`${printableJson(event)}\n`);
}
