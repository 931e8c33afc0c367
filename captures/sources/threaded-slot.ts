// One place of the ring between the thread that reads a capture and the thread that analyses it: a batch in shared
// memory. The reader copies batches in, the analyser reads them where they stand.

import { BATCH_ROWS, type CaptureMark, type CaptureProblem, type FrameBatch } from '../frame-batch.ts';
import { BATCH_MARKS } from '../frame-columns.ts';
import { WINDOW_OCTETS } from '../input-window.ts';

/** Constants we chose. */
/**
 * Slots of the ring: one that the analyser reads, one that the reader fills, two that even out their speeds. Above it
 * the reader waits. Each holds a window of 1 MiB and, where a capture has longer blocks, grows to at most WINDOW_CAP.
 */
export const RING_SLOTS = 4;

/** Octets of all columns of one row. */
const ROW_OCTETS = 29;

/** The memory of a slot, as the other thread gets it. */
export interface SlotMemory {
  readonly columns: SharedArrayBuffer;
  readonly octets: SharedArrayBuffer;
}

/** What the reading thread is started with. */
export interface ReaderOrder {
  /** A path, or `-` for standard input. */
  readonly path: string;
  readonly ring: readonly SlotMemory[];
}

/** What the reading thread says. The other way, a slot that may be filled again goes back by its number. */
export type ReaderMessage =
  | { readonly kind: 'opened'; readonly total: number | null }
  /** It cannot be opened; `reason` is the operating system's code. */
  | { readonly kind: 'refused'; readonly reason: string }
  | BatchMessage
  | { readonly kind: 'ended'; readonly problem: CaptureProblem | null; readonly consumed: number };

/** A slot is full: what does not stand in shared memory. */
export interface BatchMessage {
  readonly kind: 'batch';
  readonly slot: number;
  readonly count: number;
  readonly firstFrame: number;
  readonly marks: CaptureMark[];
  /** Octets of input consumed so far. */
  readonly consumed: number;
  /** Memory that replaces the slot's octets, where it had to grow. */
  readonly octets: SharedArrayBuffer | null;
}

/** A batch whose octets and columns stand in memory that both threads see. */
export class ThreadedSlot implements FrameBatch {
  readonly number: number;
  readonly offset: Uint32Array;
  readonly captured: Uint32Array;
  readonly original: Uint32Array;
  readonly seconds: Float64Array;
  readonly nanoseconds: Uint32Array;
  readonly digits: Uint8Array;
  readonly linkType: Uint16Array;
  readonly interfaceId: Uint16Array;
  bytes: Uint8Array = new Uint8Array();
  view: DataView = new DataView(this.bytes.buffer);
  count = 0;
  firstFrame = 1;
  marks: CaptureMark[] = [];
  readonly #columns: SharedArrayBuffer;
  #octets: SharedArrayBuffer;
  #filled = 0;
  #grown = false;

  /**
   * @param number its place in the ring
   * @param memory of the same slot in the other thread; absent: fresh memory
   */
  constructor(number: number, memory?: SlotMemory) {
    this.number = number;
    this.#columns = memory?.columns ?? new SharedArrayBuffer(BATCH_ROWS * ROW_OCTETS);
    this.#octets = memory?.octets ?? new SharedArrayBuffer(WINDOW_OCTETS);
    // Widest first, so that each column is aligned.
    let at = 0;
    const next = (octetsOfRow: number): number => {
      const begin = at;
      at += octetsOfRow * BATCH_ROWS;
      return begin;
    };
    this.seconds = new Float64Array(this.#columns, next(8), BATCH_ROWS);
    this.nanoseconds = new Uint32Array(this.#columns, next(4), BATCH_ROWS);
    this.offset = new Uint32Array(this.#columns, next(4), BATCH_ROWS);
    this.captured = new Uint32Array(this.#columns, next(4), BATCH_ROWS);
    this.original = new Uint32Array(this.#columns, next(4), BATCH_ROWS);
    this.linkType = new Uint16Array(this.#columns, next(2), BATCH_ROWS);
    this.interfaceId = new Uint16Array(this.#columns, next(2), BATCH_ROWS);
    this.digits = new Uint8Array(this.#columns, next(1), BATCH_ROWS);
    this.#over(this.#octets);
  }

  get memory(): SlotMemory {
    return { columns: this.#columns, octets: this.#octets };
  }

  get empty(): boolean {
    return this.count === 0 && this.marks.length === 0;
  }

  /**
   * Copies a batch behind what the slot holds. False where there is no room for it; an empty slot always has, since its
   * memory grows.
   */
  append(batch: FrameBatch): boolean {
    const { count } = batch;
    const { begin, end } = spanOf(batch);
    const octets = end - begin;
    if (this.empty) {
      if (octets > this.bytes.length) this.#grow(octets);
      this.firstFrame = batch.firstFrame;
    } else if (
      this.count + count > BATCH_ROWS ||
      this.marks.length + batch.marks.length > BATCH_MARKS ||
      this.#filled + octets > this.bytes.length
    ) {
      return false;
    }
    const first = this.count;
    this.bytes.set(batch.bytes.subarray(begin, end), this.#filled);
    const moved = this.#filled - begin;
    for (let row = 0; row < count; row++) this.offset[first + row] = batch.offset[row] + moved;
    this.captured.set(batch.captured.subarray(0, count), first);
    this.original.set(batch.original.subarray(0, count), first);
    this.seconds.set(batch.seconds.subarray(0, count), first);
    this.nanoseconds.set(batch.nanoseconds.subarray(0, count), first);
    this.digits.set(batch.digits.subarray(0, count), first);
    this.linkType.set(batch.linkType.subarray(0, count), first);
    this.interfaceId.set(batch.interfaceId.subarray(0, count), first);
    for (const mark of batch.marks) this.marks.push({ ...mark, beforeRow: mark.beforeRow + first });
    this.#filled += octets;
    this.count += count;
    return true;
  }

  /** In the reader: what to tell the analyser of this slot. It is empty here afterwards. */
  release(consumed: number): BatchMessage {
    const { number, count, firstFrame, marks } = this;
    const octets = this.#grown ? this.#octets : null;
    this.count = 0;
    this.marks = [];
    this.#filled = 0;
    this.#grown = false;
    return { kind: 'batch', slot: number, count, firstFrame, marks, consumed, octets };
  }

  /** In the analyser: takes what the reader told of this slot. */
  accept(message: BatchMessage): this {
    if (message.octets !== null) this.#over(message.octets);
    this.count = message.count;
    this.firstFrame = message.firstFrame;
    this.marks = message.marks;
    return this;
  }

  #grow(octets: number): void {
    let length = this.bytes.length;
    while (length < octets) length *= 2;
    this.#over(new SharedArrayBuffer(length));
    this.#grown = true;
  }

  #over(octets: SharedArrayBuffer): void {
    this.#octets = octets;
    this.bytes = new Uint8Array(octets);
    this.view = new DataView(octets);
  }
}

/** Where the octets of a batch begin and end in its window. */
function spanOf(batch: FrameBatch): { begin: number; end: number } {
  const { count, offset, captured } = batch;
  if (count === 0) return { begin: 0, end: 0 };
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  for (let row = 0; row < count; row++) {
    const at = offset[row];
    if (at < begin) begin = at;
    if (at + captured[row] > end) end = at + captured[row];
  }
  return { begin, end };
}
