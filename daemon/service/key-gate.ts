// Whether plaintext under a key may leave now: asked by the parent at the moment a record goes out, from a table that the
// child sends and that holds no key (docs/daemon.md, the gate). The child has looked at the same dates when it made the plain
// part; here orders and time that has passed since count.

import type { SourceClock } from '../../captures/sources/live-source.ts';
import type { KeyRow } from '../engine-process/engine-port.ts';
import type { KeyName } from '../relay/relay-record.ts';

// We chose: a clock of the machine that goes back moves nothing back here (reference security B.1): the highest time seen
// counts, so that turning the clock back brings no expired key to life.

/** What the gate needs of the world. */
export interface GateClock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
}

/** See the head of the file. */
export class KeyGate {
  readonly #clock: GateClock;
  readonly #rows = new Map<string, KeyRow>();
  readonly #tracks = new Map<number, SourceClock>();
  #highest = Number.NEGATIVE_INFINITY;

  constructor(clock: GateClock) {
    this.#clock = clock;
  }

  /** A line of analysis and the clock that its gate goes by. */
  addTrack(track: number, clock: SourceClock): void {
    this.#tracks.set(track, clock);
  }

  /** Replaces the table. */
  replace(rows: readonly KeyRow[]): void {
    this.#rows.clear();
    for (const row of rows) this.#rows.set(nameOf(row), row);
  }

  /** The table as it came last. */
  rows(): readonly KeyRow[] {
    return [...this.#rows.values()];
  }

  /**
   * See the head of the file. A key that the table does not have may not be used. A replay goes by the capture's clock: each
   * of its messages was held against the key's window at its own time by the child, and only orders can have come since.
   */
  mayUse(key: KeyName, track: number): boolean {
    const row = this.#rows.get(nameOf(key));
    const clock = this.#tracks.get(track);
    if (row === undefined || clock === undefined || row.destroyedAt !== null) return false;
    // An order of the manager counts whatever the capture's own time is: who replays a capture must not outrun it.
    const wall = this.#wallClock();
    if (isOrderedOff(row, wall)) return false;
    return clock === 'capture' || isWithin(row, wall);
  }

  #wallClock(): number {
    this.#highest = Math.max(this.#highest, this.#clock.now());
    return this.#highest;
  }
}

function isOrderedOff({ revokedAt, compromisedAt, suspendedAt, resumedAt }: KeyRow, now: number): boolean {
  if (revokedAt !== null && now >= revokedAt) return true;
  if (compromisedAt !== null && now >= compromisedAt) return true;
  return suspendedAt !== null && now >= suspendedAt && (resumedAt === null || now < resumedAt);
}

function isWithin({ notBefore, notAfter }: KeyRow, now: number): boolean {
  return now >= notBefore && now < notAfter;
}

function nameOf({ group, pgkId, notBefore }: KeyName): string {
  return `${group}/${pgkId}@${notBefore}`;
}
