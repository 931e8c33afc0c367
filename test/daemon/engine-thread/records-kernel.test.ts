// Records of a classic pcap taken at once: the slow twin is the reader that has no kernel (captures/formats/pcap.ts).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPcap, type PcapReader } from '../../../captures/formats/pcap.ts';
import { MAX_RECORD_OCTETS, type UsualRecords } from '../../../captures/formats/record-reader.ts';
import { BATCH_ROWS } from '../../../captures/frame-batch.ts';
import { FrameColumns } from '../../../captures/frame-columns.ts';
import { InputWindow } from '../../../captures/input-window.ts';
import { buildRecordsKernel } from '../../../daemon/engine-thread/records-kernel.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { joined, type Order, octets, pcapHeader } from '../../captures/capture-bytes.ts';

const COLUMNS = [
  'offset',
  'captured',
  'original',
  'seconds',
  'nanoseconds',
  'digits',
  'linkType',
  'interfaceId',
] as const;
const HEADER_OCTETS = 24;
const NOISE = 0xa5;

const ring = createRingMemory(1, COLUMN_OCTETS);
const slot = new RoundSlot(ring.slots[0]);
const kernel = buildRecordsKernel(ring.shared as SharedMemory) as UsualRecords;

interface Given {
  readonly seconds: number;
  readonly fraction: number;
  readonly captured: number;
  readonly original: number;
  /** Octets that follow the header, whatever it claims. */
  readonly octets: number;
}

const usual: fc.Arbitrary<Given> = fc
  .record({
    seconds: fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)),
    fraction: fc.oneof(fc.nat({ max: 999_999 }), fc.constantFrom(0, 999_999)),
    octets: fc.nat({ max: 40 }),
    original: fc.oneof(fc.nat({ max: 50 }), fc.constant(2 ** 32 - 1)),
  })
  .map((record) => ({ ...record, captured: record.octets }));
const any: fc.Arbitrary<Given> = fc.record({
  seconds: fc.constantFrom(0, 2 ** 32 - 1),
  fraction: fc.constantFrom(999_999, 1_000_000, 1_000_001, 999_999_999, 1_000_000_000, 2 ** 32 - 1),
  captured: fc.constantFrom(0, 7, 15, MAX_RECORD_OCTETS, MAX_RECORD_OCTETS + 1, 2 ** 31, 2 ** 32 - 1),
  original: fc.constantFrom(0, 7, 2 ** 32 - 1),
  octets: fc.constantFrom(0, 7, 15),
});
const records = fc.array(fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: any }), { maxLength: 40 });
const files = fc.record({
  records,
  order: fc.constantFrom<Order>('little', 'little', 'little', 'big'),
  nano: fc.boolean(),
  minor: fc.constantFrom(4, 4, 4, 3),
  /** Octets before the file in the window. */
  before: fc.nat({ max: 70 }),
  /** Rows that are there already. */
  rows: fc.oneof(fc.constant(0), fc.integer({ min: BATCH_ROWS - 30, max: BATCH_ROWS })),
  /** Where the window ends at first, as parts of the file. */
  ends: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
});
type File = typeof files extends fc.Arbitrary<infer Value> ? Value : never;

function bytesOf({
  records: given,
  order,
  nano,
  minor,
}: Pick<File, 'records' | 'order' | 'nano' | 'minor'>): Uint8Array {
  const bytes = given.map(({ seconds, fraction, captured, original, octets: count }) => {
    const body = new Uint8Array(count).fill(0xc3);
    return octets(order, [4, seconds], [4, fraction], [4, captured], [4, original], body);
  });
  return joined(pcapHeader(order, { nano, minor }), ...bytes);
}

/** A window that stands in the octets of the slot or elsewhere, and columns as there. */
function place(bytes: Uint8Array, before: number, rows: number, isShared: boolean): [InputWindow, FrameColumns] {
  const window = new InputWindow(isShared ? 1 : slot.window.length);
  if (isShared) window.moveTo(slot.window);
  const columns = new FrameColumns(window);
  if (isShared) columns.moveTo(slot.frames);
  for (const name of COLUMNS) columns[name].fill(NOISE);
  window.bytes.set(bytes, before);
  window.begin = before;
  window.end = before + bytes.length;
  columns.count = rows;
  return [window, columns];
}

function open(window: InputWindow, build: (() => UsualRecords | null) | null): PcapReader {
  const reader = openPcap(window, build);
  if (reader === null || 'code' in reader) throw new Error('the header is sound');
  return reader;
}

/** Whether all rows are the same, also those that nobody wrote. */
function isSame(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const [left, right] = [a, b].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return left.equals(right);
}

function expectEqual(file: File): void {
  const bytes = bytesOf(file);
  const [slowWindow, slowColumns] = place(bytes, file.before, file.rows, false);
  const [window, columns] = place(bytes, file.before, file.rows, true);
  const slow = open(slowWindow, null);
  const reader = open(window, () => kernel);
  const rest = bytes.length - HEADER_OCTETS;
  const ends = [...file.ends.toSorted((a, b) => a - b), 1].map(
    (part) => file.before + HEADER_OCTETS + Math.trunc(rest * part),
  );
  for (const end of ends) {
    slowWindow.end = end;
    window.end = end;
    const problem = slow.read(slowWindow, slowColumns);
    expect(reader.read(window, columns)).toEqual(problem);
    expect([columns.count, window.begin]).toEqual([slowColumns.count, slowWindow.begin]);
    expect(COLUMNS.filter((name) => !isSame(columns[name], slowColumns[name]))).toEqual([]);
    if (problem !== null) return;
  }
}

/** How many records from the first one on are as most are, and stand before octet `end` of the file. */
function leading(given: readonly Given[], nano: boolean, end: number): number {
  let taken = 0;
  let at = HEADER_OCTETS;
  for (const { fraction, captured } of given) {
    at += 16 + captured;
    if (captured > MAX_RECORD_OCTETS || at > end || fraction >= (nano ? 1e9 : 1e6)) break;
    taken++;
  }
  return taken;
}

describe('records taken at once', () => {
  test('are rows as the reader makes them, whatever stands between them and wherever the window ends', () => {
    fc.assert(fc.property(files, expectEqual), { numRuns: 400 });
  });

  test('are the same where the window ends at any octet', () => {
    const given = [5, 0, 33].map((count, i) => ({
      ...{ seconds: 2 ** 32 - 1 - i, fraction: 999_999 - i, captured: count, original: count + i, octets: count },
    }));
    const octetCount = bytesOf({ records: given, order: 'little', nano: false, minor: 4 }).length - HEADER_OCTETS;
    for (let end = 0; end <= octetCount; end++) {
      const ends = [(end + 0.5) / octetCount].filter((part) => part <= 1);
      expectEqual({ records: given, order: 'little', nano: end % 2 === 0, minor: 4, before: end % 5, rows: 0, ends });
    }
  });

  test('go up to the first that is another one, as far as there are rows', () => {
    fc.assert(
      fc.property(files, ({ records: given, nano, before, rows, ends: [part = 1] }) => {
        const bytes = bytesOf({ records: given, order: 'little', nano, minor: 4 });
        const [window, columns] = place(bytes, before, rows, true);
        const end = HEADER_OCTETS + Math.trunc((bytes.length - HEADER_OCTETS) * part);
        window.begin = before + HEADER_OCTETS;
        window.end = before + end;
        kernel.take(window, columns, nano ? 1e9 : 1e6);
        // What follows a wrong claim is no record.
        const sound = given.findIndex(({ captured, octets: count }) => captured !== count);
        const known = sound === -1 ? given : given.slice(0, sound + 1);
        const expected = Math.min(leading(known, nano, end), BATCH_ROWS - rows);
        const isWhole = sound === -1 || expected < known.length;
        if (isWhole) expect(columns.count).toBe(rows + expected);
      }),
    );
  });

  test('of the greatest length are taken, and one of an octet more is left', () => {
    const one = (count: number) => ({ seconds: 1, fraction: 2, captured: count, original: count, octets: count });
    for (const [count, rows] of [
      [MAX_RECORD_OCTETS, 2],
      [MAX_RECORD_OCTETS + 1, 1],
    ]) {
      const given = [one(3), one(count)];
      const bytes = bytesOf({ records: given, order: 'little', nano: false, minor: 4 });
      const [window, columns] = place(bytes, 0, 0, true);
      window.begin += HEADER_OCTETS;
      kernel.take(window, columns, 1e6);
      expect(columns.count).toBe(rows);
      expectEqual({ records: given, order: 'little', nano: false, minor: 4, before: 3, rows: 0, ends: [] });
    }
  });

  test('nobody is asked to take what is in another order of octets, or may have its lengths swapped', () => {
    let built = 0;
    const build = () => {
      built++;
      return kernel;
    };
    for (const [order, minor, times] of [
      ['big', 4, 0],
      ['little', 3, 0],
      ['little', 4, 1],
    ] as const) {
      built = 0;
      open(place(bytesOf({ records: [], order, nano: false, minor }), 0, 0, true)[0], build);
      expect(built).toBe(times);
    }
  });

  test('windows and columns elsewhere are left as they stand', () => {
    const given = [{ seconds: 1, fraction: 2, captured: 3, original: 3, octets: 3 }];
    const bytes = bytesOf({ records: given, order: 'little', nano: false, minor: 4 });
    const [window, columns] = place(bytes, 0, 0, true);
    const [otherWindow, otherColumns] = place(bytes, 0, 0, false);
    window.begin = HEADER_OCTETS;
    otherWindow.begin = HEADER_OCTETS;
    for (const name of ['offset', 'captured', 'original', 'seconds', 'nanoseconds'] as const) {
      const mixed = new FrameColumns(window);
      mixed.moveTo({ ...slot.frames, [name]: otherColumns[name] });
      kernel.take(window, mixed, 1e6);
      expect([window.begin, mixed.count]).toEqual([HEADER_OCTETS, 0]);
    }
    kernel.take(otherWindow, columns, 1e6);
    expect([otherWindow.begin, columns.count]).toEqual([HEADER_OCTETS, 0]);
    kernel.take(window, columns, 1e6);
    expect([window.begin, columns.count]).toEqual([bytes.length, 1]);
  });
});
