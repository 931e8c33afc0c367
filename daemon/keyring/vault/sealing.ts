// The primitives that the vault is made of: key derivation, sealing, X25519 keys. Nothing here knows a file.

import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { VaultError } from './vault-error.ts';

// The specification says.

/** Octets of an XChaCha20-Poly1305 key, nonce and tag (draft-irtf-cfrg-xchacha 2). */
export const SEAL_KEY_OCTETS = 32;
export const NONCE_OCTETS = 24;
export const TAG_OCTETS = 16;
/** Octets of a SHA-256 digest and of an X25519 key (RFC 7748 5). */
export const HASH_OCTETS = 32;
export const X25519_OCTETS = 32;
/** DER around 32 raw octets (RFC 8410 4 and 7). */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Gives so many random octets; tests pass in a source that repeats itself. */
export type Randomness = (octets: number) => Uint8Array;

/** The system's own randomness. */
export const systemRandomness: Randomness = (octets) => new Uint8Array(randomBytes(octets));

/** SHA-256 of the parts in a row. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** HMAC-SHA-256 of the parts in a row. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest());
}

/** 32 octets of HKDF-SHA-256 (RFC 5869); the label keeps uses of one key apart. */
export function deriveKey(key: Uint8Array, label: string, salt: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, label, SEAL_KEY_OCTETS));
}

/** Octets of their own. `slice` is not enough: that of a Buffer shares its memory, and would be wiped with it. */
export function copyOf(octets: Uint8Array): Uint8Array {
  return Uint8Array.from(octets);
}

/** Equal octets, in time that does not depend on where they differ. */
export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** XChaCha20-Poly1305: ciphertext and tag. */
export function seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array {
  return xchacha20poly1305(key, nonce, associated).encrypt(plain);
}

/** The plaintext, or null where the tag does not fit. */
export function unseal(
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < TAG_OCTETS) return null;
  try {
    return xchacha20poly1305(key, nonce, associated).decrypt(sealed);
  } catch {
    return null;
  }
}

/** An X25519 private key of 32 raw octets. */
export function x25519PrivateKey(raw: Uint8Array): KeyObject {
  const der = Buffer.concat([X25519_PKCS8, raw]);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

/** An X25519 public key of 32 raw octets. */
function x25519PublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([X25519_SPKI, raw]), format: 'der', type: 'spki' });
}

/** The 32 raw octets of the public key that belongs to an X25519 key. */
export function x25519PublicOctets(key: KeyObject): Uint8Array {
  return lastOctets(key);
}

/**
 * The secret that two X25519 keys share (RFC 7748 6.1), or null where the public key has low order: then everybody would
 * know it.
 */
export function x25519Shared(privateKey: KeyObject, publicOctets: Uint8Array): Uint8Array | null {
  try {
    const shared = new Uint8Array(diffieHellman({ privateKey, publicKey: x25519PublicKey(publicOctets) }));
    return shared.every((octet) => octet === 0) ? null : shared;
  } catch {
    return null;
  }
}

/** An Ed25519 private key of its 32-octet seed. */
export function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([ED25519_PKCS8, seed]);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

/** An Ed25519 public key of its 32 raw octets. */
export function ed25519PublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' });
}

/** The 32 raw octets of the public key that belongs to an Ed25519 key. */
export function ed25519PublicOctets(key: KeyObject): Uint8Array {
  return lastOctets(key);
}

/** A public key in DER ends in its 32 raw octets (RFC 8410 4). */
function lastOctets(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - X25519_OCTETS));
}

/** A sealing key agreed between a fresh key pair and a recipient, and the octets of the fresh public key. */
export function sealingKeyFor(
  recipient: Uint8Array,
  label: string,
  random: Randomness,
): { key: Uint8Array; ephemeral: Uint8Array } {
  const raw = random(X25519_OCTETS);
  const privateKey = x25519PrivateKey(raw);
  raw.fill(0);
  const ephemeral = x25519PublicOctets(privateKey);
  const shared = x25519Shared(privateKey, recipient);
  if (shared === null) {
    throw new VaultError(
      'recipient',
      'the recipient is no X25519 public key that can be sealed to (it has low order)',
      'Ask the recipient for the public key again',
    );
  }
  const key = deriveKey(shared, label, Buffer.concat([ephemeral, recipient]));
  shared.fill(0);
  return { key, ephemeral };
}

/** The same sealing key from the recipient's side, or null where the fresh public key has low order. */
export function openingKeyOf(privateKey: KeyObject, ephemeral: Uint8Array, label: string): Uint8Array | null {
  const shared = x25519Shared(privateKey, ephemeral);
  if (shared === null) return null;
  const key = deriveKey(shared, label, Buffer.concat([ephemeral, x25519PublicOctets(privateKey)]));
  shared.fill(0);
  return key;
}
