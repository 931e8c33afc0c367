// The journal against a simple twin in memory: random appends, rotations, restarts and power cuts; readers that read while
// files are written and removed; octets that rot.

import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PcapngWriter } from '../../../captures/formats/pcapng-writer.ts';
import { FrameEncoder, TimeUnits } from '../../../daemon/journal/frame-encoder.ts';
import { describe as describeRow, InterfaceTable } from '../../../daemon/journal/interface-table.ts';
import { FileNames } from '../../../daemon/journal/journal-file.ts';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import type { JournalOptions } from '../../../daemon/journal/options.ts';
import {
  append,
  batchOf,
  FOLDER,
  frameOf,
  framesOf,
  limits,
  openOn,
  type PlainFrame,
  recordOf,
  recordsOf,
} from './fixture.ts';
import { CRASHES, type Crash, MemoryDisk, NOW } from './memory-disk.ts';

type Step =
  | { readonly kind: 'frames'; readonly frames: readonly PlainFrame[]; readonly waits: boolean }
  | { readonly kind: 'records'; readonly count: number; readonly waits: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crash'; readonly crash: Crash }
  | { readonly kind: 'read'; readonly from: number; readonly count: number };

const frame = fc.record({
  interfaceId: fc.nat(2),
  linkType: fc.constant(147),
  seconds: fc.oneof(fc.integer({ min: 0, max: 2 ** 33 }), fc.constantFrom(1_700_000_000)),
  nanoseconds: fc.nat(999_999).map((micro) => micro * 1000),
  digits: fc.constantFrom(6, 9),
  original: fc.nat(2000),
  hex: fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets).toString('hex')),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('frames'),
      frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
      waits: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('records'), count: fc.nat(4), waits: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash'), crash: fc.constantFrom(...CRASHES) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read'), from: fc.nat(60), count: fc.nat(20) }) },
);

/** Everything that was given to the journal, and how far it was acknowledged. */
class Twin {
  frames: PlainFrame[] = [];
  /** Frame that each record speaks of. */
  records: number[] = [];
  durable = 0;
  through = 0;
  told = 0;
  toldThrough = 0;

  /** A power cut may have taken what was not acknowledged, from its end. */
  cut(journal: JournalPort): void {
    expect(journal.nextFrame).toBeGreaterThan(this.durable);
    expect(journal.nextFrame).toBeLessThanOrEqual(this.frames.length + 1);
    expect(journal.lastSeq).toBeGreaterThanOrEqual(this.told);
    expect(journal.lastSeq).toBeLessThanOrEqual(this.records.length);
    expect(journal.judgedThrough).toBeGreaterThanOrEqual(this.toldThrough);
    expect(journal.judgedThrough).toBeLessThan(journal.nextFrame);
    this.frames.length = journal.nextFrame - 1;
    this.records.length = journal.lastSeq;
    this.through = journal.judgedThrough;
  }
}

async function play(steps: readonly Step[], options: JournalOptions): Promise<void> {
  const twin = new Twin();
  let disk = new MemoryDisk();
  const open = async (): Promise<JournalPort> => {
    const opened = await openOn(disk, options);
    for (let id = 0; id < 3; id++) {
      expect(opened.interfaceId({ source: 'lab', name: `radio ${id}`, linkType: 147, track: 'wall' })).toBe(id);
    }
    return opened;
  };
  let journal = await open();
  for (const step of steps) {
    if (step.kind === 'frames') {
      const first = journal.nextFrame;
      expect(first).toBe(twin.frames.length + 1);
      journal.appendFrames(batchOf(first, step.frames));
      twin.frames.push(...step.frames);
      const last = twin.frames.length;
      if (step.waits) {
        expect(await journal.durable(last)).toBe(true);
        twin.durable = last;
      }
    } else if (step.kind === 'records') {
      const through = twin.frames.length;
      const speaks = Array.from({ length: step.count }, () => through);
      twin.records.push(...speaks);
      twin.through = through;
      const written = append(
        journal,
        speaks.map((frame) => recordOf(frame)),
        through,
      );
      if (step.waits) {
        const { seqs, kept } = await written;
        expect(kept).toBe(true);
        expect(seqs).toEqual(speaks.map((_, at) => twin.records.length - speaks.length + 1 + at));
        twin.told = twin.records.length;
        twin.toldThrough = through;
        twin.durable = Math.max(twin.durable, through);
      }
    } else if (step.kind === 'read') {
      await compare(journal, twin, step.from, step.count);
    } else {
      if (step.kind === 'restart') {
        await journal.close();
        disk = disk.restart('nothing');
        twin.durable = twin.frames.length;
        twin.told = twin.records.length;
        twin.toldThrough = twin.through;
      } else {
        disk = disk.restart(step.crash);
        void journal.close();
      }
      journal = await open();
      twin.cut(journal);
      await compare(journal, twin, 1, 1000);
    }
  }
  await journal.close();
}

/** What is read is what was given, nothing acknowledged is missing but what the limits removed, and that is said. */
async function compare(journal: JournalPort, twin: Twin, from: number, count: number): Promise<void> {
  const to = from + count - 1;
  const frames = await framesOf(journal, from, to);
  const oldest = journal.status().firstFrame ?? 1;
  for (const [number, read] of frames) expect(read, `frame ${number}`).toEqual(twin.frames[number - 1]);
  for (let number = Math.max(from, oldest); number <= Math.min(to, twin.durable); number++) {
    expect(frames.has(number), `frame ${number}`).toBe(true);
  }
  const { records, missing } = await recordsOf(journal, from, Math.max(1, count));
  let next = Math.max(1, from);
  const gone = [...missing];
  for (const { seq, event } of records) {
    while (gone.length > 0 && gone[0].from === next) next = gone.shift()!.to + 1;
    expect(seq).toBe(next++);
    expect('frame' in event && event.frame).toBe(twin.records[seq - 1]);
  }
  for (const { reason, to: last } of missing) {
    expect(reason).toBe('no longer kept');
    expect(last).toBeLessThan(Math.max(journal.status().firstSeq ?? 0, records[0]?.seq ?? 0));
  }
  if (from <= twin.told) expect(next).toBeGreaterThan(twin.told);
}

describe('against the twin', () => {
  test('nothing is removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
        play(steps, { frames: limits(900), records: limits(700) }),
      ),
      { numRuns: 60 },
    );
  });

  test('the oldest files are removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
        play(steps, { frames: limits(700, 2), records: limits(600, 2) }),
      ),
      { numRuns: 60 },
    );
  });
});

test('a reader goes on while files are written and removed under it', async () => {
  const journal = await openOn(new MemoryDisk(), { frames: limits(2000, 3), records: limits(2000, 3) });
  journal.interfaceId({ source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' });
  const bring = async (): Promise<void> => {
    const first = journal.nextFrame;
    journal.appendFrames(batchOf(first, [frameOf(first, 100), frameOf(first + 1, 100)]));
    await append(journal, [recordOf(first), recordOf(first + 1)], first + 1);
  };
  for (let round = 0; round < 20; round++) await bring();
  let last = 0;
  for await (const batch of journal.readFrames(1, 400)) {
    expect(batch.firstFrame).toBeGreaterThan(last);
    last = batch.firstFrame + batch.count - 1;
    if (journal.nextFrame < 400) for (let round = 0; round < 10; round++) await bring();
  }
  expect(last).toBeGreaterThan(300);
  const { records, missing } = await recordsOf(journal, 1, 7);
  expect(records.length + missing.reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(journal.lastSeq);
  await journal.close();
});

test('one rotten octet costs one frame, or one group of records', async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk, { frames: limits(null), records: limits(null) });
  journal.interfaceId({ source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' });
  for (let number = 1; number <= 12; number++) {
    journal.appendFrames(batchOf(number, [frameOf(number, 40)]));
    await append(journal, [recordOf(number)], number);
  }
  // As a kill leaves it: not completed.
  const left = disk.restart('nothing');
  await journal.close();
  const paths = [...left.names.keys()];
  const frames = paths.find((path) => path.startsWith(`${FOLDER}/frames-`))!;
  const records = paths.find((path) => path.startsWith(`${FOLDER}/records-`))!;
  const text = Buffer.from(left.octets(records)).toString('latin1');
  const lost: string[] = [];
  for (let at = 300; at < left.octets(frames).length - 300; at += 13) {
    // The last group cannot be told from a torn end.
    for (const [path, place] of [
      [frames, at],
      [records, at % text.lastIndexOf('{"first"')],
    ] as const) {
      const rotten = left.restart('all');
      const octets = rotten.octets(path).slice();
      octets[place] ^= 0x10;
      rotten.put(path, octets);
      const opened = await openOn(rotten);
      const found = await framesOf(opened);
      const answer = await recordsOf(opened);
      if (found.size < 11) lost.push(`octet ${at} of ${path}: ${found.size} frames`);
      // A line feed that has rotted joins two groups.
      if (answer.records.length < 10) lost.push(`octet ${at} of ${path}: ${answer.records.length} records`);
      if (opened.nextFrame !== 13 || opened.lastSeq < 12) lost.push(`octet ${at} of ${path}: next ${opened.nextFrame}`);
      await opened.close();
    }
  }
  expect(lost).toEqual([]);
});

describe('octets', () => {
  test('are those of the reader-friendly way to write them', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (frames) => {
        const table = new InterfaceTable();
        for (let id = 0; id < 3; id++) table.idOf({ source: 'lab', name: `radio ${id}`, linkType: 147, track: 'wall' });
        const encoder = new FrameEncoder(table, { octets: null, milliseconds: null }, () => NOW, new FileNames(0));
        encoder.append(batchOf(5, frames));
        encoder.finish();
        const { bytes, spans } = encoder.outbox.take();
        expect(Buffer.from(bytes.subarray(0, spans[0].end)).toString('hex')).toBe(slowly(table, 5, frames));
      }),
    );
  });

  test('times are those of whole-number arithmetic', () => {
    const units = new TimeUnits();
    const seconds = fc.oneof(
      fc.integer({ min: -5, max: 2 ** 34 }),
      fc.integer({ min: 1_700_000_000, max: 1_700_000_003 }),
    );
    fc.assert(
      fc.property(seconds, fc.nat(999_999_999), fc.constantFrom(6, 9), (second, nanoseconds, digits) => {
        units.set(second, nanoseconds, digits);
        const whole = BigInt(Math.max(0, second)) * 1_000_000_000n + BigInt(nanoseconds);
        expect((BigInt(units.high) << 32n) | BigInt(units.low)).toBe(digits === 9 ? whole : whole / 1000n);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The same file through the general writer of pcapng, the two options put in by hand. */
function slowly(table: InterfaceTable, first: number, frames: readonly PlainFrame[]): string {
  const blocks: Buffer[] = [];
  const writer = new PcapngWriter((block) => blocks.push(Buffer.from(block)), 'sidescope journal');
  const counts = new Map<string, { index: number; frames: number }>();
  const describe = (id: number, digits: number): { index: number; frames: number } => {
    const row = table.rows[id];
    const resolution = digits === 9 ? 'nanoseconds' : 'microseconds';
    const name = `${row.source}/${row.name}`;
    const index = writer.addInterface({ linkType: row.linkType, name, description: describeRow(row), resolution });
    const count = { index, frames: 0 };
    counts.set(`${id}/${digits}`, count);
    return count;
  };
  for (const { interfaceId } of table.rows) describe(interfaceId, 6);
  for (const [at, { interfaceId, digits, seconds, nanoseconds, original, hex }] of frames.entries()) {
    const origin = counts.get(`${interfaceId}/${digits}`) ?? describe(interfaceId, digits);
    origin.frames++;
    const bytes = Buffer.from(hex, 'hex');
    writer.frame({ interfaceId: origin.index, seconds, nanoseconds, original, bytes });
    const plain = blocks.pop()!;
    const options = Buffer.alloc(28);
    options.writeUInt16LE(5, 0);
    options.writeUInt16LE(8, 2);
    options.writeBigUInt64LE(BigInt(first + at), 4);
    options.writeUInt16LE(3, 12);
    options.writeUInt16LE(5, 14);
    options.writeUInt8(2, 16);
    options.writeUInt32LE(crc32(bytes), 17);
    const block = Buffer.concat([plain.subarray(0, -4), options, plain.subarray(-4)]);
    block.writeUInt32LE(block.length, 4);
    block.writeUInt32LE(block.length, block.length - 4);
    blocks.push(block);
  }
  const { seconds, nanoseconds } = frames[frames.length - 1];
  for (const { index, frames: received } of counts.values()) {
    if (received > 0) writer.statistics({ interfaceId: index, seconds, nanoseconds, received });
  }
  return Buffer.concat(blocks).toString('hex');
}
