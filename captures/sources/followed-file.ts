// One file that may still be written: read as far as it goes, with what comes later; tells where it was written anew.

import type { FileHandle } from 'node:fs/promises';

import { partOfBatch } from '../batch-part.ts';
import { CaptureParser } from '../formats/capture-parser.ts';
import { compressionOf } from '../formats/compression.ts';
import type { CaptureProblem, FrameBatch } from '../frame-batch.ts';
import { FrameColumns } from '../frame-columns.ts';
import { InputWindow } from '../input-window.ts';

/** Constants we chose. */
/**
 * Octets before the end that are looked at again before what follows is read: a file that was cut and written anew, and
 * has grown beyond where we were, has others there. A record header with its time is among them as a rule.
 */
const REMEMBERED_OCTETS = 256;

/**
 * What reading gave: frames, or the end of what is there (`waiting`), or the file was cut or written anew (`rewritten`), or
 * it cannot be read on from here (`damaged`).
 */
export type FollowedRead = FrameBatch | 'waiting' | 'rewritten' | 'damaged';

/** Octets by which a file is known again. */
export interface FileMark {
  /** Octet of the file behind them. */
  readonly end: number;
  readonly octets: Uint8Array;
}

/** True where the file has these octets there, so that what comes before them has been read. */
export async function bearsMark(handle: FileHandle, { end, octets }: FileMark): Promise<boolean> {
  const there = new Uint8Array(octets.length);
  const { bytesRead } = await handle.read(there, 0, there.length, end - octets.length);
  return bytesRead === octets.length && there.every((octet, at) => octet === octets[at]);
}

/** Reads a growing file. */
export class FollowedFile {
  readonly path: string;
  /** Device and inode: which file it is, whatever it is called. */
  readonly identity: string;
  readonly #handle: FileHandle;
  readonly #window = new InputWindow();
  readonly #columns = new FrameColumns(this.#window);
  readonly #parser = new CaptureParser();
  /** Frames that end up to this octet are not given out. */
  readonly #skip: number;
  #remembered = new Uint8Array();
  /** When the file was last written as far as we have seen it (ms), to find one of the same size with other content. */
  #writtenAt = Number.NaN;

  /** @param skip octets whose frames were given out before, or are not wanted */
  constructor(path: string, identity: string, handle: FileHandle, skip: number) {
    this.path = path;
    this.identity = identity;
    this.#handle = handle;
    this.#skip = skip;
  }

  /** Octets up to the end of the last whole record. */
  get consumed(): number {
    return this.#window.position;
  }

  /** Octets read behind the last whole record. */
  get partial(): number {
    return this.#window.end - this.#window.begin;
  }

  /** The last octets read and where they end. */
  get mark(): FileMark {
    return { end: this.#window.base + this.#window.end, octets: this.#remembered };
  }

  /** Why it is `damaged`. */
  get problem(): CaptureProblem | null {
    return this.#parser.problem;
  }

  /** True where it begins like a compressed file, which cannot be followed. */
  get compressed(): boolean {
    return this.consumed === 0 && compressionOf(this.#window.bytes.subarray(0, this.#window.end)) !== null;
  }

  /** The next frames. Rejects where the operating system cannot read the file. */
  async read(): Promise<FollowedRead> {
    const window = this.#window;
    const columns = this.#columns;
    columns.reset();
    for (;;) {
      this.#parser.parse(window, columns);
      const batch = columns.empty ? null : this.#wanted();
      if (batch !== null) return batch;
      if (!columns.empty) {
        columns.reset();
        continue;
      }
      if (this.#parser.problem !== null) return (await this.#isRewritten()) ? 'rewritten' : 'damaged';
      if (await this.#isRewritten()) return 'rewritten';
      const room = window.makeRoom();
      const at = window.base + window.end;
      const { bytesRead } = await this.#handle.read(window.bytes, window.end, room, at);
      if (bytesRead === 0) return 'waiting';
      window.end += bytesRead;
      this.#remember(bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** The rows that were not given out before. */
  #wanted(): FrameBatch | null {
    const batch = this.#columns.over(this.#window);
    if (this.#skip === 0) return batch;
    if (this.#window.position <= this.#skip) return markedOnly(batch);
    let row = 0;
    while (row < batch.count && this.#window.base + batch.offset[row] < this.#skip) row++;
    return partOfBatch(batch, row, batch.count, batch.marks);
  }

  #remember(octets: number): void {
    const { bytes, end } = this.#window;
    const fresh = bytes.subarray(end - Math.min(octets, REMEMBERED_OCTETS), end);
    const kept = this.#remembered.subarray(Math.max(0, this.#remembered.length + fresh.length - REMEMBERED_OCTETS));
    const both = new Uint8Array(kept.length + fresh.length);
    both.set(kept);
    both.set(fresh, kept.length);
    this.#remembered = both;
  }

  /** True where the file is shorter than what was read, or the last octets read are others now. */
  async #isRewritten(): Promise<boolean> {
    const end = this.#window.base + this.#window.end;
    if (end === 0) return false;
    const { size, mtimeMs } = await this.#handle.stat();
    if (size < end) return true;
    if (mtimeMs === this.#writtenAt) return false;
    this.#writtenAt = mtimeMs;
    return !(await bearsMark(this.#handle, this.mark));
  }

  /** Size and time of the last change, as they are now. */
  async stat(): Promise<{ readonly size: number; readonly mtimeMs: number }> {
    return this.#handle.stat();
  }
}

/** The marks that number interfaces, which later rows need; null where there are none. */
function markedOnly(batch: FrameBatch): FrameBatch | null {
  const marks = batch.marks.filter(({ kind }) => kind === 'section' || kind === 'interface');
  return marks.length === 0
    ? null
    : partOfBatch(
        batch,
        batch.count,
        batch.count,
        marks.map((mark) => ({ ...mark, beforeRow: 0 })),
      );
}
