// Trying other groups' keys and other algorithms costs key derivations that a sender could ask for without end. Each
// source has a budget per second of capture time (findings, order of judgement), and all sources together have one: who
// makes up a new source for every message does not get a new budget with it.

import { grown, SlotTable } from './slot-table.ts';

/** We chose: extra candidates per source and second of capture time. At 50 messages/s one extra try a message is spare. */
export const TRIALS_PER_SECOND = 64;

/**
 * We chose: extra candidates of all sources together per second of capture time, some 20 ms of work. A context that was
 * opened costs none, so that this is what thousands of senders may ask who begin in the same second.
 */
export const TRIALS_OF_ALL = 4096;

/** We chose: sources remembered; above it the one silent for longest starts with a fresh budget. */
const SOURCE_CAP = 1 << 14;

/**
 * We chose: seconds whose common budget is remembered at a time, a power of two. Clocks of several interfaces take turns
 * within fewer; that a second comes again must not fill its budget anew.
 */
const SECONDS_REMEMBERED = 64;

/** Counts tries by source and second, and by second. */
export class TrialBudget {
  #second = new Float64Array(0);
  #used = new Uint16Array(0);
  readonly #slots = new SlotTable(SOURCE_CAP, (capacity) => {
    this.#second = grown(this.#second, capacity);
    this.#used = grown(this.#used, capacity);
  });
  readonly #seconds = new Float64Array(SECONDS_REMEMBERED).fill(Number.NaN);
  readonly #usedByAll = new Uint32Array(SECONDS_REMEMBERED);

  /** Takes one try from both budgets for the second of `time` (ms); false where one of them is used up. */
  take(source: number, time: number): boolean {
    const second = Math.floor(time / 1000);
    const place = second & (SECONDS_REMEMBERED - 1);
    if (this.#seconds[place] !== second) {
      this.#seconds[place] = second;
      this.#usedByAll[place] = 0;
    }
    if (this.#usedByAll[place] >= TRIALS_OF_ALL) return false;
    const obtained = this.#slots.obtain(source, 0, 0);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0 || this.#second[slot] !== second) {
      this.#second[slot] = second;
      this.#used[slot] = 0;
    }
    if (this.#used[slot] >= TRIALS_PER_SECOND) return false;
    this.#used[slot]++;
    this.#usedByAll[place]++;
    return true;
  }
}
