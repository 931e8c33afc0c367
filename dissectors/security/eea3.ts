// 128-EEA3 (TS 33.401 B.1.4, TS 35.221): ZUC keyed and started from COUNT, BEARER and DIRECTION.

import type { CipherAlgorithm } from './traffic-cipher.ts';
import { KernelInTime, writeStart } from './wasm/key-stream-kernel.ts';
import { createZucPlanes } from './wasm/zuc-planes.ts';
import { startWord, type WordStream, WordStreamCipher } from './word-stream-cipher.ts';
import { hostWord } from './words.ts';
import { loadZucKey, wipeZuc, xorZuc, ZUC_KEY_WORDS } from './zuc.ts';

/** The specification says (TS 33.401 B.1): words of a PEK. */
const PEK_WORDS = 4;

// We chose.
/** The kernel takes as long for one message as for 128, which is as long as `xorZuc` takes for so many. */
const KERNEL_MESSAGES = 48;
/** Messages before the kernel is built: loading it takes as long, with octets that are kept, as it wins with about so many. */
const MESSAGES_BEFORE_KERNEL = 16_384;

// One call at a time, so one kernel serves all ciphers of the process.
const kernelInTime = new KernelInTime(createZucPlanes, MESSAGES_BEFORE_KERNEL);

/** 128-EEA3 under one PEK of 16 octets, which are copied. */
export function createEea3Cipher(pek: Uint8Array): Eea3Cipher {
  return new Eea3Cipher(pek);
}

/** 128-EEA3 under one PEK. */
export class Eea3Cipher extends WordStreamCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA3';

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    super(pek, ZUC_KEY_WORDS);
  }

  protected load(octets: Uint8Array, at: number): void {
    loadZucKey(octets, at, this.key);
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV octets 0..3 are COUNT, 4 is BEARER, DIRECTION and two zeros, 5..7 are 0; 8..15 repeat them (TS 35.221 3.4).
    xorZuc(this.key, count, stream, count, stream, out, at, octets);
  }

  protected wipe(): void {
    STREAM.wipe();
  }
}

/** Messages under 128-EEA3 together. */
const STREAM: WordStream = {
  kernelMessages: KERNEL_MESSAGES,
  kernel: (messages) => kernelInTime.forMessages(messages),
  list(list, at, keys, keyAt, count, bearer) {
    for (let word = 0; word < PEK_WORDS; word++) list[at + word] = hostWord(keys[keyAt + word]);
    writeStart(list, at, count, startWord(bearer, 0));
  },
  cipher: createEea3Cipher,
  wipe() {
    wipeZuc();
    kernelInTime.wipe();
  },
};

/** @returns always the same */
export function eea3Stream(): WordStream {
  return STREAM;
}
