// The octets of a document that is read from front to back, a piece of it at a time: to bring a keyring of 16 MB into memory
// as a whole, a page after the other, took longer than to read all that it says.

import { isAscii, isUtf8 } from 'node:buffer';

/** We chose: an eighth of the memory lies ahead of whoever reads, who asks for more behind that (`turn`). */
const AHEAD = 1 / 8;

/** Something is not plain, or wrong; which of both, and where, is json-reader.ts's to say. */
export class UnusualJson extends Error {}

/** See the head of the file. */
export class OctetWindow {
  /** What is in memory. Stays the same array; what it holds changes with `move`. */
  readonly octets: Uint8Array;
  /** Where it ends. What lies behind that, if anything, is zeros, which stand nowhere in JSON. */
  end: number;
  /** Whether all of it is ASCII. It is UTF-8 in any case, but for a character that `end` cuts. */
  isAscii = true;
  /** Who is behind this place is to move; infinite where nothing follows. */
  turn = Number.POSITIVE_INFINITY;
  /** Octets of the document, as far as that is known. */
  readonly total: number;
  readonly #read: ((into: Uint8Array) => number) | null;

  /**
   * @param octets memory for what is read, or all of the document
   * @param total octets of the document, as far as that is known
   * @param read gives the next octets and says how many these are, 0 at the end; null: `octets` hold all of it
   * @throws UnusualJson where the first of them are no UTF-8 text
   */
  constructor(octets: Uint8Array, total: number, read: ((into: Uint8Array) => number) | null) {
    this.octets = octets;
    this.total = total;
    this.#read = read;
    this.end = read === null ? octets.length : 0;
    this.#fill();
  }

  /**
   * Reads on, and makes a place the first one.
   *
   * @param at where something begins that was not read yet, and no character before it ends
   * @throws UnusualJson where what comes is no UTF-8 text
   */
  move(at: number): void {
    this.octets.copyWithin(0, at, this.end);
    this.end -= at;
    this.#fill();
  }

  #fill(): void {
    const { octets } = this;
    let isLast = this.#read === null;
    while (this.#read !== null && this.end < octets.length && !isLast) {
      const count = this.#read(octets.subarray(this.end));
      this.end += count;
      isLast = count === 0;
    }
    octets.fill(0, this.end);
    this.turn = isLast ? Number.POSITIVE_INFINITY : octets.length * (1 - AHEAD);
    this.isAscii = isAscii(octets.subarray(0, this.end));
    if (!this.isAscii) this.#checkUtf8(isLast);
  }

  #checkUtf8(isLast: boolean): void {
    // Up to three octets may be the beginning of a character; an ASCII one is none.
    const least = isLast ? this.end : this.end - 3;
    for (let cut = this.end; !isUtf8(this.octets.subarray(0, cut)); cut--) {
      if (cut <= least || this.octets[cut - 1] < 0x80) throw new UnusualJson();
    }
  }
}
