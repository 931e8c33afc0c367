// Octets that JSON (RFC 8259 2) is made of, for those who read it without making a text of it (octet-reader.ts, usual-member.ts,
// usual-key.ts, usual-instant.ts).

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const BLANK = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

const NULL = Uint8Array.from(Buffer.from('null'));

/** The first octet from `at` on that is no blank between values (RFC 8259 2). */
export function behindBlanks(octets: Uint8Array, at: number): number {
  let next = at;
  while (isBlank(octets[next])) next++;
  return next;
}

function isBlank(octet: number): boolean {
  return octet === BLANK || octet === LINE_FEED || octet === CARRIAGE_RETURN || octet === TAB;
}

/** Where what follows an octet begins, where that is what stands at `at`; else -1, as from all that begins at -1. */
export function behindOctet(octets: Uint8Array, at: number, octet: number): number {
  return at >= 0 && octets[at] === octet ? behindBlanks(octets, at + 1) : -1;
}

/** Where what follows `null` begins, where that stands at `at`; else -1, as from all that begins at -1. */
export function behindNull(octets: Uint8Array, at: number): number {
  return isAt(octets, at, NULL) ? behindBlanks(octets, at + NULL.length) : -1;
}

/** Names of members as `nameAt` compares them: in their quotes. */
export function quoted(names: readonly string[]): readonly Uint8Array[] {
  return names.map((name) => Uint8Array.from(Buffer.from(`"${name}"`)));
}

/**
 * Which of these names stands at `at`: its number, or -1, also where it stood before.
 *
 * @param names from `quoted`
 * @param likely the number of the one that is compared first
 * @param seen a bit for the number of each that stood before
 */
export function nameAt(
  octets: Uint8Array,
  at: number,
  names: readonly Uint8Array[],
  likely: number,
  seen: number,
): number {
  let number = likely;
  if (likely >= names.length || !isAt(octets, at, names[likely])) {
    number = 0;
    while (number < names.length && !isAt(octets, at, names[number])) number++;
  }
  return number < names.length && (seen & (1 << number)) === 0 ? number : -1;
}

/** Where the value behind a name begins that stands at `at` and is so many octets long; -1 where no colon does. */
export function valueBehind(octets: Uint8Array, at: number, nameOctets: number): number {
  return behindOctet(octets, behindBlanks(octets, at + nameOctets), COLON);
}

function isAt(octets: Uint8Array, at: number, text: Uint8Array): boolean {
  if (at < 0) return false;
  for (let i = 0; i < text.length; i++) if (octets[at + i] !== text[i]) return false;
  return true;
}
