// What the kernels of SNOW 3G and ZUC have in common: key stream for some messages in one call, whatever their keys are.

import { LITTLE_ENDIAN } from '../words.ts';

// The specification says (SNOW 3G 4, ZUC 3.6).
export const REGISTER_WORDS = 16;
export const INITIALISATION_CLOCKS = 32;
/** The clocks before key stream: behind the initialisation there is one whose word is dropped. */
export const SILENT_CLOCKS = INITIALISATION_CLOCKS + 1;

// We chose.
/** Messages of a call at most: bits of a vector. */
export const KERNEL_MESSAGES = 128;
/** Words of key stream for each message of a call at most: more than the longest SDU has. */
export const KERNEL_WORDS = 2560;
/** Words of an entry of the list: four of the key and four of the IV, as the generators in JavaScript take them. */
export const ENTRY_WORDS = 8;
export const ENTRY_OCTETS = ENTRY_WORDS * 4;

/** Octets of a vector; vector.ts has the same, and is not loaded before a kernel is built. */
const VECTOR_OCTETS = 16;

/** Octets of key stream from one message of a call to the next. */
export function strideOf(words: number): number {
  return (words * 4 + VECTOR_OCTETS - 1) & -VECTOR_OCTETS;
}

/** A generator of key stream. */
export interface KeyStreamKernel {
  /** ENTRY_WORDS words for each of KERNEL_MESSAGES messages. */
  readonly list: Int32Array;
  /**
   * Key stream for the messages that the list begins with.
   *
   * @param messages 1 to KERNEL_MESSAGES
   * @param words for each of them, 1 to KERNEL_WORDS
   * @returns its octets in the order of the air, those of each message `strideOf(words)` behind those of the one before;
   *   valid until the next call. What lies behind the words of a message means nothing
   */
  run(messages: number, words: number): Uint8Array<ArrayBuffer>;
  /** Wipes keys and key stream. */
  wipe(): void;
}

/**
 * Writes the IV of the entry of a list that begins at word `at`, behind its key.
 *
 * @param first the two words that are the IV twice, COUNT and BEARER with DIRECTION in the order of the cipher
 */
export function writeStart(list: Int32Array, at: number, first: number, second: number): void {
  list[at + 4] = first;
  list[at + 5] = second;
  list[at + 6] = first;
  list[at + 7] = second;
}

/** A kernel that is built when it pays: who deciphers a little never builds it. */
export class KernelInTime {
  #messages = 0;
  #kernel: KeyStreamKernel | null | undefined;
  readonly #build: () => KeyStreamKernel | null;
  readonly #messagesBefore: number;

  /** @param messagesBefore messages of a cipher before its kernel is built */
  constructor(build: () => KeyStreamKernel | null, messagesBefore: number) {
    this.#build = build;
    this.#messagesBefore = messagesBefore;
  }

  /** The kernel for so many messages more; null where there is none, or none yet. */
  forMessages(count: number): KeyStreamKernel | null {
    if (this.#kernel !== undefined) return this.#kernel;
    this.#messages += count;
    if (this.#messages < this.#messagesBefore) return null;
    this.#kernel = this.#build();
    return this.#kernel;
  }

  /** Wipes what the last messages left in it. */
  wipe(): void {
    this.#kernel?.wipe();
  }
}

/** Builds a kernel; null where the host has no vectors, or the other order of octets. */
export function unlessRefused(build: () => KeyStreamKernel): KeyStreamKernel | null {
  if (!LITTLE_ENDIAN) return null;
  try {
    return build();
  } catch {
    // Refused by a processor without these instructions, or by a Node that was started without WebAssembly.
    return null;
  }
}
