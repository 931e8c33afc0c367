// Finds journalled frames by number and puts them together for the engine: the frames of one record, or one frame with what
// came before it on its track.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { JournalPort } from '../journal/journal-port.ts';

// We chose.

/** Numbers that are no further apart are read in one go. */
const NEAR_FRAMES = 64;
/** Frames that one question may be about, with all that lie between. Above: what comes later is not found. */
const RANGE_MOST = 65_536;

/** One frame, copied out of its batch. */
export interface FoundFrame {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly linkType: number;
  readonly interfaceId: number;
}

/** The frames of these numbers that are still kept. */
export async function findFrames(
  journal: Pick<JournalPort, 'readFrames'>,
  numbers: Iterable<number>,
): Promise<Map<number, FoundFrame>> {
  const wanted = [...new Set(numbers)].sort((a, b) => a - b);
  const asked = new Set(wanted);
  const found = new Map<number, FoundFrame>();
  let read = 0;
  for (let begin = 0; begin < wanted.length && read < RANGE_MOST; ) {
    let end = begin;
    while (end + 1 < wanted.length && wanted[end + 1] - wanted[end] <= NEAR_FRAMES) end++;
    for await (const batch of journal.readFrames(wanted[begin], wanted[end])) {
      for (let row = 0; row < batch.count; row++) {
        if (asked.has(batch.firstFrame + row)) found.set(batch.firstFrame + row, frameOf(batch, row));
      }
      read += batch.count;
    }
    begin = end + 1;
  }
  return found;
}

/** A row as a frame of its own; its octets are copied. */
export function frameOf(batch: FrameBatch, row: number): FoundFrame {
  const at = batch.offset[row];
  return {
    number: batch.firstFrame + row,
    bytes: batch.bytes.slice(at, at + batch.captured[row]),
    original: batch.original[row],
    seconds: batch.seconds[row],
    nanoseconds: batch.nanoseconds[row],
    digits: batch.digits[row],
    linkType: batch.linkType[row],
    interfaceId: batch.interfaceId[row],
  };
}

/**
 * Frames as one batch. Numbers in a batch rise by one: the last frame keeps its own, those before it are counted back from
 * there.
 */
export function batchOf(frames: readonly FoundFrame[]): FrameBatch {
  const count = frames.length;
  const bytes = new Uint8Array(frames.reduce((octets, frame) => octets + frame.bytes.length, 0));
  const offset = new Uint32Array(count);
  let at = 0;
  for (const [row, frame] of frames.entries()) {
    offset[row] = at;
    bytes.set(frame.bytes, at);
    at += frame.bytes.length;
  }
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count,
    firstFrame: count === 0 ? 1 : frames[count - 1].number - count + 1,
    offset,
    captured: Uint32Array.from(frames, (frame) => frame.bytes.length),
    original: Uint32Array.from(frames, (frame) => frame.original),
    seconds: Float64Array.from(frames, (frame) => frame.seconds),
    nanoseconds: Uint32Array.from(frames, (frame) => frame.nanoseconds),
    digits: Uint8Array.from(frames, (frame) => frame.digits),
    linkType: Uint16Array.from(frames, (frame) => frame.linkType),
    interfaceId: Uint16Array.from(frames, (frame) => frame.interfaceId),
    marks: [],
  };
}
