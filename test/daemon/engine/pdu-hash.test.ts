// The hash that tells PDUs apart against a slow twin in whole numbers of any size, with keys of any value.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PDU_HASH_KEYS, PduHash } from '../../../daemon/engine/pdu-hash.ts';

const WORD = 2n ** 32n;
const LONG = 2n ** 64n;
const BLOCK = 4096;

/** As the head of pdu-hash.ts says it, pair by pair. */
function slowHash(keys: Int32Array, octets: Uint8Array): bigint {
  const key = (index: number): bigint => BigInt(keys[index] >>> 0);
  const padded = new Uint8Array((Math.floor(octets.length / 32) + 1) * 32);
  padded.set(octets);
  const wordAt = (at: number): bigint => BigInt(new DataView(padded.buffer).getUint32(at, true));
  const product = (one: bigint, other: bigint): bigint => (one % WORD) * (other % WORD);
  let sum = BigInt(octets.length);
  let chain = 1032;
  let first = 0;
  for (let from = 0; from < padded.length; from += 32) {
    // What does not fill 32 octets is no block of its own.
    if (from - first === BLOCK && from + 32 < padded.length) {
      sum = product((sum % WORD) + key(chain), sum / WORD + key(chain + 1));
      chain = chain + 2 < PDU_HASH_KEYS ? chain + 2 : 1032;
      first = from;
    }
    for (let at = from; at < from + 16; at += 4) {
      const word = (at - first) / 4;
      sum += product(wordAt(at) + key(word), wordAt(at + 16) + key(word + 4));
    }
    sum %= LONG;
  }
  return sum;
}

const hashOf = (hash: PduHash, view: DataView, at: number, length: number): bigint => {
  hash.over(view, at, length);
  return BigInt(hash.halves[1] >>> 0) * WORD + BigInt(hash.halves[0] >>> 0);
};

const keys = fc.oneof(
  fc.constant(new Int32Array(PDU_HASH_KEYS).fill(-1)),
  fc.integer().map((seed) => {
    let word = seed;
    return new Int32Array(PDU_HASH_KEYS).map(() => {
      word = (Math.imul(word, 1_664_525) + 1_013_904_223) | 0;
      return word;
    });
  }),
);
const length = fc.oneof(
  fc.nat(70),
  fc.nat(600),
  fc.integer({ min: 4060, max: 4130 }),
  fc.integer({ min: 8180, max: 12_400 }),
  fc.constantFrom(4096, 8192, 266_240, 270_336, 300_000),
);

describe('PduHash', () => {
  test('is its slow twin', () => {
    fc.assert(
      fc.property(keys, length, fc.nat(255), fc.boolean(), fc.nat(9), (held, octets, seed, full, moved) => {
        const bytes = Uint8Array.from({ length: octets }, (_, i) => (full ? 255 : (i * seed + (i >>> 8)) & 255));
        // Octets behind the end do not count.
        const view = new DataView(new Uint8Array(octets + moved + 40).fill(seed).buffer, 0, octets + moved);
        new Uint8Array(view.buffer).set(bytes, moved);
        expect(hashOf(new PduHash(held), view, moved, octets)).toBe(slowHash(held, bytes));
      }),
      { numRuns: 300 },
    );
  });

  test('every bit and every length counts', () => {
    const hash = new PduHash();
    const view = new DataView(new ArrayBuffer(200));
    const seen = new Set<bigint>();
    for (let octets = 0; octets <= 200; octets++) seen.add(hashOf(hash, view, 0, octets));
    for (let bit = 0; bit < 1600; bit++) {
      view.setUint8(bit >>> 3, 1 << (bit & 7));
      seen.add(hashOf(hash, view, 0, 200));
      view.setUint8(bit >>> 3, 0);
    }
    expect(seen.size).toBe(1801);
  });

  test('has keys of its own in every run', () => {
    const view = new DataView(new ArrayBuffer(100));
    expect(hashOf(new PduHash(), view, 0, 100)).not.toBe(hashOf(new PduHash(), view, 0, 100));
  });
});
