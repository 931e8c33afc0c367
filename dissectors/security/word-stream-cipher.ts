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
import { ENTRY_WORDS, type KeyStreamKernel } from './wasm/key-stream-kernel.ts';

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

  /** From how many messages on the kernel is faster than `xor`. */
  abstract readonly kernelMessages: number;

  /** The kernel for so many messages of any ciphers of this algorithm; null where the host has none, or it does not pay yet. */
  abstract kernel(messages: number): KeyStreamKernel | null;

  /**
   * Writes a message into the list of a kernel.
   *
   * @param at word of the list
   * @param stream as in `xor`
   */
  protected abstract list(list: Int32Array, at: number, count: number, stream: number): void;

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

  /** Makes a message in direction 0 the one that a kernel's list has at a place. */
  enlist(kernel: KeyStreamKernel, place: number, count: number, bearer: number): void {
    if (this.#forgotten) throw forgottenError();
    this.list(kernel.list, place * ENTRY_WORDS, count | 0, startWord(bearer, 0));
  }

  forget(): void {
    this.key.fill(0);
    this.wipe();
    this.#forgotten = true;
  }
}

/** BEARER, DIRECTION and 26 zeros. */
function startWord(bearer: number, direction: number): number {
  return (bearer << 27) | (direction << 26);
}
