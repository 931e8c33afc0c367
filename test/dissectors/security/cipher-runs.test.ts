// Messages of many keys at once against a cipher of each on its own.

import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { ALGORITHM_ID, createTrafficCipher } from '../../../dissectors/security/algorithm.ts';
import { CIPHER_RUNS_CAP, CipherRuns } from '../../../dissectors/security/cipher-runs.ts';
import { eea1Stream } from '../../../dissectors/security/eea1.ts';
import { createEea3Cipher, eea3Stream } from '../../../dissectors/security/eea3.ts';
import type { WordStream } from '../../../dissectors/security/word-stream-cipher.ts';
import { wordStreamOf } from '../../../dissectors/security/word-streams.ts';

const runs = new CipherRuns();

beforeAll(() => {
  // So many messages have been seen that the kernels are there.
  for (const stream of [eea1Stream(), eea3Stream()]) expect(stream.kernel(1 << 24)).not.toBeNull();
});

/** PEKs as words, one behind the other. */
const wordsOf = (peks: readonly Uint8Array[]): Uint32Array =>
  new Uint32Array(Uint8Array.from(Buffer.concat(peks)).buffer);
const streamOf = (algorithm: '128-EEA1' | '128-EEA3') => wordStreamOf(ALGORITHM_ID[algorithm]) as WordStream;

/** A run of messages under one key: their octets. */
const run = fc.record({
  algorithm: fc.constantFrom('128-EEA1' as const, '128-EEA3' as const),
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
      const keys = wordsOf(made.map(({ pek }) => pek));
      let end = 0;
      for (const [i, { algorithm, pek, octets: own }] of made.entries()) {
        createTrafficCipher(algorithm, pek).apply(columns, rows, end, end + own.length, wanted);
        end += own.length;
        runs.add(streamOf(algorithm), keys, i * 4, end);
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
  const peks = Array.from(rows, (i) => new Uint8Array(16).fill(i & 255, 0, 8).fill(i >>> 8, 8));
  const keys = wordsOf(peks);
  const wanted = new Uint32Array(CIPHER_RUNS_CAP * 8);
  const arena = wanted.slice();
  for (const [i, pek] of peks.entries()) {
    createEea3Cipher(pek).apply(columns, rows, i, i + 1, wanted);
    runs.add(eea3Stream(), keys, i * 4, i + 1);
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
  const keys = new Uint32Array(4);
  refused.add(eea3Stream(), keys, 0, 1);
  refused.add(eea1Stream(), keys, 0, 2);
  expect(() => refused.apply(columns, Uint32Array.of(0, 1), arena)).toThrow(RangeError);
  expect([...arena]).toEqual([0, 0, 0, 0]);
});

test('neither keys nor key stream stay behind', () => {
  const octets = Uint32Array.of(40, 40);
  const columns = { count: Uint32Array.of(1, 2), bearer: new Uint8Array(2), octets, at: Uint32Array.of(0, 10) };
  const own = new CipherRuns();
  const keys = new Uint32Array(4).fill(0x7b7b_7b7b);
  own.add(eea1Stream(), keys, 0, 1);
  own.add(eea3Stream(), keys, 0, 2);
  own.apply(columns, Uint32Array.of(0, 1), new Uint32Array(20));
  const kernel = eea1Stream().kernel(1);
  expect(kernel?.list.subarray(0, 4)).toEqual(new Int32Array(4).fill(0x7b7b_7b7b));
  own.wipe();
  expect(kernel?.list.every((word) => word === 0)).toBe(true);
  expect(
    eea3Stream()
      .kernel(1)
      ?.list.every((word) => word === 0),
  ).toBe(true);
});
