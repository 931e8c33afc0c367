// Frames of the past, read back by number while new ones are written.

import { partOfBatch } from '../../captures/batch-part.ts';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import { FrameColumns } from '../../captures/frame-columns.ts';
import type { FileRing } from './file-ring.ts';
import { type JournalFileSystem, quietly } from './file-system.ts';
import { FrameBlockReader } from './frame-reader.ts';
import type { JournalFile } from './journal-file.ts';
import { readOn, scanFrames, windowFor } from './recovery.ts';

/** Constants we chose. */
/** Octets read at once when a few frames are looked for. */
const FEW_OCTETS = 1 << 17;
/** More frames than that are read with the whole window. */
const FEW_FRAMES = 256;

/**
 * Frames `from` to `to` as far as they are durable and still kept, in batches: rows of a batch follow one another in
 * number; a batch is valid until the next is asked for. What is removed meanwhile is left out. Needs a window of memory.
 */
export async function* readFrames(
  fs: JournalFileSystem,
  folder: string,
  ring: FileRing,
  from: number,
  to: number,
): AsyncGenerator<FrameBatch, void, undefined> {
  for (let next = from; next <= to; ) {
    const file = ring.from(next);
    if (file === null || file.first > to) return;
    const last = Math.min(to, file.last);
    let handle: number;
    try {
      handle = await fs.open(`${folder}/${file.name}`, 'read');
    } catch {
      // Removed by the limits, or by somebody else.
      next = file.last + 1;
      continue;
    }
    try {
      yield* framesOfFile(fs, handle, file, Math.max(next, file.first), last);
    } finally {
      await quietly(fs.close(handle));
    }
    next = last + 1;
  }
}

async function* framesOfFile(
  fs: JournalFileSystem,
  handle: number,
  file: JournalFile,
  from: number,
  to: number,
): AsyncGenerator<FrameBatch, void, undefined> {
  const end = file.octets;
  if (file.index === null || file.described === null) {
    const { index, described } = await scanFrames(fs, handle, file.first, end, Number.MAX_SAFE_INTEGER);
    file.index = index;
    file.described = described;
  }
  const { number, offset: start } = file.index.find(from) ?? { number: file.first, offset: 0 };
  const window = windowFor(to - from < FEW_FRAMES ? Math.min(FEW_OCTETS, end - start) : end - start);
  window.base = start;
  const columns = new FrameColumns(window);
  const reader = new FrameBlockReader(number, file.described);
  for (;;) {
    columns.count = 0;
    const stop = reader.read(window, columns);
    if (columns.count > 0) {
      const skipped = Math.max(0, from - columns.firstFrame);
      const count = Math.min(columns.count, to - columns.firstFrame + 1);
      if (count > skipped) yield partOfBatch(columns.over(window), skipped, count, []);
      if (reader.lastNumber >= to) return;
    }
    if (stop === 'wanting' && !(await readOn(fs, handle, window, end))) return;
    if (stop === 'broken') {
      while (!reader.resync(window)) {
        if (!(await readOn(fs, handle, window, end))) return;
      }
    }
  }
}
