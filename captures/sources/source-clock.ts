// Time and chance as the sources of the daemon take them: passed in, so that tests need not wait.

import { setTimeout as sleep } from 'node:timers/promises';

/** What a source asks of the machine about time. */
export interface SourceTiming {
  /** Wall clock, milliseconds since 1970 with fractions down to a microsecond. */
  wallTime(): number;
  /** Milliseconds that never go back, from any origin. */
  elapsed(): number;
  /** Resolves after so many milliseconds; rejects when the signal comes first. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

/** Constants we chose. */
/** The wall clock is read anew where the count of microseconds has gone so far from it (ms). */
const DRIFT_MS = 2;

/** The wall clock in microseconds: Date has only milliseconds, so the steady clock counts between them. */
export class WallClock {
  readonly #date: () => number;
  readonly #steady: () => number;
  #origin = Number.NaN;

  constructor(date: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#date = date;
    this.#steady = steady;
  }

  /** Milliseconds since 1970, with fractions. Follows a clock that is set. */
  now(): number {
    const steady = this.#steady();
    const date = this.#date();
    const time = this.#origin + steady;
    // Date is cut to whole milliseconds, so it runs up to one behind.
    if (time - date > -DRIFT_MS && time - date < DRIFT_MS + 1) return time;
    this.#origin = date - steady;
    return date;
  }
}

/** The real ones. */
export function realTiming(): SourceTiming {
  const wall = new WallClock();
  return {
    wallTime: () => wall.now(),
    elapsed: () => performance.now(),
    wait: async (milliseconds, signal) => {
      await sleep(milliseconds, undefined, { signal });
    },
    random: Math.random,
  };
}
