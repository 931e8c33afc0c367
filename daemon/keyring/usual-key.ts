// A PGK of a keyring as most files say it, read from its octets: id, key, notBefore and notAfter in this order, whole seconds
// with `Z`, nothing else. No text with key material is made. Everything else goes the long way (keyring-schema.ts); a test
// holds both equal.

import {
  behindBlanks,
  behindOctet,
  CLOSE_BRACE,
  COMMA,
  NINE,
  OPEN_BRACE,
  QUOTE,
  valueBehind,
  ZERO,
} from './json-octets.ts';
import type { KeyColumns } from './key-columns.ts';

/** The specification says (interfaces 2, TS 33.303 6.2.3.1). */
const ID_MOST = 255;
const KEY_OCTETS = 32;
/** RFC 3339 5.6: four digits of a year, two of all others, what stands between, `Z`. */
const INSTANT_OCTETS = 20;
const DAY_MS = 86_400_000;

const LETTER_A = 0x61;
const LETTER_F = 0x66;
const CAPITAL_A = 0x41;
const CAPITAL_F = 0x46;

const ID = Uint8Array.from(Buffer.from('"id"'));
const KEY = Uint8Array.from(Buffer.from('"key"'));
const NOT_BEFORE = Uint8Array.from(Buffer.from('"notBefore"'));
const NOT_AFTER = Uint8Array.from(Buffer.from('"notAfter"'));
const INSTANT = Uint8Array.from(Buffer.from('"0000-00-00T00:00:00Z"'));

/**
 * Reads the key that begins at octet `begin`, if it is a usual one.
 *
 * @param keys get it
 * @returns where it ends, or -1 where it is another one; then nothing was added
 */
export function takeUsualKey(octets: Uint8Array, begin: number, keys: KeyColumns): number {
  let at = valueBehind(octets, behindOctet(octets, begin, OPEN_BRACE), ID);
  if (at < 0) return -1;
  const digits = at;
  let id = 0;
  for (; at < digits + 3 && octets[at] >= ZERO && octets[at] <= NINE; at++) id = id * 10 + octets[at] - ZERO;
  if (at === digits || id > ID_MOST || (at > digits + 1 && octets[digits] === ZERO)) return -1;
  at = valueBehind(octets, behindOctet(octets, behindBlanks(octets, at), COMMA), KEY);
  if (at < 0 || octets[at] !== QUOTE || octets[at + 2 * KEY_OCTETS + 1] !== QUOTE) return -1;
  const keyAt = at + 1;
  at = behindBlanks(octets, keyAt + 2 * KEY_OCTETS + 1);
  at = valueBehind(octets, behindOctet(octets, at, COMMA), NOT_BEFORE);
  const notBefore = instantAt(octets, at);
  if (Number.isNaN(notBefore)) return -1;
  at = behindBlanks(octets, at + INSTANT_OCTETS + 2);
  at = valueBehind(octets, behindOctet(octets, at, COMMA), NOT_AFTER);
  const notAfter = instantAt(octets, at);
  if (!(notAfter > notBefore)) return -1;
  at = behindBlanks(octets, at + INSTANT_OCTETS + 2);
  if (octets[at] !== CLOSE_BRACE) return -1;
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

/** Milliseconds since 1970 of the instant whose text begins at `at`; NaN where it is another form, or not in the calendar. */
function instantAt(octets: Uint8Array, at: number): number {
  if (at < 0) return Number.NaN;
  for (let i = 0; i < INSTANT.length; i++) {
    const octet = octets[at + i];
    if (INSTANT[i] === ZERO ? !(octet >= ZERO && octet <= NINE) : octet !== INSTANT[i]) return Number.NaN;
  }
  const year = twoDigits(octets, at + 1) * 100 + twoDigits(octets, at + 3);
  const month = twoDigits(octets, at + 6);
  const day = twoDigits(octets, at + 9);
  const hour = twoDigits(octets, at + 12);
  const minute = twoDigits(octets, at + 15);
  const second = twoDigits(octets, at + 18);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  return daysSince1970(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

function twoDigits(octets: Uint8Array, at: number): number {
  return (octets[at] - ZERO) * 10 + octets[at + 1] - ZERO;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Years that begin in March, so that the leap day is the last one: months then have 153 days each five. */
function daysSince1970(year: number, month: number, day: number): number {
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const marchYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + Math.floor((153 * fromMarch + 2) / 5) + day - 719_469;
}
