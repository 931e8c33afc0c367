// What a journal does with its files when it is opened: finds how far each is good, cuts what a crash left behind that,
// and completes it. Everything that is good is made durable, for from now on it counts as kept.

import { Block } from '../../captures/formats/pcapng-layout.ts';
import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import { FrameColumns } from '../../captures/frame-columns.ts';
import { InputWindow, WINDOW_OCTETS } from '../../captures/input-window.ts';
import { type JournalFileSystem, openOwn, quietly, readFully, writeAll } from './file-system.ts';
import { PACKET_HEAD } from './frame-encoder.ts';
import { FrameBlockReader } from './frame-reader.ts';
import { JournalError } from './journal-error.ts';
import { type DescribedInterface, type JournalFile, SparseIndex } from './journal-file.ts';
import type { InterfaceRow } from './journal-port.ts';
import { RecordCursor } from './record-cursor.ts';
import { type FileMark, lastLine, MOST_LINE_OCTETS, readFileMark } from './record-groups.ts';

/** Constants we chose. */
/** Octets at the end of a pcapng file in which its statistics are looked for; with more of them the file is read whole. */
const TAIL_OCTETS = 1 << 16;
/** Octets of a window at least. */
const LEAST_WINDOW = 1 << 12;

/** What reading a whole file of frames found. */
export interface FrameScan {
  readonly described: DescribedInterface[];
  readonly index: SparseIndex;
  /** Number of the last good frame; below the first where there is none. */
  readonly last: number;
  /** Octets that are good. */
  readonly end: number;
  readonly isFinished: boolean;
  /** The blocks that complete the file. */
  readonly statistics: Uint8Array;
}

/** A window for so many octets of a file: no larger than it pays. */
export function windowFor(octets: number): InputWindow {
  return new InputWindow(Math.min(Math.max(octets, LEAST_WINDOW), WINDOW_OCTETS));
}

/** Fills the window with what the file has next; false at its end. */
export async function readOn(
  fs: JournalFileSystem,
  handle: number,
  window: InputWindow,
  end: number,
): Promise<boolean> {
  const room = window.makeRoom();
  const position = window.base + window.end;
  const octets = Math.min(room, end - position);
  if (octets <= 0) return false;
  const read = await fs.read(handle, window.bytes.subarray(window.end, window.end + octets), position);
  window.end += read;
  return read > 0;
}

/**
 * Reads a file of frames from its beginning.
 * @param first number of its first frame
 * @param end octets to read at most
 * @param durable frames up to this one were durable: where a whole one of them follows, broken octets have rotted and are
 * passed over; else they are the torn end
 */
export async function scanFrames(
  fs: JournalFileSystem,
  handle: number,
  first: number,
  end: number,
  durable: number,
): Promise<FrameScan> {
  const window = windowFor(end);
  const columns = new FrameColumns(window);
  const reader = new FrameBlockReader(first);
  const index = new SparseIndex();
  let time = { seconds: 0, nanoseconds: 0 };
  let good = { end: 0, last: first - 1 };
  /** What was good before broken octets of which nobody knows yet whether they are the torn end. */
  let torn: { end: number; last: number } | null = null;
  for (;;) {
    columns.count = 0;
    const stop = reader.read(window, columns);
    for (let row = 0; row < columns.count; row++) {
      index.add(columns.firstFrame + row, window.base + columns.offset[row] - PACKET_HEAD);
    }
    if (columns.count > 0) {
      if (columns.firstFrame <= durable) torn = null;
      const row = columns.count - 1;
      time = { seconds: columns.seconds[row], nanoseconds: columns.nanoseconds[row] };
    }
    good = { end: window.position, last: reader.lastNumber };
    if (stop === 'wanting' && !(await readOn(fs, handle, window, end))) break;
    if (stop === 'broken') {
      torn ??= good;
      let isFound = reader.resync(window);
      while (!isFound && (await readOn(fs, handle, window, end))) isFound = reader.resync(window);
      if (!isFound) break;
    }
  }
  const { last, end: goodEnd } = torn ?? good;
  const isFinished = torn === null && reader.isFinished && good.end === end;
  return {
    described: [...reader.interfaces],
    index,

    last,
    end: goodEnd,
    isFinished,
    statistics: statistics(reader, time),
  };
}

/** Interface statistics blocks for what was read. */
function statistics(reader: FrameBlockReader, time: { seconds: number; nanoseconds: number }): Uint8Array {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => blocks.push(block), '');
  for (const { row, digits } of reader.interfaces) {
    writer.addInterface({ linkType: row.linkType, resolution: digits === 9 ? 'nanoseconds' : 'microseconds' });
  }
  blocks.length = 0;
  for (const [interfaceId, received] of reader.frames.entries()) {
    if (received > 0) writer.statistics({ interfaceId, ...time, received });
  }
  return Buffer.concat(blocks);
}

/** The last frame of a file that was completed; null where that does not show in its last octets. */
async function lastOfCompleted(fs: JournalFileSystem, handle: number, size: number): Promise<number | null> {
  const octets = new Uint8Array(Math.min(size, TAIL_OCTETS));
  if ((await readFully(fs, handle, octets, size - octets.length)) < octets.length) return null;
  const view = new DataView(octets.buffer);
  let isCompleted = false;
  for (let end = octets.length; end >= 32; ) {
    const length = view.getUint32(end - 4, true);
    const at = end - length;
    if (length < 12 || at < 0 || view.getUint32(at + 4, true) !== length) return null;
    const type = view.getUint32(at, true);
    if (type === Block.enhancedPacket && isCompleted) {
      // The number stands before hash, end of options and length.
      return view.getUint32(end - 24, true) * 0x1_0000_0000 + view.getUint32(end - 28, true);
    }
    if (type !== Block.interfaceStatistics) return null;
    isCompleted = true;
    end = at;
  }
  return null;
}

/** A file opened to be mended, or only to be read where the disk allows no more. */
async function openToMend(fs: JournalFileSystem, path: string): Promise<{ handle: number; isWritable: boolean }> {
  try {
    return { handle: await openOwn(fs, path, 'update'), isWritable: true };
  } catch (error) {
    if (!(error instanceof JournalError) || error.code !== 'journal.unreadable') throw error;
    return { handle: await openOwn(fs, path, 'read'), isWritable: false };
  }
}

/** Cuts a file behind what is good, completes it, and makes it durable. A disk that refuses leaves it as good as it is. */
async function mend(
  fs: JournalFileSystem,
  handle: number,
  file: JournalFile,
  size: number,
  completion: Uint8Array | null,
): Promise<void> {
  const good = file.octets;
  if (size > good) await fs.truncate(handle, good);
  if (completion !== null) {
    try {
      await writeAll(fs, handle, completion, good);
      file.octets = good + completion.length;
    } catch {
      await fs.truncate(handle, good);
    }
  }
  await fs.sync(handle);
}

/** What a file brought. */
export interface Recovered {
  /** False where nothing in it is good: it was removed. */
  readonly isKept: boolean;
  /** The first error of a disk that refused to have the file mended, or null. */
  readonly refusal: unknown;
}

/**
 * Recovers a file of frames; fills in `last`, `octets`, `written`, and `index` where the file was read whole.
 * @param isNewest read it whole in any case, for its interfaces
 * @throws JournalError where the file cannot be read or is open to others
 */
export async function recoverFrames(
  fs: JournalFileSystem,
  folder: string,
  file: JournalFile,
  isNewest: boolean,
  durable: number,
  interfaces: (rows: readonly InterfaceRow[]) => void,
): Promise<Recovered> {
  const path = `${folder}/${file.name}`;
  const { handle, isWritable } = await openToMend(fs, path);
  let refusal: unknown = isWritable ? null : readOnly();
  try {
    const { size, modified } = await fs.facts(handle);
    file.written = modified;
    const completed = isNewest ? null : await lastOfCompleted(fs, handle, size);
    if (completed !== null) {
      file.last = completed;
      file.octets = size;
      return { isKept: true, refusal: null };
    }
    const scan = await scanFrames(fs, handle, file.first, size, durable);
    interfaces(scan.described.map(({ row }) => row));
    file.octets = scan.end;
    file.index = scan.index;
    file.described = scan.described;
    if (scan.last >= file.first) {
      file.last = scan.last;
      if (isWritable) refusal = await tried(mend(fs, handle, file, size, scan.isFinished ? null : scan.statistics));
      return { isKept: true, refusal };
    }
  } finally {
    await quietly(fs.close(handle));
  }
  return { isKept: false, refusal: await tried(fs.unlink(path)) };
}

/**
 * Recovers a file of records likewise.
 * @param isNewest read it whole in any case
 */
export async function recoverRecords(
  fs: JournalFileSystem,
  folder: string,
  file: JournalFile,
  isNewest: boolean,
): Promise<Recovered & { readonly mark: FileMark }> {
  const path = `${folder}/${file.name}`;
  const { handle, isWritable } = await openToMend(fs, path);
  let refusal: unknown = isWritable ? null : readOnly();
  try {
    const { size, modified } = await fs.facts(handle);
    file.written = modified;
    const completed = await lastMark(fs, handle, size);
    if (completed !== null && !isNewest) {
      file.last = completed.seq;
      file.octets = size;
      return { isKept: true, refusal: null, mark: completed };
    }
    const index = new SparseIndex();
    const scan = await scanRecords(fs, handle, size, file.first, index);
    file.index = index;
    file.octets = scan.end;
    if (scan.groups > 0) {
      file.last = scan.mark.seq;
      const isFinished = completed !== null && scan.end === size;
      if (isWritable) refusal = await tried(mend(fs, handle, file, size, isFinished ? null : lastLine(scan.mark)));
      return { isKept: true, refusal, mark: scan.mark };
    }
  } finally {
    await quietly(fs.close(handle));
  }
  return { isKept: false, refusal: await tried(fs.unlink(path)), mark: { seq: 0, through: 0 } };
}

/** Reads the groups of a file from its beginning. */
export async function scanRecords(
  fs: JournalFileSystem,
  handle: number,
  size: number,
  first: number,
  index: SparseIndex,
): Promise<{ mark: FileMark; end: number; groups: number }> {
  const cursor = new RecordCursor(fs, handle, 0, size);
  let good = { mark: { seq: first - 1, through: 0 }, end: 0, groups: 0 };
  let torn: typeof good | null = null;
  for (let group = await cursor.next(); group !== null; group = await cursor.next()) {
    const { mark, start, end, isBehindDamage } = group;
    if (isBehindDamage) torn ??= good;
    // What was durable before this group was written is no torn end.
    if (torn !== null && mark.synced > torn.end) torn = null;
    if (mark.count > 0) index.add(mark.first, start);
    good = { mark: { seq: mark.first + mark.count - 1, through: mark.through }, end, groups: good.groups + 1 };
  }
  // A last line belongs to what is good.
  return torn ?? { ...good, end: cursor.goodEnd };
}

/** The last line of a completed file of records; null where there is none. */
async function lastMark(fs: JournalFileSystem, handle: number, size: number): Promise<FileMark | null> {
  const octets = new Uint8Array(Math.min(size, MOST_LINE_OCTETS));
  if (octets.length === 0 || (await readFully(fs, handle, octets, size - octets.length)) < octets.length) return null;
  if (octets[octets.length - 1] !== 10) return null;
  const begin = octets.lastIndexOf(10, octets.length - 2) + 1;
  return begin === 0 ? null : readFileMark(octets.subarray(begin, octets.length - 1), 'last');
}

function readOnly(): Error {
  return Object.assign(new Error('only to be read'), { code: 'EROFS' });
}

/** The error of a disk that refused, or null. */
async function tried(doing: Promise<void>): Promise<unknown> {
  try {
    await doing;
    return null;
  } catch (error) {
    return error;
  }
}
