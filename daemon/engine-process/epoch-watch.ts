// Epoch records of a live feed (interfaces 3): told when the state of a PGK changes, by the clock or by an order, and when
// a PGK is used for the first time.

import { epochEventOf } from '../engine/epoch-event.ts';
import type { EpochUse } from '../engine/epoch-use.ts';
import { MessageFlag, type MessageTable, NONE } from '../engine/message-table.ts';
import type { EpochEvent } from '../events.ts';
import { epochStateNumberAt } from '../keyring/epoch-state.ts';
import type { Keyring, PgkEpoch } from '../keyring/keyring.ts';

/** The specification says (findings, key.superseded): how long a key counts as overlapping with its successor. */
const OVERLAP_MS = 600_000;
/** No state told yet. */
const UNKNOWN = 255;

/** Watches the epochs of one track's keyring. */
export class EpochWatch {
  readonly #keyring: Keyring;
  readonly #use: EpochUse;
  readonly #tell: (event: EpochEvent) => void;
  #state = new Uint8Array(0);
  /** No state changes by the clock before this instant. */
  #nextChange = Number.NEGATIVE_INFINITY;
  #isFirst = true;

  /** @param tell hears of each change; what holds at the start is none */
  constructor(keyring: Keyring, use: EpochUse, tell: (event: EpochEvent) => void) {
    this.#keyring = keyring;
    this.#use = use;
    this.#tell = tell;
  }

  /** A judged message, already counted in `use`. */
  note(table: MessageTable, row: number): void {
    const serial = table.epoch[row];
    if (serial === NONE || (table.flags[row] & MessageFlag.opened) === 0) return;
    if (this.#use.messages[serial] === 1)
      this.#tell(epochEventOf(this.#keyring.epochs[serial], this.#use, table.time[row]));
  }

  /** The clock of the track: looks at the keys where some state may have changed. @param time milliseconds since 1970 */
  at(time: number): void {
    if (Number.isNaN(time) || time < this.#nextChange) return;
    this.#look(time);
  }

  /** Keys came or changed. */
  changed(time: number): void {
    if (!Number.isNaN(time)) this.#look(time);
  }

  #look(time: number): void {
    const { epochs } = this.#keyring;
    if (this.#state.length < epochs.length) this.#grow(epochs.length);
    let next = Number.POSITIVE_INFINITY;
    for (const epoch of epochs) {
      const state = epochStateNumberAt(epoch, time);
      const before = this.#state[epoch.serial];
      this.#state[epoch.serial] = state;
      if (state !== before && !this.#isFirst) this.#tell(epochEventOf(epoch, this.#use, time));
      next = Math.min(next, nextDate(epoch, time));
    }
    this.#isFirst = false;
    this.#nextChange = next;
  }

  #grow(epochs: number): void {
    const wider = new Uint8Array(Math.max(16, epochs * 2)).fill(UNKNOWN);
    wider.set(this.#state);
    this.#state = wider;
  }
}

/** The first of a key's dates behind an instant. A successor's overlap begins and ends by that successor's dates. */
function nextDate(epoch: PgkEpoch, time: number): number {
  let next = Number.POSITIVE_INFINITY;
  const consider = (date: number | null): void => {
    if (date !== null && date > time && date < next) next = date;
  };
  consider(epoch.notBefore);
  consider(epoch.notBefore + OVERLAP_MS);
  consider(epoch.notAfter);
  for (const date of [epoch.revokedAt, epoch.compromisedAt, epoch.suspendedAt, epoch.resumedAt]) consider(date);
  for (const { until, notAfter } of epoch.earlierEnds) {
    consider(until);
    consider(notAfter);
  }
  return next;
}
