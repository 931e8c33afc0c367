// The group of a message as a number of 31 bits, by which rules and tables tell groups apart: its place in the keyring or,
// where none matches, the destination.

import type { MessageTable } from './message-table.ts';

/** No group: nobody can say, or it is about the whole capture. */
export const NO_GROUP = 0x7fff_ffff;
/** Keys from here on, and below NO_GROUP, have the version of the SL-SCH in bits 24 and 25 and the destination below. */
export const UNKNOWN_GROUP = 0x4000_0000;

/** The group of a message: that of the keyring, else its destination. */
export function groupKeyOf(table: MessageTable, row: number): number {
  const group = table.group[row];
  return group >= 0 ? group : destinationKey(table.destination[row], table.version[row]);
}

/** A destination that no group of the keyring stands for. */
export function destinationKey(destination: number, version: number): number {
  return version === 0 ? NO_GROUP : UNKNOWN_GROUP | (version << 24) | destination;
}
