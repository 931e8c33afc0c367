// What is known of the message at hand when the rules look at it. One object is reused.

import { MessageFlag, type MessageTable, NONE } from '../engine/message-table.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group, PgkEpoch } from '../keyring/keyring.ts';

/** See the head of the file. */
export class Observed {
  table: MessageTable | null = null;
  row = 0;
  /** Flags of the row. */
  flags = 0;
  /** Whether it opened: all of the evidence, no check that failed. */
  opened = false;
  /** Group key (../engine/group-key.ts), and the group where the keyring has it. */
  groupKey = 0;
  group: Group | null = null;
  source = 0;
  /** Capture time in milliseconds. */
  time = 0;
  /** Serial of the key that opened it, fits it or proved its context; NONE where there is none. */
  serial = NONE;
  /** Slot of the source in the group (members.ts). */
  member = NONE;
  /** Whether the source was removed from the group before. */
  removed = false;

  readonly #index: KeyIndex;

  constructor(index: KeyIndex) {
    this.#index = index;
  }

  /** Takes up a row. */
  take(table: MessageTable, row: number, groupKey: number, groups: readonly Group[]): void {
    this.table = table;
    this.row = row;
    this.flags = table.flags[row];
    this.opened = (this.flags & MessageFlag.opened) !== 0;
    this.groupKey = groupKey;
    this.group = table.group[row] < 0 ? null : groups[table.group[row]];
    this.source = table.source[row];
    this.time = table.time[row];
    this.serial = table.epoch[row];
    this.removed = false;
  }

  /** The key of `serial`, which must not be NONE. */
  get epoch(): PgkEpoch {
    return this.#index.epoch(this.serial);
  }

  /** The id of that key, or null. */
  get pgkId(): number | null {
    return this.serial === NONE ? null : this.epoch.id;
  }
}
