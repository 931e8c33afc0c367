// What a run of messages comes to, summed by context, for those who only count: messages of a context have source, group,
// key, verdict and everything else in common but length and time. Whoever takes a run at once sums it on the way
// (../findings/usual-kernel.ts); to go over its rows once more took longer than all the rules.

import { grown } from './slot-table.ts';

/** Words of a context in a run: messages, their octets, and row of the first and the last one. */
export const Sum = { messages: 0, octets: 1, first: 2, last: 3 } as const;
export const SUM_WORDS = 4;

/** See the head of the file. Contexts come in the order of their first message. */
export class RunSums {
  /** Contexts of the run; 0: it was not summed. */
  contexts = 0;
  readonly words: Int32Array;

  /** @param words room for as many contexts as a run may have messages */
  constructor(words: Int32Array) {
    this.words = words;
  }
}

/**
 * By slot of whatever is counted: the latest row of a run, where several contexts count for one slot. Nothing is kept from one
 * run to the next.
 */
export class LatestRows {
  /** One more than the row. */
  #rows = new Int32Array(0);

  /** Makes room for slots below `capacity`. */
  grow(capacity: number): void {
    if (capacity > this.#rows.length) this.#rows = grown(this.#rows, capacity);
  }

  /** Whether no later row of this slot was noted; notes it. */
  note(slot: number, row: number): boolean {
    if (this.#rows[slot] > row) return false;
    this.#rows[slot] = row + 1;
    return true;
  }

  /** The run is over for a slot. */
  clear(slot: number): void {
    this.#rows[slot] = 0;
  }
}
