// 128-EEA3 (TS 33.401 B.1.4, TS 35.221): ZUC keyed and started from COUNT, BEARER and DIRECTION.

import { int32 } from '../octets.ts';
import type { CipherAlgorithm } from './traffic-cipher.ts';
import { KernelInTime, type KeyStreamKernel, writeEntry } from './wasm/key-stream-kernel.ts';
import { createZucPlanes } from './wasm/zuc-planes.ts';
import { WordStreamCipher } from './word-stream-cipher.ts';
import { loadZucKey, wipeZuc, xorZuc } from './zuc.ts';

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
  readonly kernelMessages = KERNEL_MESSAGES;
  /** The key as the kernel takes it. */
  readonly #words: Int32Array;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    super(pek, loadZucKey);
    this.#words = Int32Array.of(int32(pek, 0), int32(pek, 4), int32(pek, 8), int32(pek, 12));
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV octets 0..3 are COUNT, 4 is BEARER, DIRECTION and two zeros, 5..7 are 0; 8..15 repeat them (TS 35.221 3.4).
    xorZuc(this.key, count, stream, count, stream, out, at, octets);
  }

  kernel(messages: number): KeyStreamKernel | null {
    return kernelInTime.forMessages(messages);
  }

  protected list(list: Int32Array, at: number, count: number, stream: number): void {
    writeEntry(list, at, this.#words, count, stream);
  }

  protected wipe(): void {
    this.#words.fill(0);
    wipeZuc();
    kernelInTime.wipe();
  }
}
