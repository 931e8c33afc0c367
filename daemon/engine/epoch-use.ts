// What each PGK did in this capture: first and last use, messages, sources. The `epoch` records come from here.

import type { Keyring } from '../keyring/keyring.ts';
import { MessageFlag, type MessageTable, NONE } from './message-table.ts';
import { LatestRows, type RunSums, SUM_WORDS, Sum } from './run-sums.ts';
import type { Senders } from './senders.ts';
import { grown, SlotTable } from './slot-table.ts';

/** We chose: further (PGK, source) pairs remembered; above it a forgotten source that speaks again is counted twice. */
const SOURCE_CAP = 1 << 18;

/** Columns by serial of the epoch. */
export class EpochUse {
  /** Milliseconds since 1970; NaN where the key was not used. */
  firstUse = new Float64Array(0);
  lastUse = new Float64Array(0);
  messages = new Float64Array(0);
  sources = new Uint32Array(0);
  /** The group that it belongs to. */
  #groupOf = new Int32Array(0);
  readonly #senders: Senders;
  /** By sender: one more than the serial of the last key of its group that it was counted under; most use one. */
  #counted = new Int32Array(0);
  /** Pairs that were counted beside those. */
  readonly #pairs = new SlotTable(SOURCE_CAP, () => undefined);
  /** Whether some are of keys of another group than the message's. */
  #hasForeign = false;
  #forgotten = 0;
  readonly #latest = new LatestRows();
  readonly #keyring: Keyring;

  constructor(keyring: Keyring, senders: Senders) {
    this.#keyring = keyring;
    this.#senders = senders;
    this.#grow();
    senders.add({
      grow: (capacity) => {
        this.#counted = grown(this.#counted, capacity);
      },
      forget: (sender) => {
        if (this.#counted[sender] !== 0) this.#forgotten++;
        this.#counted[sender] = 0;
      },
    });
  }

  /** Pairs forgotten so far. */
  get evictions(): number {
    return this.#pairs.evictions + this.#forgotten;
  }

  /** Counts those of some judged messages that opened under a key. @param until row behind the last */
  note(table: MessageTable, from: number, until: number): void {
    const { epoch, flags, time } = table;
    for (let row = from; row < until; row++) {
      const serial = epoch[row];
      if (serial === NONE || (flags[row] & MessageFlag.opened) === 0) continue;
      if (serial >= this.messages.length) this.#grow();
      if (this.messages[serial] === 0) {
        this.firstUse[serial] = time[row];
        this.#groupOf[serial] = this.#keyring.epochs[serial].group.index;
      }
      this.messages[serial]++;
      this.lastUse[serial] = time[row];
      const sender = this.#senders.of(table, row);
      if (this.#counted[sender] !== serial + 1) this.#count(table, row, sender);
    }
  }

  /** Whether it is told of sums: which pairs a full table gives up depends on the order of rows. */
  get takesSums(): boolean {
    return !this.#pairs.isFull;
  }

  /** The same for a run of messages that opened, summed by context. */
  noteSums(table: MessageTable, { words, contexts }: RunSums): void {
    const { epoch, time } = table;
    const end = contexts * SUM_WORDS;
    for (let at = 0; at < end; at += SUM_WORDS) {
      const first = words[at + Sum.first];
      const last = words[at + Sum.last];
      const serial = epoch[first];
      // The first message of a key is no usual one.
      this.messages[serial] += words[at + Sum.messages];
      if (this.#latest.note(serial, last)) this.lastUse[serial] = time[last];
      const sender = this.#senders.of(table, first);
      if (this.#counted[sender] !== serial + 1) this.#count(table, first, sender);
    }
    for (let at = 0; at < end; at += SUM_WORDS) this.#latest.clear(epoch[words[at + Sum.first]]);
  }

  /** A sender uses another key than before: counts it unless it was counted under that one, too. */
  #count(table: MessageTable, row: number, sender: number): void {
    const serial = table.epoch[row];
    const source = table.source[row];
    const group = this.#groupOf[serial];
    if (group !== table.group[row]) {
      const owner = this.#senders.find(group, source);
      if (owner !== NONE && this.#counted[owner] === serial + 1) return;
      this.#hasForeign = true;
      if (this.#pairs.obtain(source, serial, 0) < 0) this.sources[serial]++;
      return;
    }
    const before = this.#counted[sender];
    this.#counted[sender] = serial + 1;
    if (before === 0) {
      if (!this.#hasForeign || this.#pairs.find(source, serial, 0) < 0) this.sources[serial]++;
      return;
    }
    this.#pairs.obtain(source, before - 1, 0);
    if (this.#pairs.obtain(source, serial, 0) < 0) this.sources[serial]++;
  }

  #grow(): void {
    const before = this.messages.length;
    const length = Math.max(this.#keyring.epochs.length, before * 2, 16);
    this.firstUse = grown(this.firstUse, length).fill(Number.NaN, before);
    this.lastUse = grown(this.lastUse, length).fill(Number.NaN, before);
    this.messages = grown(this.messages, length);
    this.sources = grown(this.sources, length);
    this.#groupOf = grown(this.#groupOf, length);
    this.#latest.grow(length);
  }
}
