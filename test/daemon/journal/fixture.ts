// Frames, records and journals for tests.

import { CaptureParser } from '../../../captures/formats/capture-parser.ts';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { FrameColumns } from '../../../captures/frame-columns.ts';
import { InputWindow } from '../../../captures/input-window.ts';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import { openJournal } from '../../../daemon/journal/open-journal.ts';
import type { JournalOptions, KeptLimits } from '../../../daemon/journal/options.ts';
import type { EngineRecord, RelayRecord } from '../../../daemon/relay/relay-record.ts';
import { blockOf } from '../record-blocks.ts';
import { type MemoryDisk, NOW } from './memory-disk.ts';

export const FOLDER = '/journal';

/** No limit in all, files of so many octets. */
export function limits(octets: number | null, files: number | null = null): KeptLimits {
  return { file: { octets, milliseconds: null }, all: { files, octets: null, milliseconds: null } };
}

/** A journal on a disk in memory; time stands still, commits follow one another at once. */
export function openOn(disk: MemoryDisk, options: JournalOptions = {}): Promise<JournalPort> {
  return openJournal(FOLDER, {
    fs: disk,
    now: () => NOW,
    commitInterval: 0,
    retryInterval: 1,
    roomToResume: 100_000,
    lock: () => ({ release: () => undefined }),
    ...options,
  });
}

/** One frame as tests compare it. */
export interface PlainFrame {
  readonly interfaceId: number;
  readonly linkType: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly original: number;
  readonly hex: string;
}

/** A frame whose octets tell its number apart from others. */
export function frameOf(number: number, octets = 20, interfaceId = 0): PlainFrame {
  const bytes = Buffer.alloc(octets);
  for (let at = 0; at < octets; at++) bytes[at] = number * 7 + at;
  return {
    interfaceId,
    linkType: 147,
    seconds: 1_700_000_000 + number,
    nanoseconds: 1000 * (number % 1000),
    digits: 6,
    original: octets + 3,
    hex: bytes.toString('hex'),
  };
}

/** A batch of frames. */
export function batchOf(firstFrame: number, frames: readonly PlainFrame[]): FrameBatch {
  const parts = frames.map(({ hex }) => Buffer.from(hex, 'hex'));
  const bytes = new Uint8Array(Buffer.concat(parts));
  let at = 0;
  const offset = Uint32Array.from(parts, (part) => {
    at += part.length;
    return at - part.length;
  });
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count: frames.length,
    firstFrame,
    offset,
    captured: Uint32Array.from(parts, ({ length }) => length),
    original: Uint32Array.from(frames, ({ original }) => original),
    seconds: Float64Array.from(frames, ({ seconds }) => seconds),
    nanoseconds: Uint32Array.from(frames, ({ nanoseconds }) => nanoseconds),
    digits: Uint8Array.from(frames, ({ digits }) => digits),
    linkType: Uint16Array.from(frames, ({ linkType }) => linkType),
    interfaceId: Uint16Array.from(frames, ({ interfaceId }) => interfaceId),
    marks: [],
  };
}

/** Frames of a journal by number. */
export async function framesOf(journal: JournalPort, from = 1, to = 1e9): Promise<Map<number, PlainFrame>> {
  const frames = new Map<number, PlainFrame>();
  for await (const batch of journal.readFrames(from, to)) {
    for (let row = 0; row < batch.count; row++) {
      const at = batch.offset[row];
      frames.set(batch.firstFrame + row, {
        interfaceId: batch.interfaceId[row],
        linkType: batch.linkType[row],
        seconds: batch.seconds[row],
        nanoseconds: batch.nanoseconds[row],
        digits: batch.digits[row],
        original: batch.original[row],
        hex: Buffer.from(batch.bytes.subarray(at, at + batch.captured[row])).toString('hex'),
      });
    }
  }
  return frames;
}

/** What the reader of captures, which knows nothing of journals, says against a file. */
export function problemsOf(octets: Uint8Array): string[] {
  const window = new InputWindow();
  const columns = new FrameColumns(window);
  const parser = new CaptureParser();
  for (let at = 0; at < octets.length; ) {
    at += window.append(octets, at);
    do {
      columns.reset();
      parser.parse(window, columns);
    } while (!columns.empty);
  }
  parser.finish(window, null);
  return parser.problem === null ? [] : [parser.problem.message];
}

/** A record of a frame. */
export function recordOf(frame: number, plain = true): EngineRecord {
  return {
    event: {
      v: 1,
      type: 'key',
      frame,
      time: '2026-11-27T03:00:00.000000Z',
      event: 'delivered',
      group: 'f00001',
      pgkId: frame % 256,
      notBefore: null,
      notAfter: null,
      accepted: true,
      reason: `nöch ${frame}`,
    },
    plain: plain ? { summary: `secret ${frame}` } : null,
    access: 'plain',
    key: { group: 'f00001', pgkId: 39, notBefore: 5 },
    track: 0,
  };
}

/** Gives records to a journal. @returns their numbers, none where they must not be told */
export async function append(
  journal: JournalPort,
  records: readonly EngineRecord[],
  through: number,
): Promise<{ readonly seqs: number[]; readonly kept: boolean }> {
  const { first, kept, mayBeTold } = await journal.appendRecords(blockOf(records), through);
  return { seqs: mayBeTold ? records.map((_, at) => first + at) : [], kept };
}

/** All records of a journal, and what is missing. */
export async function recordsOf(
  journal: JournalPort,
  from = 1,
  limit = 100,
): Promise<{ records: RelayRecord[]; missing: { from: number; to: number; reason: string }[] }> {
  const records: RelayRecord[] = [];
  const missing: { from: number; to: number; reason: string }[] = [];
  for (let next = from; ; ) {
    const answer = await journal.readRecords(next, limit);
    records.push(...answer.records);
    missing.push(...answer.missing);
    const last = Math.max(answer.records.at(-1)?.seq ?? 0, answer.missing.at(-1)?.to ?? 0);
    if (last === 0) return { records, missing };
    next = last + 1;
  }
}
