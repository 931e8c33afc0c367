// Published vectors of the confidentiality algorithms, and one message at a time against the slow twins.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALGORITHM_ID,
  CIPHER_ALGORITHMS,
  createTrafficCipher,
  decipher,
} from '../../../dissectors/security/algorithm.ts';
import { slowKeyStream } from '../../reference/confidentiality.ts';
import { CIPHER_SETS, hex, octets } from './vectors.ts';

// 0 to 64, around one and two register histories, and the largest PDCP SDU (TS 36.323 4.3.1).
const LENGTHS = [...Array.from({ length: 65 }, (_, i) => i), 120, 3900, 3901, 3968, 3972, 3999, 4032, 8065, 8188];

describe('published vectors', () => {
  test.each(CIPHER_SETS.map((set) => [set.algorithm, set] as const))('%s: three official sets', (_, set) => {
    expect(set.official).toBe(true);
    expect(set.vectors).toHaveLength(3);
  });

  for (const { algorithm, vectors } of CIPHER_SETS) {
    test.each(vectors.map((vector) => [vector.name, vector] as const))(`${algorithm} %s`, (_, vector) => {
      const run = (data: string): string =>
        hex(
          decipher(
            algorithm,
            octets(vector.key),
            Number.parseInt(vector.count, 16),
            Number.parseInt(vector.bearer, 16),
            vector.direction,
            octets(data),
            vector.bits,
          ),
        );
      expect(run(vector.ciphertext)).toBe(vector.plaintext);
      expect(run(vector.plaintext)).toBe(vector.ciphertext);
    });
  }
});

describe('one message', () => {
  test('identities are those of TS 33.401', () => {
    expect(CIPHER_ALGORITHMS.map((algorithm) => ALGORITHM_ID[algorithm])).toEqual([0, 1, 2, 3]);
    for (const algorithm of CIPHER_ALGORITHMS) {
      expect(createTrafficCipher(algorithm, new Uint8Array(16)).algorithm).toBe(algorithm);
    }
  });

  test.each(CIPHER_ALGORITHMS)('%s equals its slow twin at all lengths that matter', (algorithm) => {
    const pek = Uint8Array.from({ length: 16 }, (_, i) => 17 * i);
    const slow = slowKeyStream(ALGORITHM_ID[algorithm], pek, 0xfffe0001, 31, 0, 8188);
    for (const length of LENGTHS) {
      const fast = decipher(algorithm, pek, 0xfffe0001, 31, 0, new Uint8Array(length));
      expect(hex(fast)).toBe(hex(slow.subarray(0, length)));
    }
  });

  test.each(CIPHER_ALGORITHMS)('%s equals its slow twin for any key, COUNT, BEARER, DIRECTION and length', (name) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.nat({ max: 0xffffffff }),
        fc.nat({ max: 31 }),
        fc.constantFrom<0 | 1>(0, 1),
        fc.uint8Array({ maxLength: 200 }),
        (pek, count, bearer, direction, data) => {
          const stream = slowKeyStream(ALGORITHM_ID[name], pek, count, bearer, direction, data.length);
          const fast = decipher(name, pek, count, bearer, direction, data);
          expect(hex(fast)).toBe(hex(data.map((octet, i) => octet ^ stream[i])));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the beginning of a message deciphers without the rest', () => {
    const vector = CIPHER_SETS[1].vectors[1];
    const beginning = octets(vector.ciphertext).subarray(0, 32);
    const plain = decipher('128-EEA2', octets(vector.key), 0xc675a64b, 0x0c, vector.direction, beginning);
    expect(hex(plain)).toBe(vector.plaintext.slice(0, 64));
  });

  test('the message itself is not changed, and EEA0 copies it', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5);
    const plain = decipher('EEA0', new Uint8Array(16), 1, 3, 0, data);
    expect(plain).toEqual(data);
    plain.fill(0);
    decipher('128-EEA1', new Uint8Array(16), 1, 3, 0, data);
    expect(data).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  test('bits behind LENGTH become 0', () => {
    for (const algorithm of CIPHER_ALGORITHMS) {
      const whole = decipher(algorithm, new Uint8Array(16), 7, 3, 0, Uint8Array.of(0xff, 0xff, 0xff));
      for (let bits = 0; bits <= 24; bits++) {
        const cut = decipher(algorithm, new Uint8Array(16), 7, 3, 0, Uint8Array.of(0xff, 0xff, 0xff), bits);
        const binary = [...whole].map((octet) => octet.toString(2).padStart(8, '0')).join('');
        const expected = binary.slice(0, bits).padEnd(8 * Math.ceil(bits / 8), '0');
        expect([...cut].map((octet) => octet.toString(2).padStart(8, '0')).join('')).toBe(expected);
      }
    }
  });

  test('arguments out of range are refused', () => {
    const pek = new Uint8Array(16);
    const data = new Uint8Array(4);
    expect(() => decipher('128-EEA2', new Uint8Array(15), 0, 0, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA1', new Uint8Array(32), 0, 0, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA3', new Uint8Array(0), 0, 0, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA2', pek, -1, 0, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA2', pek, 2 ** 32, 0, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA2', pek, 0, 32, 0, data)).toThrow(RangeError);
    expect(() => decipher('128-EEA2', pek, 0, 0, 0, data, 33)).toThrow(RangeError);
    expect(() => decipher('128-EEA2', pek, 0, 0, 0, data, 0.5)).toThrow(RangeError);
  });
});
