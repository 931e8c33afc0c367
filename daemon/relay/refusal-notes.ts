// Which refusals are written down, in log and audit: the first ones each, of a flood a few and how many were not. Whoever is
// nobody must not be able to fill a disk.

import { TokenBucket } from './token-bucket.ts';

// We chose: refusals written down at once, and a second from then on.
const BURST = 50;
const RATE = 1;

/** See the head of the file. */
export class RefusalNotes {
  readonly #bucket: TokenBucket;
  #left = 0;

  /** @param now milliseconds of a clock that does not go back */
  constructor(now: number) {
    this.#bucket = new TokenBucket(BURST, RATE, now);
  }

  /** What is written of a refusal: how many before it were not; null where this one is not written either. */
  note(now: number): { readonly unwritten: number } | null {
    if (!this.#bucket.take(now)) {
      this.#left++;
      return null;
    }
    const unwritten = this.#left;
    this.#left = 0;
    return { unwritten };
  }
}
