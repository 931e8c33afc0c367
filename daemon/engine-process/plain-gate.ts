// Whether plaintext under a key may be made now (docs/daemon.md, the gate).

import type { SourceClock } from '../../captures/sources/live-source.ts';
import type { EpochDates, PgkEpoch } from '../keyring/keyring.ts';
import type { LiveKeyring } from '../keyring/live-keyring.ts';

/** The keys of one track, and what is asked before plaintext under one of them is made, for the first time or again. */
export class PlainGate {
  readonly live: LiveKeyring;
  readonly #clock: SourceClock;

  constructor(live: LiveKeyring, clock: SourceClock) {
    this.live = live;
    this.#clock = clock;
  }

  /**
   * Whether a key forbids plaintext of a message now: by the wall clock, which the live keyring has looked at; on a replay,
   * whose time is its own, by the time of the message. An order of the group manager counts by the wall clock always.
   *
   * @param time capture time of the message, milliseconds since 1970
   * @param wall wall clock, milliseconds since 1970
   */
  forbids(epoch: PgkEpoch, time: number, wall: number): boolean {
    if (!epoch.isHeld || isOrderedOff(epoch, wall)) return true;
    return (this.#clock === 'wall' ? epoch.forbidden : this.live.forbiddenAt(epoch, time)) !== null;
  }
}

function isOrderedOff({ revokedAt, compromisedAt, suspendedAt, resumedAt }: EpochDates, wall: number): boolean {
  if (revokedAt !== null && wall >= revokedAt) return true;
  if (compromisedAt !== null && wall >= compromisedAt) return true;
  return suspendedAt !== null && wall >= suspendedAt && (resumedAt === null || wall < resumedAt);
}
