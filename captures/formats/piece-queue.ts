// Takes exact numbers of octets out of an input that comes in pieces of any length.

/** An input of pieces, read in order. Holds one piece, and what `take` was asked for. */
export class PieceQueue {
  readonly #input: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;
  #done = false;
  /** Octets taken or skipped so far. */
  taken = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** True where no octet is left. */
  async ended(): Promise<boolean> {
    while (this.#at === this.#piece.length && !this.#done) {
      const next = await this.#input.next();
      if (next.done === true) {
        this.#done = true;
      } else {
        this.#piece = next.value;
        this.#at = 0;
      }
    }
    return this.#at === this.#piece.length;
  }

  /** The next `octets` octets in fresh memory; fewer where the input ends before. */
  async take(octets: number): Promise<Uint8Array> {
    const taken = new Uint8Array(octets);
    let have = 0;
    while (have < octets && !(await this.ended())) {
      const part = Math.min(octets - have, this.#piece.length - this.#at);
      taken.set(this.#piece.subarray(this.#at, this.#at + part), have);
      this.#at += part;
      have += part;
    }
    this.taken += have;
    return have === octets ? taken : taken.subarray(0, have);
  }

  /** Leaves out `octets` octets; gives how many there were. */
  async skip(octets: number): Promise<number> {
    let have = 0;
    while (have < octets && !(await this.ended())) {
      const part = Math.min(octets - have, this.#piece.length - this.#at);
      this.#at += part;
      have += part;
    }
    this.taken += have;
    return have;
  }

  /** Ends the input, where it is not at its end. */
  async close(): Promise<void> {
    await this.#input.return?.();
  }
}
