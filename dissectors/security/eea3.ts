// 128-EEA3 (TS 33.401 B.1.4, TS 35.221): ZUC keyed and started from COUNT, BEARER and DIRECTION.

import {
  type CipherAlgorithm,
  checkCipherKey,
  checkRows,
  checkWithin,
  forgottenError,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';
import { loadZucKey, wipeZuc, xorZuc } from './zuc.ts';

/** 128-EEA3 under one PEK. */
export class Eea3Cipher implements TrafficCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA3';
  readonly #loadedKey: Int32Array;
  #forgotten = false;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    checkCipherKey(pek);
    this.#loadedKey = loadZucKey(pek);
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
    this.#loadedKey.fill(0);
    wipeZuc();
    this.#forgotten = true;
  }

  #xor(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    if (this.#forgotten) throw forgottenError();
    // IV octets 0..3 are COUNT, 4 is BEARER, DIRECTION and two zeros, 5..7 are 0; 8..15 repeat them (TS 35.221 3.4).
    const stream = (bearer << 27) | (direction << 26);
    xorZuc(this.#loadedKey, count | 0, stream, count | 0, stream, out, at, octets);
  }
}
