// Octets that JSON (RFC 8259 2) is made of, for those who read it without making a text of it (octet-reader.ts, usual-member.ts,
// usual-key.ts).

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

/**
 * Where the value of a member begins, whose name is to stand at `at`; -1 where it does not.
 *
 * @param name with its quotes
 */
export function valueBehind(octets: Uint8Array, at: number, name: Uint8Array): number {
  if (at < 0) return -1;
  for (let i = 0; i < name.length; i++) if (octets[at + i] !== name[i]) return -1;
  return behindOctet(octets, behindBlanks(octets, at + name.length), COLON);
}
