// The keys of TS 33.303 A.3 and A.4 with @noble/hashes, S written out octet by octet.

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** The PTK; null for `group` leaves P2 out. */
export function slowPtk(pgk: Uint8Array, member: number, ptkId: number, group: number | null): Uint8Array {
  const p2 = group === null ? [] : [group >>> 16, (group >>> 8) & 255, group & 255, 0, 3];
  const s = [0x4a, member >>> 16, (member >>> 8) & 255, member & 255, 0, 3, ptkId >>> 8, ptkId & 255, 0, 2, ...p2];
  return hmac(sha256, pgk, Uint8Array.from(s));
}

/** The PEK of a PTK: the 128 low bits. */
export function slowPek(ptk: Uint8Array, algorithm: number): Uint8Array {
  return hmac(sha256, ptk, Uint8Array.of(0x4b, 0, 0, 1, algorithm, 0, 1)).slice(16);
}
