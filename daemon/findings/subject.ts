// Whom a finding is about, as numbers and as it writes them.

import { destinationKey, NO_GROUP, UNKNOWN_GROUP } from '../engine/group-key.ts';
import { layer2Text } from '../engine/message-event.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group } from '../keyring/keyring.ts';

/** No source. */
export const NO_SOURCE = -1;

const VERSION_WHOLE = 3;

/**
 * The group of a destination whose SL-SCH version is not said. Version 1 and 2 have only the 16 high bits, and zeros in
 * their place of the others.
 */
export function groupKeyAt(index: KeyIndex, destination: number): number {
  const isShort = (destination & 0xff) === 0;
  const exact = index.groupsFor(destination, true);
  const groups = exact.length === 0 && isShort ? index.groupsFor(destination, false) : exact;
  return groups.length === 1 ? groups[0].index : destinationKey(destination, isShort ? 1 : VERSION_WHOLE);
}

/** A group key as a finding writes it. */
export function groupKeyText(key: number, groups: readonly Group[]): string | null {
  if (key === NO_GROUP) return null;
  if (key < UNKNOWN_GROUP) return groups[key].idText;
  const text = layer2Text(key & 0xff_ffff);
  return ((key >>> 24) & 3) === VERSION_WHOLE ? text : `${text.slice(0, 4)}??`;
}

/** A source as a finding writes it. */
export function sourceText(source: number): string | null {
  return source === NO_SOURCE ? null : layer2Text(source);
}
