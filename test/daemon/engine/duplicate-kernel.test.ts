// Copies by the batch, through the kernel, against the same frames row by row.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BATCH_ROWS, type FrameBatch } from '../../../captures/frame-batch.ts';
import { buildDuplicateKernel } from '../../../daemon/engine/duplicate-kernel.ts';
import { DUPLICATE_KERNEL_OCTETS } from '../../../daemon/engine/duplicate-rows.ts';
import { DuplicateFilter } from '../../../daemon/engine/duplicates.ts';
import { PduHash } from '../../../daemon/engine/pdu-hash.ts';
import { KERNELS_OCTETS, WALK_AT } from '../../../daemon/engine/shared-layout.ts';
import { createSharedMemory, type SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { createSharedWalkTable } from '../../../dissectors/shared-walk.ts';
import { createWalkTable } from '../../../dissectors/walk-columns.ts';
import { Outcome, type WalkTable } from '../../../dissectors/walk-table.ts';

interface Frame {
  readonly pdu: Uint8Array;
  readonly time: number;
  readonly interfaceId: number;
  readonly outcome: Outcome;
  readonly elements: number;
}

const ROOM = 1 << 20;
/** From so many on a kernel is there. */
const FIRST_FRAMES = 4096;

/** Memory that threads share, with room for such a batch behind the kernel. */
const SHARED_OCTETS = KERNELS_OCTETS + (1 << 24);
const shared = createSharedMemory(SHARED_OCTETS) as SharedMemory;

/** Behind the kernels: columns of a batch, then octets. */
const COLUMNS_AT = KERNELS_OCTETS;
const COLUMNS_OCTETS = 14 * BATCH_ROWS;

/** A filter as a thread has it that shares its memory, and that has heard nothing yet. */
function filterInShared(): DuplicateFilter {
  new Uint8Array(shared.buffer, 0, DUPLICATE_KERNEL_OCTETS).fill(0);
  return new DuplicateFilter(shared);
}

/** The columns of which the kernel reads, where threads share them. */
function columnsIn({ buffer }: SharedMemory, batch: FrameBatch) {
  const seconds = new Float64Array(buffer, COLUMNS_AT, batch.count);
  const nanoseconds = new Uint32Array(buffer, COLUMNS_AT + 8 * BATCH_ROWS, batch.count);
  const interfaceId = new Uint16Array(buffer, COLUMNS_AT + 12 * BATCH_ROWS, batch.count);
  seconds.set(batch.seconds);
  nanoseconds.set(batch.nanoseconds);
  interfaceId.set(batch.interfaceId);
  return { seconds, nanoseconds, interfaceId };
}

/** The frames as a batch, their octets in an order of their own, with others between them; in shared memory, or not. */
function batchOf(
  list: readonly Frame[],
  backwards: boolean,
  memory: SharedMemory | null = null,
): { batch: FrameBatch; walk: WalkTable } {
  const count = list.length;
  const octets = ROOM + list.reduce((sum, { pdu }) => sum + pdu.length + 3, 0);
  // An odd place: frames stand anywhere.
  const bytes =
    memory === null ? new Uint8Array(octets) : new Uint8Array(memory.buffer, COLUMNS_AT + COLUMNS_OCTETS + 5, octets);
  bytes.fill(0xa5);
  const walk = memory === null ? createWalkTable(Math.max(1, count)) : createSharedWalkTable(memory, WALK_AT);
  let at = 1;
  const places = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const row = backwards ? count - 1 - i : i;
    bytes.set(list[row].pdu, at);
    places.set(row, at);
    at += list[row].pdu.length + 3;
  }
  for (let row = 0; row < count; row++) {
    walk.frames.outcome[row] = list[row].outcome;
    walk.frames.elementCount[row] = list[row].elements;
    walk.frames.pduAt[row] = places.get(row) ?? 0;
    walk.frames.pduAvailable[row] = list[row].pdu.length;
  }
  const batch: FrameBatch = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, octets),
    count,
    firstFrame: 1,
    offset: new Uint32Array(count),
    captured: new Uint32Array(count),
    original: new Uint32Array(count),
    seconds: Float64Array.from(list, ({ time }) => Math.floor(time / 1000)),
    nanoseconds: Uint32Array.from(list, ({ time }) => (time - Math.floor(time / 1000) * 1000) * 1e6),
    digits: new Uint8Array(count),
    linkType: new Uint16Array(count),
    interfaceId: Uint16Array.from(list, ({ interfaceId }) => interfaceId),
    marks: [],
  };
  return { batch: memory === null ? batch : { ...batch, ...columnsIn(memory, batch) }, walk };
}

/** What the filter says of the same rows one by one. */
function rowByRow(filter: DuplicateFilter, { batch, walk }: ReturnType<typeof batchOf>): number[] {
  const { frames } = walk;
  return Array.from({ length: batch.count }, (_, row) => {
    const outcome = frames.outcome[row];
    if (outcome <= Outcome.duplicate && (outcome !== Outcome.malformed || frames.elementCount[row] === 0)) return 0;
    const time = batch.seconds[row] * 1000 + batch.nanoseconds[row] / 1e6;
    const at = frames.pduAt[row];
    return Number(filter.isCopy(batch.view, at, frames.pduAvailable[row], time, batch.interfaceId[row]));
  });
}

const length = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 60, max: 140 }) },
  fc.nat(70),
  fc.integer({ min: 4090, max: 4100 }),
  fc.constantFrom(0, 1, 31, 32, 33, 64, 128, 9000),
);
// Few PDUs, so that they come again; many share their first octets, so that they share a bucket.
const frame = fc
  .record({
    length,
    kind: fc.nat(60),
    delay: fc.constantFrom(0, 0.5, 20, 50, 50.25, 320, 321, -30, -400),
    interfaceId: fc.constantFrom(0, 1, 0xffff),
    outcome: fc.constantFrom(Outcome.data, Outcome.data, Outcome.unicast, Outcome.malformed, Outcome.notSidelink),
    elements: fc.nat(1),
  })
  .map(({ length: octets, kind, ...rest }) => {
    const pdu = new Uint8Array(octets).fill(7);
    if (octets > 0) pdu[octets - 1] = kind;
    if (octets > 40) pdu[40] = kind >>> 2;
    return { pdu, ...rest };
  });
const batches = fc.array(
  fc.record({ frames: fc.array(frame, { maxLength: 600, size: 'max' }), backwards: fc.boolean() }),
  { minLength: 1, maxLength: 4 },
);

/** Frames that are there so that a kernel is: each another transmission. */
function others(from: number, time: number): Frame[] {
  return Array.from({ length: FIRST_FRAMES }, (_, i) => {
    const pdu = new Uint8Array(20);
    new DataView(pdu.buffer).setUint32(0, from + i);
    return { pdu, time, interfaceId: 0, outcome: Outcome.data, elements: 1 };
  });
}

describe('copies by the batch', () => {
  test('this host runs the kernel', () => {
    expect(buildDuplicateKernel(new PduHash().keys)).not.toBeNull();
  });

  test.each([
    ['in memory of its own', () => new DuplicateFilter(), null],
    ['in memory that threads share', filterInShared, shared],
    ['in memory that threads share, frames elsewhere', filterInShared, null],
  ] as const)('are those row by row, before and after the kernel is there, %s', (_where, makeFilter, memory) => {
    fc.assert(
      fc.property(batches, fc.nat(4), (list, kernelBefore) => {
        const filter = makeFilter();
        const twin = new DuplicateFilter();
        let time = 1_000_000;
        list.forEach(({ frames, backwards }, index) => {
          const timed = frames.map(({ delay, ...rest }) => {
            time += delay;
            return { ...rest, time };
          });
          const all = index === kernelBefore ? [others(index * FIRST_FRAMES, time), timed].flat() : timed;
          const made = batchOf(all, backwards, memory);
          const copies = filter.copies(made.batch, made.walk);
          expect([...copies.subarray(0, all.length)]).toEqual(rowByRow(twin, made));
        });
        expect(filter.evictions).toBe(twin.evictions);
      }),
      { numRuns: 60 },
    );
  });

  test('a flood beyond its memory forgets as many', () => {
    const filter = new DuplicateFilter();
    const twin = new DuplicateFilter();
    for (let i = 0; i < 30; i++) {
      const made = batchOf(others(i * FIRST_FRAMES, 0), false);
      filter.copies(made.batch, made.walk);
      rowByRow(twin, made);
    }
    expect(filter.evictions).toBeGreaterThan(10_000);
    expect(filter.evictions).toBe(twin.evictions);
  });

  test('one changed bit or one octet less is another transmission', () => {
    // Each time with other first octets, so that they do not crowd each other out.
    const pduOf = (index: number): Uint8Array =>
      Uint8Array.from({ length: 133 }, (_, i) => (i < 8 ? Math.imul(index + 1, 0x9e3779b1) >>> (i * 4) : i * 7));
    const tried = Array.from({ length: 133 * 8 + 132 }, (_, index) => {
      const pdu = pduOf(index);
      const other = pdu.slice(0, index < 133 * 8 ? 133 : index - 133 * 8 + 1);
      if (index < 133 * 8) other[index >>> 3] ^= 1 << (index & 7);
      return [pdu, other, pdu].map(sent);
    });
    const frames = [...others(0, 0), ...tried.flat()];
    const { batch, walk } = batchOf(frames, false);
    const copies = new DuplicateFilter().copies(batch, walk).subarray(0, frames.length);
    expect([...copies.subarray(FIRST_FRAMES)]).toEqual(tried.flatMap(() => [0, 0, 1]));
  });
});

function sent(pdu: Uint8Array): Frame {
  return { pdu, time: 0, interfaceId: 0, outcome: Outcome.data, elements: 1 };
}
