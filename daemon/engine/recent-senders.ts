// Slots of senders that spoke lately, beside a table that has them all (slot-table.ts): who speaks again is found by one
// look at one line of the cache. A slot holds as long as its table gave nothing up, and until then it is marked as used.

import { NONE } from './message-table.ts';

/** We chose: senders remembered, a power of two, 16 octets each. Two that share a place take turns in it. */
const PLACES = 1 << 14;

// In 32-bit words: the sender and what it is looked up with, entries that its table had given up by then, one more than
// the slot.
const SOURCE = 0;
const KEY = 1;
const FORGOTTEN = 2;
const SLOT = 3;
const STRIDE = 4;

/** See the head of the file. */
export class RecentSenders {
  readonly #words = new Int32Array(PLACES * STRIDE);

  /**
   * The slot that was kept for a sender and a key, or NONE where it must be looked up.
   *
   * @param forgotten entries that the table has given up so far
   */
  slotOf(source: number, key: number, forgotten: number): number {
    const words = this.#words;
    const at = placeOf(source, key);
    return words[at + SOURCE] === source && words[at + KEY] === key && words[at + FORGOTTEN] === (forgotten | 0)
      ? words[at + SLOT] - 1
      : NONE;
  }

  /** Keeps the slot of a sender. */
  keep(source: number, key: number, forgotten: number, slot: number): void {
    const words = this.#words;
    const at = placeOf(source, key);
    words[at + SOURCE] = source;
    words[at + KEY] = key;
    words[at + FORGOTTEN] = forgotten;
    words[at + SLOT] = slot + 1;
  }
}

function placeOf(source: number, key: number): number {
  return ((source + Math.imul(key, 0x9e37_79b1)) & (PLACES - 1)) * STRIDE;
}
