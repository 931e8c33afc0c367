// What 128-EEA1 and 128-EEA3 share: both make their key stream word by word. They differ in how the key is loaded and how
// COUNT, BEARER and DIRECTION start the generator. Where a kernel in WebAssembly wins it makes the key stream
// (docs/performance.md); else the generator in this language does, one message at a time.

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
import { lastWordMask } from './words.ts';

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
  protected abstract readonly kernelMessages: number;

  /** The kernel for so many messages; null where the host has none, or it does not pay yet. */
  protected abstract kernel(messages: number): KeyStreamKernel | null;

  /** As `kernel`, for messages of any ciphers of this algorithm. */
  abstract planes(messages: number): KeyStreamKernel | null;

  /**
   * Loads lane `lane` of a kernel's register for a message.
   *
   * @param stream as in `xor`
   */
  protected abstract load(register: Int32Array, lanes: number, lane: number, count: number, stream: number): void;

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
    let i = from;
    const { kernelMessages } = this;
    const kernel = to - from >= kernelMessages ? this.kernel(to - from) : null;
    if (kernel !== null) {
      while (to - i >= kernelMessages) {
        const end = Math.min(to, i + kernel.lanes);
        this.#xorLanes(kernel, columns, rows, i, end, arena, direction);
        i = end;
      }
    }
    for (; i < to; i++) {
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

  /** Loads a lane of a kernel for a message in direction 0. */
  loadLane(kernel: KeyStreamKernel, lane: number, count: number, bearer: number): void {
    if (this.#forgotten) throw forgottenError();
    this.load(kernel.register, kernel.lanes, lane, count | 0, startWord(bearer, 0));
  }

  forget(): void {
    this.key.fill(0);
    this.wipe();
    this.#forgotten = true;
  }

  /** The messages `rows[from]` to `rows[to - 1]`, at most as many as the kernel has lanes. */
  #xorLanes(
    kernel: KeyStreamKernel,
    columns: MessageColumns,
    rows: Uint32Array,
    from: number,
    to: number,
    arena: Uint32Array,
    direction: number,
  ): void {
    const { lanes, register } = kernel;
    let words = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      this.load(register, lanes, i - from, columns.count[row] | 0, startWord(columns.bearer[row], direction));
      words = Math.max(words, (columns.octets[row] + 3) >>> 2);
    }
    for (let done = 0; done < words; done += kernel.words) {
      const made = Math.min(words - done, kernel.words);
      const stream = done === 0 ? kernel.begin(made) : kernel.next(made);
      for (let i = from; i < to; i++) {
        const row = rows[i];
        const left = columns.octets[row] - done * 4;
        if (left > 0) xorLane(kernel, stream, i - from, arena, columns.at[row] + done, left);
      }
    }
  }
}

/** BEARER, DIRECTION and 26 zeros. */
function startWord(bearer: number, direction: number): number {
  return (bearer << 27) | (direction << 26);
}

/** XORs one lane over `octets` octets, or as many as a call of the kernel gives, from word `at` on. */
export function xorLane(
  { lanes, words }: KeyStreamKernel,
  stream: Uint32Array,
  lane: number,
  out: Uint32Array,
  at: number,
  octets: number,
): void {
  const fullWords = Math.min(octets >>> 2, words);
  let z = lane;
  for (let word = at; word < at + fullWords; word++, z += lanes) out[word] ^= stream[z];
  if (fullWords < words && (octets & 3) !== 0) out[at + fullWords] ^= stream[z] & lastWordMask(octets);
}
