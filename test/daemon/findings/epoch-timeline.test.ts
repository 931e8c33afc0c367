// Epochs over time: who moved, where keys overlap or fail, what a removed member can still read.

import { describe, expect, test } from 'vitest';
import { epochsText } from '../../../cli/epochs-text.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import { EpochTimeline, type GroupTimeline } from '../../../daemon/findings/epoch-timeline.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyOctets, keyring, pgk, Scene } from './scene.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 2, 12);
const KEYS = [
  pgk(39, { notAfter: '2026-05-02T11:00:00Z' }),
  pgk(41, { notBefore: '2026-05-02T10:30:00Z', notAfter: '2026-05-02T12:00:00Z' }),
  pgk(42, { notBefore: '2026-05-02T13:00:00Z', notAfter: '2026-05-02T14:00:00Z' }),
];

function timelines(scene: Scene, ring: object): GroupTimeline[] {
  const held = parseKeyring(JSON.stringify(ring), 'epochs.json');
  const timeline = new EpochTimeline(held);
  const analysis = new Analysis({ keyring: held }, { row: (table, row) => timeline.note(table, row) });
  for (const batch of scene.batches()) analysis.push(batch);
  analysis.finish(null);
  return timeline.groups(NOON);
}

describe('epochs over time', () => {
  const scene = new Scene().talk({ at: 0, sn: 1 }, 3).talk({ at: 1, sn: 1, source: 0x0a0b0d }, 3);
  scene.talk({ at: 2000, sn: 1, ptkId: 2, pgk: 41 }, 3).talk({ at: 2100, sn: 4, source: 0x0a0b0d }, 2);
  const members = [
    { id: '0a0b0c', name: 'Engine 71' },
    { id: '0a0b0d' },
    { id: '0a0b0e', until: '2026-05-02T10:45:00Z' },
  ];
  const [group] = timelines(scene, keyring({ keys: KEYS, members }));

  test('who moved to the new key and who did not', () => {
    const [, second] = group.epochs;
    expect(second.moved).toEqual([{ source: '0a0b0c', name: 'Engine 71' }]);
    expect(second.stayed.map(({ source }) => source)).toEqual(['0a0b0d']);
    expect(group.epochs.map(({ messages }) => messages)).toEqual([8, 3, 0]);
    expect(group.epochs.map(({ state }) => state)).toEqual(['expired', 'expired', 'staged']);
    expect(group.epochs[2].used).toBeNull();
  });

  test('overlaps, gaps and the last end', () => {
    expect(group.overlaps).toEqual([{ earlier: 39, later: 41, from: NOON - 1.5 * HOUR, to: NOON - HOUR }]);
    expect(group.gaps).toEqual([{ from: NOON, to: NOON + HOUR }]);
    expect(group.lastEnd).toBe(NOON + 2 * HOUR);
  });

  test('how long a removed member can read', () => {
    expect(group.removed).toEqual([
      {
        source: '0a0b0e',
        name: '0a0b0e',
        left: NOON - 1.25 * HOUR,
        readsUntil: NOON,
        mayReadUntil: NOON + 2 * HOUR,
        laterPgkIds: [42],
        usedLater: false,
      },
    ]);
  });

  test('drawn as text', () => {
    const text = epochsText([group]);
    expect(text).toContain('not moved to it: 0a0b0d');
    expect(text).toContain('no key is good for 1 h from 2026-05-02T12:00Z');
    expect(text).toContain('the last key that is held ends 2026-05-02T14:00Z');
    expect(text).toContain('can read for another 1 h 15 min; 3 h 15 min if it was given PGK 42 before');
    expect(text).toMatch(/PGK 41 +expired +3 +\.+=*#=*\.+ /);
    expect(text).not.toContain(keyOctets(39).slice(0, 8));
  });
});

test('revocation ends a key and suspension interrupts it', () => {
  const keys = [
    pgk(39, {
      notBefore: '2026-05-02T10:00:00Z',
      notAfter: '2026-05-02T14:00:00Z',
      revokedAt: '2026-05-02T13:00:00Z',
      suspendedAt: '2026-05-02T11:00:00Z',
      resumedAt: '2026-05-02T12:00:00Z',
    }),
  ];
  const [group] = timelines(new Scene().say({ at: 0, sn: 1 }), keyring({ keys }));
  expect(group.epochs[0].good).toEqual([
    { from: NOON - 2 * HOUR, to: NOON - HOUR },
    { from: NOON, to: NOON + HOUR },
  ]);
  expect(group.gaps).toEqual([{ from: NOON - HOUR, to: NOON }]);
  expect(group.lastEnd).toBe(NOON + HOUR);
});

test('a key that was revoked before it began ends nothing, and nobody can read under it', () => {
  const withdrawn = { notBefore: '2026-05-02T13:00:00Z', notAfter: '2026-05-02T14:00:00Z' };
  const keys = [KEYS[0], pgk(42, { ...withdrawn, revokedAt: '2026-05-02T10:00:00Z' })];
  const members = [{ id: '0a0b0c' }, { id: '0a0b0e', until: '2026-05-02T10:45:00Z' }];
  const scene = new Scene().talk({ at: 0, sn: 1 }, 3);
  const [group] = timelines(scene, keyring({ keys, members }));
  expect(group.lastEnd).toBe(NOON - HOUR);
  const until = { readsUntil: NOON - HOUR, mayReadUntil: NOON - HOUR };
  expect(group.removed).toMatchObject([{ ...until, laterPgkIds: [] }]);
  expect(timelines(scene, keyring({ keys: [keys[1]] }))[0].lastEnd).toBeNull();
});

test('without keys there is nothing to draw', () => {
  expect(epochsText([])).toBe('no keys are held\n');
});
