// The next message of a context is judged in short (next-messages.ts). The slow twin is the same engine with attempts written
// down, which takes every message the long way: whatever the traffic, both give every column the same.

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import type { Attempt } from '../../../daemon/engine/judge.ts';
import { NextMessages } from '../../../daemon/engine/next-messages.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
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

afterEach(() => {
  vi.restoreAllMocks();
});

/** What each message came to, all columns of judgement. */
function judged(
  batches: readonly FrameBatch[],
  keys: object,
  changes: readonly Change[],
  allowStale: boolean,
  long: boolean,
): readonly object[] {
  const held = parseKeyring(JSON.stringify(keys), 'next.json');
  const attempts: Attempt[] = [];
  const out: object[] = [];
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
          else if (kind === 'revoke') Object.assign(epochHeld, { revokedAt: table.time[row] });
          else Object.assign(epochHeld, { forbidden: kind === 'forbid' ? 'revoked' : null });
        }
      },
    },
  );
  if (long) engine.traceInto(attempts);
  for (const batch of batches) engine.push(batch);
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

test('in short and the long way any traffic comes to the same', () => {
  const short = vi.spyOn(NextMessages.prototype, 'judge');
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
        const fast = judged(batches, keys, changes, allowStale, false);
        const slow = judged(batches, keys, changes, allowStale, true);
        expect(fast).toEqual(slow);
        messages += fast.length - 1;
        for (const columns of fast.slice(0, -1)) verdicts.add((columns as readonly unknown[])[0]);
      },
    ),
    { numRuns: 150 },
  );
  // Both ways were taken often, and messages came to all that they can come to.
  const inShort = short.mock.results.reduce(
    (sum, { value }, call) => sum + Number(value) - short.mock.calls[call][1],
    0,
  );
  expect(inShort).toBeGreaterThan(messages / 10);
  expect(inShort).toBeLessThan(messages * 0.9);
  expect(verdicts.size).toBeGreaterThan(5);
}, 120_000);
