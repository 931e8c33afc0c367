// What `-z io,SECONDS` prints: frames, octets and messages by interval of capture time.

import { millisecondsOf } from '../captures/milliseconds.ts';
import type { AnalysedFrame } from './engine/analysed-frame.ts';
import { VERDICTS, type Verdict } from './events.ts';

/**
 * We chose: intervals that get a row of their own. Only intervals with a frame have one, so that a false clock makes no
 * rows; frames of intervals that are met when all rows are taken are counted together in the last row.
 */
export const INTERVAL_CAP = 1 << 16;

/** One interval. */
export interface IntervalRow {
  /** Its beginning, milliseconds since 1970; null in the row of all intervals above the cap. */
  readonly from: number | null;
  readonly frames: number;
  /** Octets of its frames on the wire. */
  readonly octets: number;
  /** Messages that frames of it completed. */
  readonly messages: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
}

interface Counts {
  frames: number;
  octets: number;
  messages: number;
  readonly verdicts: Float64Array;
}

function noCounts(): Counts {
  return { frames: 0, octets: 0, messages: 0, verdicts: new Float64Array(VERDICTS.length) };
}

/** Counts while frames pass. Intervals are counted from the first frame; earlier frames come into intervals before it. */
export class IntervalStatistics {
  /** Milliseconds. */
  readonly interval: number;
  readonly #cap: number;
  readonly #rows = new Map<number, Counts>();
  #rest: Counts | null = null;
  #firstSeconds = Number.NaN;
  #firstNanoseconds = 0;
  #index = Number.NaN;
  #current: Counts = noCounts();

  /**
   * @param interval milliseconds, above 0
   * @param cap rows, at least 1
   */
  constructor(interval: number, cap: number = INTERVAL_CAP) {
    this.interval = interval;
    this.#cap = cap;
  }

  /** Counts a frame and the messages that it completed. */
  note(frame: AnalysedFrame): void {
    const { batch, row } = frame;
    const seconds = batch.seconds[row];
    const nanoseconds = batch.nanoseconds[row];
    if (Number.isNaN(this.#firstSeconds)) {
      this.#firstSeconds = seconds;
      this.#firstNanoseconds = nanoseconds;
    }
    const since = (seconds - this.#firstSeconds) * 1000 + (nanoseconds - this.#firstNanoseconds) / 1e6;
    const index = Math.floor(since / this.interval);
    if (index !== this.#index) {
      this.#index = index;
      this.#current = this.#countsOf(index);
    }
    const counts = this.#current;
    counts.frames++;
    counts.octets += batch.original[row];
    counts.messages += frame.messages.length;
    for (const message of frame.messages) counts.verdicts[frame.table.verdict[message.row]]++;
  }

  /** Rows in order of time, that of all other intervals last. */
  rows(): IntervalRow[] {
    const first = millisecondsOf(this.#firstSeconds, this.#firstNanoseconds);
    const rows = [...this.#rows]
      .sort(([a], [b]) => a - b)
      .map(([index, counts]) => rowOf(first + index * this.interval, counts));
    if (this.#rest !== null) rows.push(rowOf(null, this.#rest));
    return rows;
  }

  #countsOf(index: number): Counts {
    const known = this.#rows.get(index);
    if (known !== undefined) return known;
    if (this.#rows.size >= this.#cap) {
      this.#rest ??= noCounts();
      return this.#rest;
    }
    const added = noCounts();
    this.#rows.set(index, added);
    return added;
  }
}

function rowOf(from: number | null, counts: Counts): IntervalRow {
  const verdicts: Partial<Record<Verdict, number>> = {};
  VERDICTS.forEach((verdict, code) => {
    if (counts.verdicts[code] > 0) verdicts[verdict] = counts.verdicts[code];
  });
  return { from, frames: counts.frames, octets: counts.octets, messages: counts.messages, verdicts };
}
