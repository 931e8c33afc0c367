// Which message has which sequence number: the relay numbers records, the screen counts messages.

/** We chose: numbers that are remembered; of older messages it is not known any more. */
const REMEMBERED = 1 << 20;

/** See the head of the file. Numbers must rise. */
export class SequenceLog {
  #seqs = new Float64Array(1024);
  /** Ordinal of the number at place 0, and how many there are. */
  #offset = 0;
  #length = 0;

  /** Messages so far, those no longer remembered too. */
  get count(): number {
    return this.#offset + this.#length;
  }

  /** The lowest number that is remembered, or null. */
  get first(): number | null {
    return this.#length === 0 ? null : this.#seqs[0];
  }

  /** The highest number so far, or null. */
  get last(): number | null {
    return this.#length === 0 ? null : this.#seqs[this.#length - 1];
  }

  /** The next message. */
  add(seq: number): void {
    if (this.#length === this.#seqs.length) this.#makeRoom();
    this.#seqs[this.#length++] = seq;
  }

  /** The ordinal of the message with a number; null where it is not known. */
  ordinalOf(seq: number): number | null {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqs[middle] < seq) low = middle + 1;
      else high = middle;
    }
    return low < this.#length && this.#seqs[low] === seq ? this.#offset + low : null;
  }

  #makeRoom(): void {
    if (this.#length < REMEMBERED) {
      const wider = new Float64Array(this.#length * 2);
      wider.set(this.#seqs);
      this.#seqs = wider;
      return;
    }
    const half = this.#length >>> 1;
    this.#seqs.copyWithin(0, half);
    this.#offset += half;
    this.#length -= half;
  }
}
