// Reads the groups of one file of records, in order, and finds its way behind octets that have rotted.

import { type JournalFileSystem, readFully } from './file-system.ts';
import { MOST_LINE_OCTETS, markHolds, type ReadMark, readFileMark, readMark } from './record-groups.ts';

/** Constants we chose. */
const CHUNK_OCTETS = 1 << 18;
const LINE_FEED = 10;

/** One group of a file. */
export interface ReadGroup {
  readonly mark: ReadMark;
  /** The records' lines, valid until the next group is read. */
  readonly lines: Uint8Array;
  /** Where the group begins, and the octet behind it. */
  readonly start: number;
  readonly end: number;
  /** True where octets before it were no group: some records before it are lost. */
  readonly isBehindDamage: boolean;
}

/** See the head of the file. Holds one group, or one chunk, in memory. */
export class RecordCursor {
  readonly #fs: JournalFileSystem;
  readonly #handle: number;
  readonly #end: number;
  /** Octets from `#base` on that have been read. */
  #buffer = new Uint8Array(0);
  #base = 0;
  #position: number;
  #goodEnd: number;

  /**
   * @param position where a group, or the head line, begins
   * @param end octets of the file that are good to read
   */
  constructor(fs: JournalFileSystem, handle: number, position: number, end: number) {
    this.#fs = fs;
    this.#handle = handle;
    this.#position = position;
    this.#goodEnd = position;
    this.#end = end;
  }

  /** The octet behind the last sound line; what follows is damaged up to the end. */
  get goodEnd(): number {
    return this.#goodEnd;
  }

  /** The next group; null where there is none any more. */
  async next(): Promise<ReadGroup | null> {
    let isBehindDamage = false;
    for (;;) {
      const start = this.#position;
      if (start >= this.#end) return null;
      const line = await this.#line(start);
      const mark = line === null ? null : readMark(line);
      if (line !== null && mark !== null) {
        const linesAt = start + line.length + 1;
        const lines = await this.#octets(linesAt, mark.octets);
        if (lines.length === mark.octets && markHolds(mark, lines)) {
          this.#position = linesAt + mark.octets;
          this.#goodEnd = this.#position;
          return { mark, lines, start, end: this.#position, isBehindDamage };
        }
      }
      if (line !== null && readFileMark(line, start === 0 ? 'first' : 'last') !== null) {
        this.#position = start + line.length + 1;
        if (!isBehindDamage) this.#goodEnd = this.#position;
        continue;
      }
      isBehindDamage = true;
      if (!(await this.#skipLine(start))) return null;
    }
  }

  /** A short line without its line feed; null where the octets from there are none. */
  async #line(at: number): Promise<Uint8Array | null> {
    const octets = await this.#octets(at, Math.min(MOST_LINE_OCTETS, this.#end - at));
    const length = octets.indexOf(LINE_FEED);
    return length < 0 ? null : octets.slice(0, length);
  }

  /** Goes behind the next line feed; false where there is none. */
  async #skipLine(from: number): Promise<boolean> {
    for (let at = from; at < this.#end; ) {
      const octets = await this.#octets(at, Math.min(CHUNK_OCTETS, this.#end - at));
      if (octets.length === 0) return false;
      const found = octets.indexOf(LINE_FEED);
      if (found >= 0) {
        this.#position = at + found + 1;
        return true;
      }
      at += octets.length;
    }
    return false;
  }

  async #octets(at: number, octets: number): Promise<Uint8Array> {
    const begin = at - this.#base;
    if (begin < 0 || begin + octets > this.#buffer.length) {
      const wanted = Math.min(Math.max(octets, CHUNK_OCTETS), Math.max(0, this.#end - at));
      const buffer = new Uint8Array(wanted);
      const read = await readFully(this.#fs, this.#handle, buffer, at);
      this.#buffer = buffer.subarray(0, read);
      this.#base = at;
    }
    return this.#buffer.subarray(at - this.#base, at - this.#base + octets);
  }
}
