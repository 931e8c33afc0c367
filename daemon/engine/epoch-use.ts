// What each PGK did in this capture: first and last use, messages, sources. The `epoch` records come from here.

import type { Keyring } from '../keyring/keyring.ts';
import { MessageFlag, type MessageTable, NONE } from './message-table.ts';
import { grown, SlotTable } from './slot-table.ts';

/** We chose: (PGK, source) pairs remembered; above it a forgotten source that speaks again is counted twice. */
const SOURCE_CAP = 1 << 18;

/** Columns by serial of the epoch. */
export class EpochUse {
  /** Milliseconds since 1970; NaN where the key was not used. */
  firstUse = new Float64Array(0);
  lastUse = new Float64Array(0);
  messages = new Float64Array(0);
  sources = new Uint32Array(0);
  readonly #pairs = new SlotTable(SOURCE_CAP, () => undefined);
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#grow();
  }

  /** Pairs forgotten so far. */
  get evictions(): number {
    return this.#pairs.evictions;
  }

  /** Counts a judged message that opened under a key. */
  note(table: MessageTable, row: number): void {
    const serial = table.epoch[row];
    if (serial === NONE || (table.flags[row] & MessageFlag.opened) === 0) return;
    if (serial >= this.messages.length) this.#grow();
    const time = table.time[row];
    if (this.messages[serial] === 0) this.firstUse[serial] = time;
    this.messages[serial]++;
    this.lastUse[serial] = time;
    if (this.#pairs.obtain(table.source[row], serial, 0) < 0) this.sources[serial]++;
  }

  #grow(): void {
    const before = this.messages.length;
    const length = Math.max(this.#keyring.epochs.length, before * 2, 16);
    this.firstUse = grown(this.firstUse, length).fill(Number.NaN, before);
    this.lastUse = grown(this.lastUse, length).fill(Number.NaN, before);
    this.messages = grown(this.messages, length);
    this.sources = grown(this.sources, length);
  }
}
