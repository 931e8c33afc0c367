// Runs of frames with one usual message each, one by one, or many at once where rounds lie in memory that threads share
// (kernel-runs.ts).

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { MessageTable } from '../engine/message-table.ts';
import type { RunSums } from '../engine/run-sums.ts';
import type { CaptureWatch } from './capture.ts';
import type { CounterWatch } from './counter.ts';
import { WINDOW_MS } from './gaps.ts';
import { createKernelRuns, type KernelRuns } from './kernel-runs.ts';
import type { UsualMessages } from './usual.ts';

/** Who knows what is usual, and keeps it. */
export interface RunParts {
  readonly usual: UsualMessages;
  readonly counters: CounterWatch;
  readonly capture: CaptureWatch;
}

/** See the head of the file. */
export class UsualRuns {
  /** Messages of the last run that are summed, from its first one on. */
  summed = 0;
  readonly #parts: RunParts;
  /** Null where there is none. */
  readonly #kernel: KernelRuns | null;

  /** @param shared memory in which lines of contexts and entries of the ring lie (usual-call.ts); null: they do not */
  constructor(parts: RunParts, shared: SharedMemory | null) {
    this.#parts = parts;
    // Threads are started for large captures, where it pays from the first round on.
    this.#kernel = shared === null ? null : createKernelRuns(parts, shared);
  }

  /** What those come to that are summed. */
  get sums(): RunSums | null {
    return this.#kernel?.sums ?? null;
  }

  /**
   * Takes frames of which no rule has anything to say, each with one message, a usual one.
   *
   * @param row the first one
   * @param until row behind the last one that may be taken
   * @param message row of the first message
   * @param due capture time in milliseconds since 1970 from which on something is to be told
   * @returns frames taken
   */
  take(batch: FrameBatch, row: number, until: number, table: MessageTable, message: number, due: number): number {
    const kernel = this.#kernel;
    this.summed = 0;
    // Of many senders most runs end before they begin.
    if (message >= table.count || !this.#parts.usual.remembers(table, message)) return 0;
    if (kernel === null || !kernel.accepts(batch, table)) {
      return this.#takeEach(batch, row, until, table, message, this.#parts.capture.latest, due);
    }
    const taken = kernel.take(batch, row, until, table, message, due);
    this.summed = taken;
    if (!kernel.leftOne) return taken;
    const latest = taken === 0 ? this.#parts.capture.latest : table.time[message + taken - 1];
    return taken + this.#takeEach(batch, row + taken, until, table, message + taken, latest, due);
  }

  /** One by one. @param latest capture time of the frame before */
  #takeEach(
    batch: FrameBatch,
    row: number,
    until: number,
    table: MessageTable,
    message: number,
    latest: number,
    due: number,
  ): number {
    const { usual, counters, capture } = this.#parts;
    const { count, frameRow, time: times } = table;
    // Does not change while nothing is told.
    const oldestGap = counters.gaps.oldestTime;
    let before = latest;
    let taken = 0;
    for (; row + taken < until; taken++) {
      const at = message + taken;
      if (at >= count || frameRow[at] !== row + taken) break;
      if (at + 1 < count && frameRow[at + 1] === row + taken) break;
      const time = times[at];
      if (!capture.isUsual(batch, row + taken, time, before) || time >= due || time - oldestGap >= WINDOW_MS) break;
      if (!usual.take(table, at)) break;
      before = time;
    }
    return taken;
  }
}
