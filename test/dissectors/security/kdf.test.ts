// The key chain: published KDF values, the self-made chain that pins our reading of TS 33.303, and the slow twin.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALGORITHM_ID, type CipherAlgorithm, decipher } from '../../../dissectors/security/algorithm.ts';
import {
  type Derivation,
  derivePek,
  derivePekOfPtk,
  derivePtk,
  genericKdf,
  PgkPads,
  PreparedPgk,
} from '../../../dissectors/security/kdf.ts';
import { createPekBatch } from '../../../dissectors/security/pek-batch.ts';
import { slowPek, slowPtk } from '../../reference/kdf.ts';
import { hex, octets, readVectors, type VectorSet } from './vectors.ts';

interface KdfVector {
  readonly name: string;
  readonly key: string;
  readonly fc: string;
  readonly parameters: readonly string[];
  readonly derived: string;
}

interface SelfMade {
  readonly official: boolean;
  readonly keys: readonly {
    readonly name: string;
    readonly pgk: string;
    readonly member: string;
    readonly group: string;
    readonly ptkId: string;
    readonly ptk: string;
    readonly ptkNoGroup?: string;
    readonly pek: Readonly<Partial<Record<CipherAlgorithm, string>>>;
  }[];
  readonly messages: readonly {
    readonly name: string;
    readonly sender: number;
    readonly algorithm: CipherAlgorithm;
    readonly count: string;
    readonly bearer: string;
    readonly plaintext: string;
    readonly ciphertext: string;
  }[];
}

const number = (digits: string): number => Number.parseInt(digits, 16);

describe('generic KDF', () => {
  const set = readVectors<VectorSet<KdfVector>>('kdf.json');
  test.each(set.vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const derived = genericKdf(octets(vector.key), number(vector.fc), ...vector.parameters.map(octets));
    expect(hex(derived)).toBe(vector.derived);
  });

  test('refuses a parameter whose length does not fit 16 bits', () => {
    expect(() => genericKdf(new Uint8Array(32), 0x4a, new Uint8Array(65_536))).toThrow(RangeError);
    expect(genericKdf(new Uint8Array(32), 0x4a, new Uint8Array(65_535))).toHaveLength(32);
  });
});

describe('self-made one-to-many chain (not official)', () => {
  const selfMade = readVectors<SelfMade>('one-to-many-self-made.json');

  test('says that it is not official', () => {
    expect(selfMade.official).toBe(false);
  });

  test.each(selfMade.keys.map((keys) => [keys.name, keys] as const))('%s', (_, keys) => {
    const pgk = octets(keys.pgk);
    const ids = [number(keys.member), number(keys.ptkId), number(keys.group)] as const;
    const ptk = derivePtk(pgk, ...ids);
    expect(hex(ptk)).toBe(keys.ptk);
    if (keys.ptkNoGroup !== undefined) expect(hex(derivePtk(pgk, ids[0], ids[1], null))).toBe(keys.ptkNoGroup);
    for (const [algorithm, wanted] of Object.entries(keys.pek) as [CipherAlgorithm, string][]) {
      expect(hex(derivePekOfPtk(ptk, ALGORITHM_ID[algorithm]))).toBe(wanted);
      const pek = new Uint8Array(16);
      derivePek(new PreparedPgk(pgk), 'ts33303', ...ids, ALGORITHM_ID[algorithm], pek);
      expect(hex(pek)).toBe(wanted);
    }
  });

  test.each(selfMade.messages.map((message) => [message.name, message] as const))('%s', (_, message) => {
    const pek = octets(selfMade.keys[message.sender].pek[message.algorithm] as string);
    const count = number(message.count);
    const plain = decipher(message.algorithm, pek, count, number(message.bearer), 0, octets(message.ciphertext));
    expect(hex(plain)).toBe(message.plaintext);
  });
});

describe('fast path', () => {
  const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const id24 = fc.nat({ max: 0xffffff });

  test.each<Derivation>(['ts33303', 'ts33303-no-group', 'direct'])('%s equals the slow chain', (derivation) => {
    fc.assert(
      fc.property(
        anyKey,
        id24,
        fc.nat({ max: 0xffff }),
        id24,
        fc.nat({ max: 3 }),
        fc.nat({ max: 5 }),
        (pgk, member, ptkId, group, algorithm, at) => {
          const out = new Uint8Array(24).fill(0xee);
          derivePek(new PreparedPgk(pgk), derivation, member, ptkId, group, algorithm, out, at);
          const wanted = new Uint8Array(24).fill(0xee);
          const p2 = derivation === 'ts33303' ? group : null;
          wanted.set(derivation === 'direct' ? pgk.slice(16) : slowPek(slowPtk(pgk, member, ptkId, p2), algorithm), at);
          expect(hex(out)).toBe(hex(wanted));
          if (derivation === 'direct') return;
          expect(hex(derivePekOfPtk(derivePtk(pgk, member, ptkId, p2), algorithm))).toBe(
            hex(wanted.subarray(at, at + 16)),
          );
        },
      ),
      // OpenSSL derives the first 256, a kernel those behind them.
      { numRuns: 300 },
    );
  });

  test('direct leaves the prepared PGK as it was', () => {
    const pgk = new PreparedPgk(Uint8Array.from({ length: 32 }, (_, i) => i));
    for (let i = 0; i < 2; i++) {
      const pek = new Uint8Array(16);
      derivePek(pgk, 'direct', 0, 0, 0, 2, pek);
      expect(hex(pek)).toBe('101112131415161718191a1b1c1d1e1f');
    }
  });

  test('keys whose pads stand together are wiped one by one', () => {
    const block = Uint8Array.from({ length: 4 * 32 }, (_, i) => i * 7 + 1);
    const pads = new PgkPads();
    const keys = [0, 1, 2, 3].map((place) => new PreparedPgk(block, place * 32, pads, place));
    const pekOf = (key: PreparedPgk): string => {
      const pek = new Uint8Array(16);
      derivePek(key, 'ts33303', 0x0a0b0c, 1, 0xf00001, 2, pek);
      return hex(pek);
    };
    const alone = [0, 1, 2, 3].map((i) => pekOf(new PreparedPgk(block.slice(i * 32, i * 32 + 32))));
    // With OpenSSL or the kernel, whichever it is now, and then surely with the kernel.
    for (let i = 0; i < 300; i++) expect(keys.map(pekOf)).toEqual(alone);
    expect(new Set(alone).size).toBe(4);
    const before = block.slice();
    keys[2].forget();
    expect(keys[2].isHeld).toBe(false);
    expect(keys[2].octets).toBeNull();
    expect(() => pekOf(keys[2])).toThrow('derives nothing');
    expect(pads.words.slice(2 * 16, 3 * 16).every((word) => word === 0)).toBe(true);
    expect([...block]).toEqual([...before.fill(0, 64, 96)]);
    for (const i of [0, 1, 3]) expect(pekOf(keys[i])).toBe(alone[i]);
  });

  test('arguments out of range are refused', () => {
    const pgk = new Uint8Array(32);
    expect(() => new PreparedPgk(new Uint8Array(16))).toThrow(RangeError);
    expect(() => derivePtk(pgk, 0x1000000, 1, 1)).toThrow(RangeError);
    expect(() => derivePtk(pgk, 1, 0x10000, 1)).toThrow(RangeError);
    expect(() => derivePtk(pgk, 1, 1, -1)).toThrow(RangeError);
    expect(() => derivePekOfPtk(pgk, 1.5)).toThrow(RangeError);
  });
});

test('PEKs of many senders at once are those of each', () => {
  const keys = Array.from({ length: 5 }, (_, i) => {
    const pgkOctets = Uint8Array.from({ length: 32 }, (_, at) => (at + 1) * (i * 37 + 11));
    return { pgkOctets, prepared: new PreparedPgk(pgkOctets) };
  });
  const sender = fc.record({
    key: fc.nat({ max: keys.length - 1 }),
    derivation: fc.constantFrom<Derivation>('ts33303', 'ts33303', 'ts33303-no-group', 'direct'),
    member: fc.nat({ max: 0xff_ffff }),
    ptkId: fc.nat({ max: 0xffff }),
    group: fc.nat({ max: 0xff_ffff }),
    algorithm: fc.nat({ max: 3 }),
  });
  const first = createPekBatch(new Uint32Array(4));
  // One by one so far; then four at a time.
  for (let i = 0; i < 8192; i++) first.add(keys[0].prepared, 'direct', 1, i, 1, 2, 0);
  fc.assert(
    fc.property(fc.array(sender, { maxLength: 11 }), (senders) => {
      const words = new Uint32Array(senders.length * 4);
      const batch = createPekBatch(words);
      for (const [i, { key, derivation, member, ptkId, group, algorithm }] of senders.entries()) {
        batch.add(keys[key].prepared, derivation, member, ptkId, group, algorithm, i * 4);
      }
      batch.finish();
      for (const [i, { key, derivation, member, ptkId, group, algorithm }] of senders.entries()) {
        const { pgkOctets } = keys[key];
        const made = new Uint8Array(words.buffer, i * 16, 16);
        const withGroup = derivation === 'ts33303' ? group : null;
        const slow =
          derivation === 'direct'
            ? pgkOctets.slice(16)
            : slowPek(slowPtk(pgkOctets, member, ptkId, withGroup), algorithm);
        expect(hex(made)).toBe(hex(slow));
      }
    }),
  );
});
