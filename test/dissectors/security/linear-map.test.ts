// Sums that circuits are made of.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planSums, solve, sums, TRUTH_TABLES, truthTable } from '../../../dissectors/security/wasm/linear-map.ts';

const tables = fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 1, maxLength: 20 });
const row = fc.uniqueArray(fc.nat({ max: 19 }), { minLength: 1 });
const sumOf = (functions: readonly bigint[], members: readonly number[]): bigint =>
  members.reduce((sum, i) => sum ^ functions[i], 0n);

test('planned sums are the sums that were asked for', () => {
  fc.assert(
    fc.property(tables, fc.array(row, { minLength: 1, maxLength: 32 }), (inputs, wanted) => {
      const rows = wanted.map((members) => [...new Set(members.map((i) => i % inputs.length))]);
      const plan = planSums(inputs.length, rows);
      expect(sums(TRUTH_TABLES, inputs, plan)).toEqual(rows.map((members) => sumOf(inputs, members)));
      expect(plan.pairs.length).toBeLessThanOrEqual(rows.reduce((gates, members) => gates + members.length - 1, 0));
    }),
  );
});

test('what is a sum of functions is found, and what is none refused', () => {
  fc.assert(
    fc.property(tables, row, (functions, wanted) => {
      const members = [...new Set(wanted.map((i) => i % functions.length))];
      const table = sumOf(functions, members);
      const [found] = solve(functions, [table]);
      expect(sumOf(functions, found)).toBe(table);
      expect(() => solve(functions, [1n << 64n])).toThrow('no sum');
    }),
  );
});

test('a truth table has a bit for each input', () => {
  expect(truthTable(3, (x) => x >>> 1)).toBe(0b1100_1100n);
});
