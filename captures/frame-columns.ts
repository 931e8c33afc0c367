// The one batch of a source: columns allocated once and filled again for every batch.

import { BATCH_ROWS, type CaptureMark, type FrameBatch } from './frame-batch.ts';
import type { InputWindow } from './input-window.ts';

/** Constants we chose. */
/** Marks of one batch. A batch that has as many ends early, so that a file of nothing but marks stays bounded. */
export const BATCH_MARKS = 1024;

/** A batch that a parser fills. Readers write the columns directly and then raise `count`. */
export class FrameColumns implements FrameBatch {
  bytes: Uint8Array;
  view: DataView;
  place = 0;
  count = 0;
  firstFrame = 1;
  readonly offset = new Uint32Array(BATCH_ROWS);
  readonly captured = new Uint32Array(BATCH_ROWS);
  readonly original = new Uint32Array(BATCH_ROWS);
  readonly seconds = new Float64Array(BATCH_ROWS);
  readonly nanoseconds = new Uint32Array(BATCH_ROWS);
  readonly digits = new Uint8Array(BATCH_ROWS);
  readonly linkType = new Uint16Array(BATCH_ROWS);
  readonly interfaceId = new Uint16Array(BATCH_ROWS);
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

  /** Points at the window's octets, which growing may have moved, and gives itself out. */
  over(window: InputWindow): this {
    this.bytes = window.bytes;
    this.view = window.view;
    this.place = window.base;
    return this;
  }
}
