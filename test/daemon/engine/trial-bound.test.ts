// Whoever sends without a key must not buy endless trials: years of keys whose PGK ids came round again are tried within
// the source's budget, and the summary says for how many messages it ran out.

import { expect, test } from 'vitest';
import { Analysis } from '../../../daemon/analysis.ts';
import type { Attempt } from '../../../daemon/engine/judge.ts';
import { TRIALS_OF_ALL } from '../../../daemon/engine/trial-budget.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { analyse } from '../../../testing/analyse.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { baseScenario } from '../../testing/base-scenario.ts';
import { keyring, noise, pgk, Scene } from '../findings/scene.ts';

const WEEK_MS = 7 * 86_400_000;

function pastKeys(count: number): object[] {
  const first = Date.parse('2010-01-01T00:00:00Z');
  return Array.from({ length: count }, (_, week) => ({
    id: 39,
    key: week.toString(16).padStart(4, '0').repeat(16),
    notBefore: new Date(first + week * WEEK_MS).toISOString(),
    notAfter: new Date(first + (week + 1) * WEEK_MS).toISOString(),
  }));
}

test.each([
  [0, false],
  [400, true],
])('with %i past keys of the same id', async (count, limited) => {
  const steps = [{ do: 'inject', at: 1, radio: 'Engine 71', count: 5, every: 20, pgk: 39 }];
  const { capture, keyring: held } = synthesise(baseScenario(steps));
  const ring = structuredClone(held) as { groups: { keys: object[] }[] };
  ring.groups[0].keys.push(...pastKeys(count));
  const { summary } = await analyse(capture, { keyring: ring as unknown as Readonly<Record<string, unknown>> });
  expect(summary.verdicts['no-key']).toBe(5);
  expect((summary.trialLimited ?? 0) > 0).toBe(limited);
});

test('a flood of made-up sources against the keys of many groups is bounded in all', () => {
  const groups = Array.from({ length: 100 }, (_, group) => ({
    id: `d${(0x100 + group).toString(16)}01`,
    algorithm: '128-EEA2',
    keys: [pgk(39, {}, 1000 + group)],
  }));
  const flood = new Scene();
  for (let source = 0; source < 500; source++) {
    flood.say({ at: 0.1 + source / 1000, sn: 1, source: 0x100000 + source, air: noise(source, 60) });
  }
  const attempts: Attempt[] = [];
  let limited = 0;
  const held = parseKeyring(JSON.stringify(keyring({}, groups)), 'flood.json');
  const analysis = new Analysis(
    { keyring: held },
    {
      message: (event) => {
        if (event.trial === 'limited') limited++;
      },
    },
  );
  analysis.engine.traceInto(attempts);
  for (const batch of flood.batches()) analysis.push(batch);
  const summary = analysis.finish(null);
  analysis.engine.close();
  expect(summary.verdicts['no-key']).toBe(500);
  expect([limited, summary.trialLimited]).toEqual([500, 500]);
  // The key of the group itself is free. Each source alone may have 64 more in that second, which is 32,000.
  expect(attempts).toHaveLength(500 + TRIALS_OF_ALL);
});
