// What each PGK did in this capture: first and last use, messages, sources. The `epoch` records come from here.

import type { Keyring } from '../keyring/keyring.ts';
import { MessageFlag, type MessageTable, NONE } from './message-table.ts';
import { RecentSenders } from './recent-senders.ts';
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
  readonly #recent = new RecentSenders();
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#grow();
  }

  /** Pairs forgotten so far. */
  get evictions(): number {
    return this.#pairs.evictions;
  }

  /** Counts those of some judged messages that opened under a key. @param until row behind the last */
  note(table: MessageTable, from: number, until: number): void {
    const { context, epoch, flags, source, time } = table;
    const recent = this.#recent;
    for (let row = from; row < until; row++) {
      const serial = epoch[row];
      if (serial === NONE || (flags[row] & MessageFlag.opened) === 0) continue;
      if (serial >= this.messages.length) this.#grow();
      if (this.messages[serial] === 0) this.firstUse[serial] = time[row];
      this.messages[serial]++;
      this.lastUse[serial] = time[row];
      if (recent.slotOf(context[row], source[row], serial, this.evictions) !== NONE) continue;
      const obtained = this.#pairs.obtain(source[row], serial, 0);
      if (obtained < 0) this.sources[serial]++;
      recent.keep(context[row], source[row], serial, this.evictions, obtained < 0 ? -1 - obtained : obtained);
    }
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
