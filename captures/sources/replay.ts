// A capture played as a live feed would bring it: a few frames at a time, at the distances in time that they were
// captured with, faster, or without any wait.

import { setTimeout as sleep } from 'node:timers/promises';

import { partOfBatch } from '../batch-part.ts';
import type { CaptureProblem, FrameBatch, FrameSource } from '../frame-batch.ts';
import { millisecondsOf } from '../milliseconds.ts';

/** Constants we chose. */
/** Rows of one batch: what an interface hands over at once under load. */
export const LIVE_ROWS = 64;
/** Capture time that goes back by no more is frames in disorder; by more, a clock that was set (ms). */
export const DISORDER_MS = 1000;
/** A frame that would be waited for longer (ms of real time) comes at once: its clock was set, or nobody would wait. */
export const LONGEST_WAIT_MS = 3_600_000;

/** The clock by which a capture is played. */
export interface ReplayClock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Waits that many milliseconds, or until the signal; then it may reject. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** How a capture is played. */
export interface ReplayOptions {
  /** 1: as it was captured; 10: ten times as fast; Infinity, the default: without any wait. */
  readonly speed?: number;
  /** Rows of one batch at most, from 1 on; default LIVE_ROWS. */
  readonly rows?: number;
  /** Default: the real clock. */
  readonly clock?: ReplayClock;
}

const REAL_CLOCK: ReplayClock = {
  now: () => performance.now(),
  wait: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, { signal });
  },
};

/** Plays another source, which is closed with it. */
export class ReplaySource implements FrameSource {
  readonly #source: FrameSource;
  readonly #speed: number;
  readonly #rows: number;
  readonly #clock: ReplayClock;
  readonly #closing = new AbortController();
  /** The batch that is being played, and the rows of it that have been. */
  #batch: FrameBatch | null = null;
  #played = 0;
  /** Marks of it that have been played. */
  #marks = 0;
  /** The latest capture time so far (ms), and when its frame was due (ms of the clock). */
  #latest = Number.NaN;
  #due = 0;

  /** @throws RangeError where an option is out of range */
  constructor(
    source: FrameSource,
    { speed = Number.POSITIVE_INFINITY, rows = LIVE_ROWS, clock = REAL_CLOCK }: ReplayOptions = {},
  ) {
    if (!(speed > 0)) throw new RangeError(`speed is ${speed}, not above 0`);
    if (!(Number.isInteger(rows) && rows >= 1)) throw new RangeError(`rows is ${rows}, not a whole number from 1 on`);
    this.#source = source;
    this.#speed = speed;
    this.#rows = rows;
    this.#clock = clock;
  }

  get problem(): CaptureProblem | null {
    return this.#source.problem;
  }

  get consumed(): number {
    return this.#source.consumed;
  }

  get total(): number | null {
    return this.#source.total;
  }

  /** The frames that are due, as soon as there is one. Not to be called while a call waits. */
  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#closing.signal.aborted) return null;
    const batch = this.#batch;
    if (batch !== null && (this.#played < batch.count || this.#marks < batch.marks.length)) return this.#play(batch);
    const next = this.#source.next();
    return next instanceof Promise ? this.#begin(next) : this.#take(next);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#source.close();
  }

  async #begin(next: Promise<FrameBatch | null>): Promise<FrameBatch | null> {
    return this.#take(await next);
  }

  #take(batch: FrameBatch | null): FrameBatch | null | Promise<FrameBatch | null> {
    this.#batch = batch;
    this.#played = 0;
    this.#marks = 0;
    return batch === null ? null : this.#play(batch);
  }

  #play(batch: FrameBatch): FrameBatch | Promise<FrameBatch | null> {
    // What a file says of itself before its first frame, or behind its last, waits for nothing.
    if (this.#speed === Number.POSITIVE_INFINITY || this.#played === batch.count) return this.#part(batch, this.#rows);
    const now = this.#clock.now();
    const wait = this.#dueOf(batch, this.#played, now) - now;
    return wait > 0 ? this.#later(batch, wait) : this.#dueRows(batch, now);
  }

  async #later(batch: FrameBatch, wait: number): Promise<FrameBatch | null> {
    const { signal } = this.#closing;
    try {
      await this.#clock.wait(wait, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return signal.aborted ? null : this.#dueRows(batch, this.#clock.now());
  }

  /** The first row, which has been waited for, and those behind it that are due as well. */
  #dueRows(batch: FrameBatch, now: number): FrameBatch {
    const end = Math.min(batch.count, this.#played + this.#rows);
    let row = this.#played + 1;
    while (row < end && this.#dueOf(batch, row, now) <= now) row++;
    return this.#part(batch, row - this.#played);
  }

  /** When a row is due by the clock. Asked in the order of the rows; the row at hand may be asked again. */
  #dueOf(batch: FrameBatch, row: number, now: number): number {
    const time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
    const due = this.#due + (time - this.#latest) / this.#speed;
    // Not a number before the first frame.
    if (!(time >= this.#latest - DISORDER_MS && due - now <= LONGEST_WAIT_MS)) {
      this.#latest = time;
      this.#due = now;
    } else if (time > this.#latest) {
      this.#latest = time;
      this.#due = due;
    }
    return this.#due;
  }

  /** The next rows, at most `rows`, with the marks that stand before them; those behind the last row come with it. */
  #part(batch: FrameBatch, rows: number): FrameBatch {
    const begin = this.#played;
    const end = Math.min(batch.count, begin + rows);
    this.#played = end;
    const first = this.#marks;
    while (this.#marks < batch.marks.length && (batch.marks[this.#marks].beforeRow < end || end === batch.count)) {
      this.#marks++;
    }
    return partOfBatch(batch, begin, end, batch.marks.slice(first, this.#marks));
  }
}
