// A PGK of a keyring as most files say it, read from its octets: id, key, notBefore and notAfter in any order, whole seconds with
// `Z`, and of all other dates that there are none. No text with key material is made. Everything else goes the long way
// (keyring-schema.ts); a test holds both equal.

import {
  behindBlanks,
  behindNull,
  behindOctet,
  CLOSE_BRACE,
  COMMA,
  NINE,
  nameAt,
  OPEN_BRACE,
  QUOTE,
  quoted,
  valueBehind,
  ZERO,
} from './json-octets.ts';
import type { KeyColumns } from './key-columns.ts';
import { INSTANT_OCTETS, instantAt } from './usual-instant.ts';

/** The specification says (interfaces 2, TS 33.303 6.2.3.1). */
const ID_MOST = 255;
const KEY_OCTETS = 32;

const LETTER_A = 0x61;
const LETTER_F = 0x66;
const CAPITAL_A = 0x41;
const CAPITAL_F = 0x46;

/** Those behind `notAfter` may only be null here. */
const NAMES = quoted([
  'id',
  'key',
  'notBefore',
  'notAfter',
  'revokedAt',
  'compromisedAt',
  'suspendedAt',
  'resumedAt',
  'destroyedAt',
]);
const ID = 0;
const KEY = 1;
const NOT_BEFORE = 2;
const NOT_AFTER = 3;
/** A bit for each member that a usual key has. */
const REQUIRED = 0b1111;

/**
 * Reads the key that begins at octet `begin`, if it is a usual one.
 *
 * @param keys get it
 * @returns where it ends, or -1 where it is another one; then nothing was added
 */
export function takeUsualKey(octets: Uint8Array, begin: number, keys: KeyColumns): number {
  let at = behindOctet(octets, begin, OPEN_BRACE);
  let seen = 0;
  let id = 0;
  let keyAt = 0;
  let notBefore = 0;
  let notAfter = 0;
  for (let name = 0; ; name++) {
    name = nameAt(octets, at, NAMES, name, seen);
    if (name < 0) return -1;
    seen |= 1 << name;
    at = valueBehind(octets, at, NAMES[name].length);
    if (at < 0) return -1;
    if (name === ID) {
      const digits = at;
      for (; at < digits + 3 && octets[at] >= ZERO && octets[at] <= NINE; at++) id = id * 10 + octets[at] - ZERO;
      if (at === digits || id > ID_MOST || (at > digits + 1 && octets[digits] === ZERO)) return -1;
      at = behindBlanks(octets, at);
    } else if (name === KEY) {
      keyAt = at + 1;
      at = keyAt + 2 * KEY_OCTETS;
      if (octets[keyAt - 1] !== QUOTE || octets[at] !== QUOTE) return -1;
      at = behindBlanks(octets, at + 1);
    } else if (name === NOT_BEFORE || name === NOT_AFTER) {
      const instant = instantAt(octets, at);
      if (name === NOT_BEFORE) notBefore = instant;
      else notAfter = instant;
      at = behindBlanks(octets, at + INSTANT_OCTETS);
    } else at = behindNull(octets, at);
    if (at < 0) return -1;
    if (octets[at] === CLOSE_BRACE) break;
    at = behindOctet(octets, at, COMMA);
  }
  // Where an instant is none it is no number, and later than nothing.
  if ((seen & REQUIRED) !== REQUIRED || !(notAfter > notBefore)) return -1;
  const place = keys.reserve();
  if (!takeKey(octets, keyAt, keys.octets, place)) return -1;
  keys.addUsual(id, notBefore, notAfter);
  return at + 1;
}

/** Key material from hex digits of either case; false, and zeros, where some are none. */
function takeKey(octets: Uint8Array, at: number, into: Uint8Array, place: number): boolean {
  let wrong = 0;
  for (let i = 0; i < KEY_OCTETS; i++) {
    const high = digitOf(octets[at + 2 * i]);
    const low = digitOf(octets[at + 2 * i + 1]);
    wrong |= high | low;
    into[place + i] = (high << 4) | low;
  }
  if (wrong >= 0) return true;
  into.fill(0, place, place + KEY_OCTETS);
  return false;
}

/** Value of a hex digit, negative where it is none. */
function digitOf(octet: number): number {
  if (octet >= ZERO && octet <= NINE) return octet - ZERO;
  if (octet >= LETTER_A && octet <= LETTER_F) return octet - LETTER_A + 10;
  return octet >= CAPITAL_A && octet <= CAPITAL_F ? octet - CAPITAL_A + 10 : -1;
}
