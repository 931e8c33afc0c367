// A plain file that is read into the octets and columns of whoever takes its batches: another piece of memory for each of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { FrameBatch, FrameSource } from '../../../captures/frame-batch.ts';
import { type BatchColumns, FrameColumns } from '../../../captures/frame-columns.ts';
import { InputWindow } from '../../../captures/input-window.ts';
import { openCapture } from '../../../captures/open.ts';
import { FileSource } from '../../../captures/sources/file.ts';
import { joined, pcapHeader, pcapRecord } from '../capture-bytes.ts';
import { soundCapture } from '../random-captures.ts';
import { readAll, readBytes } from '../read-all.ts';

/** What one batch is read into. */
interface Piece {
  readonly octets: Uint8Array;
  readonly columns: BatchColumns;
}

const folder = mkdtempSync(join(tmpdir(), 'sidescope-continued-'));
const path = join(folder, 'capture');

afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a file batch by batch into these pieces in turn; how many batches stood in the piece that they were read into. */
async function readInto(octets: Uint8Array, pieces: readonly Piece[]) {
  writeFileSync(path, octets);
  const file = await openCapture(path);
  if (!(file instanceof FileSource)) throw new Error('a plain file is read as one');
  let count = 0;
  let inPlace = 0;
  const source: FrameSource = {
    next() {
      const piece = pieces[count++ % pieces.length];
      file.continueIn(piece.octets, piece.columns);
      const batch: FrameBatch | null = file.next();
      if (batch?.bytes === piece.octets) inPlace++;
      if (batch !== null) expect(batch.linkType).toBe(piece.columns.linkType);
      for (let row = 0; row < (batch?.count ?? 0); row += 50) expectReread(file, batch as FrameBatch, row);
      return batch;
    },
    get problem() {
      return file.problem;
    },
    get consumed() {
      return file.consumed;
    },
    total: file.total,
    close: () => file.close(),
  };
  return { read: await readAll(source), inPlace };
}

/** The frame of a row stands in the file where the batch says. */
function expectReread(file: FileSource, { place = 0, offset, captured, bytes }: FrameBatch, row: number): void {
  const again = new Uint8Array(captured[row]);
  expect(file.reread?.(place + offset[row], again)).toBe(captured[row]);
  expect(Buffer.from(again).equals(bytes.subarray(offset[row], offset[row] + captured[row]))).toBe(true);
}

const columns = Array.from({ length: 4 }, () => new FrameColumns(new InputWindow(1)));
const piecesOf = (count: number, octets: number): readonly Piece[] =>
  columns.slice(0, count).map((own) => ({ octets: new Uint8Array(new SharedArrayBuffer(octets)), columns: own }));
const counts = fc.constantFrom(1, 2, 4);
const sizes = fc.constantFrom(16, 200, 5000, 1 << 16, 1 << 20);

test('every frame and mark is what it is through one window', async () => {
  await fc.assert(
    fc.asyncProperty(soundCapture, counts, sizes, async (octets, count, size) => {
      expect((await readInto(octets, piecesOf(count, size))).read).toEqual(await readBytes(octets));
    }),
    { numRuns: 60 },
  );
});

test('so are frames of many reads, in pieces of any size, which they stand in where these are large enough', async () => {
  const frames = fc.array(fc.nat(3000), { minLength: 200, maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(frames, counts, sizes, async (lengths, count, size) => {
      const records = lengths.map((length, i) => pcapRecord(new Uint8Array(length).fill(i), 'little'));
      const octets = joined(pcapHeader('little'), ...records);
      const { read, inPlace } = await readInto(octets, piecesOf(count, size));
      expect(read).toEqual(await readBytes(octets));
      expect(read.frames.length).toBe(lengths.length);
      // The first one was read before anybody said into what.
      if (size === 1 << 20) expect(inPlace).toBeGreaterThan(3);
    }),
    { numRuns: 30 },
  );
});
