// Text broken into lines: nothing is lost, nothing is too wide.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { glyphsOf, glyphWidth } from '../../tui/screen/glyphs.ts';
import { wrapped } from '../../tui/widgets/wrapped-text.ts';

const cells = (text: string): number => glyphsOf(text).reduce((sum, glyph) => sum + glyphWidth(glyph), 0);

test('words stay whole where they fit, also wide ones', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
  expect(wrapped('消防 隊員', 5)).toEqual(['消防', '隊員']);
  expect(wrapped('', 5)).toEqual(['']);
});

test('no line is wider than it may be, and the words come out in order', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 })), fc.integer({ min: 2, max: 30 }), (words, room) => {
      const text = words.map((word) => word.replace(/\s/g, '')).join(' ');
      const lines = wrapped(text, room);
      for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(room);
      expect(lines.join('').replace(/ /g, '')).toBe(text.replace(/ /g, ''));
    }),
  );
});
