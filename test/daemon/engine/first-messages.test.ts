// First messages of contexts, whose keys are derived and whose octets are deciphered ahead. The slow twin is the same engine
// to which none is offered: whatever the traffic, both give every column the same.

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import { FirstMessages } from '../../../daemon/engine/first-messages.ts';
import { LoneMessages } from '../../../daemon/engine/lone-messages.ts';
import { VerdictCode } from '../../../daemon/engine/message-table.ts';
import { RoundKernel } from '../../../daemon/engine/round-kernel.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { aesKernelFor } from '../../../dissectors/security/aes-eea2.ts';
import { CipherRuns } from '../../../dissectors/security/cipher-runs.ts';
import { WordStreamCipher } from '../../../dissectors/security/word-stream-cipher.ts';
import { wordStreamOf } from '../../../dissectors/security/word-streams.ts';
import { keyring, noise, pgk, Scene } from '../findings/scene.ts';
import { buildKernelsAtOnce, judged } from './judged-columns.ts';

const KEYS = [
  pgk(39, { notAfter: '2026-05-02T11:00:00Z' }),
  pgk(40, { notBefore: '2026-05-02T10:00:00Z', notAfter: '2026-05-02T13:00:00Z' }),
  pgk(41, { algorithm: '128-EEA1' }),
  pgk(42, { algorithm: '128-EEA3' }),
  // The same index as 39.
  pgk(71),
];
const SHARING = { id: 'f00002', algorithm: '128-EEA2', multicast: ['239.255.0.2'], keys: [pgk(39, {}, 1039), pgk(50)] };
const OLDER = { id: 'a00001', algorithm: '128-EEA2', derivation: 'ts33303-no-group', keys: [pgk(39), pgk(41)] };
const DIRECT = { id: 'b00001', algorithm: '128-EEA2', derivation: 'direct', keys: [pgk(39), pgk(40)] };
const KEYRINGS: readonly object[] = [
  keyring({ keys: KEYS }, [SHARING]),
  keyring({ keys: KEYS.slice(0, 4) }, [OLDER, DIRECT]),
  keyring({ keys: [KEYS[0]] }),
];

const said = fc.record({
  source: fc.integer({ min: 1, max: 30 }),
  ptkId: fc.integer({ min: 1, max: 3 }),
  pgk: fc.constantFrom(39, 39, 40, 41, 42, 50, 71, 99),
  group: fc.constantFrom(0xf00001, 0xf00001, 0xf00002, 0xa00001, 0xb00001),
  version: fc.constantFrom(1 as const, 3 as const),
  sduType: fc.constantFrom(0, 0, 0, 0, 1, 2, 5),
  kind: fc.constantFrom('usual', 'usual', 'usual', 'noise', 'short', 'long', 'flipped', 'plain', 'algorithm'),
});

afterEach(() => {
  vi.restoreAllMocks();
});

function algorithmOf(pgk: number): '128-EEA1' | '128-EEA2' | '128-EEA3' {
  if (pgk === 41) return '128-EEA1';
  return pgk === 42 ? '128-EEA3' : '128-EEA2';
}

/** A round of its own for every so many frames. */
function batchesOf(messages: readonly (typeof said extends fc.Arbitrary<infer Value> ? Value : never)[]): FrameBatch[] {
  const scene = new Scene();
  for (const [i, { kind, ...message }] of messages.entries()) {
    const another = {
      usual: {},
      noise: { air: noise(i, 90) },
      short: { air: noise(i, 20) },
      long: { sdu: noise(i, 400) },
      flipped: { flip: [[i % 60, 1 << (i & 7)]] as const },
      plain: { plain: true },
      algorithm: { algorithm: '128-EEA3' as const },
    }[kind];
    scene.say({ at: 0.1 + i / 50, sn: 1 + i, algorithm: algorithmOf(message.pgk), ...message, ...another });
  }
  return scene.batches(60);
}

test('offered or not, any traffic comes to the same', () => {
  buildKernelsAtOnce();
  for (const algorithm of [1, 3]) wordStreamOf(algorithm)?.kernel(1 << 24);
  const offered = vi.spyOn(FirstMessages.prototype, 'offer');
  const opened = vi.spyOn(FirstMessages.prototype, 'opens');
  const lone = vi.spyOn(LoneMessages.prototype, 'add');
  let taken = 0;
  let used = 0;
  let ahead = 0;
  const verdicts = new Map<unknown, number>();
  fc.assert(
    fc.property(
      fc.constantFrom(...KEYRINGS),
      fc.array(said, { minLength: 70, maxLength: 200 }),
      fc.nat({ max: 200 }),
      (keys, messages, forgetAt) => {
        const batches = batchesOf(messages);
        const fast = judged(batches, keys, forgetAt);
        taken += offered.mock.results.filter(({ value }) => value === true).length;
        used += opened.mock.results.filter(({ value }) => value === true).length;
        ahead += lone.mock.calls.length;
        for (const spy of [offered, opened, lone]) spy.mockClear();
        offered.mockReturnValue(false);
        const slow = judged(batches, keys, forgetAt);
        offered.mockReset();
        for (const spy of [offered, opened, lone]) spy.mockClear();
        expect(fast).toEqual(slow);
        for (const columns of fast.slice(0, -1)) {
          const [verdict] = columns as readonly unknown[];
          verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(taken).toBeGreaterThan(100);
  expect(used).toBeGreaterThan(taken / 2);
  expect(ahead).toBeGreaterThan(taken / 2);
  for (const code of [VerdictCode.decrypted, VerdictCode.noKey, VerdictCode.forged, VerdictCode.unverifiable]) {
    expect(verdicts.get(code)).toBeGreaterThan(0);
  }
}, 120_000);

test('nothing is ready once keys were forgotten, nor for another table', () => {
  const held = parseKeyring(JSON.stringify(KEYRINGS[0]), 'first.json');
  const firsts = new FirstMessages(new KeyIndex(held));
  let row = -1;
  const engine = new Engine(null, {
    message(table, at) {
      row = at;
      firsts.begin(table);
      firsts.offer(table, at, new LoneMessages(new RoundKernel()));
      firsts.finish(table, null, () => undefined);
      const epoch = held.epochs[1];
      const entry = firsts.entryOf(table, at, epoch, 0xf00001, 2);
      expect(entry).toBe(0);
      expect(firsts.words.subarray(0, 4).some((word) => word !== 0)).toBe(true);
      // Another key, group id or algorithm; another table.
      expect(firsts.entryOf(table, at, held.epochs[0], 0xf00001, 2)).toBe(-1);
      expect(firsts.entryOf(table, at, epoch, 0xf00002, 2)).toBe(-1);
      expect(firsts.entryOf(table, at, epoch, 0xf00001, 1)).toBe(-1);
      expect(firsts.entryOf(Object.create(table), at, epoch, 0xf00001, 2)).toBe(-1);
      firsts.bind(entry, 5, 1);
      // It was not deciphered.
      expect(firsts.opens(table, at, 5, 1)).toBe(false);
      firsts.forget();
      expect(firsts.entryOf(table, at, epoch, 0xf00001, 2)).toBe(-1);
      expect(firsts.words.every((word) => word === 0)).toBe(true);
    },
  });
  const scene = new Scene();
  scene.say({ at: 1, sn: 1, pgk: 40, version: 3 });
  for (const batch of scene.batches()) engine.push(batch);
  expect(row).toBe(0);
});

test('where contexts are many, the second round has them ahead', () => {
  aesKernelFor(100_000);
  const add = vi.spyOn(LoneMessages.prototype, 'add');
  const scene = new Scene();
  for (let source = 1; source <= 2300; source++) scene.say({ at: source / 1000, source, sn: 1, pgk: 40 });
  const held = parseKeyring(JSON.stringify(KEYRINGS[0]), 'first.json');
  const ahead: number[] = [];
  const engine = new Engine({ index: new KeyIndex(held) }, { message: () => undefined });
  for (const batch of scene.batches(1150)) {
    engine.push(batch);
    ahead.push(add.mock.calls.length);
  }
  engine.close();
  expect(ahead).toEqual([0, 1150]);
});

test.each([41, 42])('and so it is under PGK %i, whose algorithm is SNOW 3G or ZUC', (pgk) => {
  aesKernelFor(100_000);
  for (const algorithm of [1, 3]) wordStreamOf(algorithm)?.kernel(1 << 24);
  const add = vi.spyOn(CipherRuns.prototype, 'add');
  const alone = vi.spyOn(WordStreamCipher.prototype, 'apply');
  const scene = new Scene();
  for (let source = 1; source <= 2300; source++)
    scene.say({ at: source / 1000, source, sn: 1, pgk, algorithm: algorithmOf(pgk) });
  const held = parseKeyring(JSON.stringify(KEYRINGS[0]), 'first.json');
  const ahead: number[] = [];
  const opened: number[] = [];
  const engine = new Engine(
    { index: new KeyIndex(held) },
    { message: (table, row) => opened.push(table.verdict[row]) },
  );
  for (const batch of scene.batches(1150)) {
    alone.mockClear();
    engine.push(batch);
    ahead.push(add.mock.calls.length, alone.mock.calls.length > 100 ? 1 : 0);
  }
  engine.close();
  expect(ahead).toEqual([0, 1, 1150, 0]);
  expect(opened).toEqual(Array.from({ length: 2300 }, () => VerdictCode.decrypted));
});
