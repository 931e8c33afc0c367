// 128-EEA3 (TS 33.401 B.1.4, TS 35.221): ZUC keyed and started from COUNT, BEARER and DIRECTION.

import type { CipherAlgorithm } from './traffic-cipher.ts';
import { WordStreamCipher } from './word-stream-cipher.ts';
import { loadZucKey, wipeZuc, xorZuc } from './zuc.ts';

/** 128-EEA3 under one PEK. */
export class Eea3Cipher extends WordStreamCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA3';

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    super(pek, loadZucKey);
  }

  protected xor(count: number, stream: number, octets: number, out: Uint32Array, at: number): void {
    // IV octets 0..3 are COUNT, 4 is BEARER, DIRECTION and two zeros, 5..7 are 0; 8..15 repeat them (TS 35.221 3.4).
    xorZuc(this.key, count, stream, count, stream, out, at, octets);
  }

  protected wipe(): void {
    wipeZuc();
  }
}
