// Trying other groups' keys and other algorithms costs key derivations that a sender could ask for without end. Each
// source has a budget per second of capture time (findings, order of judgement).

import { grown, SlotTable } from './slot-table.ts';

/** We chose: extra candidates per source and second of capture time. At 50 messages/s one extra try a message is spare. */
export const TRIALS_PER_SECOND = 64;

/** We chose: sources remembered; above it the one silent for longest starts with a fresh budget. */
const SOURCE_CAP = 1 << 16;

/** Counts tries by source and second. */
export class TrialBudget {
  #second = new Float64Array(0);
  #used = new Uint16Array(0);
  readonly #slots = new SlotTable(SOURCE_CAP, (capacity) => {
    this.#second = grown(this.#second, capacity);
    this.#used = grown(this.#used, capacity);
  });

  /** Takes one try from the source's budget for the second of `time` (ms); false where none is left. */
  take(source: number, time: number): boolean {
    const second = Math.floor(time / 1000);
    const obtained = this.#slots.obtain(source, 0, 0);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0 || this.#second[slot] !== second) {
      this.#second[slot] = second;
      this.#used[slot] = 0;
    }
    if (this.#used[slot] >= TRIALS_PER_SECOND) return false;
    this.#used[slot]++;
    return true;
  }
}
