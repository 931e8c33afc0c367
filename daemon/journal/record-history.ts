// Records of the past, read back by number: the latest from memory, older ones from disk, and what is gone said openly.

import type { NumberedBlock } from '../relay/record-block.ts';
import type { RelayRecord } from '../relay/relay-record.ts';
import type { FileRing } from './file-ring.ts';
import { type JournalFileSystem, quietly } from './file-system.ts';
import { type JournalFile, SparseIndex } from './journal-file.ts';
import { RecordCursor } from './record-cursor.ts';
import { readRecordLines } from './record-groups.ts';
import { scanRecords } from './recovery.ts';

/** Constants we chose. */
/** Latest records held in memory: those near the head are read by every subscriber that was away for a moment. */
const CACHED_RECORDS = 16_384;
/** Octets of records, as written, that one answer brings from disk before it ends early. */
const ANSWER_OCTETS = 1 << 22;

/** What of a range is gone. */
export interface MissingRecords {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** An answer: both in rising order, nothing in both. */
export interface ReadRecords {
  readonly records: readonly RelayRecord[];
  readonly missing: readonly MissingRecords[];
}

const REASON = {
  removed: 'no longer kept',
  refused: 'the disk refused it',
  damaged: 'damaged on disk',
} as const;

/** The latest records, oldest first; when it is full the oldest go, a block at a time. */
class RecordCache {
  #blocks: NumberedBlock[] = [];
  #begin = 0;
  #records = 0;

  add(block: NumberedBlock): void {
    this.#blocks.push(block);
    this.#records += block.block.count;
    while (this.#records - this.#blocks[this.#begin].block.count >= CACHED_RECORDS) {
      this.#records -= this.#blocks[this.#begin].block.count;
      this.#begin++;
    }
    // Moved seldom, so that a block costs no more than its place.
    if (this.#begin < 1024 || this.#begin * 2 < this.#blocks.length) return;
    this.#blocks = this.#blocks.slice(this.#begin);
    this.#begin = 0;
  }

  get first(): number {
    return this.#blocks[this.#begin]?.first ?? Number.POSITIVE_INFINITY;
  }

  /** At most `limit` records from `seq` on. */
  from(seq: number, limit: number): RelayRecord[] {
    let low = this.#begin;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { first, block } = this.#blocks[middle];
      if (first + block.count <= seq) low = middle + 1;
      else high = middle;
    }
    const records: RelayRecord[] = [];
    for (; low < this.#blocks.length && records.length < limit; low++) {
      const { first, block } = this.#blocks[low];
      for (let row = Math.max(0, seq - first); row < block.count && records.length < limit; row++) {
        records.push(block.record(row, first + row));
      }
    }
    return records;
  }
}

/** See the head of the file. */
export class RecordHistory {
  readonly #fs: JournalFileSystem;
  readonly #folder: string;
  readonly #ring: FileRing;
  readonly #cache = new RecordCache();
  #last: number;

  /** @param last number of the last record so far */
  constructor(fs: JournalFileSystem, folder: string, ring: FileRing, last: number) {
    this.#fs = fs;
    this.#folder = folder;
    this.#ring = ring;
    this.#last = last;
  }

  /** Number of the last record that was kept or told. */
  get last(): number {
    return this.#last;
  }

  /** Takes in records, without plaintext, that have become durable or may be told all the same. */
  add(records: NumberedBlock): void {
    const { first, block } = records;
    if (block.count === 0) return;
    this.#cache.add(records);
    this.#last = first + block.count - 1;
  }

  /**
   * At most `limit` records from `seq` on, without plain part, and what is missing before the last of them. May bring
   * fewer; whoever wants more asks again behind the last of what came. Nothing at all: there is nothing from `seq` on.
   */
  async read(seq: number, limit: number): Promise<ReadRecords> {
    const records: RelayRecord[] = [];
    const missing: MissingRecords[] = [];
    let next = Math.max(1, seq);
    let octets = 0;
    const miss = (to: number, reason: string): void => {
      if (to >= next) missing.push({ from: next, to, reason });
      next = Math.max(next, to + 1);
    };
    const take = (record: RelayRecord, reason: string): void => {
      miss(record.seq - 1, reason);
      records.push(record);
      next = record.seq + 1;
    };
    while (next <= this.#last && records.length < limit && octets < ANSWER_OCTETS) {
      const file = this.#ring.from(next);
      if (next >= this.#cache.first || file === null) {
        for (const record of this.#cache.from(next, limit - records.length)) take(record, REASON.refused);
        if (records.length < limit) miss(this.#last, REASON.refused);
        break;
      }
      // What the cache has behind the files comes from there.
      if (file.first > next) miss(Math.min(file.first, this.#cache.first) - 1, this.#reason(file));
      if (next >= this.#cache.first) continue;
      // The file may be written to meanwhile.
      const { last } = file;
      octets += await this.#readFile(file, next, limit - records.length, ANSWER_OCTETS - octets, (record) => {
        take(record, REASON.damaged);
      });
      const isThere = this.#ring.files.includes(file);
      if (records.length < limit && octets < ANSWER_OCTETS) miss(last, isThere ? REASON.damaged : REASON.removed);
    }
    return { records, missing };
  }

  #reason(file: JournalFile): string {
    return this.#ring.files[0] === file ? REASON.removed : REASON.refused;
  }

  /** Gives out records of a file; the octets they had. */
  async #readFile(
    file: JournalFile,
    from: number,
    limit: number,
    most: number,
    take: (record: RelayRecord) => void,
  ): Promise<number> {
    const { octets: end, last } = file;
    let handle: number;
    try {
      handle = await this.#fs.open(`${this.#folder}/${file.name}`, 'read');
    } catch {
      return 0;
    }
    let octets = 0;
    let left = limit;
    try {
      if (file.index === null) {
        const index = new SparseIndex();
        await scanRecords(this.#fs, handle, end, file.first, index);
        file.index = index;
      }
      const cursor = new RecordCursor(this.#fs, handle, file.index.find(from)?.offset ?? 0, end);
      for (let group = await cursor.next(); group !== null && octets < most; group = await cursor.next()) {
        const { mark, lines } = group;
        if (mark.count === 0 || mark.first + mark.count <= from) continue;
        octets += lines.length;
        for (const record of readRecordLines(lines)) {
          if (record.seq < from || record.seq > last) continue;
          if (left === 0) return octets;
          take(record);
          left--;
        }
        if (left === 0) break;
      }
    } catch {
      // A disk that does not let itself be read: what did not come is told as damaged.
    } finally {
      await quietly(this.#fs.close(handle));
    }
    return octets;
  }
}
