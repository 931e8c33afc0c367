// Frames that the doctor keeps to try things on: copies, within a cap.

import type { FrameBatch } from '../../captures/frame-batch.ts';

/** One frame, copied. */
export interface KeptFrame {
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly linkType: number;
  readonly interfaceId: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Constants we chose. */
/** Frames of one kind that are kept, the first ones; what comes later says the same as a rule. */
export const KEPT_FRAMES = 256;
/** Octets of one kept frame: the longest transport block of the sidelink and its headers fit. */
export const KEPT_OCTETS = 8192;

/** A list of frames with a cap. What is beyond, or too long, is passed over. */
export class KeptFrames {
  readonly frames: KeptFrame[] = [];

  /** Copies a row of a batch where there is room. */
  keep(batch: FrameBatch, row: number): void {
    const captured = batch.captured[row];
    if (this.frames.length >= KEPT_FRAMES || captured > KEPT_OCTETS) return;
    const at = batch.offset[row];
    this.frames.push({
      bytes: batch.bytes.slice(at, at + captured),
      original: batch.original[row],
      linkType: batch.linkType[row],
      interfaceId: batch.interfaceId[row],
      seconds: batch.seconds[row],
      nanoseconds: batch.nanoseconds[row],
    });
  }
}

/** Frames as a batch. */
export function batchOf(frames: readonly KeptFrame[]): FrameBatch {
  const octets = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const bytes = new Uint8Array(octets);
  const offset = new Uint32Array(frames.length);
  let at = 0;
  for (const [row, frame] of frames.entries()) {
    bytes.set(frame.bytes, at);
    offset[row] = at;
    at += frame.bytes.length;
  }
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count: frames.length,
    firstFrame: 1,
    offset,
    captured: Uint32Array.from(frames, (frame) => frame.bytes.length),
    original: Uint32Array.from(frames, (frame) => Math.max(frame.original, frame.bytes.length)),
    seconds: Float64Array.from(frames, (frame) => frame.seconds),
    nanoseconds: Uint32Array.from(frames, (frame) => frame.nanoseconds),
    digits: new Uint8Array(frames.length).fill(9),
    linkType: Uint16Array.from(frames, (frame) => frame.linkType),
    interfaceId: Uint16Array.from(frames, (frame) => frame.interfaceId),
    marks: [],
  };
}
