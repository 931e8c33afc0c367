// Edit distance against its definition, and what is offered for a wrong name.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestNames } from '../../../dissectors/filter/nearest.ts';

/** The definition, written as it reads. */
function slowDistance(left: string, right: string): number {
  if (left === '' || right === '') return left.length + right.length;
  const candidates = [
    slowDistance(left.slice(0, -1), right) + 1,
    slowDistance(left, right.slice(0, -1)) + 1,
    slowDistance(left.slice(0, -1), right.slice(0, -1)) + (left.at(-1) === right.at(-1) ? 0 : 1),
  ];
  if (left.length > 1 && right.length > 1 && left.at(-1) === right.at(-2) && left.at(-2) === right.at(-1)) {
    candidates.push(slowDistance(left.slice(0, -2), right.slice(0, -2)) + 1);
  }
  return Math.min(...candidates);
}

describe('nearest names', () => {
  test('the distance is the one of the definition', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(editDistance(left, right)).toBe(slowDistance(left, right));
      }),
    );
  });

  test.each([
    ['slrb.verdcit', ['slrb.verdict']],
    ['SLRB.verdict', ['slrb.verdict']],
    ['src-l2-id', ['mac-lte.slsch.src-l2-id']],
    ['zzzzzzzz', []],
    ['', []],
    ['x', []],
  ])('%s', (wrong, offered) => {
    expect(nearestNames(wrong, ['slrb.verdict', 'mac-lte.slsch.src-l2-id', 'ip.src', 'udp'])).toEqual(offered);
  });

  test('three at most, the nearest first, without work that grows with the wrong name', () => {
    expect(nearestNames('ip.scr', ['ip.src', 'ip.sxr', 'ip.sar', 'ip.ecr', 'ip.src'])).toHaveLength(3);
    expect(nearestNames('ip.scr', ['ip.dst', 'ip.src'])[0]).toBe('ip.src');
    expect(nearestNames('a'.repeat(100_000), ['a'.repeat(64)])).toEqual(['a'.repeat(64)]);
  });
});
