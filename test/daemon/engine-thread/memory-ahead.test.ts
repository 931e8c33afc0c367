// Memory that is touched by whoever waits: each piece once, by one thread, and nothing that stands there changes.

import { expect, test } from 'vitest';
import { AHEAD_AT, KERNELS_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { MemoryAhead, PIECE_OCTETS } from '../../../daemon/engine-thread/memory-ahead.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS } from '../../../daemon/engine-thread/round-slot.ts';
import { openRounds } from '../../../daemon/engine-thread/round-thread.ts';
import { RING_MESSAGES } from '../../../daemon/findings/position-ring.ts';
import { ENTRY_OCTETS } from '../../../daemon/findings/ring-entries.ts';
import { ENTRIES_AT } from '../../../daemon/findings/usual-call.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';

const ENTRIES_OCTETS = RING_MESSAGES * ENTRY_OCTETS;

/** All that was made: what a collector gives back in the middle of a test would be missing in the memory of the process. */
const kept: SharedMemory[] = [];

function ringMemory(slots: number): SharedMemory {
  const { shared } = createRingMemory(slots, COLUMN_OCTETS);
  if (shared === null) throw new Error('no shared memory');
  kept.push(shared);
  return shared;
}

/** Pieces that are touched until none is left, by those who take turns. */
function touchAll(...ahead: MemoryAhead[]): number[] {
  const touched = ahead.map(() => 0);
  for (let left = ahead.length; left > 0; ) {
    left = 0;
    ahead.forEach((one, i) => {
      if (!one.touch()) return;
      touched[i]++;
      left++;
    });
  }
  return touched;
}

const piecesOf = (octets: number): number => Math.trunc(octets / PIECE_OCTETS);

test('all slots are touched, and as many entries of the ring of positions as the input may need', () => {
  const shared = ringMemory(2);
  const slots = piecesOf(shared.buffer.byteLength - KERNELS_OCTETS);
  expect(slots).toBeGreaterThan(100);
  expect(touchAll(new MemoryAhead(shared, 0))).toEqual([slots]);
  // 128 octets of input for each message.
  expect(touchAll(new MemoryAhead(ringMemory(2), 128 * 65_536))).toEqual([slots + piecesOf(65_536 * ENTRY_OCTETS)]);
  expect(touchAll(new MemoryAhead(ringMemory(2), 1e12))).toEqual([slots + piecesOf(ENTRIES_OCTETS)]);
});

test('threads that wait share the pieces', () => {
  const shared = ringMemory(1);
  const touched = touchAll(new MemoryAhead(shared, 1e12), new MemoryAhead(shared, 1e12));
  const pieces = piecesOf(shared.buffer.byteLength - KERNELS_OCTETS) + piecesOf(ENTRIES_OCTETS);
  expect(touched[0] + touched[1]).toBe(pieces);
  expect(Math.abs(touched[0] - touched[1])).toBeLessThanOrEqual(1);
});

test('what stands there stays, and so does what lies beside it', () => {
  const shared = ringMemory(1);
  const octets = new Uint8Array(shared.buffer);
  const areas = [
    { at: KERNELS_OCTETS, octets: octets.length - KERNELS_OCTETS },
    { at: ENTRIES_AT, octets: ENTRIES_OCTETS },
  ];
  // Some octets of each page.
  const marks = areas.flatMap((area) =>
    Array.from({ length: Math.floor(area.octets / 1021) }, (_, i) => area.at + i * 1021),
  );
  for (const at of marks) octets[at] = (at % 255) + 1;
  const before = octets.reduce((sum, octet) => sum + octet, 0);
  touchAll(new MemoryAhead(shared, 1e12));
  expect(marks.filter((at) => octets[at] !== (at % 255) + 1)).toEqual([]);
  octets.fill(0, AHEAD_AT, AHEAD_AT + 4);
  expect(octets.reduce((sum, octet) => sum + octet, 0)).toBe(before);
});

test('the system has given the memory then', () => {
  const shared = ringMemory(4);
  const ahead = new MemoryAhead(shared, 1e12);
  const before = process.memoryUsage.rss();
  const pieces = touchAll(ahead)[0];
  const grown = process.memoryUsage.rss() - before;
  expect(grown).toBeGreaterThan(pieces * PIECE_OCTETS * 0.8);
});

test('who waits for a round touches memory, until there is one', async () => {
  const ring = createRingMemory(1, COLUMN_OCTETS);
  if (ring.shared === null) throw new Error('no shared memory');
  const touched = new Int32Array(ring.shared.buffer, AHEAD_AT, 1);
  const opened = {
    ...({ kind: 'opened', total: 1e12, descriptor: null, ring } as const),
    taken: new SharedArrayBuffer(4),
  };
  const ended = {
    kind: 'ended',
    problem: null,
    report: { frames: 0, undecoded: {}, trialLimited: 0, evictions: {} },
    consumed: 0,
  } as const;
  // Asked for the fourth time, it has something to say.
  let asked = 0;
  const queue = {
    take: () => (++asked < 4 ? null : ended),
    next: () => Promise.resolve(opened),
    end: () => Promise.resolve(),
  };
  const rounds = await openRounds(queue, 'capture');
  expect(touched[0]).toBe(0);
  expect(await rounds.next()).toBeNull();
  expect(touched[0]).toBe(3);
});
