// Messages of keys that have few of them in a round go through the kernel for those (lone-messages.ts). The slow twin is the
// same engine whose kernel takes none: both decipher and judge the same.

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { LoneMessages } from '../../../daemon/engine/lone-messages.ts';
import { addressOf, datagram, keyring, pgk, Scene } from '../findings/scene.ts';
import { buildKernelsAtOnce, judged } from './judged-columns.ts';

const KEYS = keyring({ keys: [pgk(39), pgk(40), pgk(41, { algorithm: '128-EEA1' })] });

afterEach(() => {
  vi.restoreAllMocks();
});

test('few messages of a key in a round or many, long ones or short ones, come to the same', () => {
  buildKernelsAtOnce();
  const add = vi.spyOn(LoneMessages.prototype, 'add');
  const takes = vi.spyOn(LoneMessages.prototype, 'takes');
  let lone = 0;
  let together = 0;
  let messages = 0;
  const said = fc.record({
    source: fc.constantFrom(1, 1, 1, 1, 2, 2, 3, 4, 5, 6),
    pgk: fc.constantFrom(39, 39, 40, 41),
    octets: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 200, max: 400 })),
  });
  fc.assert(
    fc.property(fc.array(said, { minLength: 80, maxLength: 200 }), fc.integer({ min: 20, max: 90 }), (all, inRound) => {
      const scene = new Scene();
      for (const [i, { source, pgk: id, octets }] of all.entries()) {
        const sdu = datagram(i, addressOf(source), undefined, octets);
        scene.say({ at: 0.1 + i / 50, sn: 1 + i, source, pgk: id, sdu });
      }
      const batches = scene.batches(inRound);
      add.mockClear();
      const fast = judged(batches, KEYS);
      lone += add.mock.calls.length;
      // Those that share a key with the one before them.
      together += add.mock.calls.filter(([, , , at], i) => i > 0 && add.mock.calls[i - 1][3] === at).length;
      messages += all.length;
      takes.mockReturnValue(false);
      add.mockClear();
      const slow = judged(batches, KEYS);
      expect(add).not.toHaveBeenCalled();
      takes.mockReset();
      expect(fast).toEqual(slow);
    }),
    { numRuns: 60 },
  );
  expect(lone).toBeGreaterThan(messages / 10);
  expect(together).toBeGreaterThan(messages / 50);
  expect(lone).toBeLessThan(messages * 0.9);
}, 120_000);
