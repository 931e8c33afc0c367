// The daemon's interfaces: a number for each source, name, link type and track, kept through the interface descriptions
// of the pcapng files.

import { NO_INTERFACE } from '../../captures/frame-batch.ts';
import type { InterfaceRow } from './journal-port.ts';

/** Constants we chose. */
/** Interfaces of the journal's life. A feed that names more (nobody has as many radios) gets NO_INTERFACE for them. */
export const MOST_INTERFACES = 1024;
/** Characters of a source's, an interface's and a track's name; what is longer is cut. */
const MOST_CHARACTERS = 255;

/** What names an interface. */
export type InterfaceName = Omit<InterfaceRow, 'interfaceId'>;

/** See the head of the file. */
export class InterfaceTable {
  readonly #rows: InterfaceRow[] = [];
  readonly #ids = new Map<string, number>();

  /** The rows in the order of their numbers. */
  get rows(): readonly InterfaceRow[] {
    return this.#rows;
  }

  /** The number of an interface; a new one gets the next. */
  idOf(named: InterfaceName): number {
    const { source, name, linkType, track } = named;
    const row = {
      interfaceId: this.#rows.length,
      source: source.slice(0, MOST_CHARACTERS),
      name: name.slice(0, MOST_CHARACTERS),
      linkType,
      track: track.slice(0, MOST_CHARACTERS),
    };
    const key = keyOf(row);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#rows.length >= MOST_INTERFACES) return NO_INTERFACE;
    this.#ids.set(key, row.interfaceId);
    this.#rows.push(row);
    return row.interfaceId;
  }

  /** Takes the rows that a file describes, from 0 on; a number that is known stays as it is. */
  restore(rows: readonly InterfaceRow[]): void {
    for (const row of [...rows].sort((one, other) => one.interfaceId - other.interfaceId)) {
      if (row.interfaceId !== this.#rows.length || this.#rows.length >= MOST_INTERFACES) continue;
      this.#ids.set(keyOf(row), row.interfaceId);
      this.#rows.push(row);
    }
  }
}

function keyOf({ source, name, linkType, track }: InterfaceName): string {
  return JSON.stringify([source, name, linkType, track]);
}

/** The interface description's text, which brings the row back. */
export function describe(row: InterfaceRow): string {
  const { interfaceId, source, name, track } = row;
  return JSON.stringify({ interface: interfaceId, source, name, track });
}

/** The row of a description; null where it is none of ours. */
export function rowOf(description: string, linkType: number): InterfaceRow | null {
  let said: unknown;
  try {
    said = JSON.parse(description);
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { interface: interfaceId, source, name, track } = said as Record<string, unknown>;
  if (typeof interfaceId !== 'number' || !Number.isInteger(interfaceId)) return null;
  if (interfaceId < 0 || interfaceId > NO_INTERFACE) return null;
  if (typeof source !== 'string' || typeof name !== 'string' || typeof track !== 'string') return null;
  return { interfaceId, source, name, linkType, track };
}
