// An instant as most keyrings say it, read from its octets: whole seconds with `Z`. Other forms go the long way (rfc3339.ts);
// a test holds both equal.

import { NINE, ZERO } from './json-octets.ts';

/** RFC 3339 5.6: four digits of a year, two of all others, what stands between, `Z`. With its quotes. */
const INSTANT = Uint8Array.from(Buffer.from('"0000-00-00T00:00:00Z"'));
const DAY_MS = 86_400_000;

/** Octets of an instant with its quotes. */
export const INSTANT_OCTETS = INSTANT.length;

/** Milliseconds since 1970 of the instant whose text begins at `at`; NaN where it is another form, or not in the calendar. */
export function instantAt(octets: Uint8Array, at: number): number {
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
