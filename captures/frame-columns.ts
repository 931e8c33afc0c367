// The one batch of a source: columns allocated once and filled again for every batch.

import { BATCH_ROWS, type CaptureMark, type FrameBatch } from './frame-batch.ts';
import type { InputWindow } from './input-window.ts';

/** Constants we chose. */
/** Marks of one batch. A batch that has as many ends early, so that a file of nothing but marks stays bounded. */
export const BATCH_MARKS = 1024;

/** The columns of a batch, each with BATCH_ROWS rows. */
export type BatchColumns = Pick<
  FrameBatch,
  'offset' | 'captured' | 'original' | 'seconds' | 'nanoseconds' | 'digits' | 'linkType' | 'interfaceId'
>;

const ROW_OCTETS = 8 + 4 * 4 + 2 * 2 + 1;
const COLUMNS = 8;
/**
 * We chose: octets between columns, so that the same row of them does not stand at the same place of a page. As in
 * dissectors/column-layout.ts, which this room does not know.
 */
const APART = 3 * 64;

/** A batch that a parser fills. Readers write the columns directly and then raise `count`. */
export class FrameColumns implements FrameBatch {
  bytes: Uint8Array;
  view: DataView;
  place = 0;
  count = 0;
  firstFrame = 1;
  offset: Uint32Array;
  captured: Uint32Array;
  original: Uint32Array;
  seconds: Float64Array;
  nanoseconds: Uint32Array;
  digits: Uint8Array;
  linkType: Uint16Array;
  interfaceId: Uint16Array;
  marks: CaptureMark[] = [];

  constructor(window: InputWindow) {
    this.bytes = window.bytes;
    this.view = window.view;
    // One piece of memory: of a large one only rows that are used are touched, of small ones all.
    const memory = new ArrayBuffer(BATCH_ROWS * ROW_OCTETS + COLUMNS * APART);
    let end = 0;
    const place = (octets: number): number => {
      const at = end;
      end += BATCH_ROWS * octets + APART;
      return at;
    };
    this.seconds = new Float64Array(memory, place(8), BATCH_ROWS);
    this.offset = new Uint32Array(memory, place(4), BATCH_ROWS);
    this.captured = new Uint32Array(memory, place(4), BATCH_ROWS);
    this.original = new Uint32Array(memory, place(4), BATCH_ROWS);
    this.nanoseconds = new Uint32Array(memory, place(4), BATCH_ROWS);
    this.linkType = new Uint16Array(memory, place(2), BATCH_ROWS);
    this.interfaceId = new Uint16Array(memory, place(2), BATCH_ROWS);
    this.digits = new Uint8Array(memory, place(1), BATCH_ROWS);
  }

  /** True where there is nothing to give out. */
  get empty(): boolean {
    return this.count === 0 && this.marks.length === 0;
  }

  /** Forgets the rows and marks; the next row is numbered behind the last one given out. */
  reset(): void {
    this.firstFrame += this.count;
    this.count = 0;
    // A consumer may still hold the marks of the batch before: they are its own.
    if (this.marks.length > 0) {
      this.marks = [];
    }
  }

  /** Goes on in other columns, for rows that are still to come. */
  moveTo(columns: BatchColumns): void {
    this.offset = columns.offset;
    this.captured = columns.captured;
    this.original = columns.original;
    this.seconds = columns.seconds;
    this.nanoseconds = columns.nanoseconds;
    this.digits = columns.digits;
    this.linkType = columns.linkType;
    this.interfaceId = columns.interfaceId;
  }

  /** Points at the window's octets, which growing may have moved, and gives itself out. */
  over(window: InputWindow): this {
    this.bytes = window.bytes;
    this.view = window.view;
    this.place = window.base;
    return this;
  }
}
