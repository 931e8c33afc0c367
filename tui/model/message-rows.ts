// The messages that a list shows: all of them, or those that pass a filter, always in the order of the feed.

import type { MessageStore } from './message-store.ts';

/** Rows of a list, each a message. Row numbers change only where the oldest messages go. */
export interface MessageRows {
  readonly count: number;
  /** Ordinal of the message in a row. */
  ordinal(row: number): number;
  /** The row of the first message that is this one or a later one; `count` where there is none. */
  rowOf(ordinal: number): number;
}

/** All messages that are kept. */
export class AllMessages implements MessageRows {
  readonly #store: MessageStore;

  constructor(store: MessageStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#store.count - this.#store.first;
  }

  ordinal(row: number): number {
    return this.#store.first + row;
  }

  rowOf(ordinal: number): number {
    return Math.max(0, Math.min(this.count, ordinal - this.#store.first));
  }
}

/** Messages that pass a filter, as far as it has come. */
export class MatchingMessages implements MessageRows {
  readonly #store: MessageStore;
  #ordinals = new Uint32Array(4096);
  #begin = 0;
  #end = 0;

  constructor(store: MessageStore) {
    this.#store = store;
  }

  /** Rows; a filter may be ahead of what has been told, and those messages are not shown yet. */
  get count(): number {
    while (this.#begin < this.#end && this.#ordinals[this.#begin] < this.#store.first) this.#begin++;
    let end = this.#end;
    if (end > this.#begin && this.#ordinals[end - 1] >= this.#store.count) end = this.#lowerBound(this.#store.count);
    return end - this.#begin;
  }

  ordinal(row: number): number {
    return this.#ordinals[this.#begin + row];
  }

  rowOf(ordinal: number): number {
    return Math.min(this.count, Math.max(0, this.#lowerBound(ordinal) - this.#begin));
  }

  /** Takes more, ascending and beyond those taken before. */
  add(ordinals: Uint32Array): void {
    if (this.#end + ordinals.length > this.#ordinals.length) {
      const kept = this.#ordinals.subarray(this.#begin, this.#end);
      const wider = new Uint32Array(Math.max((kept.length + ordinals.length) * 2, 4096));
      wider.set(kept);
      this.#ordinals = wider;
      this.#end -= this.#begin;
      this.#begin = 0;
    }
    this.#ordinals.set(ordinals, this.#end);
    this.#end += ordinals.length;
  }

  /** Index of the first ordinal that is not smaller. */
  #lowerBound(ordinal: number): number {
    let low = this.#begin;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ordinals[middle] >= ordinal) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
