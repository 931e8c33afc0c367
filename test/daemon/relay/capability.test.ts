// Capabilities: files with one defect each, and what an issuer and a reader say of any claims.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64url, encodeBase64url } from '../../../daemon/relay/base64url.ts';
import { issueCapability, readCapability, verifyCapability } from '../../../daemon/relay/capability.ts';
import { isPublicHex, isSignedBy, publicHex, seedOf, signWith } from '../../../daemon/relay/ed25519.ts';
import { daemon, operator, parseVector, subscriber, VECTORS, vectorText } from './capability-vectors.ts';

const FOLDER = fileURLToPath(new URL('../../vectors/relay/', import.meta.url));

if (process.env.WRITE_VECTORS !== undefined) {
  mkdirSync(FOLDER, { recursive: true });
  for (const vector of VECTORS) writeFileSync(`${FOLDER}${vector.name}`, vectorText(vector));
}

const stored = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .map((name) => parseVector(name, readFileSync(`${FOLDER}${name}`, 'utf8')));

describe('vectors', () => {
  test.each(stored)('$name: $comment', ({ expect: expected, now, text }) => {
    const { refusal } = verifyCapability(text, publicHex(operator), publicHex(daemon), now);
    expect(refusal ?? 'granted').toBe(expected);
  });

  test('the files are what capability-vectors.ts makes, and every reason has one', () => {
    expect(stored.map(vectorText).sort()).toEqual(VECTORS.map(vectorText).sort());
    const reasons = new Set(stored.map((vector) => vector.expect));
    expect([...reasons].sort()).toEqual([
      'audience',
      'expired',
      'fields',
      'granted',
      'issuer',
      'malformed',
      'not-canonical',
      'not-yet-valid',
      'signature',
      'too-long',
    ]);
  });
});

test('any change of any character of a capability is refused', () => {
  const [{ text, now }] = stored.filter(({ name }) => name === 'good');
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '9', '-', '_', '.', ' ', '\n', '='), (at, sign) => {
      fc.pre(text[at] !== sign);
      const changed = text.slice(0, at) + sign + text.slice(at + 1);
      expect(verifyCapability(changed, publicHex(operator), publicHex(daemon), now).capability).toBeNull();
    }),
  );
});

test('nothing that is not text of ours makes the reader throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `sidescope1.${text}`),
        fc.uint8Array().map((octets) => `sidescope1.${encodeBase64url(octets)}.`),
      ),
      (text) => {
        expect(readCapability(text).capability).toBeNull();
        expect(verifyCapability(text, publicHex(operator), publicHex(daemon), 0).capability).toBeNull();
      },
    ),
  );
});

test('the issuer refuses claims that no daemon accepts', () => {
  const claims = {
    aud: publicHex(daemon),
    jti: 'ab'.repeat(16),
    sub: publicHex(subscriber),
    nbf: 1,
    exp: 2,
    groups: [{ gid: '*', views: ['meta' as const] }],
    rate: 0,
    maxConn: 1,
  };
  expect(issueCapability(operator, claims)).toMatch(/^sidescope1\./);
  expect(() => issueCapability(operator, { ...claims, exp: 1 + 12 * 3600 + 1 })).toThrow(RangeError);
  expect(() => issueCapability(operator, { ...claims, groups: [] })).toThrow(RangeError);
});

test('base64url has one spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ maxLength: 4 }), (octets, text) => {
      expect(decodeBase64url(encodeBase64url(octets))).toEqual(Buffer.from(octets));
      const decoded = decodeBase64url(text);
      if (decoded !== null) expect(encodeBase64url(decoded)).toBe(text);
    }),
  );
});

test('signatures: RFC 8032 7.1 test 2, small orders, wrong lengths', () => {
  const key = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
  const signature = Buffer.from(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    'hex',
  );
  expect(isSignedBy(key, Buffer.of(0x72), signature)).toBe(true);
  expect(isSignedBy(key, Buffer.of(0x73), signature)).toBe(false);
  expect(isSignedBy(key, Buffer.of(0x72), signature.subarray(0, 63))).toBe(false);
  // Under the point of order 1, R = the point of order 1 and s = 0 would sign everything.
  const identity = `01${'00'.repeat(31)}`;
  expect(isSignedBy(identity, Buffer.of(1), Buffer.concat([Buffer.from(identity, 'hex'), Buffer.alloc(32)]))).toBe(
    false,
  );
  expect(isPublicHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff')).toBe(false);
  expect(isSignedBy(publicHex(operator), Buffer.of(5), signWith(operator, Buffer.of(5)))).toBe(true);
  expect(seedOf(operator)).toEqual(Buffer.alloc(32, 1));
});
