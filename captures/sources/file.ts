// A plain file: read synchronously, up to a megabyte at a time, into the reused window, so that the hot path never waits for a
// promise.

import { closeSync, readSync } from 'node:fs';

import { CaptureParser } from '../formats/capture-parser.ts';
import type { UsualRecordsBuilder } from '../formats/record-reader.ts';
import type { CaptureProblem, FrameBatch, FrameSource } from '../frame-batch.ts';
import { type BatchColumns, FrameColumns } from '../frame-columns.ts';
import { type InputWindow, WINDOW_OCTETS } from '../input-window.ts';
import { systemCode } from '../open-error.ts';
import { captureProblem } from '../problems.ts';

/**
 * We chose: octets of the first read of a file, of which each read takes twice as many as the one before. Those who wait for
 * frames, in other threads too, begin with few while all code is cold, and do not wait for one another's first megabyte.
 */
export const FIRST_READ_OCTETS = 1 << 12;

/**
 * Reads on into the window from the file's current position; gives the octets read, 0 at the end of the file.
 *
 * @param most octets to read at most; absent: as many as there is room for
 */
export function readInto(window: InputWindow, descriptor: number, most: number = Number.POSITIVE_INFINITY): number {
  const room = Math.min(window.makeRoom(), most);
  const octets = readSync(descriptor, window.bytes, window.end, room, null);
  window.end += octets;
  return octets;
}

/** False for the descriptors of standard input, output and error, which belong to the process and stay open. */
export function isOurs(descriptor: number): boolean {
  return descriptor > 2;
}

/** Frames of a plain, uncompressed file. */
export class FileSource implements FrameSource {
  readonly total: number | null;
  readonly descriptor: number;
  /** Absent on standard input, which may have been read from before: its octets are counted from there. */
  readonly reread?: (place: number, into: Uint8Array) => number;
  readonly #window: InputWindow;
  readonly #columns: FrameColumns;
  readonly #parser = new CaptureParser();
  #most = FIRST_READ_OCTETS * 2;
  #open = true;
  #ended = false;

  /**
   * @param descriptor an open file, read from its current position; closed by `close` where it is ours
   * @param window what has been read of it so far, from the first octet
   * @param total octets of the file, null where it does not say
   */
  constructor(descriptor: number, window: InputWindow, total: number | null) {
    this.descriptor = descriptor;
    this.#window = window;
    this.#columns = new FrameColumns(window);
    this.total = total;
    if (isOurs(descriptor)) this.reread = (place, into) => this.#rereadAt(place, into);
  }

  get problem(): CaptureProblem | null {
    return this.#parser.problem;
  }

  get consumed(): number {
    return this.#window.position;
  }

  /** Usual records of a classic pcap are taken by what this builds. To be called before the first batch is asked for. */
  takeUsualWith(build: UsualRecordsBuilder): void {
    this.#parser.buildUsual = build;
  }

  /**
   * Reads the next batch into these octets and columns. What has been read and not given out is moved there, unless it is
   * more than the octets have room for.
   */
  continueIn(bytes: Uint8Array, columns: BatchColumns): void {
    this.#columns.moveTo(columns);
    const { begin, end } = this.#window;
    if (end - begin <= bytes.length) this.#window.moveTo(bytes);
  }

  next(): FrameBatch | null {
    this.#columns.reset();
    while (this.#open && !this.#ended) {
      this.#parser.parse(this.#window, this.#columns);
      if (!this.#columns.empty) {
        return this.#columns.over(this.#window);
      }
      this.#ended = this.#parser.problem !== null || !this.#readOn();
    }
    return null;
  }

  #rereadAt(place: number, into: Uint8Array): number {
    if (!this.#open) return 0;
    try {
      return readSync(this.descriptor, into, 0, into.length, place);
    } catch {
      return 0;
    }
  }

  /** False at the end of the file; the parser has then been told. */
  #readOn(): boolean {
    let cause: CaptureProblem | null = null;
    try {
      if (readInto(this.#window, this.descriptor, this.#most) > 0) {
        this.#most = Math.min(this.#most * 2, WINDOW_OCTETS);
        return true;
      }
    } catch (error) {
      const { base, end } = this.#window;
      const sentence = `the file cannot be read on: the operating system says ${systemCode(error)}`;
      cause = captureProblem('capture.read-failed', base + end, sentence);
    }
    this.#parser.finish(this.#window, cause);
    return false;
  }

  close(): void {
    if (this.#open) {
      this.#open = false;
      if (isOurs(this.descriptor)) {
        closeSync(this.descriptor);
      }
    }
  }
}
