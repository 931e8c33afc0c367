// 128-EEA1 (TS 33.401 B.1.2, which is UEA2 of TS 35.215): SNOW 3G keyed and started from COUNT, BEARER and DIRECTION.

import { int32 } from '../octets.ts';
import { wipeSnow3g, xorSnow3g } from './snow3g.ts';
import type { CipherAlgorithm } from './traffic-cipher.ts';
import { KernelInTime, type KeyStreamKernel, writeEntry } from './wasm/key-stream-kernel.ts';
import { createSnow3gKernel } from './wasm/snow3g-kernel.ts';
import { WordStreamCipher } from './word-stream-cipher.ts';

/** We chose: messages before the kernel is built: loading it takes as long, with octets that are kept, as it wins with so many. */
const MESSAGES_BEFORE_KERNEL = 8192;

// One call at a time, so one kernel serves all ciphers of the process.
const kernelInTime = new KernelInTime(createSnow3gKernel, MESSAGES_BEFORE_KERNEL);

/** 128-EEA1 under one PEK of 16 octets, which are copied. */
export function createEea1Cipher(pek: Uint8Array): Eea1Cipher {
  return new Eea1Cipher(pek);
}

/** 128-EEA1 under one PEK. */
export class Eea1Cipher extends WordStreamCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA1';
  readonly kernelMessages = 1;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    // K0 is the last word of the key, K3 the first (TS 35.215 3.4).
    super(pek, (octets) => Int32Array.of(int32(octets, 12), int32(octets, 8), int32(octets, 4), int32(octets, 0)));
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV3 = IV1 = COUNT, IV2 = IV0 = BEARER, DIRECTION, 26 zeros (TS 35.215 3.4).
    xorSnow3g(this.key, stream, count, stream, count, out, at, octets);
  }

  kernel(messages: number): KeyStreamKernel | null {
    return kernelInTime.forMessages(messages);
  }

  protected list(list: Int32Array, at: number, count: number, stream: number): void {
    writeEntry(list, at, this.key, stream, count);
  }

  protected wipe(): void {
    wipeSnow3g();
    kernelInTime.wipe();
  }
}
