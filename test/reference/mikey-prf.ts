// The PRF of MIKEY (RFC 3830 4.1.2) as its text says it, with @noble/hashes: whole P-functions first, then their sum.

import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** P(s, label, m): m blocks, one octet after the other. */
function slowP(hash: typeof sha1 | typeof sha256, s: Uint8Array, label: Uint8Array, m: number): number[] {
  const octets: number[] = [];
  const a = [label];
  for (let i = 1; i <= m; i++) {
    a[i] = hmac(hash, s, a[i - 1]);
    octets.push(...hmac(hash, s, Uint8Array.from([...a[i], ...label])));
  }
  return octets;
}

/** PRF(key, label), `octets` long. */
export function slowMikeyPrf(name: 'sha1' | 'sha256', key: Uint8Array, label: Uint8Array, octets: number): Uint8Array {
  const hash = name === 'sha1' ? sha1 : sha256;
  const n = Math.ceil(key.length / 32);
  const m = Math.ceil(octets / hash.outputLen);
  const parts = Array.from({ length: n }, (_, i) => slowP(hash, key.slice(32 * i, 32 * i + 32), label, m));
  const sum = Array.from({ length: m * hash.outputLen }, (_, i) => parts.reduce((xor, part) => xor ^ part[i], 0));
  return Uint8Array.from(sum.slice(0, octets));
}
