// Instants as text (RFC 3339 5.6), UTC only, as the keyring file holds them.

import { millisecondsOf } from '../../captures/milliseconds.ts';

/** What is wrong with a text that should be an instant. */
export type InstantProblem = 'no-instant' | 'not-utc' | 'impossible';

const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** The specification says: digits of a second that capture files resolve at best (pcapng if_tsresol 9). */
const NANOSECOND_DIGITS = 9;

/**
 * Milliseconds since 1970 UTC of an RFC 3339 text, or what is wrong with it. Fractions count to the microsecond, as capture
 * time does (captures/milliseconds.ts); digits beyond are cut off. Leap seconds are impossible here: neither
 * capture clocks nor the milliseconds since 1970 have them. `-00:00` (offset unknown, 4.3) is not UTC.
 */
export function parseInstant(text: string): number | InstantProblem {
  const match = PATTERN.exec(text);
  if (match === null) return 'no-instant';
  const zone = match[8];
  if (zone !== 'Z' && zone !== '+00:00') return 'not-utc';
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // The calendar carries what it does not have, 30 February into March; so what comes out must be what went in.
  const same =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!same) return 'impossible';
  const digits = (match[7] ?? '').slice(0, NANOSECOND_DIGITS).padEnd(NANOSECOND_DIGITS, '0');
  return millisecondsOf(date.getTime() / 1000, Number(digits));
}
