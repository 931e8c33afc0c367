// The budget of extra trials: by source, and of all sources together, in each second of capture time.

import { expect, test } from 'vitest';
import { TRIALS_OF_ALL, TRIALS_PER_SECOND, TrialBudget } from '../../../daemon/engine/trial-budget.ts';

const NOON = Date.UTC(2026, 4, 1, 12);

/** Tries that are granted of so many asked for. */
function granted(budget: TrialBudget, asked: number, source: (n: number) => number, time: number): number {
  let count = 0;
  for (let n = 0; n < asked; n++) if (budget.take(source(n), time)) count++;
  return count;
}

test('one source has its own budget, new in each second', () => {
  const budget = new TrialBudget();
  const one = () => 0x070001;
  expect(granted(budget, 1000, one, NOON)).toBe(TRIALS_PER_SECOND);
  expect(granted(budget, 1000, one, NOON + 999)).toBe(0);
  expect(granted(budget, 1000, () => 0x070002, NOON + 999)).toBe(TRIALS_PER_SECOND);
  expect(granted(budget, 1000, one, NOON + 1000)).toBe(TRIALS_PER_SECOND);
});

test('a new source for every message does not bring a new budget', () => {
  const budget = new TrialBudget();
  expect(granted(budget, 100_000, (n) => n, NOON)).toBe(TRIALS_OF_ALL);
  expect(granted(budget, 10, () => 0xffffff, NOON + 500)).toBe(0);
  expect(granted(budget, 100_000, (n) => n, NOON + 1000)).toBe(TRIALS_OF_ALL);
});

test('clocks that take turns do not refill a second', () => {
  const budget = new TrialBudget();
  let count = 0;
  for (let n = 0; n < 100_000; n++) if (budget.take(n, NOON + (n % 2) * 5000)) count++;
  expect(count).toBe(2 * TRIALS_OF_ALL);
});
