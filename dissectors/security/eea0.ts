// EEA0 (TS 33.401 B.0): the null algorithm. Its key stream is all zeros, so that messages stay as they are.

import {
  type CipherAlgorithm,
  checkRows,
  checkWithin,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';

/** EEA0; it has no key. */
export class Eea0Cipher implements TrafficCipher {
  readonly algorithm: CipherAlgorithm = 'EEA0';

  apply(columns: MessageColumns, rows: Uint32Array, from: number, to: number, arena: Uint32Array): void {
    checkRows(columns, rows, from, to, arena);
  }

  keyStream(_count: number, _bearer: number, _direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    checkWithin(out, at, octets);
    out.fill(0, at, at + Math.ceil(octets / 4));
  }

  forget(): void {}
}
