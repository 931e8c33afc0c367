// The files of one kind, oldest first, and how many of them are kept.

import { type JournalFileSystem, quietly } from './file-system.ts';
import type { JournalFile } from './journal-file.ts';

/** What is kept in all. Null: no such limit. The file being written is always kept. */
export interface RingLimits {
  readonly files: number | null;
  readonly octets: number | null;
  /** By the wall clock, since the file was last written to. */
  readonly milliseconds: number | null;
}

/** See the head of the file. */
export class FileRing {
  readonly #fs: JournalFileSystem;
  readonly #folder: string;
  readonly #limits: RingLimits;
  readonly #files: JournalFile[] = [];

  constructor(fs: JournalFileSystem, folder: string, limits: RingLimits) {
    this.#fs = fs;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Oldest first; all of them have something durable. */
  get files(): readonly JournalFile[] {
    return this.#files;
  }

  get octets(): number {
    let octets = 0;
    for (const file of this.#files) octets += file.octets;
    return octets;
  }

  /** Takes a file in, once it has something durable; true where it is new. */
  add(file: JournalFile): boolean {
    if (this.#files.at(-1) === file || this.#files.includes(file)) return false;
    this.#files.push(file);
    return true;
  }

  /** The file that holds the number, or the first one behind it; null where there is none. */
  from(number: number): JournalFile | null {
    let low = 0;
    let high = this.#files.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#files[middle].last < number) low = middle + 1;
      else high = middle;
    }
    return this.#files[low] ?? null;
  }

  /**
   * Removes files beyond the limits, oldest first. Readers that have one open read on.
   * @param writing the file that is being written, or null
   */
  async trim(now: number, writing: JournalFile | null): Promise<void> {
    const { files, octets, milliseconds } = this.#limits;
    while (this.#files.length > 0 && this.#files[0] !== writing) {
      const oldest = this.#files[0];
      const isBeyond =
        (files !== null && this.#files.length > files) ||
        (octets !== null && this.octets > octets) ||
        (milliseconds !== null && now - oldest.written > milliseconds);
      // The newest tells how far numbers went.
      if (!isBeyond || this.#files.length === 1) return;
      this.#files.shift();
      await quietly(this.#fs.unlink(`${this.#folder}/${oldest.name}`));
    }
  }
}
