// Whoever sends without a key must not buy endless trials: years of keys whose PGK ids came round again are tried within
// the source's budget, and the summary says for how many messages it ran out.

import { expect, test } from 'vitest';
import { analyse } from '../../../testing/analyse.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { baseScenario } from '../../testing/base-scenario.ts';

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
  const { capture, keyring } = synthesise(baseScenario(steps));
  const ring = structuredClone(keyring) as { groups: { keys: object[] }[] };
  ring.groups[0].keys.push(...pastKeys(count));
  const { summary } = await analyse(capture, { keyring: ring as unknown as Readonly<Record<string, unknown>> });
  expect(summary.verdicts['no-key']).toBe(5);
  expect((summary.trialLimited ?? 0) > 0).toBe(limited);
});
