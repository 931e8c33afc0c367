// How many connections may begin: for one address, for all strangers, for those who authenticated before.

import { describe, expect, test } from 'vitest';
import { ConnectionBudget } from '../../../daemon/relay/connection-budget.ts';

/** How many of so many attempts at one moment are admitted. */
function admitted(budget: ConnectionBudget, address: string | ((attempt: number) => string), now: number): number {
  let count = 0;
  for (let attempt = 0; attempt < 1000; attempt++) {
    const from = typeof address === 'string' ? address : address(attempt);
    if (budget.admits(from, now)) count++;
  }
  return count;
}

describe('connection budget', () => {
  test('an address has 32 at once and 10 a second, and does not use up what others have', () => {
    const budget = new ConnectionBudget(0);
    expect(admitted(budget, '192.0.2.1', 0)).toBe(32);
    expect(admitted(budget, '192.0.2.1', 1000)).toBe(10);
    expect(admitted(budget, '192.0.2.1', 1_000_000)).toBe(32);
    expect(admitted(budget, '192.0.2.2', 1_000_000)).toBe(32);
  });

  test('strangers have 64 at once and 50 a second together; who authenticated before comes all the same', () => {
    const budget = new ConnectionBudget(0);
    expect(budget.admits('192.0.2.1', 0)).toBe(true);
    budget.authenticated('192.0.2.1');
    const stranger = (attempt: number): string => `198.51.100.${attempt % 250}`;
    expect(admitted(budget, stranger, 0)).toBe(63);
    expect(admitted(budget, stranger, 1000)).toBe(50);
    expect(budget.admits('203.0.113.1', 1000)).toBe(false);
    expect(admitted(budget, '192.0.2.1', 1000)).toBe(32);
  });

  test('4,096 addresses are remembered: a flood of others costs memory of a fixed size', () => {
    const budget = new ConnectionBudget(0);
    budget.authenticated('192.0.2.1');
    expect(admitted(budget, '192.0.2.1', 0)).toBe(32);
    for (let other = 0; other < 4095; other++) budget.admits(`2001:db8::${other.toString(16)}`, 0);
    expect(budget.admits('192.0.2.1', 0)).toBe(false);
    for (let other = 0; other < 4096; other++) budget.admits(`2001:db8::${other.toString(16)}`, 0);
    expect(budget.admits('192.0.2.1', 0)).toBe(true);
  });
});
