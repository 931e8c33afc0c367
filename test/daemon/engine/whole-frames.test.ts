// Frames that are one message each, taken in one loop: the slow twin looks at one after the other and fills a fresh row.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { layMessageColumns, MESSAGE_COLUMNS, MESSAGE_COLUMNS_OCTETS } from '../../../daemon/engine/message-columns.ts';
import { MessageTable, Place } from '../../../daemon/engine/message-table.ts';
import { COPIES_AT, KERNELS_OCTETS, WALK_AT } from '../../../daemon/engine/shared-layout.ts';
import { type RoundRoom, takeWholeFrames, WholeFrames } from '../../../daemon/engine/whole-frames.ts';
import { buildWholeFramesKernel, type WholeFramesKernel } from '../../../daemon/engine/whole-frames-kernel.ts';
import { Problem } from '../../../dissectors/problems.ts';
import { createSharedMemory, type SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { createSharedWalkTable } from '../../../dissectors/shared-walk.ts';
import {
  appendElement,
  createWalkTable,
  ELEMENT_COLUMNS,
  FRAME_COLUMNS,
  resetWalkTable,
} from '../../../dissectors/walk-columns.ts';
import { ElementFlag, Outcome, type WalkTable } from '../../../dissectors/walk-table.ts';

const { starts, ends, firstOfPdu, cut, withoutRlc } = ElementFlag;
const PDU_OCTETS = 24;
const FRAME_NAMES = Object.keys(FRAME_COLUMNS) as (keyof typeof FRAME_COLUMNS)[];
const ELEMENT_NAMES = Object.keys(ELEMENT_COLUMNS) as (keyof typeof ELEMENT_COLUMNS)[];

interface Frame {
  readonly pdus: readonly { readonly octets: number; readonly captured: number; readonly flags: number }[];
  readonly outcome: number;
  readonly problem: number;
  readonly isCopy: boolean;
}

const wholePdu = fc.record({
  octets: fc.integer({ min: 6, max: PDU_OCTETS }),
  captured: fc.constant(PDU_OCTETS),
  flags: fc.constantFrom(starts | ends | firstOfPdu, withoutRlc | starts | ends),
});
const anyPdu = fc.record({
  octets: fc.nat({ max: PDU_OCTETS }),
  captured: fc.nat({ max: PDU_OCTETS }),
  flags: fc.constantFrom(starts, ends, firstOfPdu, starts | ends, withoutRlc, starts | firstOfPdu),
});
const wholeFrame = fc.record({
  pdus: fc.tuple(wholePdu),
  outcome: fc.constant(Outcome.data as number),
  problem: fc.constant(Problem.none as number),
  isCopy: fc.constant(false),
});
const anyFrame = fc.record({
  pdus: fc.array(anyPdu, { maxLength: 2 }),
  outcome: fc.constantFrom<number>(...Object.values(Outcome)),
  problem: fc.constantFrom<number>(Problem.none, Problem.snapCut),
  isCopy: fc.boolean(),
});
const frames = fc.array(fc.oneof({ weight: 30, arbitrary: wholeFrame }, { weight: 1, arbitrary: anyFrame }), {
  minLength: 10,
  maxLength: 60,
});

/** A batch of these frames, walked. */
function walked(given: readonly Frame[]): { batch: FrameBatch; walk: WalkTable; copies: Uint8Array } {
  const rows = given.length;
  const bytes = Uint8Array.from({ length: rows * 2 * PDU_OCTETS }, (_, i) => (i * 167 + (i >>> 3)) & 0xff);
  const walk = createWalkTable(rows);
  resetWalkTable(walk, rows);
  const seconds = new Float64Array(rows);
  const nanoseconds = new Uint32Array(rows);
  for (const [row, { pdus, outcome, problem }] of given.entries()) {
    walk.frames.outcome[row] = outcome;
    walk.frames.problem[row] = problem;
    walk.frames.version[row] = 1 + (row % 3);
    walk.frames.source[row] = 0x0a0000 + row;
    walk.frames.destination[row] = 0x0b0000 + row;
    walk.frames.firstElement[row] = walk.elements.count;
    walk.frames.elementCount[row] = pdus.length;
    for (const [i, { octets, captured, flags }] of pdus.entries()) {
      const at = (row * 2 + i) * PDU_OCTETS;
      appendElement(walk.elements, row, at, octets, at + captured, row & 31, row & 15, flags);
    }
    seconds[row] = 1_700_000_000 + row;
    nanoseconds[row] = row * 1001;
  }
  const batch = { bytes, count: rows, firstFrame: 5_000_000_007, seconds, nanoseconds } as unknown as FrameBatch;
  return { batch, walk, copies: Uint8Array.from(given, ({ isCopy }) => (isCopy ? 1 : 0)) };
}

/** The twin: what engine.ts does with one element of one frame. */
function takeOneByOne(
  { batch, walk, copies }: ReturnType<typeof walked>,
  from: number,
  table: MessageTable,
  room: RoundRoom,
): { row: number; octets: number } {
  const { frames: of, elements } = walk;
  let octets = 0;
  let taken = 0;
  let row = from;
  for (; row < batch.count; row++) {
    if (taken >= room.messages || octets > room.octets) break;
    const element = of.firstElement[row];
    const flags = elements.flags[element];
    const isWhole = (flags & withoutRlc) !== 0 || ((flags & starts) !== 0 && (flags & ends) !== 0);
    const isPlain = of.outcome[row] === Outcome.data && of.problem[row] === Problem.none && of.elementCount[row] === 1;
    if (copies[row] === 1 || !isPlain || !isWhole || (flags & cut) !== 0 || elements.length[element] < 6) break;
    const at = elements.at[element];
    const { bytes } = batch;
    const message = table.add();
    table.rawPlace[message] = Place.frame;
    table.frameRow[message] = row;
    table.frame[message] = batch.firstFrame + row;
    table.time[message] = batch.seconds[row] * 1000 + Math.floor(batch.nanoseconds[row] / 1000) / 1000;
    table.version[message] = of.version[row];
    table.source[message] = of.source[row];
    table.destination[message] = of.destination[row];
    table.lcid[message] = elements.lcid[element];
    table.sduType[message] = bytes[at] >>> 5;
    table.pgkIndex[message] = bytes[at] & 31;
    table.ptkId[message] = bytes[at + 1] * 256 + bytes[at + 2];
    table.sn[message] = bytes[at + 3] * 256 + bytes[at + 4];
    table.counter[message] = table.ptkId[message] * 65_536 + table.sn[message];
    table.rawAt[message] = at + 5;
    table.length[message] = elements.length[element] - 5;
    octets += elements.length[element];
    taken++;
  }
  return { row, octets };
}

/** Every column of the rows of a table, by name. */
function columnsOf(table: MessageTable): Record<string, number[]> {
  const columns: Record<string, number[]> = {};
  for (const [name, column] of Object.entries(table)) {
    // `sum` and the place of a list of frames mean nothing as long as nobody wrote them.
    if (['sum', 'framesAt', 'joined', 'plain', 'words', 'frameLists'].includes(name)) continue;
    if (ArrayBuffer.isView(column)) columns[name] = Array.from(column as Uint8Array).slice(0, table.count);
  }
  return columns;
}

/** A table in which something stands from the round before. */
function usedTable(): MessageTable {
  const table = new MessageTable();
  for (const column of Object.values(table)) if (ArrayBuffer.isView(column)) (column as Uint8Array).fill(77, 0, 100);
  return table;
}

const shared = createSharedMemory(KERNELS_OCTETS + (1 << 21)) as SharedMemory;
const kernel = buildWholeFramesKernel(shared) as WholeFramesKernel;

/** The same batch and walk in memory that threads share, and a table there in which something stands. */
function inShared({ batch, walk, copies }: ReturnType<typeof walked>) {
  const memory = shared.buffer;
  const rows = batch.count;
  const there = createSharedWalkTable(shared, WALK_AT);
  for (const name of FRAME_NAMES) there.frames[name].set(walk.frames[name].subarray(0, rows));
  for (const name of ELEMENT_NAMES) there.elements[name].set(walk.elements[name].subarray(0, walk.elements.count));
  there.elements.count = walk.elements.count;
  const table = new MessageTable();
  layMessageColumns(table, memory, KERNELS_OCTETS + 4096);
  for (const name of MESSAGE_COLUMNS) table[name].fill(77, 0, 100);
  const at = KERNELS_OCTETS + 4096 + MESSAGE_COLUMNS_OCTETS + 64;
  const seconds = new Float64Array(memory, at & ~7, rows);
  const nanoseconds = new Uint32Array(memory, (at & ~7) + 8192, rows);
  const bytes = new Uint8Array(memory, at + 16_385, batch.bytes.length);
  seconds.set(batch.seconds);
  nanoseconds.set(batch.nanoseconds);
  bytes.set(batch.bytes);
  const theirCopies = new Uint8Array(memory, COPIES_AT, rows);
  theirCopies.set(copies);
  return { batch: { ...batch, bytes, seconds, nanoseconds }, walk: there, copies: theirCopies, table };
}

describe('frames that are one message each', () => {
  test('give the rows that they give one by one, up to the first that is another one', () => {
    let together = 0;
    fc.assert(
      fc.property(
        frames,
        fc.integer({ min: 5, max: 80 }),
        fc.integer({ min: 100, max: 2000 }),
        fc.nat({ max: 3 }),
        (given, messages, octets, from) => {
          const made = walked(given);
          const room = { messages, octets };
          const begin = Math.min(from, given.length - 1);
          const [slow, fast] = [usedTable(), usedTable()];
          const expected = takeOneByOne(made, begin, slow, room);
          const taken = takeWholeFrames(made.batch, begin, made.copies, made.walk, fast, room);
          expect(taken).toEqual(expected);
          expect(fast.count).toBe(slow.count);
          expect(columnsOf(fast)).toEqual(columnsOf(slow));
          const there = inShared(made);
          expect(kernel.take(there.batch, begin, there.copies, there.walk, there.table, room)).toEqual(expected);
          expect(columnsOf(there.table)).toEqual(columnsOf(slow));
          together += fast.count;
        },
      ),
    );
    // The rule is not that nothing is taken.
    expect(together).toBeGreaterThan(500);
  });

  test('are left to the plain loop where one of the tables lies elsewhere', () => {
    const made = walked(
      Array.from({ length: 3 }, () => ({
        ...{ pdus: [{ octets: 20, captured: PDU_OCTETS, flags: starts | ends }], outcome: Outcome.data },
        ...{ problem: Problem.none, isCopy: false },
      })),
    );
    const room = { messages: 10, octets: 1000 };
    const there = inShared(made);
    const elsewhere = [
      { ...there, batch: { ...there.batch, bytes: made.batch.bytes } },
      { ...there, batch: { ...there.batch, seconds: made.batch.seconds } },
      { ...there, batch: { ...there.batch, nanoseconds: made.batch.nanoseconds } },
      { ...there, walk: made.walk },
      { ...there, copies: made.copies },
      { ...there, table: new MessageTable() },
    ];
    for (const { batch, copies, walk, table } of elsewhere) {
      expect(kernel.take(batch, 0, copies, walk, table, room)).toBe(null);
      expect(new WholeFrames(shared).take(batch, 0, copies, walk, table, room)).toEqual({ row: 3, octets: 60 });
      expect(columnsOf(table).frame).toEqual([5_000_000_007, 5_000_000_008, 5_000_000_009]);
      table.count = 0;
    }
    expect(kernel.take(there.batch, 0, there.copies, there.walk, there.table, room)).toEqual({ row: 3, octets: 60 });
  });

  test('widen the columns that are too short for them', () => {
    const table = new MessageTable();
    const rows = table.frameRow.length;
    table.count = rows - 2;
    const made = walked(
      Array.from({ length: 5 }, () => ({
        ...{ pdus: [{ octets: 20, captured: PDU_OCTETS, flags: starts | ends }], outcome: Outcome.data },
        ...{ problem: Problem.none, isCopy: false },
      })),
    );
    const taken = takeWholeFrames(made.batch, 0, made.copies, made.walk, table, { messages: 100_000, octets: 100_000 });
    expect(taken).toEqual({ row: 5, octets: 100 });
    expect(table.count).toBe(rows + 3);
    expect(Object.values(columnsOf(table)).every((column) => column.length === rows + 3)).toBe(true);
  });
});
