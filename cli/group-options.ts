// Readers for the options of `sidescope group`.

import { InvalidArgumentError } from 'commander';
import { LKH_ARITIES } from '../dissectors/keying/lkh-rekey.ts';

// We chose.

/** Bits a second of a bearer. */
const RATE_LEAST = 100;
const RATE_MOST = 1e10;
const COUNT_MOST = 31;
const UNITS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A Layer-2 id of 6 hex digits. */
export function layer2Id(value: string): number {
  if (/^[0-9a-f]{6}$/i.test(value)) return Number.parseInt(value, 16);
  throw new InvalidArgumentError('It is a Layer-2 id of 6 hex digits, such as f00001.');
}

/** One of several Layer-2 ids; commander gives what was read before. */
export function gatherIds(value: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), layer2Id(value)];
}

/** One of several words. */
export function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** A length of time in milliseconds: `45s`, `30min`, `2h`, `7d`. */
export function durationOption(value: string): number {
  const parts = /^(\d{1,9})(s|min|h|d)$/.exec(value);
  if (parts !== null) return Number(parts[1]) * UNITS[parts[2]];
  throw new InvalidArgumentError('It is a length of time such as 45s, 30min, 2h or 7d.');
}

/** Bits a second. */
export function rateOption(value: string): number {
  const rate = Number(value);
  if (Number.isFinite(rate) && rate >= RATE_LEAST && rate <= RATE_MOST) return rate;
  throw new InvalidArgumentError(`It is a number of bits a second from ${RATE_LEAST}.`);
}

/** A small whole number. */
export function countOption(value: string): number {
  const count = Number(value);
  if (/^\d+$/.test(value) && count <= COUNT_MOST) return count;
  throw new InvalidArgumentError(`It is a whole number from 0 to ${COUNT_MOST}.`);
}

/** Children of a node of a key tree. */
export function arityOption(value: string): number {
  const arity = Number(value);
  if (LKH_ARITIES.includes(arity)) return arity;
  throw new InvalidArgumentError(`It is one of: ${LKH_ARITIES.join(', ')}.`);
}
