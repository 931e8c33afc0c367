// Runs of frames with one usual message each through the kernel (usual-kernel.ts), where what they are held against lies in
// memory that threads share. What it stops at is done here, and then it goes on: a context is lent what its messages change, a
// page of positions is turned, a stretch of the ring begins.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { messageColumnsAt } from '../engine/message-columns.ts';
import { type MessageTable, Place } from '../engine/message-table.ts';
import { RunSums, SUM_WORDS, Sum } from '../engine/run-sums.ts';
import { RING_MESSAGES } from './position-ring.ts';
import { ENTRY_OCTETS, FIRST_FRAME, FIRST_PLACE, FIRST_TIME, STRETCH } from './ring-entries.ts';
import {
  CALL_AT,
  CALL_NUMBERS,
  CALL_SUMS_END,
  CALL_WORDS,
  Call,
  CallNumber,
  ENTRIES_AT,
  LINES_AT,
  Stop,
  SUMS_AT,
  SUMS_WORDS,
} from './usual-call.ts';
import { buildUsualKernel } from './usual-kernel.ts';
import { CONTEXTS, LINE_WORDS, LINES_OCTETS, SUM } from './usual-lines.ts';
import type { RunParts } from './usual-runs.ts';

/** Places of a stretch that lie further from its first than this are kept one by one. */
const FAR_PLACE = 1 << 30;

/** Room for lines of contexts and entries of the ring in memory that threads share. */
export function findingsMemory({ buffer }: SharedMemory): { readonly lines: Int32Array; readonly entries: Int32Array } {
  return {
    lines: new Int32Array(buffer, LINES_AT, LINES_OCTETS / 4),
    entries: new Int32Array(buffer, ENTRIES_AT, (RING_MESSAGES * ENTRY_OCTETS) / 4),
  };
}

/** Builds a kernel for parts that work in this memory, as `findingsMemory` divides it; null where the host cannot run it. */
export function createKernelRuns(parts: RunParts, shared: SharedMemory): KernelRuns | null {
  const kernel = buildUsualKernel(shared, parts.counters.ring.limit);
  return kernel === null ? null : new KernelRuns(parts, shared, kernel);
}

/** See the head of the file. */
export class KernelRuns {
  /** Whether the last run ended at a usual message that is to be taken one by one. */
  leftOne = false;
  /** What the last run came to. */
  readonly sums: RunSums;
  readonly #parts: RunParts;
  readonly #kernel: () => void;
  readonly #words: Int32Array;
  readonly #lines: Int32Array;
  readonly #numbers: Float64Array;

  /** @param kernel as it was built */
  constructor(parts: RunParts, { buffer }: SharedMemory, kernel: () => void) {
    this.#parts = parts;
    this.#kernel = kernel;
    this.sums = new RunSums(new Int32Array(buffer, SUMS_AT, SUMS_WORDS));
    this.#words = new Int32Array(buffer, CALL_AT, CALL_WORDS);
    this.#lines = new Int32Array(buffer, LINES_AT, LINES_OCTETS / 4);
    this.#numbers = new Float64Array(buffer, CALL_AT, CALL_NUMBERS);
  }

  /** Whether a round lies where the kernel works, and its octets can be read again. */
  accepts({ place, captured, original, linkType, interfaceId }: FrameBatch, table: MessageTable): boolean {
    const { buffer } = this.#words;
    return (
      place !== undefined &&
      this.#parts.counters.ring.reread !== null &&
      messageColumnsAt(table, buffer) >= 0 &&
      table.plain.buffer === buffer &&
      captured.buffer === buffer &&
      original.buffer === buffer &&
      linkType.buffer === buffer &&
      interfaceId.buffer === buffer
    );
  }

  /** As `UsualRuns.take` has it, for a round that was accepted. @returns frames taken */
  take(batch: FrameBatch, row: number, until: number, table: MessageTable, message: number, due: number): number {
    const { usual, counters } = this.#parts;
    const kernel = this.#kernel;
    const words = this.#words;
    const end = Math.min(until, row + table.count - message);
    this.#begin(batch, table, due);
    this.leftOne = false;
    let next = row;
    while (next < end) {
      if (!this.#beginStretch(batch, table, message + next - row, next, end)) {
        this.leftOne = true;
        break;
      }
      kernel();
      const stopped = words[Call.row / 4];
      counters.ring.passed(stopped - next);
      next = stopped;
      const at = message + next - row;
      if (next > row) this.#numbers[CallNumber.latest / 8] = table.time[at - 1];
      if (next === words[Call.until / 4]) continue;
      const stop = words[Call.stop / 4];
      if (stop === Stop.lend && usual.lend(table, at)) continue;
      if (stop === Stop.page && usual.turnPage(table, at)) continue;
      this.leftOne = stop === Stop.entry;
      break;
    }
    this.#endSums(table);
    return next - row;
  }

  /** What the run came to stands where the kernel summed it; the next one begins with nothing. */
  #endSums({ context }: MessageTable): void {
    const { sums } = this;
    sums.contexts = (this.#words[CALL_SUMS_END / 4] - SUMS_AT) / (SUM_WORDS * 4);
    for (let at = 0; at < sums.contexts * SUM_WORDS; at += SUM_WORDS) {
      this.#lines[(context[sums.words[at + Sum.first]] & (CONTEXTS - 1)) * LINE_WORDS + SUM] = 0;
    }
  }

  #begin(batch: FrameBatch, table: MessageTable, due: number): void {
    const { usual, counters, capture } = this.#parts;
    const words = this.#words;
    const numbers = this.#numbers;
    words[Call.count / 4] = table.count;
    words[Call.columns / 4] = messageColumnsAt(table, words.buffer);
    words[Call.captured / 4] = batch.captured.byteOffset;
    words[Call.linkType / 4] = batch.linkType.byteOffset;
    words[Call.original / 4] = batch.original.byteOffset - batch.captured.byteOffset;
    words[Call.interfaces / 4] = batch.interfaceId.byteOffset - batch.linkType.byteOffset;
    words[Call.plain / 4] = table.plain.byteOffset;
    words[Call.stamp / 4] = usual.stamp;
    words[Call.interfaceId / 4] = capture.interfaceId;
    words[CALL_SUMS_END / 4] = SUMS_AT;
    numbers[CallNumber.latest / 8] = capture.latest;
    numbers[CallNumber.due / 8] = due;
    numbers[CallNumber.oldestGap / 8] = counters.gaps.oldestTime;
  }

  /** As far as the stretch of the ring goes in which the next message is kept; false where it is not kept in short. */
  #beginStretch(batch: FrameBatch, table: MessageTable, at: number, row: number, end: number): boolean {
    if (table.rawPlace[at] !== Place.frame) return false;
    const words = this.#words;
    const numbers = this.#numbers;
    const { number, entries } = this.#parts.counters.ring;
    const { firsts } = entries;
    const begins = batch.place as number;
    const first = entries.begin(number, begins + table.rawAt[at], table.time[at], table.frame[at]);
    const place = begins - firsts[first + FIRST_PLACE] + 1;
    if (Math.abs(place) >= FAR_PLACE) return false;
    words[Call.row / 4] = row;
    words[Call.until / 4] = Math.min(end, row + STRETCH - (number & (STRETCH - 1)));
    words[Call.message / 4] = at;
    words[Call.number / 4] = number;
    words[Call.place / 4] = place;
    words[Call.frame / 4] = firsts[first + FIRST_FRAME];
    numbers[CallNumber.firstTime / 8] = firsts[first + FIRST_TIME];
    numbers[CallNumber.firstFrame / 8] = firsts[first + FIRST_FRAME];
    return true;
  }
}
