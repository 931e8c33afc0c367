// Ed25519 keys and signatures (RFC 8032) as the relay uses them: public keys as 64 hex digits, so that a key has one
// spelling, and a strict check of what others signed.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

// The specification says.
/** What stands before the 32 octets of a public key in a SubjectPublicKeyInfo (RFC 8410 4). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** What stands before the 32 octets of a seed in a PKCS #8 key (RFC 8410 7). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Octets of a signature (RFC 8032 5.1.6). */
export const SIGNATURE_OCTETS = 64;
/**
 * Encodings, without their sign bit, of the points whose order divides 8. Under such a key one signature fits many texts,
 * so it proves nothing (RFC 8032 leaves it to the reader).
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

const HEX_KEY = /^[0-9a-f]{64}$/;

/** The private key of a 32-octet seed. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32-octet seed of a private key. */
export function seedOf(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
}

/** The public half of a key, 64 hex digits. */
export function publicHex(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

/** Whether a text is a public key that can prove something: 64 lower-case hex digits, not of small order. */
export function isPublicHex(text: string): boolean {
  if (!HEX_KEY.test(text)) return false;
  const octets = Buffer.from(text, 'hex');
  octets[31] &= 0x7f;
  return !SMALL_ORDER.has(octets.toString('hex'));
}

/** Signs octets. @returns 64 octets */
export function signWith(key: KeyObject, octets: Uint8Array): Uint8Array {
  return sign(null, octets, key);
}

/**
 * Whether a signature is that of a key over octets. Refuses second spellings of a signature (`s + L`, by RFC 8032 5.1.7 in
 * `node:crypto`; a vector holds it to that) and keys of small order; never throws.
 */
export function isSignedBy(publicKey: string, octets: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_OCTETS || !isPublicHex(publicKey)) return false;
  try {
    const der = Buffer.concat([PUBLIC_PREFIX, Buffer.from(publicKey, 'hex')]);
    return verify(null, octets, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
  } catch {
    // No point of the curve has this encoding.
    return false;
  }
}
