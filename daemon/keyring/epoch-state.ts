// The state of a PGK at an instant of capture time (reference security B.1), as a function of its dates and of the other
// keys of its group. Nothing here looks at a clock.

import type { EpochStateName } from '../events.ts';
import type { EpochDates, PgkEpoch } from './group.ts';

/** The specification says (interfaces 3): skew outside notBefore and notAfter that is forgiven in verdicts. */
export const SKEW_MS = 5_000;
// The specification says (findings, key.superseded): how long a key counts as overlapping with its successor.
export const OVERLAP_MS = 600_000;

/**
 * States by number, in the order in which keys are tried: what is most likely and most innocent first. A destroyed key
 * cannot be tried at all.
 */
export const EPOCH_STATES: readonly EpochStateName[] = [
  'active',
  'overlap',
  'expired',
  'revoked',
  'compromised',
  'suspended',
  'staged',
  'destroyed',
];

const State = {
  active: 0,
  overlap: 1,
  expired: 2,
  revoked: 3,
  compromised: 4,
  suspended: 5,
  staged: 6,
  destroyed: 7,
} as const;

/** The number that columns hold for a state: its place in `EPOCH_STATES`. */
export function stateNumber(state: EpochStateName): number {
  return State[state];
}

/** The end of validity that was known at an instant: a delivery may have moved it since. */
export function endAt(epoch: EpochDates, time: number): number {
  for (const earlier of epoch.earlierEnds) {
    if (time < earlier.until) return earlier.notAfter;
  }
  return epoch.notAfter;
}

/**
 * The state at an instant, without any skew. Where several apply the first of these counts: destroyed (the key is not
 * held, whenever the message was sent), compromised, revoked, expired, suspended, staged, overlap, active.
 *
 * @param time milliseconds since 1970
 */
export function epochStateAt(epoch: PgkEpoch, time: number): EpochStateName {
  return EPOCH_STATES[epochStateNumberAt(epoch, time)];
}

/** The same as a number, for columns and comparisons. */
export function epochStateNumberAt(epoch: PgkEpoch, time: number): number {
  const state = ownState(epoch, time, 0);
  return state === State.active && successorIsFresh(epoch, time) ? State.overlap : state;
}

/**
 * Whether a key may be used at an instant, for the verdict `decrypted` against `stale` (interfaces 3): `active` where it
 * may, else the state that forbids it. Up to 5 s outside notBefore and notAfter count as inside; revocation, compromise
 * and suspension have no skew.
 */
export function usableAt(epoch: EpochDates, time: number): EpochStateName {
  return EPOCH_STATES[ownState(epoch, time, SKEW_MS)];
}

/** The same as yes or no. */
export function isUsableAt(epoch: EpochDates, time: number): boolean {
  return ownState(epoch, time, SKEW_MS) === State.active;
}

/** Whether a state, by number, is that of a key that may be used: then `isUsableAt` says so too, whatever the skew. */
export function isActiveState(state: number): boolean {
  return state <= State.overlap;
}

/**
 * Order of trial at an instant, for `sort`: by state as in `EPOCH_STATES`, then the key that became valid last, then the
 * serial.
 */
export function compareTrialOrder(a: PgkEpoch, b: PgkEpoch, time: number): number {
  return epochStateNumberAt(a, time) - epochStateNumberAt(b, time) || b.notBefore - a.notBefore || a.serial - b.serial;
}

/** The state that follows from the key's own dates. With a skew, validity reaches that far beyond both its ends. */
function ownState(epoch: EpochDates, time: number, skew: number): number {
  if (epoch.destroyedAt !== null) return State.destroyed;
  if (epoch.compromisedAt !== null && time >= epoch.compromisedAt) return State.compromised;
  if (epoch.revokedAt !== null && time >= epoch.revokedAt) return State.revoked;
  const end = epoch.earlierEnds.length === 0 ? epoch.notAfter : endAt(epoch, time);
  // notAfter itself is already outside; with a skew its last instant still counts ("up to 5 s").
  if (skew === 0 ? time >= end : time > end + skew) return State.expired;
  if (epoch.suspendedAt !== null && time >= epoch.suspendedAt) {
    if (epoch.resumedAt === null || time < epoch.resumedAt) return State.suspended;
  }
  return time < epoch.notBefore - skew ? State.staged : State.active;
}

/** Whether a later key of the group became valid less than 600 s ago and still is. */
function successorIsFresh(epoch: PgkEpoch, time: number): boolean {
  // Asked for every message: the keys themselves lie far apart in memory where a keyring is large.
  const { starts } = epoch.group;
  const earliest = Math.max(time - OVERLAP_MS, epoch.notBefore);
  for (let i = startedBy(starts, time) - 1; i >= 0 && starts[i] > earliest; i--) {
    if (ownState(epoch.group.keysByStart[i], time, 0) === State.active) return true;
  }
  return false;
}

/** How many of these instants, which are in order, have come by a time. */
export function startedBy(starts: readonly number[], time: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
