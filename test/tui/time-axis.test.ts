// The axis of time: cells, zoom, and marks that stay few and readable whatever a capture claims.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantText, TimeAxis } from '../../tui/widgets/time-axis.ts';

const DAY = 86_400_000;
const MAY_1 = Date.parse('2026-05-01T00:00:00Z');

test('marks at round times', () => {
  const texts = (length: number): string[] =>
    new TimeAxis({ from: MAY_1, to: MAY_1 + length }, 60).marks().map(({ text }) => text);
  expect(texts(4000)).toEqual(['May 1', '00:00:01', '00:00:02', '00:00:03']);
  expect(texts(DAY)).toEqual(['May 1', '06:00', '12:00', '18:00']);
  expect(texts(5 * DAY)).toEqual(['May 1', 'May 2', 'May 3', 'May 4', 'May 5']);
  expect(texts(365 * DAY)).toContain('Jun 2026');
});

test('an instant has its year where that is another one', () => {
  expect(instantText(MAY_1, MAY_1)).toBe('May 1 00:00');
  expect(instantText(MAY_1, Number.NaN)).toBe('May 1 2026 00:00');
  expect(instantText(1.8e19, MAY_1)).toBe('Sep 13 275760 00:00');
});

test('marks are few and apart, cells hold their spans, for any times', () => {
  const time = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: MAY_1, max: MAY_1 + DAY }));
  fc.assert(
    fc.property(time, time, fc.integer({ min: 1, max: 300 }), (a, b, cells) => {
      const axis = new TimeAxis({ from: Math.min(a, b), to: Math.max(a, b) }, cells);
      expect(axis.to).toBeGreaterThan(axis.from);
      const marks = axis.marks();
      expect(marks.length).toBeLessThanOrEqual(cells / 10 + 1);
      for (const [index, { cell, text }] of marks.entries()) {
        expect(text).toMatch(/^[-\w: ]{1,12}$/);
        expect(text).not.toMatch(/undefined|NaN/);
        if (index > 0) expect(cell - marks[index - 1].cell).toBeGreaterThanOrEqual(9);
      }
    }),
  );
});

test('what is zoomed around stays where it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 59 }), fc.constantFrom(0.5, 2), (cell, factor) => {
      const axis = new TimeAxis({ from: MAY_1, to: MAY_1 + 60 * DAY }, 60);
      const around = MAY_1 + (cell + 0.5) * DAY;
      expect(new TimeAxis(axis.zoomed(factor, around), 60).cellOf(around)).toBe(cell);
    }),
  );
});
