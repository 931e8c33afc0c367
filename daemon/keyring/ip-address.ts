// IP addresses as text and as octets. `isIP` of node:net says the same of a text; loading it, and the expression it makes,
// took a tenth of the start.

const IPV6_WORDS = 8;
const HEX_WORD = /^[0-9a-f]{1,4}$/i;

/** The 4 or 16 octets of an IP address (RFC 4291 2.2), or null where the text is none. Zone indexes are none of it. */
export function addressOctets(text: string): Uint8Array | null {
  return text.includes(':') ? ipv6Octets(text) : ipv4Octets(text);
}

/** Four numbers without zeros in front. */
function ipv4Octets(text: string): Uint8Array | null {
  const octets = new Uint8Array(4);
  let at = 0;
  for (let part = 0; part < 4; part++) {
    const first = at;
    let value = 0;
    for (; at < text.length && at < first + 3; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isLong = at > first + 1;
    if (at === first || value > 255 || (isLong && text.charCodeAt(first) === 0x30)) return null;
    octets[part] = value;
    if (part === 3) return at === text.length ? octets : null;
    if (text.charCodeAt(at++) !== 0x2e) return null;
  }
  return null;
}

function ipv6Octets(text: string): Uint8Array | null {
  const sides = text.split('::');
  if (sides.length > 2) return null;
  const front = wordsOf(sides[0], sides.length === 1);
  const back = sides.length === 1 ? [] : wordsOf(sides[1], true);
  if (front === null || back === null) return null;
  const missing = IPV6_WORDS - front.length - back.length;
  // `::` stands for one word of zeros at least.
  if (sides.length === 1 ? missing !== 0 : missing < 1) return null;
  const words = [...front, ...Array.from({ length: missing }, () => 0), ...back];
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]));
}

/**
 * The 16-bit words of one side of `::`, or of an address without it; null where they are none.
 *
 * @param isLast whether the side ends the address: its last part may be an IPv4 address, which is two words
 */
function wordsOf(side: string, isLast: boolean): number[] | null {
  if (side === '') return [];
  const words: number[] = [];
  const parts = side.split(':');
  for (const [index, part] of parts.entries()) {
    if (HEX_WORD.test(part)) {
      words.push(Number.parseInt(part, 16));
      continue;
    }
    const octets = isLast && index === parts.length - 1 ? ipv4Octets(part) : null;
    if (octets === null) return null;
    words.push((octets[0] << 8) | octets[1], (octets[2] << 8) | octets[3]);
  }
  return words;
}
