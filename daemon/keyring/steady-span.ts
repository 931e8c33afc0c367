// How long a PGK stays in the state that it has at an instant, so that messages of that time need not ask for it.

import { OVERLAP_MS, SKEW_MS, startedBy } from './epoch-state.ts';
import type { PgkEpoch } from './keyring.ts';

// We chose: more than sums of dates are rounded by, and how far ahead and back dates are looked for.
const ROUNDING_MS = 1;
const REACH_MS = 3_600_000;

/** A span of time, without its ends. */
export interface OpenSpan {
  readonly after: number;
  readonly before: number;
}

/**
 * A span around an instant in which neither the state of a key nor whether it may be used changes: an hour to both sides at most,
 * and up to a millisecond from any date that either could depend on, since sums of dates are rounded. An instant so close to
 * one has a span that does not hold it.
 */
export function steadySpan(epoch: PgkEpoch, time: number): OpenSpan {
  let after = time - REACH_MS;
  let before = time + REACH_MS;
  const { starts, keysByStart } = epoch.group;
  const part = (date: number | null): void => {
    if (date === null) return;
    if (date <= time) after = Math.max(after, date + ROUNDING_MS);
    else before = Math.min(before, date - ROUNDING_MS);
  };
  const partBy = (key: PgkEpoch): void => {
    part(key.notBefore);
    part(key.notBefore - SKEW_MS);
    for (const { notAfter, until } of [...key.earlierEnds, { notAfter: key.notAfter, until: null }]) {
      part(until);
      part(notAfter);
      part(notAfter + SKEW_MS);
    }
    for (const date of [key.revokedAt, key.compromisedAt, key.suspendedAt, key.resumedAt]) part(date);
  };
  partBy(epoch);
  // Of the others those count that become valid then, or have been for less than it takes to overlap.
  for (let i = startedBy(starts, after - OVERLAP_MS); i < starts.length && starts[i] <= before; i++) {
    partBy(keysByStart[i]);
    part(starts[i] + OVERLAP_MS);
  }
  return { after, before };
}
