// Whom a finding is about, as numbers and as it writes them.

import { destinationKey, NO_GROUP, UNKNOWN_GROUP } from '../engine/group-key.ts';
import { layer2Text } from '../engine/message-event.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group } from '../keyring/keyring.ts';

/** No source. */
export const NO_SOURCE = -1;

const VERSION_WHOLE = 3;

/** The group of a destination of some SL-SCH version, where the keyring has one and no other could be meant. */
export function groupKeyAt(index: KeyIndex, destination: number, version: number): number {
  const groups = index.groupsFor(destination, version === VERSION_WHOLE);
  return groups.length === 1 && version !== 0 ? groups[0].index : destinationKey(destination, version);
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
