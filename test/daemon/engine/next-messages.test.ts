// The next message of a context is judged in short (next-messages.ts). The slow twin is the same engine with attempts written
// down, which takes every message the long way: whatever the traffic, both give every column the same, also in memory that threads
// share, where a kernel judges most of them (kernel-judging.test.ts has its odd cases).

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import type { Attempt } from '../../../daemon/engine/judge.ts';
import { KernelJudging } from '../../../daemon/engine/kernel-judging.ts';
import { NextMessages } from '../../../daemon/engine/next-messages.ts';
import { KERNELS_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { keyring, pgk } from '../findings/scene.ts';
import { KINDS, RADIOS, Talk } from '../findings/talk.ts';

const KEYS = [
  pgk(39, { notAfter: '2026-05-02T11:00:00Z' }),
  pgk(40, { notBefore: '2026-05-02T10:00:00Z', notAfter: '2026-05-02T13:00:00Z' }),
  pgk(41, { notBefore: '2026-05-02T11:00:00Z', notAfter: '2026-05-16T00:00:00Z' }),
];
// The group that shares the 16 bits that versions 1 and 2 show, and one that shares nothing.
const SHARING = { id: 'f00002', algorithm: '128-EEA2', multicast: ['239.255.0.2'], keys: [pgk(50)] };
const APART = { id: 'a00001', algorithm: '128-EEA2', multicast: [], keys: [pgk(39), pgk(41)] };
const KEYRINGS: readonly object[] = [
  keyring({ keys: KEYS }, [SHARING]),
  keyring({ keys: KEYS }, [APART]),
  keyring({ keys: KEYS }),
  keyring({ keys: [KEYS[0]] }),
];

/** Something that happens to keys before a message. */
interface Change {
  readonly before: number;
  readonly kind: 'forget' | 'forbid' | 'allow' | 'revoke';
  readonly serial: number;
}

/** How messages are judged: one by one or in runs, each the long way or not, or in memory that threads share. */
type Way = 'alone' | 'alone, long' | 'in runs, shared' | 'in runs, long';

const ring = createRingMemory(1, COLUMN_OCTETS);
const shared = ring.shared as SharedMemory;

afterEach(() => {
  vi.restoreAllMocks();
});

/** What each message came to, all columns of judgement. */
function judged(
  batches: readonly FrameBatch[],
  keys: object,
  changes: readonly Change[],
  allowStale: boolean,
  way: Way,
): readonly object[] {
  const held = parseKeyring(JSON.stringify(keys), 'next.json');
  const attempts: Attempt[] = [];
  const out: object[] = [];
  const isShared = way === 'in runs, shared';
  // Nobody has used it before, as it were.
  if (isShared) new Uint8Array(shared.buffer, 0, KERNELS_OCTETS).fill(0);
  const engine = new Engine(
    { index: new KeyIndex(held), allowStale },
    {
      message(table, row) {
        attempts.length = 0;
        const { verdict, evidence, passed, failed, flags, group, epoch, epochState, deciphered } = table;
        const columns = [verdict, evidence, passed, failed, flags, group, epoch, epochState, deciphered];
        const values = [...columns, table.context, table.traffic].map((column) => column[row]);
        const at = table.bodyAt(row);
        out.push([...values, Buffer.from(table.bodyBytes(row).subarray(at, at + table.length[row])).toString('hex')]);
        for (const { before, kind, serial } of changes) {
          if (before !== out.length || serial >= held.epochs.length) continue;
          const epochHeld = held.epochs[serial];
          if (kind === 'forget') engine.forgetKeys(new Set([serial]));
          else if (kind === 'revoke') {
            const { notBefore, notAfter, earlierEnds, compromisedAt, suspendedAt, resumedAt, destroyedAt } = epochHeld;
            const others = { notBefore, notAfter, earlierEnds, compromisedAt, suspendedAt, resumedAt, destroyedAt };
            held.restate(epochHeld, { ...others, revokedAt: table.time[row] });
          } else held.forbid(epochHeld, kind === 'forbid' ? 'revoked' : null);
        }
      },
      ...(way.startsWith('in runs') ? { run: () => 0 } : {}),
    },
    isShared ? shared : null,
  );
  if (way.endsWith('long')) engine.traceInto(attempts);
  const slot = new RoundSlot(ring.slots[0]);
  for (const batch of batches) {
    if (!isShared) engine.push(batch);
    else {
      const { window } = slot;
      window.set(batch.bytes);
      const moved = { ...batch, bytes: window, view: new DataView(window.buffer, window.byteOffset, window.length) };
      engine.begin(moved);
      while (engine.goOn(moved, slot.table)) {
        // Round by round.
      }
    }
  }
  out.push(engine.report());
  engine.close();
  return out;
}

const happening = fc.record({
  radio: fc.nat({ max: RADIOS.length - 1 }),
  kind: fc.constantFrom(...KINDS),
  by: fc.integer({ min: 1, max: 90 }),
  run: fc.nat({ max: 6 }),
});
const change = fc.record({
  before: fc.integer({ min: 1, max: 300 }),
  kind: fc.constantFrom('forget' as const, 'forbid' as const, 'allow' as const, 'revoke' as const),
  serial: fc.nat({ max: 3 }),
});

test.each([
  ['alone', 'alone, long'],
  ['in runs, shared', 'in runs, long'],
] as const)(
  '%s and %s any traffic comes to the same',
  (fastWay, slowWay) => {
    const short = vi.spyOn(NextMessages.prototype, 'judge');
    const kernel = vi.spyOn(KernelJudging.prototype, 'judge');
    const verdicts = new Set<unknown>();
    let messages = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...KEYRINGS),
        fc.array(happening, { minLength: 5, maxLength: 60 }),
        fc.array(change, { maxLength: 3 }),
        fc.boolean(),
        (keys, happenings, changes, allowStale) => {
          const talk = new Talk();
          for (const radio of RADIOS.keys()) talk.usual(radio, 6);
          for (const { radio, kind, by, run } of happenings) {
            talk.happen(radio, kind, by);
            talk.usual(radio, run);
          }
          const batches = talk.scene.batches(8);
          const fast = judged(batches, keys, changes, allowStale, fastWay);
          const slow = judged(batches, keys, changes, allowStale, slowWay);
          expect(fast).toEqual(slow);
          messages += fast.length - 1;
          for (const columns of fast.slice(0, -1)) verdicts.add((columns as readonly unknown[])[0]);
        },
      ),
      { numRuns: 150 },
    );
    // Both ways were taken often, and messages came to all that they can come to.
    const taken = ({ mock }: typeof short | typeof kernel): number =>
      mock.results.reduce((sum, { value }, call) => sum + Number(value) - mock.calls[call][1], 0);
    expect(taken(short)).toBeGreaterThan(messages / 10);
    expect(taken(short)).toBeLessThan(messages * 0.9);
    if (fastWay === 'alone') expect(kernel).not.toHaveBeenCalled();
    else expect(taken(kernel)).toBeGreaterThan(taken(short) / 2);
    expect(verdicts.size).toBeGreaterThan(5);
  },
  120_000,
);
