// The cryptography of MIKEY's pre-shared-key mode (RFC 3830 4): keys from the shared one, the cipher of KEMAC, the MAC.

import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { EncryptionAlgorithm, MacAlgorithm, PrfFunction } from '../../dissectors/keying/mikey-values.ts';
import { unwrapKey, wrapKey } from './key-wrap.ts';

// The specification says.

/** Octets of the blocks that the PRF splits its input key into (RFC 3830 4.1.2). */
const PRF_BLOCK_OCTETS = 32;
/** Constants of the labels: nine-digit groups of the decimals of e (RFC 3830 4.1.4). */
const LABEL_CONSTANTS = { authentication: 0x2d22ac75, encryption: 0x150533e1, salt: 0x29b88916 } as const;
/** Octet in place of the CS id where the key comes from a pre-shared key (4.1.4). */
const NO_CS_ID = 0xff;
/** Octets of the encryption key, the salt (4.2.3) and the authentication keys (4.2.4; RFC 6043 6.1). */
const ENCRYPTION_KEY_OCTETS = 16;
const SALT_OCTETS = 14;
const AUTHENTICATION_KEY_OCTETS: ReadonlyMap<number, number> = new Map([
  [MacAlgorithm.hmacSha1, 20],
  [MacAlgorithm.hmacSha256, 32],
]);
/** What AES key wrap works in, and what it adds (RFC 3394 2.2.1). */
const WRAP_BLOCK = 8;

/** Hash under the PRF and under the MAC. */
export type MikeyHash = 'sha1' | 'sha256';

/** The hash of a PRF function of the header; null where it is not known. */
export function prfHash(prfFunction: number): MikeyHash | null {
  if (prfFunction === PrfFunction.mikey1) return 'sha1';
  return prfFunction === PrfFunction.hmacSha256 ? 'sha256' : null;
}

/** What a message's keys are made from. */
export interface KeySource {
  /** The PMK. */
  readonly key: Uint8Array;
  readonly prf: MikeyHash;
  readonly csbId: number;
  readonly rand: Uint8Array;
}

/**
 * PRF MIKEY-1 (RFC 3830 4.1.2), or PRF-HMAC-SHA-256 (RFC 6043 6.1) which is the same over another hash.
 *
 * @param octets of the result
 */
export function mikeyPrf(hash: MikeyHash, key: Uint8Array, label: Uint8Array, octets: number): Uint8Array {
  const result = new Uint8Array(octets);
  for (let block = 0; block < key.length; block += PRF_BLOCK_OCTETS) {
    const s = key.subarray(block, block + PRF_BLOCK_OCTETS);
    let a: Uint8Array = label;
    for (let at = 0; at < octets; ) {
      a = createHmac(hash, s).update(a).digest();
      const part = createHmac(hash, s).update(a).update(label).digest();
      for (let i = 0; i < part.length && at < octets; i++) result[at++] ^= part[i];
      part.fill(0);
    }
    if (a !== label) a.fill(0);
  }
  return result;
}

/** A key of a message from its pre-shared key (RFC 3830 4.1.4). The caller overwrites it after use. */
function deriveKey(source: KeySource, use: keyof typeof LABEL_CONSTANTS, octets: number): Uint8Array {
  const label = new Uint8Array(9 + source.rand.length);
  const view = new DataView(label.buffer);
  view.setUint32(0, LABEL_CONSTANTS[use]);
  label[4] = NO_CS_ID;
  view.setUint32(5, source.csbId);
  label.set(source.rand, 9);
  return mikeyPrf(source.prf, source.key, label, octets);
}

/** Whether a MAC algorithm is one that authenticates, and known here. */
export function isMacKnown(algorithm: number): boolean {
  return AUTHENTICATION_KEY_OCTETS.has(algorithm);
}

/**
 * The MAC over parts, one after the other (RFC 3830 5.2).
 *
 * @throws RangeError where `isMacKnown` says no
 */
export function computeMac(algorithm: number, source: KeySource, parts: readonly Uint8Array[]): Uint8Array {
  const octets = AUTHENTICATION_KEY_OCTETS.get(algorithm);
  if (octets === undefined) throw new RangeError(`MAC algorithm ${algorithm} is not known`);
  const key = deriveKey(source, 'authentication', octets);
  const hmac = createHmac(algorithm === MacAlgorithm.hmacSha1 ? 'sha1' : 'sha256', key);
  for (const part of parts) hmac.update(part);
  key.fill(0);
  return hmac.digest();
}

/** Whether a MAC is right, in time that does not depend on where it is wrong. */
export function isMacRight(
  algorithm: number,
  source: KeySource,
  parts: readonly Uint8Array[],
  mac: Uint8Array,
): boolean {
  const right = computeMac(algorithm, source, parts);
  return right.length === mac.length && timingSafeEqual(right, mac);
}

/**
 * Enciphers key data for KEMAC (RFC 3830 4.2.3).
 *
 * @param timestamp of the message, 8 octets, for the IV
 * @throws RangeError for an algorithm that is not known
 */
export function encryptKeyData(
  algorithm: number,
  source: KeySource,
  timestamp: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  if (algorithm === EncryptionAlgorithm.none) return Uint8Array.from(plain);
  if (algorithm === EncryptionAlgorithm.aesCm128) return applyAesCm(source, timestamp, plain);
  if (algorithm !== EncryptionAlgorithm.aesKw128) throw new RangeError(`encryption ${algorithm} is not known`);
  // Key data need not fill whole blocks and RFC 3830 says nothing of that: zeros behind the last key data are no key.
  const padded = new Uint8Array(Math.ceil(plain.length / WRAP_BLOCK) * WRAP_BLOCK);
  padded.set(plain);
  const key = deriveKey(source, 'encryption', ENCRYPTION_KEY_OCTETS);
  const wrapped = wrapKey(key, padded);
  key.fill(0);
  padded.fill(0);
  return wrapped;
}

/**
 * Deciphers the key data of a KEMAC whose MAC is right. The caller overwrites it after use.
 *
 * @returns null where the algorithm is not known, or the key wrap's own check fails
 */
export function decryptKeyData(
  algorithm: number,
  source: KeySource,
  timestamp: Uint8Array,
  data: Uint8Array,
): Uint8Array | null {
  if (algorithm === EncryptionAlgorithm.none) return Uint8Array.from(data);
  if (algorithm === EncryptionAlgorithm.aesCm128) return applyAesCm(source, timestamp, data);
  if (algorithm !== EncryptionAlgorithm.aesKw128) return null;
  const key = deriveKey(source, 'encryption', ENCRYPTION_KEY_OCTETS);
  const plain = unwrapKey(key, data);
  key.fill(0);
  return plain;
}

/** AES-CM-128: the counter begins at (salt xor (0 (16 bits), CSB id, timestamp)) and 16 zero bits (RFC 3830 4.2.3). */
function applyAesCm(source: KeySource, timestamp: Uint8Array, data: Uint8Array): Uint8Array {
  const salt = deriveKey(source, 'salt', SALT_OCTETS);
  const iv = new Uint8Array(16);
  new DataView(iv.buffer).setUint32(2, source.csbId);
  iv.set(timestamp, 6);
  for (let i = 0; i < SALT_OCTETS; i++) iv[i] ^= salt[i];
  const key = deriveKey(source, 'encryption', ENCRYPTION_KEY_OCTETS);
  const cipher = createCipheriv('aes-128-ctr', key, iv);
  // In counter mode everything comes out of the first call.
  const result = cipher.update(data);
  cipher.final();
  key.fill(0);
  salt.fill(0);
  return new Uint8Array(result.buffer, result.byteOffset, result.length);
}
