// Slots of senders that spoke before, beside a table that has them all (slot-table.ts): who speaks again in a context is found
// by one look at one line of the cache, however many senders there are. A slot holds as long as its table gave nothing up, and
// until then it is marked as used.

import { NONE } from './message-table.ts';
import { grown } from './slot-table.ts';
import { WIRE_CONTEXT_CAP } from './wire-contexts.ts';

// We chose.
/** Senders remembered at first, a power of two, 16 octets each: one for each context, so that none takes another's place. */
const FIRST_PLACES = 1 << 14;
const GROWTH = 16;

// In 32-bit words: the sender and what it is looked up with, entries that its table had given up by then, one more than
// the slot.
const SOURCE = 0;
const KEY = 1;
const FORGOTTEN = 2;
const SLOT = 3;
const STRIDE = 4;

/** See the head of the file. */
export class RecentSenders {
  #words = new Int32Array(FIRST_PLACES * STRIDE);
  #mask = FIRST_PLACES - 1;

  /**
   * The slot that was kept for a sender and a key, or NONE where it must be looked up.
   *
   * @param context slot of the message's context, or NONE
   * @param forgotten entries that the table has given up so far
   */
  slotOf(context: number, source: number, key: number, forgotten: number): number {
    const words = this.#words;
    const at = this.#placeOf(context, source);
    return words[at + SOURCE] === source && words[at + KEY] === key && words[at + FORGOTTEN] === (forgotten | 0)
      ? words[at + SLOT] - 1
      : NONE;
  }

  /** Keeps the slot of a sender. */
  keep(context: number, source: number, key: number, forgotten: number, slot: number): void {
    while (context > this.#mask && this.#mask + 1 < WIRE_CONTEXT_CAP) this.#grow();
    const words = this.#words;
    const at = this.#placeOf(context, source);
    words[at + SOURCE] = source;
    words[at + KEY] = key;
    words[at + FORGOTTEN] = forgotten;
    words[at + SLOT] = slot + 1;
  }

  /** Messages without a context share the places of others. */
  #placeOf(context: number, source: number): number {
    return ((context === NONE ? source : context) & this.#mask) * STRIDE;
  }

  #grow(): void {
    const places = Math.min(WIRE_CONTEXT_CAP, (this.#mask + 1) * GROWTH);
    this.#words = grown(this.#words, places * STRIDE);
    this.#mask = places - 1;
  }
}
