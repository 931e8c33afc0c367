// The hash that tells PDUs apart against a slow twin in whole numbers of any size, with keys of any value.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PDU_HASH_KEYS, PduHash } from '../../../daemon/engine/pdu-hash.ts';

const PRIME = 2n ** 31n - 1n;
const BLOCK = 4096;

/** As the head of pdu-hash.ts says it, piece by piece. */
function slowHash(keys: Float64Array, octets: Uint8Array): number {
  const key = (index: number): bigint => BigInt(keys[index]);
  const pieces = (word: bigint, first: number): bigint =>
    (word & 0xffffn) * key(first) + (word >> 16n) * key(first + 1);
  const wordAt = (at: number): bigint =>
    octets.slice(at, at + 4).reduceRight((word, octet) => (word << 8n) | BigInt(octet), 0n);
  let sum = pieces(BigInt(octets.length), 0);
  let from = 0;
  for (;;) {
    const until = Math.min(octets.length, from + BLOCK);
    let next = 4;
    for (; until - from >= 8; from += 8, next += 4)
      sum += pieces(wordAt(from), next) + pieces(wordAt(from + 4), next + 2);
    if (from < until && octets.length >= 8) {
      sum += pieces(wordAt(until - 8), next) + pieces(wordAt(until - 4), next + 2);
      from = until;
    }
    for (; from < until; from++, next++) sum += BigInt(octets[from]) * key(next);
    sum %= PRIME;
    if (from === octets.length) return Number(sum);
    sum = pieces(sum, 2);
  }
}

const MOST = 2 ** 31 - 2;
const keys = fc.oneof(
  fc.constant(new Float64Array(PDU_HASH_KEYS).fill(MOST)),
  fc.integer({ min: 1, max: MOST }).map((seed) => {
    const values = new Float64Array(PDU_HASH_KEYS);
    values[0] = seed;
    for (let i = 1; i < values.length; i++) values[i] = Number((BigInt(values[i - 1]) * 48_271n) % PRIME);
    return values;
  }),
);
const length = fc.oneof(
  fc.nat(40),
  fc.nat(600),
  fc.integer({ min: 4080, max: 4112 }),
  fc.integer({ min: 8180, max: 12_400 }),
);

describe('PduHash', () => {
  test('is its slow twin', () => {
    fc.assert(
      fc.property(keys, length, fc.nat(255), fc.boolean(), fc.nat(9), (held, octets, seed, full, moved) => {
        const bytes = Uint8Array.from({ length: octets }, (_, i) => (full ? 255 : (i * seed + (i >>> 8)) & 255));
        const view = new DataView(new ArrayBuffer(octets + moved + 3));
        new Uint8Array(view.buffer).set(bytes, moved);
        expect(new PduHash(held).of(view, moved, octets)).toBe(slowHash(held, bytes));
      }),
      { numRuns: 300 },
    );
  });

  test('has keys of its own in every run', () => {
    const view = new DataView(new ArrayBuffer(100));
    expect(new PduHash().of(view, 0, 100)).not.toBe(new PduHash().of(view, 0, 100));
  });
});
