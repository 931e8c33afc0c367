// Patterns: the same answers as the runtime's engine where both understand the pattern, and bounded time where that
// engine has none.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FilterError } from '../../../dissectors/filter/filter-error.ts';
import { compilePattern, MATCHED_CHARACTERS, PATTERN_CHARACTERS } from '../../../dissectors/filter/pattern.ts';

const atom = fc.constantFrom(
  'a',
  'b',
  'A',
  '.',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\D',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[\\d_]',
  '\\.',
  '\\x61',
  '1',
  ' ',
);
const PATTERN = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.array(tie('node'), { maxLength: 3 }).map((parts) => parts.join('')),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((parts) => `(${parts.join('|')})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,}', '*?', '+?'))
      .map(([part, count]) => `(?:${part})${count}`),
    fc.constantFrom('^', '$', '\\b', '\\B'),
  ),
})).node;
const TEXT = fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'c', '1', ' ', '.', '\n', '_'), maxLength: 10 });

describe('patterns', () => {
  test('match what the runtime engine matches', () => {
    let matched = 0;
    let tried = 0;
    fc.assert(
      fc.property(PATTERN, fc.array(TEXT, { minLength: 1, maxLength: 8 }), (pattern, texts) => {
        fc.pre(pattern.length <= PATTERN_CHARACTERS);
        const ours = compilePattern(pattern, 1);
        for (const text of texts) {
          const expected = new RegExp(pattern, 'i').test(text);
          expect(ours.test(text), `${pattern} on ${JSON.stringify(text)}`).toBe(expected);
          tried++;
          if (expected) matched++;
        }
      }),
      { numRuns: 1500 },
    );
    expect(matched).toBeGreaterThan(tried / 20);
    expect(matched).toBeLessThan(tried);
  });

  test.each(['(a+)+$', '^(a|a)*$', '(a*)*b', '(.*)*x', '(a?){60}a{60}'])('%s takes bounded time', (pattern) => {
    const before = performance.now();
    expect(compilePattern(pattern, 1).test(`${'a'.repeat(MATCHED_CHARACTERS - 1)}!`)).toBe(pattern.startsWith('(a?)'));
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('looks at the first 4 KiB of a text', () => {
    const pattern = compilePattern('x', 1);
    expect(pattern.test(`${' '.repeat(MATCHED_CHARACTERS - 1)}x`)).toBe(true);
    expect(pattern.test(`${' '.repeat(MATCHED_CHARACTERS)}x`)).toBe(false);
  });

  test.each([
    ['(a', /not closed/],
    ['a)', /no opening one/],
    ['*a', /nothing to repeat/],
    ['a**', /nothing to repeat/],
    ['a{3}{3}', /nothing to repeat/],
    ['^*', /nothing to repeat/],
    ['[a', /not closed/],
    ['[b-a]', /no order/],
    ['[\\d-z]', /no order/],
    ['a{3,2}', /wrong way round/],
    ['\\1', /back references/],
    ['(?=a)', /lookaround/],
    ['(?<name>a)', /lookaround/],
    ['\\p', /not understood/],
    ['a\\', /ends the pattern/],
    ['(a{99}){99}', /steps/],
    ['a'.repeat(PATTERN_CHARACTERS + 1), /are allowed/],
    ['('.repeat(40) + ')'.repeat(40), /groups/],
  ])('refuses %s', (pattern, message) => {
    try {
      compilePattern(pattern, 7);
    } catch (error) {
      expect(error).toBeInstanceOf(FilterError);
      expect(error).toMatchObject({ code: 'filter.pattern', column: 7, message: expect.stringMatching(message) });
      return;
    }
    throw new Error(`${pattern} was accepted`);
  });

  test('a brace that is no count, and (?i) in front, mean what they look like', () => {
    expect(compilePattern('a{', 1).test('a{')).toBe(true);
    expect(compilePattern('(?i)abc', 1).test('xABC')).toBe(true);
    expect(compilePattern('', 1).test('')).toBe(true);
  });
});
