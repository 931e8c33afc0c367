// Identities, addresses and instants between their text in a scenario or keyring and their octets.

import { formatInstant } from '../daemon/time.ts';

/** A 24-bit Layer-2 id as keyrings and events write it: 6 hex digits, lower case. */
export function layer2Hex(id: number): string {
  return id.toString(16).padStart(6, '0');
}

/** Octets as hex digits, lower case. */
export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

/** Hex digits as octets. The caller has checked that they are pairs of hex digits. */
export function octetsOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** A dotted IPv4 address as 4 octets; null where it is none. */
export function ipv4Octets(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return Uint8Array.from(parts, Number);
}

/** An IPv6 address as 16 octets; null where it is none. IPv4 in the tail is not understood. */
export function ipv6Octets(text: string): Uint8Array | null {
  const halves = text.toLowerCase().split('::');
  if (halves.length > 2) return null;
  const [front, back] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = 8 - front.length - (back?.length ?? 0);
  if (back === undefined ? gap !== 0 : gap < 1) return null;
  const words = back === undefined ? front : [...front, ...Array.from({ length: gap }, () => '0'), ...back];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/.test(word))) return null;
  return Uint8Array.from(words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16)]));
}

/** An address of either kind as its octets; null where it is none. */
export function addressOctets(text: string): Uint8Array | null {
  return ipv4Octets(text) ?? ipv6Octets(text);
}

/** RFC 3339 text of whole seconds since 1970, without a fraction: what a keyring holds. */
export function isoSeconds(seconds: number): string {
  return formatInstant(seconds, 0, 6).replace('.000000', '');
}
