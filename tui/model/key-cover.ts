// When a group has a key that may be used, and when it has none: from the dates of its keys alone.

import type { GroupDescription, KeyDescription } from '../../daemon/inspection/contract.ts';

/** A span of time: ms since 1970, the end not included. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The spans in which a key may be used: its window up to revocation or compromise, without suspension; none for a key that
 * was destroyed (reference security B.1).
 */
export function usableSpans(key: KeyDescription): TimeSpan[] {
  if (key.destroyedAt !== null || isWithdrawnAtUnknownTime(key)) return [];
  const to = Math.min(
    key.notAfter,
    key.revokedAt ?? Number.POSITIVE_INFINITY,
    key.compromisedAt ?? Number.POSITIVE_INFINITY,
  );
  const whole: TimeSpan = { from: key.notBefore, to };
  const parts =
    key.suspendedAt === null
      ? [whole]
      : [
          { from: whole.from, to: Math.min(to, key.suspendedAt) },
          ...(key.resumedAt === null ? [] : [{ from: Math.max(key.resumedAt, whole.from), to }]),
        ];
  return parts.filter((part) => part.from < part.to);
}

/** A daemon tells the state of a key without the date that it follows from. */
function isWithdrawnAtUnknownTime({ state, revokedAt, compromisedAt, suspendedAt }: KeyDescription): boolean {
  if (state === 'destroyed') return true;
  if (state === 'revoked') return revokedAt === null;
  if (state === 'compromised') return compromisedAt === null;
  return state === 'suspended' && suspendedAt === null;
}

/** When some key may be used: spans that do not touch, in order. */
export function coveredSpans(keys: readonly KeyDescription[]): TimeSpan[] {
  const covered: TimeSpan[] = [];
  for (const span of keys.flatMap(usableSpans).sort((a, b) => a.from - b.from)) {
    const last = covered.at(-1);
    if (last === undefined || span.from > last.to) covered.push(span);
    else if (span.to > last.to) covered[covered.length - 1] = { from: last.from, to: span.to };
  }
  return covered;
}

/** When no key may be used, between two of which one may. */
export function gapsBetween(covered: readonly TimeSpan[]): TimeSpan[] {
  return covered.slice(1).map((span, index) => ({ from: covered[index].to, to: span.from }));
}

/** Somebody who has left the roster and can still read. */
export interface LastingReader {
  readonly name: string;
  /** When the last key ends that was valid before the member left. */
  readonly until: number;
}

/**
 * Members that have left the roster and can read on, because a key that was valid before they left is
 * still in use. What is sent under a revoked key is `stale`: nobody should, so such a key does not count.
 */
export function lastingReaders({ members, keys }: GroupDescription, now: number): LastingReader[] {
  return members.flatMap(({ id, name, from, until: left }) => {
    if (left === null || left > now) return [];
    if (members.some((other) => other.id === id && (other.until === null || other.until > now))) return [];
    const held = usableEnds(keys, from ?? Number.NEGATIVE_INFINITY, left);
    const until = Math.max(...held);
    return until > now ? [{ name, until }] : [];
  });
}

/** Ends of the keys that are in use and were valid at some time of a membership. */
function usableEnds(keys: readonly KeyDescription[], from: number, left: number): number[] {
  return keys
    .filter((key) => key.notBefore < left && key.notAfter > from && usableSpans(key).length > 0)
    .map((key) => Math.max(...usableSpans(key).map(({ to }) => to)));
}
