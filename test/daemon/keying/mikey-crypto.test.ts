import { readFileSync } from 'node:fs';
import { ctr } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  computeMac,
  decryptKeyData,
  encryptKeyData,
  isMacRight,
  type KeySource,
  mikeyPrf,
  prfHash,
} from '../../../daemon/keying/mikey-crypto.ts';
import { slowMikeyPrf } from '../../reference/mikey-prf.ts';

const octetsOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hexOf = (octets: Uint8Array | null): string | null => (octets ? Buffer.from(octets).toString('hex') : null);

interface PrfVector {
  readonly about: string;
  readonly hash: 'sha1' | 'sha256';
  readonly key: string;
  readonly label: string;
  readonly output: string;
}

const file = new URL('../../vectors/keying/mikey-prf.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: PrfVector[] };

describe('the PRF', () => {
  test.each(vectors)('$hash: $about', ({ hash, key, label, output }) => {
    const octets = output.length / 2;
    expect(hexOf(mikeyPrf(hash, octetsOf(key), octetsOf(label), octets))).toBe(output);
    expect(hexOf(slowMikeyPrf(hash, octetsOf(key), octetsOf(label), octets))).toBe(output);
  });

  test('equals its slow twin', () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 100 });
    const label = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom('sha1', 'sha256'), key, label, fc.integer({ min: 1, max: 130 }), (hash, k, l, n) => {
        const before = hexOf(l);
        expect(hexOf(mikeyPrf(hash, k, l, n))).toBe(hexOf(slowMikeyPrf(hash, k, l, n)));
        expect(hexOf(l)).toBe(before);
      }),
    );
  });

  test('by its number in the header', () => {
    expect([0, 1, 2, 127].map(prfHash)).toEqual(['sha1', 'sha256', null, null]);
  });
});

/** The constants of RFC 3830 4.1.4 are nine-digit groups of the decimals of e. */
const E_DECIMALS = '718281828459045235360287471352662497757247093699959574966967627';

/** A derived key by the reference: `group` counts nine-digit groups of e from 0. */
function slowKey(source: KeySource, group: number, octets: number): Uint8Array {
  const constant = Number(E_DECIMALS.slice(9 * group, 9 * group + 9));
  const hex = constant.toString(16).padStart(8, '0');
  const label = octetsOf(`${hex}ff${source.csbId.toString(16).padStart(8, '0')}${hexOf(source.rand)}`);
  return slowMikeyPrf(source.prf, source.key, label, octets);
}

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const source: fc.Arbitrary<KeySource> = fc.record({
  key: octets(32),
  prf: fc.constantFrom('sha1' as const, 'sha256' as const),
  csbId: fc.integer({ min: 0, max: 0xffff_ffff }),
  rand: octets(16),
});

describe('KEMAC', () => {
  test('AES-CM is AES in counter mode from salt, CSB id and timestamp', () => {
    fc.assert(
      fc.property(source, octets(8), fc.uint8Array({ maxLength: 200 }), (from, timestamp, plain) => {
        const salt = slowKey(from, 5, 14);
        const iv = [...salt, 0, 0];
        const csb = octetsOf(from.csbId.toString(16).padStart(8, '0'));
        for (const [i, octet] of [0, 0, ...csb, ...timestamp].entries()) iv[i] ^= octet;
        const expected = ctr(slowKey(from, 3, 16), Uint8Array.from(iv)).encrypt(plain);
        expect(hexOf(encryptKeyData(1, from, timestamp, plain))).toBe(hexOf(expected));
      }),
    );
  });

  test('what was enciphered is deciphered, with zeros to whole blocks under AES key wrap', () => {
    const plain = fc.uint8Array({ minLength: 16, maxLength: 120 });
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2), source, octets(8), plain, (algorithm, from, timestamp, text) => {
        const before = hexOf(text);
        const back = decryptKeyData(algorithm, from, timestamp, encryptKeyData(algorithm, from, timestamp, text));
        const padding = algorithm === 2 ? (8 - (text.length % 8)) % 8 : 0;
        expect(hexOf(back)).toBe(before + '00'.repeat(padding));
        expect(hexOf(text)).toBe(before);
      }),
    );
  });

  test('a key wrap that was altered, cut, or is of another message opens to nothing', () => {
    const from: KeySource = { key: new Uint8Array(32).fill(1), prf: 'sha1', csbId: 7, rand: new Uint8Array(16) };
    const wrapped = encryptKeyData(2, from, new Uint8Array(8), new Uint8Array(40).fill(9));
    expect(decryptKeyData(2, from, new Uint8Array(8), wrapped)).toHaveLength(40);
    for (let i = 0; i < wrapped.length; i++) {
      const altered = wrapped.slice();
      altered[i] ^= 1;
      expect(decryptKeyData(2, from, new Uint8Array(8), altered)).toBeNull();
    }
    expect(decryptKeyData(2, from, new Uint8Array(8), wrapped.subarray(1))).toBeNull();
    expect(decryptKeyData(2, { ...from, csbId: 8 }, new Uint8Array(8), wrapped)).toBeNull();
  });

  test('an algorithm that is not known', () => {
    const from: KeySource = { key: new Uint8Array(32), prf: 'sha1', csbId: 7, rand: new Uint8Array(16) };
    expect(decryptKeyData(6, from, new Uint8Array(8), new Uint8Array(40))).toBeNull();
    expect(() => encryptKeyData(6, from, new Uint8Array(8), new Uint8Array(40))).toThrow(RangeError);
    expect(() => computeMac(0, from, [])).toThrow(RangeError);
  });
});

test('a MAC over parts is the MAC over the whole, and no other one is right', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2),
      source,
      fc.uint8Array({ minLength: 2 }),
      fc.nat(),
      (algorithm, from, text, at) => {
        const middle = at % text.length;
        const mac = computeMac(algorithm, from, [text.subarray(0, middle), text.subarray(middle)]);
        expect(mac).toHaveLength(algorithm === 1 ? 20 : 32);
        expect(isMacRight(algorithm, from, [text], mac)).toBe(true);
        expect(isMacRight(algorithm, from, [text], mac.subarray(1))).toBe(false);
        expect(isMacRight(algorithm, from, [text, Uint8Array.of(0)], mac)).toBe(false);
        const altered = Uint8Array.from(mac);
        altered[at % mac.length] ^= 0x80;
        expect(isMacRight(algorithm, from, [text], altered)).toBe(false);
      },
    ),
  );
});
