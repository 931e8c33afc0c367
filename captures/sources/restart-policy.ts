// When a source that failed is tried again: later each time, never all at the same moment, soon again after it ran well.

/** Constants we chose. */
/** The first wait (ms): long enough that a program that fails at once does not fill a core, short for a cable that was out. */
const FIRST_MS = 500;
/** The longest wait (ms): nobody who plugs a radio in again wants to wait longer. */
const LONGEST_MS = 30_000;
/** An attempt that lasted so long (ms) ran well: what comes next is a new trouble. */
const RAN_WELL_MS = 20_000;

/** How an attempt follows another. */
export interface RestartTimes {
  /** Milliseconds of the first wait, above 0. */
  readonly first: number;
  readonly longest: number;
  /** An attempt that lasted so many milliseconds resets the wait. */
  readonly ranWell: number;
}

export const RESTART_TIMES: RestartTimes = { first: FIRST_MS, longest: LONGEST_MS, ranWell: RAN_WELL_MS };

/** Doubles the wait from failure to failure up to the longest. */
export class RestartPolicy {
  readonly #times: RestartTimes;
  readonly #random: () => number;
  #failures = 0;

  constructor(times: RestartTimes, random: () => number) {
    this.#times = times;
    this.#random = random;
  }

  /**
   * Milliseconds until the next attempt: between half of the step and all of it, so that sources which failed together do
   * not come back together.
   * @param lasted milliseconds of the attempt that failed
   */
  next(lasted: number): number {
    if (lasted >= this.#times.ranWell) this.#failures = 0;
    const step = Math.min(this.#times.longest, this.#times.first * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return step * (0.5 + this.#random() / 2);
  }
}
