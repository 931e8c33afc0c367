// Reads a source to its end and copies everything out of its batches, for comparison.

import type { CaptureMark, CaptureProblem, FrameSource } from '../../captures/frame-batch.ts';
import { frameSourceFromChunks } from '../../captures/open.ts';

/** One row, copied. */
export interface ReadFrame {
  readonly number: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly linkType: number;
  readonly interfaceId: number;
  readonly original: number;
  readonly bytes: Uint8Array;
}

/** A mark and the frame that it stands before. */
export interface ReadMark extends Omit<CaptureMark, 'beforeRow'> {
  readonly beforeFrame: number;
}

/** Everything that a source gave. */
export interface ReadCapture {
  readonly frames: ReadFrame[];
  readonly marks: ReadMark[];
  readonly problem: CaptureProblem | null;
}

/** Reads to the end, then once more, and closes. */
export async function readAll(source: FrameSource): Promise<ReadCapture> {
  const frames: ReadFrame[] = [];
  const marks: ReadMark[] = [];
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (const { beforeRow, ...mark } of batch.marks) {
      marks.push({ ...mark, beforeFrame: batch.firstFrame + beforeRow });
    }
    for (let row = 0; row < batch.count; row++) {
      const offset = batch.offset[row];
      frames.push({
        number: batch.firstFrame + row,
        seconds: batch.seconds[row],
        nanoseconds: batch.nanoseconds[row],
        digits: batch.digits[row],
        linkType: batch.linkType[row],
        interfaceId: batch.interfaceId[row],
        original: batch.original[row],
        bytes: batch.bytes.slice(offset, offset + batch.captured[row]),
      });
    }
  }
  if ((await source.next()) !== null) {
    throw new Error('a source gave frames behind its end');
  }
  const { problem } = source;
  await source.close();
  return { frames, marks, problem };
}

/** `input` in pieces of `octets` octets, each piece in memory that is overwritten before the next. */
export async function* pieces(input: Uint8Array, octets: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(octets);
  for (let at = 0; at < input.length; at += octets) {
    const piece = input.subarray(at, at + octets);
    memory.fill(0xa5);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
  }
}

/** Reads octets in memory, in pieces. */
export async function readBytes(input: Uint8Array, octets = 1 << 16): Promise<ReadCapture> {
  return readAll(frameSourceFromChunks(pieces(input, octets)));
}

/** The same with each frame as text, which is compared faster than octets one by one. */
export async function readTexts(input: Uint8Array, octets?: number) {
  const { frames, marks, problem } = await readBytes(input, octets);
  const texts = frames.map((frame) => JSON.stringify({ ...frame, bytes: Buffer.from(frame.bytes).toString('hex') }));
  return { frames: texts, marks, problem };
}
