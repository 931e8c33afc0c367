// What 128-EEA1 and 128-EEA3 share: both make their key stream word by word and XOR it at once. They differ in how the key
// is loaded and how COUNT, BEARER and DIRECTION start the generator.

import {
  type CipherAlgorithm,
  checkCipherKey,
  checkRows,
  checkWithin,
  forgottenError,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';

/** One word-oriented stream cipher under one PEK. */
export abstract class WordStreamCipher implements TrafficCipher {
  abstract readonly algorithm: CipherAlgorithm;
  /** The key as the generator takes it. */
  protected readonly key: Int32Array;
  #forgotten = false;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array, load: (pek: Uint8Array) => Int32Array) {
    checkCipherKey(pek);
    this.key = load(pek);
  }

  /**
   * XORs the key stream over `octets` octets of `out` from word `at` on.
   *
   * @param stream BEARER, DIRECTION and 26 zeros as one word
   */
  protected abstract xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void;

  /** Wipes what the generator holds of the last message. */
  protected abstract wipe(): void;

  apply(
    columns: MessageColumns,
    rows: Uint32Array,
    from: number,
    to: number,
    arena: Uint32Array,
    direction: 0 | 1 = 0,
  ): void {
    if (this.#forgotten) throw forgottenError();
    checkRows(columns, rows, from, to, arena);
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const stream = (columns.bearer[row] << 27) | (direction << 26);
      this.xor(columns.count[row] | 0, stream, columns.octets[row], arena, columns.at[row]);
    }
  }

  keyStream(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    if (this.#forgotten) throw forgottenError();
    checkWithin(out, at, octets);
    out.fill(0, at, at + Math.ceil(octets / 4));
    this.xor(count | 0, (bearer << 27) | (direction << 26), octets, out, at);
  }

  forget(): void {
    this.key.fill(0);
    this.wipe();
    this.#forgotten = true;
  }
}
