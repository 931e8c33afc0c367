// The single values of a keyring file (interfaces 2): ids, octets, names, choices, addresses, instants.

import { ALGORITHM_ID, CIPHER_ALGORITHMS } from '../../dissectors/security/traffic-cipher.ts';
import { addressOctets } from './ip-address.ts';
import type { ValueReader } from './json-reader.ts';
import { nearestName } from './nearest-name.ts';
import { parseInstant } from './rfc3339.ts';

/** The specification says (interfaces 2): characters of a name, hex digits of a Layer-2 id. */
const NAME_CHARACTERS = 64;
const ID_DIGITS = 6;

// We chose.

/** Octets of a PMK id. The wire would allow 65,535; real ones are names and numbers. Above: an error. */
const PMK_ID_OCTETS = 256;
/** Instants remembered; above it they are forgotten, all at once. */
const INSTANT_CAP = 256;
/** Addresses of one group or member. Above: an error. */
const ADDRESS_CAP = 256;

/** 6 hex digits in lower case. */
export function readLayer2Id(reader: ValueReader): number {
  return reader.text((text) => {
    const hint = 'A Layer-2 id is 6 hex digits in lower case, such as "f00001"';
    if (text.length !== ID_DIGITS) {
      throw reader.error('wrong-length', `has ${text.length} characters, not ${ID_DIGITS} hex digits`, hint);
    }
    checkHex(reader, text, true, hint);
    return Number.parseInt(text, 16);
  });
}

/** Pairs of hex digits in lower case. */
export function readPmkId(reader: ValueReader): Uint8Array<ArrayBuffer> {
  return reader.text((text) => {
    const hint = 'A PMK id is the octets that IDr carries, as pairs of hex digits in lower case';
    if (text.length === 0 || text.length % 2 !== 0 || text.length > 2 * PMK_ID_OCTETS) {
      const what = `has ${text.length} characters, not 1 to ${PMK_ID_OCTETS} pairs of hex digits`;
      throw reader.error('wrong-length', what, hint);
    }
    checkHex(reader, text, true, hint);
    return octetsOfHex(text);
  });
}

/** Key material: exactly so many octets in hex digits of either case. */
export function readOctets(reader: ValueReader, octets: number): Uint8Array<ArrayBuffer> {
  return reader.text((text) => {
    const hint = `Give ${octets} octets as ${2 * octets} hex digits`;
    if (text.length !== 2 * octets) {
      throw reader.error('wrong-length', `has ${text.length} characters, not ${2 * octets} hex digits`, hint);
    }
    checkHex(reader, text, false, hint);
    return octetsOfHex(text);
  });
}

function checkHex(reader: ValueReader, text: string, lowerCase: boolean, hint: string): void {
  let hasUpper = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isUpper = code >= 0x41 && code <= 0x46;
    const isDigit = isUpper || (code >= 0x61 && code <= 0x66) || (code >= 0x30 && code <= 0x39);
    if (!isDigit) throw reader.error('bad-hex', `is no hex number at its character ${at + 1}`, hint);
    if (isUpper) hasUpper = true;
  }
  if (lowerCase && hasUpper) throw reader.error('upper-case', 'has hex digits in upper case', hint);
}

/** Goes through char codes, so that no further string with key material is made. */
function octetsOfHex(text: string): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) {
    octets[i] = (digitValue(text.charCodeAt(2 * i)) << 4) | digitValue(text.charCodeAt(2 * i + 1));
  }
  return octets;
}

/** Of a hex digit's ASCII code: letters have 1 to 6 in their low bits. */
function digitValue(code: number): number {
  return (code & 15) + (code > 0x39 ? 9 : 0);
}

/** A name of up to 64 characters. */
export function readName(reader: ValueReader): string {
  return reader.text((text) => {
    // No text has more characters than units.
    const characters = text.length <= NAME_CHARACTERS ? text.length : [...text].length;
    if (characters > NAME_CHARACTERS) {
      const hint = `Shorten it to ${NAME_CHARACTERS}`;
      throw reader.error('wrong-length', `has ${characters} characters, more than ${NAME_CHARACTERS}`, hint);
    }
    // A terminal would obey escape sequences in a name; half a surrogate pair is no character.
    if (!isPrintableAscii(text) && /[\p{Cc}\p{Cs}]/u.test(text)) {
      throw reader.error('bad-value', 'has control characters', 'Write the name without them');
    }
    return copyOf(text);
  });
}

/** A node of a key tree, e.g. `1.0.1`. */
export function readNodeName(reader: ValueReader): string {
  return reader.text((text) => {
    if (!/^\d{1,9}(\.\d{1,9}){0,31}$/.test(text)) {
      throw reader.error('bad-value', 'is no node of a key tree', 'Write numbers with dots between, such as "1.0.1"');
    }
    return copyOf(text);
  });
}

function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** A copy with memory of its own: what the reader gives may be a view of the whole file, keys included. */
function copyOf(text: string): string {
  // Through a buffer it takes twice as long.
  const units: number[] = [];
  for (let i = 0; i < text.length; i++) units.push(text.charCodeAt(i));
  return String.fromCharCode(...units);
}

/** One of some words. */
export function readChoice<Choice extends string>(reader: ValueReader, choices: readonly Choice[]): Choice {
  return reader.text((text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const nearest = nearestName(text, choices);
    const hint = nearest === null ? `Use one of ${choices.join(', ')}` : `Did you mean "${nearest}"?`;
    throw reader.error('bad-value', `is none of ${choices.join(', ')}`, hint);
  });
}

/** An algorithm, as its identity 0 to 3. */
export function readAlgorithm(reader: ValueReader): number {
  return ALGORITHM_ID[readChoice(reader, CIPHER_ALGORITHMS)];
}

/** IP addresses. */
export function readAddresses(reader: ValueReader): readonly Uint8Array[] {
  const addresses: Uint8Array[] = [];
  reader.list((index) => {
    if (index >= ADDRESS_CAP) throw reader.error('too-many', 'is one of too many addresses', 'Remove some');
    reader.text((text) => {
      const octets = addressOctets(text);
      if (octets !== null) return addresses.push(octets);
      throw reader.error('bad-address', 'is no IP address', 'Write an IPv4 or IPv6 address, such as "239.255.0.1"');
    });
  });
  return addresses;
}

/** An instant or null. */
export function readOptionalInstant(reader: ValueReader): number | null {
  return reader.nothing() ? null : readInstant(reader);
}

/** Instants read before: those of thousands of keys are few. */
const instants = new Map<string, number>();

/** An instant, as milliseconds since 1970. */
export function readInstant(reader: ValueReader): number {
  return reader.text((text) => {
    const known = instants.get(text);
    if (known !== undefined) return known;
    const instant = parseInstant(text);
    if (typeof instant === 'number') {
      if (instants.size === INSTANT_CAP) instants.clear();
      instants.set(copyOf(text), instant);
      return instant;
    }
    const hint = 'Write an instant in UTC, such as "2026-05-01T00:00:00Z"';
    if (instant === 'not-utc') throw reader.error('not-utc', 'is not in UTC', hint);
    if (instant === 'impossible') throw reader.error('impossible-date', 'does not exist in the calendar', hint);
    throw reader.error('bad-date', 'is no RFC 3339 instant', hint);
  });
}
