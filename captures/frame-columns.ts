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

/** A batch that a parser fills. Readers write the columns directly and then raise `count`. */
export class FrameColumns implements FrameBatch {
  bytes: Uint8Array;
  view: DataView;
  place = 0;
  count = 0;
  firstFrame = 1;
  offset: Uint32Array = new Uint32Array(BATCH_ROWS);
  captured: Uint32Array = new Uint32Array(BATCH_ROWS);
  original: Uint32Array = new Uint32Array(BATCH_ROWS);
  seconds: Float64Array = new Float64Array(BATCH_ROWS);
  nanoseconds: Uint32Array = new Uint32Array(BATCH_ROWS);
  digits: Uint8Array = new Uint8Array(BATCH_ROWS);
  linkType: Uint16Array = new Uint16Array(BATCH_ROWS);
  interfaceId: Uint16Array = new Uint16Array(BATCH_ROWS);
  marks: CaptureMark[] = [];

  constructor(window: InputWindow) {
    this.bytes = window.bytes;
    this.view = window.view;
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
