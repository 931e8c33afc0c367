// 128-EEA3 (TS 33.401 B.1.4, TS 35.221): ZUC keyed and started from COUNT, BEARER and DIRECTION.

import type { CipherAlgorithm } from './traffic-cipher.ts';
import { KernelInTime, type KeyStreamKernel } from './wasm/key-stream-kernel.ts';
import { MESSAGES_BEFORE_PLANES } from './wasm/plane-kernel.ts';
import { createZucKernel } from './wasm/zuc-kernel.ts';
import { createZucPlanes } from './wasm/zuc-planes.ts';
import { WordStreamCipher } from './word-stream-cipher.ts';
import { loadZuc, loadZucKey, wipeZuc, xorZuc } from './zuc.ts';

/** We chose: the kernel takes as long for one message as for four, which is as long as `xorZuc` takes for 1.2. */
const KERNEL_MESSAGES = 2;

// One call at a time, so one kernel of each kind serves all ciphers of the process.
const kernelInTime = new KernelInTime(createZucKernel);
const planesInTime = new KernelInTime(createZucPlanes, MESSAGES_BEFORE_PLANES);

/** 128-EEA3 under one PEK. */
export class Eea3Cipher extends WordStreamCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA3';
  protected readonly kernelMessages = KERNEL_MESSAGES;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    super(pek, loadZucKey);
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV octets 0..3 are COUNT, 4 is BEARER, DIRECTION and two zeros, 5..7 are 0; 8..15 repeat them (TS 35.221 3.4).
    xorZuc(this.key, count, stream, count, stream, out, at, octets);
  }

  protected kernel(messages: number): KeyStreamKernel | null {
    return kernelInTime.forMessages(messages);
  }

  planes(messages: number): KeyStreamKernel | null {
    return planesInTime.forMessages(messages);
  }

  protected load(register: Int32Array, lanes: number, lane: number, count: number, stream: number): void {
    loadZuc(this.key, count, stream, count, stream, register, lanes, lane);
  }

  protected wipe(): void {
    wipeZuc();
    kernelInTime.wipe();
    planesInTime.wipe();
  }
}
