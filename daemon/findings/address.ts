// IP addresses as findings compare and write them.

import { ipv4Text, ipv6Text } from '../../dissectors/text.ts';

const SEED = (Math.random() * 0x1_0000_0000) | 0;

/** An address of 4 or 16 octets as text. */
export function addressText(bytes: Uint8Array, at: number, length: number): string {
  return length === 4 ? ipv4Text(bytes, at) : ipv6Text(bytes, at);
}

/** Four octets as a number, 32 bits. */
export function addressWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Eight octets mixed into a number of 32 bits; two of them stand for an IPv6 address. The seed differs in each run. */
export function mixedWord(bytes: Uint8Array, at: number): number {
  const mixed = Math.imul(addressWord(bytes, at) ^ SEED, 0x9e3779b1) ^ addressWord(bytes, at + 4);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}

/** Whether the octets are an address. */
export function isAddress(bytes: Uint8Array, at: number, address: Uint8Array): boolean {
  for (let i = 0; i < address.length; i++) if (bytes[at + i] !== address[i]) return false;
  return true;
}
