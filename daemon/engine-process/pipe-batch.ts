// A batch of captured frames as one part of a pipe frame: its columns, and the octets of its frames without what lies
// between them. Decoding makes views, no copies.
//
//   0   4   rows                       8   8   number of the frame in row 0 (64-bit floating point)
//   4   4   octets of all frames       16  4   octets of the marks (JSON)       20  4   track
//   24      columns: seconds (8 octets each); offset, captured, original, nanoseconds (4); link type, interface (2);
//           digits (1); then marks, then octets; each of the three padded to a multiple of 8

import { partOfBatch } from '../../captures/batch-part.ts';
import { BATCH_ROWS, type CaptureMark, type FrameBatch } from '../../captures/frame-batch.ts';
import { aligned } from './pipe-frames.ts';

/** Byte order of the machine, which the columns are in. */
const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

const HEAD_OCTETS = 24;
const ROW_OCTETS = 8 + 4 * 4 + 2 * 2 + 1;

/** We chose: marks of one batch that are passed on; of more the last ones count, as drop counters only rise. */
const MARKS_MOST = 1024;

/** A batch and the track it belongs to. */
export interface PipedBatch {
  readonly batch: FrameBatch;
  readonly track: number;
}

/** Rows `from` to before `to` of a batch. Marks before a row of these go with it, those behind the last with the last. */
export function sliceBatch(batch: FrameBatch, from: number, to: number): FrameBatch {
  if (from === 0 && to === batch.count) return batch;
  const isLast = to === batch.count;
  const marks = batch.marks.filter(({ beforeRow }) => beforeRow >= from && (beforeRow < to || isLast));
  return partOfBatch(batch, from, to, marks);
}

/** Where a slice that begins at row `from` ends, so that it has at most `rows` rows and, unless it is one row, `octets`. */
export function sliceEnd(batch: FrameBatch, from: number, rows: number, octets: number): number {
  let to = from;
  let sum = 0;
  while (to < batch.count && to - from < rows) {
    sum += batch.captured[to];
    if (to > from && sum > octets) break;
    to++;
  }
  return to;
}

/** Copies a batch into octets of its own. Of its marks only drop counters are for the engine. */
export function encodeBatch(batch: FrameBatch, track: number): Uint8Array {
  const { count } = batch;
  const drops = batch.marks.filter(({ kind }) => kind === 'drops').slice(-MARKS_MOST);
  const marks = drops.length === 0 ? new Uint8Array(0) : Buffer.from(JSON.stringify(drops));
  let octets = 0;
  for (let row = 0; row < count; row++) octets += batch.captured[row];
  const columnsEnd = aligned(HEAD_OCTETS + count * ROW_OCTETS);
  const octetsAt = columnsEnd + aligned(marks.length);
  const part = new Uint8Array(octetsAt + aligned(octets));
  const columns = columnsOf(part, count, octetsAt, octets);
  const head = new DataView(part.buffer);
  head.setUint32(0, count, LITTLE);
  head.setUint32(4, octets, LITTLE);
  head.setFloat64(8, batch.firstFrame, LITTLE);
  head.setUint32(16, marks.length, LITTLE);
  head.setUint32(20, track, LITTLE);
  part.set(marks, columnsEnd);
  columns.seconds.set(batch.seconds.subarray(0, count));
  columns.captured.set(batch.captured.subarray(0, count));
  columns.original.set(batch.original.subarray(0, count));
  columns.nanoseconds.set(batch.nanoseconds.subarray(0, count));
  columns.linkType.set(batch.linkType.subarray(0, count));
  columns.interfaceId.set(batch.interfaceId.subarray(0, count));
  columns.digits.set(batch.digits.subarray(0, count));
  let at = 0;
  for (let row = 0; row < count; row++) {
    const from = batch.offset[row];
    columns.offset[row] = at;
    columns.bytes.set(batch.bytes.subarray(from, from + batch.captured[row]), at);
    at += batch.captured[row];
  }
  return part;
}

/** The batch in a part that stands on a multiple of 8 of its buffer, or null where it is none. Valid as long as the part. */
export function decodeBatch(part: Uint8Array): PipedBatch | null {
  if (part.length < HEAD_OCTETS) return null;
  const head = new DataView(part.buffer, part.byteOffset, part.length);
  const count = head.getUint32(0, LITTLE);
  const octets = head.getUint32(4, LITTLE);
  const firstFrame = head.getFloat64(8, LITTLE);
  const markOctets = head.getUint32(16, LITTLE);
  if (count > BATCH_ROWS || octets > part.length || markOctets > part.length) return null;
  if (!Number.isSafeInteger(firstFrame) || firstFrame < 1) return null;
  const columnsEnd = aligned(HEAD_OCTETS + count * ROW_OCTETS);
  const octetsAt = columnsEnd + aligned(markOctets);
  if (octetsAt + aligned(octets) !== part.length) return null;
  const columns = columnsOf(part, count, octetsAt, octets);
  for (let row = 0; row < count; row++) {
    if (columns.offset[row] + columns.captured[row] > octets) return null;
  }
  const marks = marksOf(part.subarray(columnsEnd, columnsEnd + markOctets));
  if (marks === null) return null;
  const view = new DataView(part.buffer, part.byteOffset + octetsAt, octets);
  return { batch: { ...columns, view, count, firstFrame, marks }, track: head.getUint32(20, LITTLE) };
}

function columnsOf(part: Uint8Array, count: number, octetsAt: number, octets: number) {
  const { buffer } = part;
  let at = part.byteOffset + HEAD_OCTETS;
  const take = (width: number): number => {
    const begin = at;
    at += width * count;
    return begin;
  };
  return {
    bytes: part.subarray(octetsAt, octetsAt + octets),
    seconds: new Float64Array(buffer, take(8), count),
    offset: new Uint32Array(buffer, take(4), count),
    captured: new Uint32Array(buffer, take(4), count),
    original: new Uint32Array(buffer, take(4), count),
    nanoseconds: new Uint32Array(buffer, take(4), count),
    linkType: new Uint16Array(buffer, take(2), count),
    interfaceId: new Uint16Array(buffer, take(2), count),
    digits: new Uint8Array(buffer, take(1), count),
  };
}

function marksOf(octets: Uint8Array): CaptureMark[] | null {
  if (octets.length === 0) return [];
  try {
    const marks = JSON.parse(Buffer.from(octets).toString('utf8')) as CaptureMark[];
    return Array.isArray(marks) ? marks : null;
  } catch {
    return null;
  }
}
