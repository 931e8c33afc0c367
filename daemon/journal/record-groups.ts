// The files of records: lines of JSON. A head line, then groups: a line that says what is in the group (its mark), then
// its records, one a line; a last line where the file was completed. A mark bears a CRC-32 over itself and its records.

import { crc32 } from 'node:zlib';
import { Form } from '../relay/access.ts';
import { decimalLength, writeDecimal } from '../relay/decimal.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import type { RelayRecord } from '../relay/relay-record.ts';

/** First line of a file. */
const FORMAT = 'sidescope-journal-records/1';

/** Constants we chose. */
/** Octets of a head, mark or last line, at most. */
export const MOST_LINE_OCTETS = 256;
/** Octets of the records of one group, at most; a mark that says more is damaged. */
export const MOST_GROUP_OCTETS = 1 << 28;

/** What stands before and behind the records of a file. */
export interface FileMark {
  /** First number of the file's first record, or its last number. */
  readonly seq: number;
  /** Every frame up to this one was judged and its records stand before. */
  readonly through: number;
}

/** What a group says of itself. */
export interface GroupMark {
  /** Number of the first record; where there is none, the one that comes next. */
  readonly first: number;
  readonly count: number;
  readonly through: number;
  /** Octets of the records. */
  readonly octets: number;
  /** Octets of the file that were durable when the group was written: a broken group before them has rotted. */
  readonly synced: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The head line. */
export function headLine({ seq, through }: FileMark): Uint8Array {
  return encoder.encode(`${JSON.stringify({ format: FORMAT, first: seq, through })}\n`);
}

/** The last line of a completed file. */
export function lastLine({ seq, through }: FileMark): Uint8Array {
  return encoder.encode(`${JSON.stringify({ last: seq, through })}\n`);
}

const SEQ = encoder.encode('{"seq":');
const EVENT = encoder.encode(',"event":');

/** The records' lines, made in two steps: their length is known before they stand where they belong. */
export class RecordLines {
  /** Octets of all lines. */
  readonly length: number;
  readonly #block: RecordBlock;
  readonly #first: number;
  /** What follows on the text of a record, by its traits. */
  readonly #ends: readonly Uint8Array[];

  /** @param first number of the first record */
  constructor(block: RecordBlock, first: number) {
    const { traits, traitOf, outer } = block.parts;
    this.#block = block;
    this.#first = first;
    this.#ends = traits.map(({ access, key, track }) =>
      encoder.encode(`,${JSON.stringify({ access, key, track }).slice(1)}\n`),
    );
    let length = outer.octets.length + block.count * (SEQ.length + EVENT.length);
    for (let row = 0; row < block.count; row++) length += this.#ends[traitOf[row]].length + decimalLength(first + row);
    this.length = length;
  }

  /** Writes them. The plain part is left out: nothing that stands on plaintext reaches the disk. */
  write(into: Uint8Array, start: number): void {
    const { count, parts } = this.#block;
    let at = start;
    for (let row = 0; row < count; row++) {
      into.set(SEQ, at);
      at = writeDecimal(this.#first + row, into, at + SEQ.length);
      into.set(EVENT, at);
      at += EVENT.length;
      const text = this.#block.text(row, Form.meta);
      into.set(text, at);
      at += text.length;
      const end = this.#ends[parts.traitOf[row]];
      into.set(end, at);
      at += end.length;
    }
  }
}

/** Octets of the mark that stands before lines. */
export function markLength(mark: GroupMark): number {
  return markText(mark).length + MARK_END.length + CRC_DIGITS + 3;
}

/** The mark. @param lines those that it stands before */
export function markLine(mark: GroupMark, lines: Uint8Array): Uint8Array {
  const text = markText(mark);
  return encoder.encode(`${text}${MARK_END}${checksum(text, lines)}"}\n`);
}

const MARK_END = ',"crc32":"';
const CRC_DIGITS = 8;

function markText({ first, count, through, octets, synced }: GroupMark): string {
  return `{"first":${first},"count":${count},"through":${through},"octets":${octets},"synced":${synced}`;
}

const MARK =
  /^(\{"first":(\d+),"count":(\d+),"through":(\d+),"octets":(\d+),"synced":(\d+)),"crc32":"([0-9a-f]{8})"\}$/;

/** A mark as it was read, with what its CRC-32 must be over its text and the records. */
export interface ReadMark extends GroupMark {
  readonly text: string;
  readonly crc: string;
}

/** Reads a mark line without its line feed; null where it is none. */
export function readMark(line: Uint8Array): ReadMark | null {
  const parts = MARK.exec(decoder.decode(line));
  if (parts === null) return null;
  const [, text, first, count, through, octets, synced, crc] = parts;
  const mark = {
    first: Number(first),
    count: Number(count),
    through: Number(through),
    octets: Number(octets),
    synced: Number(synced),
    text,
    crc,
  };
  return mark.octets > MOST_GROUP_OCTETS ? null : mark;
}

/** True where the lines are those the mark was made for. */
export function markHolds({ text, crc }: ReadMark, lines: Uint8Array): boolean {
  return checksum(text, lines) === crc;
}

/** Reads a head or last line; null where it is none. */
export function readFileMark(line: Uint8Array, which: 'first' | 'last'): FileMark | null {
  let said: unknown;
  try {
    said = JSON.parse(decoder.decode(line));
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { format, through, [which]: seq } = said as Record<string, unknown>;
  if (which === 'first' && format !== FORMAT) return null;
  if (typeof seq !== 'number' || typeof through !== 'number') return null;
  return Number.isSafeInteger(seq) && Number.isSafeInteger(through) ? { seq, through } : null;
}

/** The records of a group whose CRC held. */
export function readRecordLines(lines: Uint8Array): RelayRecord[] {
  const text = decoder.decode(lines);
  const records: RelayRecord[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const { seq, event, access, key, track } = JSON.parse(text.slice(at, end)) as RelayRecord;
    records.push({ seq, event, plain: null, access, key, track });
    at = end + 1;
  }
  return records;
}

function checksum(text: string, lines: Uint8Array): string {
  // zlib answers 0 where there is no octet and no memory behind it, instead of the value it was given.
  const value = lines.length === 0 ? crc32(text) : crc32(lines, crc32(text));
  return value.toString(16).padStart(8, '0');
}
