// Messages of many ciphers at once against each cipher on its own.

import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { CIPHER_ALGORITHMS, createTrafficCipher } from '../../../dissectors/security/algorithm.ts';
import { CIPHER_RUNS_CAP, CipherRuns } from '../../../dissectors/security/cipher-runs.ts';
import { Eea1Cipher } from '../../../dissectors/security/eea1.ts';
import { Eea3Cipher } from '../../../dissectors/security/eea3.ts';

const runs = new CipherRuns();

beforeAll(() => {
  // So many messages have been seen that the kernels are there.
  for (const Cipher of [Eea1Cipher, Eea3Cipher]) expect(new Cipher(new Uint8Array(16)).kernel(1 << 24)).not.toBeNull();
});

/** A run of messages under one cipher: their octets. */
const run = fc.record({
  algorithm: fc.constantFrom(...CIPHER_ALGORITHMS, '128-EEA1' as const, '128-EEA3' as const),
  pek: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  octets: fc.array(fc.oneof(fc.nat({ max: 140 }), fc.constant(120), fc.nat({ max: 12_000 })), {
    minLength: 1,
    maxLength: 90,
  }),
});

test('messages are the same together and one cipher at a time, of any lengths and numbers', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 12 }), fc.nat(), (made, seed) => {
      const octets = Uint32Array.from(made.flatMap((each) => each.octets));
      const messages = octets.length;
      let words = 0;
      const at = octets.map((length) => {
        words += Math.ceil(length / 4);
        return words - Math.ceil(length / 4);
      });
      const columns = {
        count: octets.map((_, i) => seed * 31 + i * 65_537),
        bearer: new Uint8Array(messages).map((_, i) => (i * 7) & 31),
        octets,
        at,
      };
      // Rows in another order than that of the columns.
      const rows = Uint32Array.from({ length: messages }, (_, i) => messages - 1 - i);
      const wanted = Uint32Array.from({ length: words }, (_, i) => Math.imul(i, 0x9e37_79b1));
      const arena = wanted.slice();
      let end = 0;
      for (const { algorithm, pek, octets: own } of made) {
        createTrafficCipher(algorithm, pek).apply(columns, rows, end, end + own.length, wanted);
        end += own.length;
        runs.add(createTrafficCipher(algorithm, pek), end);
      }
      runs.apply(columns, rows, arena);
      expect(runs.count).toBe(0);
      expect(Buffer.compare(new Uint8Array(arena.buffer), new Uint8Array(wanted.buffer))).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('as many runs as there may be, of a message each', () => {
  const octets = new Uint32Array(CIPHER_RUNS_CAP).fill(31);
  const columns = {
    count: octets.map((_, i) => i),
    bearer: new Uint8Array(CIPHER_RUNS_CAP),
    octets,
    at: octets.map((_, i) => i * 8),
  };
  const rows = octets.map((_, i) => i);
  const ciphers = Array.from(rows, (i) => new Eea3Cipher(new Uint8Array(16).fill(i & 255, 0, 8).fill(i >>> 8, 8)));
  const wanted = new Uint32Array(CIPHER_RUNS_CAP * 8);
  const arena = wanted.slice();
  for (const [i, cipher] of ciphers.entries()) {
    cipher.apply(columns, rows, i, i + 1, wanted);
    runs.add(cipher, i + 1);
  }
  runs.apply(columns, rows, arena);
  expect(Buffer.compare(new Uint8Array(arena.buffer), new Uint8Array(wanted.buffer))).toBe(0);
});

test('a message that reaches beyond the arena leaves all others as they are', () => {
  const columns = {
    count: Uint32Array.of(1, 2),
    bearer: new Uint8Array(2),
    octets: Uint32Array.of(8, 9),
    at: Uint32Array.of(0, 2),
  };
  const arena = new Uint32Array(4);
  const refused = new CipherRuns();
  refused.add(new Eea3Cipher(new Uint8Array(16)), 1);
  refused.add(new Eea1Cipher(new Uint8Array(16)), 2);
  expect(() => refused.apply(columns, Uint32Array.of(0, 1), arena)).toThrow(RangeError);
  expect([...arena]).toEqual([0, 0, 0, 0]);
});
