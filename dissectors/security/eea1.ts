// 128-EEA1 (TS 33.401 B.1.2, which is UEA2 of TS 35.215): SNOW 3G keyed and started from COUNT, BEARER and DIRECTION.

import { int32 } from '../octets.ts';
import { wipeSnow3g, xorSnow3g } from './snow3g.ts';
import type { CipherAlgorithm } from './traffic-cipher.ts';
import { KernelInTime, writeStart } from './wasm/key-stream-kernel.ts';
import { createSnow3gKernel } from './wasm/snow3g-kernel.ts';
import { startWord, type WordStream, WordStreamCipher } from './word-stream-cipher.ts';
import { hostWord } from './words.ts';

/** We chose: messages before the kernel is built: loading it takes as long, with octets that are kept, as it wins with so many. */
const MESSAGES_BEFORE_KERNEL = 8192;

/** Words of the key. */
const KEY_WORDS = 4;

// One call at a time, so one kernel serves all ciphers of the process.
const kernelInTime = new KernelInTime(createSnow3gKernel, MESSAGES_BEFORE_KERNEL);

/** 128-EEA1 under one PEK of 16 octets, which are copied. */
export function createEea1Cipher(pek: Uint8Array): Eea1Cipher {
  return new Eea1Cipher(pek);
}

/** 128-EEA1 under one PEK. */
export class Eea1Cipher extends WordStreamCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA1';

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    super(pek, KEY_WORDS);
  }

  protected load(octets: Uint8Array, at: number): void {
    // K0 is the last word of the key, K3 the first (TS 35.215 3.4).
    for (let word = 0; word < KEY_WORDS; word++) this.key[KEY_WORDS - 1 - word] = int32(octets, at + 4 * word);
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV3 = IV1 = COUNT, IV2 = IV0 = BEARER, DIRECTION, 26 zeros (TS 35.215 3.4).
    xorSnow3g(this.key, stream, count, stream, count, out, at, octets);
  }

  protected wipe(): void {
    STREAM.wipe();
  }
}

/** Messages under 128-EEA1 together. */
const STREAM: WordStream = {
  kernelMessages: 1,
  kernel: (messages) => kernelInTime.forMessages(messages),
  list(list, at, keys, keyAt, count, bearer) {
    for (let word = 0; word < KEY_WORDS; word++) list[at + KEY_WORDS - 1 - word] = hostWord(keys[keyAt + word]);
    writeStart(list, at, startWord(bearer, 0), count);
  },
  cipher: createEea1Cipher,
  wipe() {
    wipeSnow3g();
    kernelInTime.wipe();
  },
};

/** @returns always the same */
export function eea1Stream(): WordStream {
  return STREAM;
}
