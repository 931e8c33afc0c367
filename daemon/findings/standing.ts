// Whether a message may speak for its sender: resolve the key first, then count (findings, preamble).

import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../engine/message-table.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group } from '../keyring/keyring.ts';

const VERSION_WHOLE = 3;

/** What a message may move. */
export const Standing = {
  /** Nothing: a key is held and it did not open, or its index could be two keys, or nobody can say whose it is. */
  silent: 0,
  /** It opened. */
  opened: 1,
  /** No key is held: the clear headers are all there is. */
  keyless: 2,
} as const;

/** A value of `Standing`. */
export type Standing = (typeof Standing)[keyof typeof Standing];

/** Groups of the keyring that a message could be for. */
export function groupsOf(index: KeyIndex, table: MessageTable, row: number): readonly Group[] {
  return index.groupsFor(table.destination[row], table.version[row] === VERSION_WHOLE);
}

/**
 * The standing of a ciphered message that did or did not open.
 *
 * @param openedBefore whether a message of its context opened before
 */
export function standingOf(index: KeyIndex, table: MessageTable, row: number, openedBefore: boolean): Standing {
  const flags = table.flags[row];
  if ((flags & MessageFlag.opened) !== 0) return Standing.opened;
  if ((flags & (MessageFlag.notCiphered | MessageFlag.damaged | MessageFlag.claimedButPlain)) !== 0) {
    return Standing.silent;
  }
  if (openedBefore || table.epoch[row] !== NONE || table.verdict[row] === VerdictCode.forged) return Standing.silent;
  if (table.version[row] === 0) return Standing.silent;
  const groups = groupsOf(index, table, row);
  if (groups.length > 1) return Standing.silent;
  if (groups.length === 0) return Standing.keyless;
  const pgkIndex = table.pgkIndex[row];
  if (index.candidates(groups[0], pgkIndex).length > 0) return Standing.silent;
  return index.hasIndex(groups[0], pgkIndex) && keysWithIndex(groups[0], pgkIndex) > 1
    ? Standing.silent
    : Standing.keyless;
}

function keysWithIndex(group: Group, pgkIndex: number): number {
  let count = 0;
  for (const epoch of group.keys) if (epoch.index5 === pgkIndex && ++count > 1) break;
  return count;
}
