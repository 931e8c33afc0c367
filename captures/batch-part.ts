// A part of a batch as a batch of its own: views of the same columns, nothing copied.

import type { CaptureMark, FrameBatch } from './frame-batch.ts';

/**
 * Rows `begin` to `end` (not included), numbered as they were.
 * @param marks those that come with it, as they stand in `batch`
 */
export function partOfBatch(batch: FrameBatch, begin: number, end: number, marks: readonly CaptureMark[]): FrameBatch {
  return {
    bytes: batch.bytes,
    view: batch.view,
    count: end - begin,
    firstFrame: batch.firstFrame + begin,
    offset: batch.offset.subarray(begin, end),
    captured: batch.captured.subarray(begin, end),
    original: batch.original.subarray(begin, end),
    seconds: batch.seconds.subarray(begin, end),
    nanoseconds: batch.nanoseconds.subarray(begin, end),
    digits: batch.digits.subarray(begin, end),
    linkType: batch.linkType.subarray(begin, end),
    interfaceId: batch.interfaceId.subarray(begin, end),
    marks: marks.map((mark) => ({ ...mark, beforeRow: Math.max(0, mark.beforeRow - begin) })),
  };
}
