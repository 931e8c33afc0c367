// IP addresses as findings compare and write them.

import { randomFillSync } from 'node:crypto';
import { ipv4Text, ipv6Text } from '../../dissectors/text.ts';

/** We chose: 2^31 - 1, modulo which secret keys times pieces of 16 bits are added up. */
const PRIME = 0x7fff_ffff;
const KEYS = Array.from(randomFillSync(new Uint32Array(4)), (word) => (word >>> 1) % PRIME);

/** An address of 4 or 16 octets as text. */
export function addressText(bytes: Uint8Array, at: number, length: number): string {
  return length === 4 ? ipv4Text(bytes, at) : ipv6Text(bytes, at);
}

/** Four octets as a number, 32 bits. */
export function addressWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/**
 * Eight octets as a number of 31 bits; two of them stand for an IPv6 address. Pieces of 16 bits times secret keys, modulo a
 * prime: a universal hash (Carter and Wegman, 1979), so that nobody can make up an address that passes for another one.
 */
export function hashedWord(bytes: Uint8Array, at: number): number {
  const first = addressWord(bytes, at);
  const second = addressWord(bytes, at + 4);
  const high = (first >>> 16) * KEYS[0] + (first & 0xffff) * KEYS[1];
  return (high + (second >>> 16) * KEYS[2] + (second & 0xffff) * KEYS[3]) % PRIME;
}

/** Whether the octets are an address. */
export function isAddress(bytes: Uint8Array, at: number, address: Uint8Array): boolean {
  for (let i = 0; i < address.length; i++) if (bytes[at + i] !== address[i]) return false;
  return true;
}
