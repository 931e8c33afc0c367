// One file of the journal as it is known in memory, how it is called, and where in it numbers stand.

import type { InterfaceRow } from './journal-port.ts';

/** Constants we chose. */
/** Octets between two entries of the index: what is read in vain before a number at most. */
const INDEX_STEP = 1 << 16;
/** Digits of the first number in a name, so that names sort as numbers do. */
const NUMBER_DIGITS = 12;

/** Frames in pcapng, records in lines of JSON. */
export type FileKind = 'frames' | 'records';

const NAME = /^(frames|records)-(\d{12,16})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.(pcapng|ndjson)$/;

/** Where numbers stand in a file: every so many octets an entry. */
export class SparseIndex {
  readonly #numbers: number[] = [];
  readonly #offsets: number[] = [];

  /** Notes that a block begins with this number; numbers and offsets rise. */
  add(number: number, offset: number): void {
    const last = this.#offsets.length - 1;
    if (last >= 0 && offset < this.#offsets[last] + INDEX_STEP) return;
    this.#numbers.push(number);
    this.#offsets.push(offset);
  }

  /** The last entry not above the number, or the first; null where nothing was noted. */
  find(number: number): { readonly number: number; readonly offset: number } | null {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle] <= number) low = middle + 1;
      else high = middle;
    }
    const entry = Math.max(0, low - 1);
    return entry < this.#numbers.length ? { number: this.#numbers[entry], offset: this.#offsets[entry] } : null;
  }
}

/** An interface as a file of frames describes it. */
export interface DescribedInterface {
  readonly row: InterfaceRow;
  /** Digits of a second of its times: 6 or 9. */
  readonly digits: number;
}

/** One file. `last`, `octets` and `through` speak of what is durable. */
export interface JournalFile {
  readonly kind: FileKind;
  readonly name: string;
  /** Number of the first frame or record. */
  readonly first: number;
  /** Number of the last durable one; `first - 1` while there is none. */
  last: number;
  octets: number;
  /** Milliseconds since 1970 of its beginning and of the last write. */
  readonly begun: number;
  written: number;
  /** Null until somebody reads in it. */
  index: SparseIndex | null;
  /** Interfaces of a file of frames, in its order; null while `index` is. */
  described: DescribedInterface[] | null;
}

/** A file that begins now. @param named milliseconds since 1970 for its name */
function newFile(kind: FileKind, first: number, now: number, named: number): JournalFile {
  const time = new Date(named).toISOString().replaceAll(/[-:.]/g, '');
  const number = String(first).padStart(NUMBER_DIGITS, '0');
  const name = `${kind}-${number}-${time}.${kind === 'frames' ? 'pcapng' : 'ndjson'}`;
  const index = new SparseIndex();
  return { kind, name, first, last: first - 1, octets: 0, begun: now, written: now, index, described: [] };
}

/** Gives files names that rise, though the clock stands or goes back. */
export class FileNames {
  #last: number;

  /** @param last time in the last name there is (milliseconds since 1970) */
  constructor(last: number) {
    this.#last = last;
  }

  /** A file that begins now. */
  begin(kind: FileKind, first: number, now: number): JournalFile {
    this.#last = Math.max(now, this.#last + 1);
    return newFile(kind, first, now, this.#last);
  }
}

/** The file of this name as a listing shows it; null where the name is none of the journal's. */
export function fileOfName(name: string): JournalFile | null {
  const parts = NAME.exec(name);
  if (parts === null) return null;
  const [, kind, number, year, month, day, hour, minute, second, millisecond, ending] = parts;
  if ((kind === 'frames') !== (ending === 'pcapng')) return null;
  const first = Number(number);
  const begun = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  if (!Number.isSafeInteger(first) || first < 1 || Number.isNaN(begun)) return null;
  const what = kind === 'frames' ? 'frames' : 'records';
  return { kind: what, name, first, last: first - 1, octets: 0, begun, written: begun, index: null, described: null };
}
