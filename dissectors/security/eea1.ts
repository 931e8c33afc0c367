// 128-EEA1 (TS 33.401 B.1.2, which is UEA2 of TS 35.215): SNOW 3G keyed and started from COUNT, BEARER and DIRECTION.

import { int32 } from '../octets.ts';
import { wipeSnow3g, xorSnow3g } from './snow3g.ts';
import {
  type CipherAlgorithm,
  checkCipherKey,
  checkRows,
  checkWithin,
  forgottenError,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';

/** 128-EEA1 under one PEK. */
export class Eea1Cipher implements TrafficCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA1';
  readonly #key: Int32Array;
  #forgotten = false;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    checkCipherKey(pek);
    // K0 is the last word of the key, K3 the first (TS 35.215 3.4).
    this.#key = Int32Array.of(int32(pek, 12), int32(pek, 8), int32(pek, 4), int32(pek, 0));
  }

  apply(
    columns: MessageColumns,
    rows: Uint32Array,
    from: number,
    to: number,
    arena: Uint32Array,
    direction: 0 | 1 = 0,
  ): void {
    checkRows(columns, rows, from, to, arena);
    for (let i = from; i < to; i++) {
      const row = rows[i];
      this.#xor(columns.count[row], columns.bearer[row], direction, columns.octets[row], arena, columns.at[row]);
    }
  }

  keyStream(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    checkWithin(out, at, octets);
    out.fill(0, at, at + Math.ceil(octets / 4));
    this.#xor(count, bearer, direction, octets, out, at);
  }

  forget(): void {
    this.#key.fill(0);
    wipeSnow3g();
    this.#forgotten = true;
  }

  #xor(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    if (this.#forgotten) throw forgottenError();
    // IV3 = IV1 = COUNT, IV2 = IV0 = BEARER, DIRECTION, 26 zeros (TS 35.215 3.4).
    const stream = (bearer << 27) | (direction << 26);
    xorSnow3g(this.#key, stream, count | 0, stream, count | 0, out, at, octets);
  }
}
