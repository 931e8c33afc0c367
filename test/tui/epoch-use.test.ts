// What keys were used for beside a plain count of all messages, over random talkers; and when a group has no key.

import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../captures/open.ts';
import type { EpochEvent, MessageEvent } from '../../daemon/events.ts';
import type { GroupDescription, KeyDescription } from '../../daemon/inspection/contract.ts';
import { MessageBatches } from '../../daemon/inspection/message-batches.ts';
import { readingPass } from '../../daemon/inspection/reading-pass.ts';
import { copyOfKeyring } from '../../daemon/keyring/keyring-copy.ts';
import { loadKeyrings } from '../../daemon/keyring/keyring-file.ts';
import { DENSITY_BUCKETS, Density, EpochUse, hasUsed, PTKS_PER_KEY } from '../../tui/model/epoch-use.ts';
import { GroupTable } from '../../tui/model/group-table.ts';
import { coveredSpans, gapsBetween, lastingReaders, usableSpans } from '../../tui/model/key-cover.ts';
import { batchesOf } from './told.ts';

interface Said {
  readonly group: number;
  readonly source: number;
  readonly pgkId: number | null;
  readonly ptkId: number;
  readonly isStale: boolean;
  readonly time: number;
}

const said: fc.Arbitrary<Said[]> = fc.array(
  fc.record({
    group: fc.integer({ min: 1, max: 2 }),
    source: fc.integer({ min: 1, max: 4 }),
    pgkId: fc.oneof(fc.constantFrom(0, 31, 32, 255), fc.constant(null)),
    ptkId: fc.integer({ min: 0, max: 2 }),
    isStale: fc.boolean(),
    time: fc.integer({ min: 0, max: 10_000_000 }),
  }),
  { maxLength: 100 },
);

function useOf(list: readonly Said[], perBatch: number): EpochUse {
  const use = new EpochUse();
  const batches = new MessageBatches();
  const flush = (): void => {
    const batch = batches.take();
    if (batch !== null) use.add(batch);
  };
  for (const [index, { group, source, pgkId, ptkId, isStale, time }] of list.entries()) {
    const event = {
      ...{ v: 1, type: 'message', frame: index + 1, time: '', group: `f0000${group}`, source: `00000${source}` },
      ...{ sourceName: `member ${source}`, lcid: 3, sduType: 'ip', pgkIndex: 7, pgkId, ptkId, sn: index, length: 100 },
      ...{ verdict: pgkId === null ? 'no-key' : isStale ? 'stale' : 'decrypted', evidenceBits: 99, summary: '' },
      protocols: ['ipv4'],
    } as MessageEvent;
    batches.add(event, time, []);
    if ((index + 1) % perBatch === 0) flush();
  }
  flush();
  return use;
}

describe('use of keys', () => {
  test('is what a count of all messages says', () => {
    fc.assert(
      fc.property(said, fc.integer({ min: 1, max: 40 }), (list, perBatch) => {
        const use = useOf(list, perBatch);
        for (const code of [1, 2]) {
          const group = use.group(0xf0_0000 + code);
          const ofGroup = list.filter(({ group: each, pgkId }) => each === code && pgkId !== null);
          expect(new Set(group?.keys.keys())).toEqual(new Set(ofGroup.map(({ pgkId }) => pgkId)));
          for (const key of group?.keys.values() ?? []) {
            const ofKey = ofGroup.filter(({ pgkId }) => pgkId === key.pgkId);
            const times = ofKey.map(({ time }) => time);
            const sources = new Set(ofKey.map(({ source }) => source));
            expect(key.messages).toBe(ofKey.length);
            expect(key.stale).toBe(ofKey.filter(({ isStale }) => isStale).length);
            expect([key.first, key.last]).toEqual([Math.min(...times), Math.max(...times)]);
            expect(key.members).toBe(sources.size);
            for (const source of sources) expect(hasUsed(group?.members.get(source), key.pgkId)).toBe(true);
            for (const ptk of key.ptks.values()) {
              const ofPtk = ofKey.filter(({ source, ptkId }) => source === ptk.source && ptkId === ptk.ptkId);
              expect(ptk.messages).toBe(ofPtk.length);
              expect(ptk.first).toBe(Math.min(...ofPtk.map(({ time }) => time)));
              expect(ptk.last).toBe(Math.max(...ofPtk.map(({ time }) => time)));
            }
            expect([...key.ptks.values()].reduce((sum, { messages }) => sum + messages, 0)).toBe(ofKey.length);
          }
          for (const member of group?.members.values() ?? []) {
            // Of several newest ones the one that was told last.
            const own = ofGroup.filter(({ source }) => source === member.source);
            const newest = own.findLast(({ time }) => time === Math.max(...own.map((each) => each.time)));
            expect(member).toMatchObject({ pgkId: newest?.pgkId, ptkId: newest?.ptkId, isStale: newest?.isStale });
            expect(member.name).toBe(`member ${member.source}`);
          }
        }
      }),
    );
  });

  test('is bounded: further PTK ids of a key are counted together', () => {
    const one = { group: 1, source: 1, pgkId: 39, isStale: false };
    const use = useOf(
      Array.from({ length: PTKS_PER_KEY + 7 }, (_, index) => ({ ...one, ptkId: index, time: index })),
      1000,
    );
    const key = use.group(0xf0_0001)?.keys.get(39);
    expect([key?.ptks.size, key?.otherPtks, key?.messages]).toEqual([PTKS_PER_KEY, 7, PTKS_PER_KEY + 7]);
  });

  test('of nobody who opened nothing is anything kept', () => {
    const use = useOf([{ group: 1, source: 1, pgkId: null, ptkId: 1, isStale: false, time: 0 }], 1);
    expect(use.group(0xf0_0001)).toBeUndefined();
  });
});

test.each(['attacked', 'clean', 'rollover'])(
  'is what the epoch records of the %s sample say: forged and altered messages opened under no key',
  async (name) => {
    const folder = join(import.meta.dirname, '..', '..', 'captures', 'samples', name);
    const keyring = await loadKeyrings([join(folder, 'keyring.json')]);
    const use = new EpochUse();
    const groups = new GroupTable();
    let epochs: readonly EpochEvent[] = [];
    await readingPass(await openCapture(join(folder, 'capture.pcapng')), {
      ...{ keyring: copyOfKeyring(keyring), allowStale: false, now: () => performance.now() },
      tell: (note) => {
        if (note.kind === 'epochs') epochs = note.events;
        if (note.kind !== 'batch') return;
        use.add(note.batch);
        groups.add(note.batch);
      },
    });
    expect(epochs.length).toBeGreaterThan(0);
    for (const { group, pgkId, messages, sources, firstUse, lastUse } of epochs) {
      const key = use.group(Number.parseInt(group, 16))?.keys.get(pgkId);
      expect([key?.messages ?? 0, key?.members ?? 0]).toEqual([messages, sources]);
      if (key === undefined) continue;
      expect([key.first, key.last]).toEqual([firstUse, lastUse].map((time) => Date.parse(time ?? '')));
    }
  },
);

test('a group is not on the key of a forged message', () => {
  const groups = new GroupTable();
  for (const batch of batchesOf([{ frame: 1 }, { frame: 2, pgkId: 37, verdict: 'forged' }])) groups.add(batch);
  expect(groups.row(0xf0_0001)?.lastPgkId).toBe(39);
});

test('a density counts as all its messages do, in whole buckets, however long it lasts', () => {
  const times = fc.array(fc.double({ min: -1e12, max: 1e13, noNaN: true }), { minLength: 1, maxLength: 60 });
  const nearby = fc.array(fc.integer({ min: 1_777_000_000_000, max: 1_777_000_400_000 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.oneof(times, nearby), fc.nat(), fc.nat(), (list, a, b) => {
      const density = new Density();
      for (const time of list) density.note(time);
      const { width } = density;
      const buckets = list.map((time) => Math.floor(time / width));
      expect(Math.max(...buckets) - Math.min(...buckets)).toBeLessThan(DENSITY_BUCKETS);
      const [from, to] = [list[a % list.length], list[b % list.length]].sort((x, y) => x - y);
      const last = Math.ceil(to / width) - 1;
      const plain = buckets.filter((bucket) => bucket >= Math.floor(from / width) && bucket <= last).length;
      expect(density.touched(from, to)).toBe(plain);
      expect(density.touched(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(list.length);
    }),
  );
});

test('a time stamp beyond any calendar holds nothing up', () => {
  const density = new Density();
  density.note(1.8e22);
  density.note(-1.8e22);
  density.note(1.8e22);
  expect(density.touched(0, Number.POSITIVE_INFINITY)).toBe(2);
});

const KEY: KeyDescription = {
  ...{ pgkId: 1, notBefore: 0, notAfter: 10, state: 'active', revokedAt: null, compromisedAt: null },
  ...{ suspendedAt: null, resumedAt: null, destroyedAt: null },
};

describe('when a group has a key', () => {
  test('revocation, compromise, suspension and destruction cut the window', () => {
    expect(usableSpans(KEY)).toEqual([{ from: 0, to: 10 }]);
    expect(usableSpans({ ...KEY, revokedAt: 7, compromisedAt: 4 })).toEqual([{ from: 0, to: 4 }]);
    expect(usableSpans({ ...KEY, suspendedAt: 3 })).toEqual([{ from: 0, to: 3 }]);
    expect(usableSpans({ ...KEY, suspendedAt: 3, resumedAt: 6 })).toEqual([
      { from: 0, to: 3 },
      { from: 6, to: 10 },
    ]);
    expect(usableSpans({ ...KEY, destroyedAt: 99 })).toEqual([]);
    expect(usableSpans({ ...KEY, revokedAt: -5 })).toEqual([]);
    expect(usableSpans({ ...KEY, state: 'revoked' })).toEqual([]);
  });

  test('is what looking at every instant says', () => {
    const dates = fc.record({ notBefore: fc.nat(30), length: fc.nat(9), revokedAt: fc.option(fc.nat(30)) });
    fc.assert(
      fc.property(fc.array(dates, { maxLength: 6 }), (list) => {
        const keys = list.map(({ notBefore, length, revokedAt }) => {
          return { ...KEY, notBefore, notAfter: notBefore + length, revokedAt };
        });
        const covered = coveredSpans(keys);
        const gaps = gapsBetween(covered);
        const isIn = (spans: readonly { from: number; to: number }[], time: number): boolean =>
          spans.some(({ from, to }) => from <= time && time < to);
        const held = Array.from({ length: 45 }, (_, time) => isIn(keys.flatMap(usableSpans), time));
        expect(held.map((_, time) => isIn(covered, time))).toEqual(held);
        const first = held.indexOf(true);
        const last = held.lastIndexOf(true);
        expect(held.map((_, time) => isIn(gaps, time))).toEqual(
          held.map((isHeld, time) => !isHeld && time > first && time < last),
        );
      }),
    );
  });

  test('who has left can read under what was valid before, for as long as it is in use', () => {
    const group: GroupDescription = {
      id: 0xf0_0001,
      name: null,
      members: [
        { id: 9, name: 'Ladder 9', from: null, until: 5 },
        { id: 8, name: 'Chief 1', from: null, until: null },
        { id: 7, name: 'Back again', from: null, until: 2 },
        { id: 7, name: 'Back again', from: 4, until: null },
        { id: 6, name: 'Not yet gone', from: null, until: 9 },
      ],
      keys: [KEY, { ...KEY, pgkId: 2, notBefore: 5, notAfter: 40 }],
    };
    expect(lastingReaders(group, 6)).toEqual([{ name: 'Ladder 9', until: 10 }]);
    expect(lastingReaders(group, 4)).toEqual([]);
    expect(lastingReaders({ ...group, keys: [] }, 6)).toEqual([]);
    expect(lastingReaders({ ...group, keys: [{ ...KEY, revokedAt: 5 }] }, 6)).toEqual([]);
  });
});
