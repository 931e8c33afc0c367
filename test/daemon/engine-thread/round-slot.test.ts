// Rounds in the slots of a ring, as both threads see them: what stands there already, what has to be brought there, and what is
// too large for it.

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { WINDOW_OCTETS } from '../../../captures/input-window.ts';
import { BatchDecipher } from '../../../daemon/engine/decipher-batch.ts';
import { FirstMessages } from '../../../daemon/engine/first-messages.ts';
import { MessageFlag, MessageTable, Place } from '../../../daemon/engine/message-table.ts';
import { TrafficKeys } from '../../../daemon/engine/traffic-keys.ts';
import { WireContexts } from '../../../daemon/engine/wire-contexts.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, type FilledRound, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The first slot of a ring, as each thread has it. */
function slots() {
  const { slots: memories, shared } = createRingMemory(2, COLUMN_OCTETS);
  const [filling, judging, taking] = Array.from({ length: 3 }, () => new RoundSlot(memories[0]));
  return { filling, judging, taking, shared: shared !== null };
}

/** A batch of `count` frames of 10 octets each, in these octets. */
function batchOf(count: number, bytes: Uint8Array): FrameBatch {
  for (let i = 0; i < count * 10; i++) bytes[i] = i;
  const column = new Uint32Array(count).fill(10);
  return {
    ...{ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), place: 77, count, firstFrame: 5 },
    ...{ offset: column.map((_, row) => row * 10), captured: column, original: column, nanoseconds: column },
    ...{ seconds: new Float64Array(count).fill(3), digits: new Uint8Array(count).fill(6) },
    ...{ linkType: new Uint16Array(count).fill(147), interfaceId: new Uint16Array(count), marks: [] },
  };
}

/** Adds a message that was put together from `octets` octets and `frames` frames, and deciphered to as many. */
function addJoined(table: MessageTable, octets: number, frames: number): void {
  const row = table.add();
  table.frameRow[row] = row;
  table.source[row] = 0x1234;
  table.length[row] = octets;
  table.rawPlace[row] = Place.joined;
  table.rawAt[row] = table.keepJoined(new Uint8Array(octets).fill(9), octets);
  table.keepFrames(
    row,
    Array.from({ length: frames }, (_, i) => i + 1),
  );
  table.copyToPlain(row);
  table.deciphered[row] = 1;
}

/** What the other thread is told, as it comes through a channel. */
function told(round: FilledRound): FilledRound {
  return structuredClone(round);
}

function expectRound(taking: RoundSlot, batch: FrameBatch, octets: number, frames: number): void {
  const { table } = taking;
  expect(table.count).toBe(1);
  expect(table.source[0]).toBe(0x1234);
  expect(table.framesOf(0)).toEqual(Array.from({ length: frames }, (_, i) => i + 1));
  expect(
    table
      .rawBytes(0)
      .subarray(table.rawAt[0], table.rawAt[0] + octets)
      .every((octet) => octet === 9),
  ).toBe(true);
  const at = table.bodyAt(0);
  expect(
    table
      .bodyBytes(0)
      .subarray(at, at + octets)
      .every((octet) => octet === 9),
  ).toBe(true);
  expect(taking.frames).toMatchObject({ count: batch.count, firstFrame: 5, place: 77 });
  const end = batch.count * 10;
  expect(Buffer.from(taking.frames.bytes.subarray(0, end)).equals(batch.bytes.subarray(0, end))).toBe(true);
  expect([...taking.frames.offset.subarray(0, batch.count)]).toEqual([...batch.offset]);
}

describe.each([
  ['in one piece', true],
  ['where the host has no memory that kernels share', false],
])('a slot of a ring %s', (_where, isShared) => {
  function open() {
    if (!isShared) vi.stubGlobal('WebAssembly', {});
    const made = slots();
    expect(made.shared).toBe(isShared);
    return made;
  }

  test.each(['of this slot', 'of its own'])('a round in a table %s reaches the other thread', (kind) => {
    const { filling, taking } = open();
    const table = kind === 'of this slot' ? filling.table : new MessageTable();
    for (const octets of [100, 3000]) {
      const batch = batchOf(4, new Uint8Array(4000));
      table.reset(batch);
      addJoined(table, octets, 3);
      taking.accept(told(filling.fill(batch, 0, 4, table)));
      expectRound(taking, batch, octets, 3);
    }
  });

  test('what does not fit gets memory of its own, and the next round the slot as it was', () => {
    const { filling, taking } = open();
    const own = taking.frames.bytes;
    for (const octets of [100, 3_000_000, 200]) {
      const large = octets > WINDOW_OCTETS;
      const batch = batchOf(large ? 8000 : 4, new Uint8Array(large ? 2 * WINDOW_OCTETS : 4000));
      const { table } = filling;
      table.reset(batch);
      addJoined(table, octets, large ? 5000 : 2);
      taking.accept(told(filling.fill(batch, 0, batch.count, table)));
      expectRound(taking, batch, octets, large ? 5000 : 2);
      expect(taking.frames.bytes.length).toBe(large ? 2 * WINDOW_OCTETS : WINDOW_OCTETS);
      expect(taking.frames.bytes.buffer === own.buffer).toBe(!large);
    }
  });

  test('frames that were read into the slot stand there, and rows are counted from the first of a part', () => {
    const { filling, taking } = open();
    const batch = batchOf(6, filling.window);
    const set = vi.spyOn(Uint8Array.prototype, 'set');
    const { table } = filling;
    table.reset(batch);
    const row = table.add();
    table.frameRow[row] = 4;
    const round = filling.fill(batch, 4, 6, table);
    // Only the column of digits is one of octets.
    expect(set.mock.calls.map(([from]) => from.length)).toEqual([2]);
    set.mockRestore();
    taking.accept(told(round));
    expect(taking.frames).toMatchObject({ count: 2, firstFrame: 9 });
    expect([...taking.frames.offset.subarray(0, 2)]).toEqual([40, 50]);
    expect(taking.frames.bytes[40]).toBe(40);
    expect(taking.table.frameRow[0]).toBe(0);
  });

  test('who judges in the slot brings what has outgrown it', () => {
    const { filling, judging, taking } = open();
    const batch = batchOf(1, new Uint8Array(100));
    filling.table.reset(batch);
    const row = filling.table.add();
    filling.table.length[row] = 2_000_000;
    const round = told(filling.fill(batch, 0, 1, filling.table));
    judging.accept(round);
    const word = judging.table.takePlain(row);
    judging.table.plain.fill(7, word * 4, word * 4 + 2_000_000);
    judging.table.deciphered[row] = 1;
    taking.accept(told(judging.judged(round)));
    expect(
      taking.table
        .bodyBytes(row)
        .subarray(0, 2_000_000)
        .every((octet) => octet === 7),
    ).toBe(true);
  });
});

test('a table in a slot has room for the sum of every message once somebody deciphers', () => {
  const { filling } = slots();
  const { table } = filling;
  table.reset(batchOf(1, new Uint8Array(100)));
  for (let i = 0; i < 3000; i++) table.flags[table.add()] = MessageFlag.damaged;
  const index = new KeyIndex(parseKeyring('{"format":"sidescope-keyring/1","groups":[]}', 'none.json'));
  new BatchDecipher(new WireContexts(), new TrafficKeys(), new FirstMessages(index)).run(table);
  expect(table.sum.length).toBeGreaterThanOrEqual(3000);
});
