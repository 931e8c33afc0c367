// Whether plaintext under a key may be made now (docs/daemon.md, the gate).

import type { EpochDates, PgkEpoch } from '../keyring/keyring.ts';

/**
 * Whether a key forbids plaintext now: by the clock of its track, which its live keyring has looked at, or because of an
 * order of the group manager, which counts by the wall clock whatever the time of a replay is.
 *
 * @param wall wall clock, milliseconds since 1970
 */
export function isForbiddenNow(epoch: PgkEpoch, wall: number): boolean {
  return !epoch.isHeld || epoch.forbidden !== null || isOrderedOff(epoch, wall);
}

function isOrderedOff({ revokedAt, compromisedAt, suspendedAt, resumedAt }: EpochDates, wall: number): boolean {
  if (revokedAt !== null && wall >= revokedAt) return true;
  if (compromisedAt !== null && wall >= compromisedAt) return true;
  return suspendedAt !== null && wall >= suspendedAt && (resumedAt === null || wall < resumedAt);
}
