// Who failed to authenticate, by address: five failures within a minute and nothing is listened to for a minute.

// We chose (reference security C.3).
const FAILURES = 5;
const WITHIN = 60_000;
const PENALTY = 60_000;
/** Addresses remembered. Above, the one that failed longest ago is forgotten: a flood costs memory of a fixed size. */
const MOST_ADDRESSES = 4096;

interface Row {
  times: number[];
  until: number;
}

/** See the head of the file. Times: milliseconds of any clock that does not go back. */
export class FailedAttempts {
  readonly #rows = new Map<string, Row>();

  /** Whether this address has to wait. */
  mustWait(address: string, now: number): boolean {
    const row = this.#rows.get(address);
    return row !== undefined && row.until > now;
  }

  /** Notes a failure. */
  failed(address: string, now: number): void {
    const row = this.#rows.get(address) ?? { times: [], until: 0 };
    row.times = [...row.times.filter((time) => now - time < WITHIN), now].slice(-FAILURES);
    if (row.times.length === FAILURES) row.until = now + PENALTY;
    // The order of the map is the order of the last failures.
    this.#rows.delete(address);
    this.#rows.set(address, row);
    if (this.#rows.size > MOST_ADDRESSES) {
      const [oldest] = this.#rows.keys();
      this.#rows.delete(oldest);
    }
  }
}
