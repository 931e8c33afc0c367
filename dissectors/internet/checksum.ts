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

/** A 16-bit number with its octets exchanged. */
export function exchanged(half: number): number {
  return ((half & 0xff) << 8) | (half >>> 8);
}

/** Sum of both 16-bit halves of a word. */
export function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16);
}

/** A ones' complement sum of at most 32 bits folded to 16, not inverted: 0xffff over octets that include a right checksum. */
export function foldedSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/**
 * The folded ones' complement sum over 32-bit words of a little-endian host, for octets on a 4-octet boundary: it is the same in
 * either octet order (RFC 1071 2.B), and 0xffff, where a checksum inside fits, reads the same both ways. Three times as
 * fast as octet by octet.
 *
 * @param start what was summed before, low octets first
 */
export function wordSum(words: Uint32Array, bytes: Uint8Array, at: number, length: number, start: number): number {
  const first = at >>> 2;
  const last = first + (length >>> 2);
  // Low halves by what they are short of the sum of all: fewer steps, and the sums wrap.
  let all = 0;
  let high = 0;
  for (let i = first; i < last; i++) {
    const word = words[i];
    all = (all + word) | 0;
    high = (high + (word >>> 16)) | 0;
  }
  let sum = start + high + ((all - (high << 16)) >>> 0);
  const tail = at + (length & ~3);
  const rest = length & 3;
  if (rest >= 2) sum += bytes[tail] | (bytes[tail + 1] << 8);
  if ((rest & 1) !== 0) sum += bytes[tail + (rest & 2)];
  return foldedSum(sum);
}
