// IP addresses as text and as octets.

import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 octets of an IP address (RFC 4291 2.2), or null where the text is none. Zone indexes are none of it. */
export function addressOctets(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) return null;
  const [front, back] = text.split('::').map(wordsOf);
  const words = back === undefined ? front : [...front, ...zeros(8 - front.length - back.length), ...back];
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]));
}

/** The 16-bit words of one side of `::`; a dotted IPv4 tail is two. */
function wordsOf(side: string): number[] {
  if (side === '') return [];
  return side.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a, b, c, d] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}
