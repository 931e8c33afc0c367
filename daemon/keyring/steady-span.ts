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

/** A span around an instant, as long as dates still part it. */
interface Span {
  readonly time: number;
  after: number;
  before: number;
}

/**
 * A span around an instant in which neither the state of a key nor whether it may be used changes: an hour to both sides at most,
 * and up to a millisecond from any date that either could depend on, since sums of dates are rounded. An instant so close to
 * one has a span that does not hold it.
 */
export function steadySpan(epoch: PgkEpoch, time: number): OpenSpan {
  const span: Span = { time, after: time - REACH_MS, before: time + REACH_MS };
  const { starts, keysByStart } = epoch.group;
  partBy(span, epoch);
  // Of the others those count that become valid then, or have been for less than it takes to overlap.
  for (let i = startedBy(starts, span.after - OVERLAP_MS); i < starts.length && starts[i] <= span.before; i++) {
    partBy(span, keysByStart[i]);
    part(span, starts[i] + OVERLAP_MS);
  }
  return span;
}

/** Parts a span at every date of a key. Makes no object: it is asked for each key and hour. */
function partBy(span: Span, key: PgkEpoch): void {
  part(span, key.notBefore);
  part(span, key.notBefore - SKEW_MS);
  partByEnd(span, key.notAfter);
  for (let i = 0; i < key.earlierEnds.length; i++) {
    part(span, key.earlierEnds[i].until);
    partByEnd(span, key.earlierEnds[i].notAfter);
  }
  if (key.revokedAt !== null) part(span, key.revokedAt);
  if (key.compromisedAt !== null) part(span, key.compromisedAt);
  if (key.suspendedAt !== null) part(span, key.suspendedAt);
  if (key.resumedAt !== null) part(span, key.resumedAt);
}

function partByEnd(span: Span, end: number): void {
  part(span, end);
  part(span, end + SKEW_MS);
}

function part(span: Span, date: number): void {
  if (date <= span.time) span.after = Math.max(span.after, date + ROUNDING_MS);
  else span.before = Math.min(span.before, date - ROUNDING_MS);
}
