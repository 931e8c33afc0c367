// What 128-EEA1 and 128-EEA3 share: both make their key stream word by word. They differ in how the key is loaded and how
// COUNT, BEARER and DIRECTION start the generator. For the messages of a batch kernels in WebAssembly make the key stream
// (cipher-runs.ts); the generator in this language makes it for single ones.

import {
  type CipherAlgorithm,
  checkCipherKey,
  checkRows,
  checkWithin,
  forgottenError,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';
import type { KeyStreamKernel } from './wasm/key-stream-kernel.ts';

/** How messages of one of these algorithms are made together, whatever their keys are (cipher-runs.ts). */
export interface WordStream {
  /** From how many messages on the kernel is faster than a cipher. */
  readonly kernelMessages: number;
  /** The kernel for so many messages more; null where the host has none, or it does not pay yet. */
  kernel(messages: number): KeyStreamKernel | null;
  /**
   * Makes a message in direction 0 the one that a kernel's list has from word `at` on.
   *
   * @param keys PEKs as host words: that of the message begins at word `keyAt`
   */
  list(list: Int32Array, at: number, keys: Uint32Array, keyAt: number, count: number, bearer: number): void;
  /** A cipher under this PEK of 16 octets. */
  cipher(pek: Uint8Array): WordStreamCipher;
  /** Wipes what generator and kernel hold of the last messages. */
  wipe(): void;
}

/** One word-oriented stream cipher under one PEK. */
export abstract class WordStreamCipher implements TrafficCipher {
  abstract readonly algorithm: CipherAlgorithm;
  /** The key as the generator takes it. */
  protected readonly key: Int32Array;
  #forgotten = false;

  /**
   * @param pek 16 octets; they are copied
   * @param words of the key as the generator takes it
   */
  constructor(pek: Uint8Array, words: number) {
    checkCipherKey(pek);
    this.key = new Int32Array(words);
    this.rekey(pek, 0);
  }

  /** Loads the PEK that begins at octet `at`. */
  protected abstract load(octets: Uint8Array, at: number): void;

  rekey(octets: Uint8Array, at: number): void {
    if (this.#forgotten) throw forgottenError();
    this.load(octets, at);
  }

  /**
   * XORs the key stream over `octets` octets of `out` from word `at` on.
   *
   * @param stream BEARER, DIRECTION and 26 zeros as one word
   */
  protected abstract xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void;

  /** Wipes what generator and kernel hold of the last messages. */
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
      const stream = startWord(columns.bearer[row], direction);
      this.xor(columns.count[row] | 0, stream, columns.octets[row], arena, columns.at[row]);
    }
  }

  keyStream(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    if (this.#forgotten) throw forgottenError();
    checkWithin(out, at, octets);
    out.fill(0, at, at + Math.ceil(octets / 4));
    this.xor(count | 0, startWord(bearer, direction), octets, out, at);
  }

  forget(): void {
    this.key.fill(0);
    this.wipe();
    this.#forgotten = true;
  }
}

/** BEARER, DIRECTION and 26 zeros. */
export function startWord(bearer: number, direction: number): number {
  return (bearer << 27) | (direction << 26);
}
