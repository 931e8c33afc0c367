// The Internet checksum (RFC 1071) and the pseudo headers of UDP, ICMPv6 (RFC 8200 8.1, RFC 768).

/**
 * Adds octets to a running one's complement sum. An odd last octet counts as the high half of a word.
 *
 * @param sum what was added before, not folded
 * @returns the sum, not folded; at most 65,535 octets may be added before `foldChecksum`
 */
export function addToChecksum(sum: number, bytes: Uint8Array, at: number, end: number): number {
  let total = sum;
  let index = at;
  for (; index + 1 < end; index += 2) total += (bytes[index] << 8) | bytes[index + 1];
  if (index < end) total += bytes[index] << 8;
  return total;
}

/** The 16-bit checksum for a sum: folded and inverted. Over octets that include a right checksum it is 0. */
export function foldChecksum(sum: number): number {
  let total = sum;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return ~total & 0xffff;
}

/** Checksum of octets alone (IPv4 header, ICMP, IGMP). 0 where they include a right checksum. */
export function internetChecksum(bytes: Uint8Array, at: number, end: number): number {
  return foldChecksum(addToChecksum(0, bytes, at, end));
}

/**
 * Sum of the pseudo header of IPv4 or IPv6, to go on with `addToChecksum`.
 *
 * @param addressLength 4 or 16
 * @param length octets of the upper-layer packet, header included
 */
export function pseudoHeaderSum(
  bytes: Uint8Array,
  sourceAt: number,
  destinationAt: number,
  addressLength: number,
  protocol: number,
  length: number,
): number {
  let sum = addToChecksum(0, bytes, sourceAt, sourceAt + addressLength);
  sum = addToChecksum(sum, bytes, destinationAt, destinationAt + addressLength);
  return sum + protocol + (length >>> 16) + (length & 0xffff);
}
