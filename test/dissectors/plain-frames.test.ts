// Frames walked by the headers of an earlier one: what is written must be what the decoders write, whatever octets come.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import { encodeMacLteFramed, type MacLteValues } from '../../dissectors/framing/mac-lte.ts';
import { PlainFrames } from '../../dissectors/plain-frames.ts';
import { buildPlainFramesKernel } from '../../dissectors/plain-frames-kernel.ts';
import { createSharedMemory, type SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { createSharedWalkTable, SHARED_WALK_OCTETS } from '../../dissectors/shared-walk.ts';
import { encodeRlcUm } from '../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../dissectors/sidelink/sl-sch.ts';
import { createWalkTable, walkBatch, walkFrame } from '../../dissectors/walk.ts';
import { resetWalkTable } from '../../dissectors/walk-columns.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import { batchOf, readTable, type TestFrame } from './walk-frames.ts';

const CONTEXTS: readonly MacLteValues[] = [
  {},
  { rnti: 0x1234, ueid: 7, sfn: 511, subframe: 3, crcStatus: 1 },
  { sfn: 1, subframe: 9, retransmission: 2, carrierId: 1, nbMode: 0 },
  { radioType: 2, direction: 1, ueid: 0x0104, crcStatus: 0 },
];
const LINK_TYPE = 147;

/** A frame with one SDU that fills it. */
function plainFrame(context: MacLteValues, version: number, lcid: number, octets: number, fi = 0): Uint8Array {
  const element = Uint8Array.from({ length: octets }, (_, index) => index * 7);
  const sdu = encodeRlcUm({ fi, sn: 5, elements: [element] });
  const pdu = encodeSlSch({ version, source: 0x0a0b0c, destination: 0xf00100, sdus: [{ lcid, sdu }] });
  return encodeMacLteFramed(context, pdu);
}

/** The slow way: every frame through every decoder. */
function decodedOneByOne(batch: FrameBatch): WalkTable {
  const table = createWalkTable(batch.count);
  resetWalkTable(table, batch.count);
  for (let row = 0; row < batch.count; row++) walkFrame(batch, row, table, null);
  return table;
}

const frame = fc
  .record({
    context: fc.constantFrom(...CONTEXTS),
    version: fc.constantFrom(1, 1, 2, 3),
    lcid: fc.constantFrom(3, 3, 4, 20, 28, 31),
    octets: fc.integer({ min: 1, max: 60 }),
    fi: fc.constantFrom(0, 0, 0, 1, 2),
    linkType: fc.constantFrom(147, 147, 147, 149, 1),
    flips: fc.array(fc.record({ at: fc.nat(45), bit: fc.nat(7) }), { maxLength: 2 }),
    cut: fc.constantFrom(0, 0, 0, 0, 1, 30),
    more: fc.constantFrom(0, 0, 0, 0, 1),
  })
  .map(({ context, version, lcid, octets, fi, linkType, flips, cut, more }): TestFrame => {
    const whole = plainFrame(context, version, lcid, octets, fi);
    for (const { at, bit } of flips) if (at < whole.length) whole[at] ^= 1 << bit;
    const bytes = whole.subarray(0, Math.max(1, whole.length - cut));
    return { bytes, linkType, original: (cut > 0 ? whole.length : bytes.length) + more };
  });

const shared = createSharedMemory(1 << 22) as SharedMemory;
const WALK_AT = 64;

/** Where batches and tables lie. */
const MEMORIES = [
  {
    ...{ memory: 'memory of their own', tableFor: (rows: number) => createWalkTable(rows), placed: batchOf },
  },
  {
    memory: 'memory that threads share, with a kernel',
    tableFor: () => createSharedWalkTable(shared, WALK_AT),
    placed: (frames: readonly TestFrame[]) => inShared(batchOf(frames)),
  },
];

/** The same batch in memory that threads share. */
function inShared(batch: FrameBatch): FrameBatch {
  let at = (WALK_AT + SHARED_WALK_OCTETS + 63) & ~63;
  const place = <Column extends Uint32Array | Uint16Array>(column: Column, width: number): Column => {
    const there = (
      width === 4 ? new Uint32Array(shared.buffer, at, batch.count) : new Uint16Array(shared.buffer, at, batch.count)
    ) as Column;
    there.set(column);
    at += (batch.count * width + 7) & ~7;
    return there;
  };
  const { offset, captured, original, linkType } = batch;
  const columns = { offset: place(offset, 4), captured: place(captured, 4), original: place(original, 4) };
  const linkTypes = place(linkType, 2);
  // An odd place: octets stand anywhere.
  const bytes = new Uint8Array(shared.buffer, at + 3, batch.bytes.length);
  bytes.set(batch.bytes);
  return { ...batch, ...columns, linkType: linkTypes, bytes, view: new DataView(shared.buffer, at + 3, bytes.length) };
}

test('this host runs the kernel', () => {
  const batch = inShared(batchOf([{ bytes: plainFrame({}, 1, 3, 50), linkType: LINK_TYPE }]));
  const table = createSharedWalkTable(shared, WALK_AT);
  const headers = { linkType: 1, version: 1, pduAt: 0, dataAt: 0, leastOctets: 0, words: new Int32Array(10) };
  const kernel = buildPlainFramesKernel(shared, WALK_AT);
  expect(kernel?.walk({ ...headers, mask: new Int32Array(10) }, batch, 0, 1, table)).toBe(0);
  expect(kernel?.walk({ ...headers, mask: new Int32Array(10) }, batch, 0, 1, createWalkTable(1))).toBe(-1);
});

describe.each(MEMORIES)('in $memory', ({ tableFor, placed }) => {
  test('frames by chance, alike and damaged, are walked as every decoder walks them', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const batch = placed(frames);
        const table = tableFor(1);
        walkBatch(batch, table);
        expect(readTable(table, batch.offset, batch.count)).toEqual(
          readTable(decodedOneByOne(batch), batch.offset, batch.count),
        );
        expect(table.frames.framingAt.subarray(0, batch.count)).toEqual(
          decodedOneByOne(batch).frames.framingAt.subarray(0, batch.count),
        );
      }),
      { numRuns: 500 },
    );
  });

  describe.each(CONTEXTS.slice(0, 3).flatMap((context) => [1, 3].map((version) => ({ context, version }))))(
    'a frame learned: version $version, $context',
    ({ context, version }) => {
      const bytes = plainFrame(context, version, 3, 50);
      const headerOctets = bytes.length - 50;

      function learned(): PlainFrames {
        const plain = new PlainFrames();
        const batch = placed([{ bytes, linkType: LINK_TYPE }]);
        expect(plain.walk(batch, 0, tableFor(1))).toBe(0);
        plain.learn(batch, 0, decodedOneByOne(batch));
        return plain;
      }

      test('with each bit of its headers changed it is told, or left to the decoders; only numbers are free', () => {
        const plain = learned();
        let free = 0;
        for (let bit = 0; bit < headerOctets * 8; bit++) {
          const changed = Uint8Array.from(bytes);
          changed[bit >>> 3] ^= 1 << (bit & 7);
          const batch = placed([{ bytes: changed, linkType: LINK_TYPE }]);
          const table = tableFor(1);
          resetWalkTable(table, 1);
          if (plain.walk(batch, 0, table) === 0) continue;
          free++;
          expect(readTable(table, batch.offset, batch.count)).toEqual(
            readTable(decodedOneByOne(batch), batch.offset, batch.count),
          );
        }
        // LCID 3 with one bit changed is 2, 1, 7, 11 or 19; addresses; RLC SN.
        const numbers = [context.rnti, context.ueid, context.sfn].filter((number) => number !== undefined).length;
        expect(free).toBe(5 + (version === 3 ? 48 : 40) + 5 + numbers * 16);
      });

      test('of any length, in a batch of others', () => {
        const plain = learned();
        const frames = [44, 120, 45, 2000].map((octets) => ({
          ...{ bytes: plainFrame(context, version, 9, octets), linkType: LINK_TYPE },
        }));
        const other = { bytes: plainFrame({ crcStatus: 0 }, version, 3, 50), linkType: LINK_TYPE };
        const batch = placed([...frames, other, ...frames]);
        const table = tableFor(batch.count);
        resetWalkTable(table, batch.count);
        expect(plain.walk(batch, 0, table)).toBe(4);
        expect(readTable(table, batch.offset, batch.count).slice(0, 4)).toEqual(
          readTable(decodedOneByOne(batch), batch.offset, batch.count).slice(0, 4),
        );
        expect(plain.walk(batch, 5, table)).toBe(9);
      });
    },
  );

  test('more kinds of headers than are remembered are walked all the same', () => {
    const kinds = Array.from({ length: 9 }, (_, carrierId) => plainFrame({ carrierId, sfn: 3 }, 1, 3, 50));
    const frames = [...kinds, ...kinds, ...kinds].map((bytes) => ({ bytes, linkType: LINK_TYPE }));
    const batch = placed(frames);
    const table = tableFor(1);
    walkBatch(batch, table);
    expect(readTable(table, batch.offset, batch.count)).toEqual(
      readTable(decodedOneByOne(batch), batch.offset, batch.count),
    );
  });
});
