// AES key wrap held against RFC 3394 4 and against @noble/ciphers, which was written by others.

import { aeskw } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unwrapKey, wrapKey } from '../../../daemon/keying/key-wrap.ts';

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));

/** Key-encryption key, key, and wrapped key. */
const VECTORS = [
  // RFC 3394 4.1
  [
    '000102030405060708090a0b0c0d0e0f',
    '00112233445566778899aabbccddeeff',
    '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5',
  ],
  // RFC 3394 4.6
  [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
  ],
] as const;

test.each(VECTORS)('RFC 3394: %s', (under, key, wrapped) => {
  expect(hex(wrapKey(octets(under), octets(key)))).toBe(wrapped);
  expect(hex(unwrapKey(octets(under), octets(wrapped)))).toBe(key);
});

const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const under = fc.oneof(exactly(16), exactly(32));

test('the same as @noble/ciphers, both ways', () => {
  const key = fc.integer({ min: 2, max: 12 }).chain((blocks) => exactly(8 * blocks));
  fc.assert(
    fc.property(under, key, (wrapping, secret) => {
      const wrapped = wrapKey(wrapping, secret);
      expect(hex(wrapped)).toBe(hex(aeskw(wrapping).encrypt(secret)));
      expect(hex(unwrapKey(wrapping, wrapped))).toBe(hex(secret));
    }),
  );
});

test('what was altered, or has no length of a wrapped key, is not unwrapped', () => {
  fc.assert(
    fc.property(under, exactly(32), fc.nat(39), fc.integer({ min: 1, max: 255 }), (wrapping, secret, at, flip) => {
      const altered = wrapKey(wrapping, secret);
      altered[at] ^= flip;
      expect(unwrapKey(wrapping, altered)).toBe(null);
    }),
  );
  for (const length of [0, 7, 8, 15, 16, 23, 25])
    expect(unwrapKey(new Uint8Array(16), new Uint8Array(length))).toBe(null);
  expect(() => wrapKey(new Uint8Array(16), new Uint8Array(8))).toThrow(RangeError);
  expect(() => wrapKey(new Uint8Array(24), new Uint8Array(16))).toThrow(RangeError);
});
