// AES key wrap (RFC 3394), by the cipher that Node brings: @noble/ciphers, which says the same, makes its tables when it is
// loaded, and everything that reads a capture would wait for them. A property test keeps the two equal.

import { createCipheriv, createDecipheriv } from 'node:crypto';

// The specification says: octets of a block and of the value that is checked (RFC 3394 2.2, 2.2.3.1).
const BLOCK = 8;
const FEWEST_BLOCKS = 2;
const CHECKED = new Uint8Array(BLOCK).fill(0xa6);

/**
 * Enciphers a key under another one. It needs no nonce, which would have to be kept and never repeated, and its 8 octets of
 * check value cost less than a nonce and a tag.
 *
 * @param under 16 or 32 octets
 * @param key a whole number of 8-octet blocks, at least two
 * @returns 8 octets more than the key has
 * @throws RangeError for other lengths
 */
export function wrapKey(under: Uint8Array, key: Uint8Array): Uint8Array {
  if (!isWrappable(key.length)) throw new RangeError(`${key.length} octets cannot be wrapped`);
  const cipher = createCipheriv(cipherName(under), under, CHECKED);
  const wrapped = cipher.update(key);
  cipher.final();
  return new Uint8Array(wrapped.buffer, wrapped.byteOffset, wrapped.length);
}

/** The key that was wrapped, or null where it was not wrapped under this one (RFC 3394 2.2.2). */
export function unwrapKey(under: Uint8Array, wrapped: Uint8Array): Uint8Array | null {
  if (!isWrappable(wrapped.length - BLOCK)) return null;
  const cipher = createDecipheriv(cipherName(under), under, CHECKED);
  try {
    const key = cipher.update(wrapped);
    cipher.final();
    return new Uint8Array(key.buffer, key.byteOffset, key.length);
  } catch {
    // The check value is wrong: OpenSSL says so by an error.
    return null;
  }
}

function isWrappable(octets: number): boolean {
  return octets % BLOCK === 0 && octets >= FEWEST_BLOCKS * BLOCK;
}

/** @throws RangeError for a key that is neither AES-128 nor AES-256 */
function cipherName(under: Uint8Array): string {
  if (under.length === 16 || under.length === 32) return `id-aes${8 * under.length}-wrap`;
  throw new RangeError(`${under.length} octets are no key of AES key wrap`);
}
