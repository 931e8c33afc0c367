// What the writer sends makes a terminal show the cells, whatever it showed before. The slow twin is a terminal emulator.

import xterm from '@xterm/headless';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellGrid } from '../../../tui/screen/cell-grid.ts';
import { CellWriter } from '../../../tui/screen/cell-writer.ts';
import { glyphText, RIGHT_HALF } from '../../../tui/screen/glyphs.ts';
import { Pane } from '../../../tui/screen/pane.ts';
import { style } from '../../../tui/screen/style.ts';
import { themePalette } from '../../../tui/theme.ts';

const WIDTH = 20;
const HEIGHT = 4;
const TEXTS = ['Engine 71', '消防隊', 'e\u0301t\u0301', '▁▂▃', '', ' ', '█░', 'Ж', 'a\u0300\u0301\u0302b', '…'];
const STYLES = [style('text'), style('forged', 'selected'), style('dim', 'bar')];

interface Stroke {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly style: number;
}

const stroke: fc.Arbitrary<Stroke> = fc.record({
  x: fc.nat(WIDTH - 1),
  y: fc.nat(HEIGHT - 1),
  text: fc.constantFrom(...TEXTS),
  style: fc.constantFrom(...STYLES),
});

function drawn(strokes: readonly Stroke[]): CellGrid {
  const grid = new CellGrid(WIDTH, HEIGHT);
  const pane = new Pane(grid);
  for (const each of strokes) pane.write(each.x, each.y, each.text, each.style);
  return grid;
}

/** Cells of an emulator, one text each; the right half of a wide one is empty. */
function shownBy(terminal: xterm.Terminal): string[] {
  return Array.from({ length: WIDTH * HEIGHT }, (_, at) => {
    const cell = terminal.buffer.active.getLine(Math.floor(at / WIDTH))?.getCell(at % WIDTH);
    return cell === undefined || cell.getWidth() === 0 ? '' : cell.getChars() || ' ';
  });
}

function wanted(grid: CellGrid): string[] {
  return Array.from(grid.glyphs, (glyph) => (glyph === RIGHT_HALF ? '' : glyphText(glyph)));
}

test('any picture behind any other, wide and combining text too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(stroke, { maxLength: 6 }), { minLength: 1, maxLength: 5 }), async (pictures) => {
      const terminal = new xterm.Terminal({ cols: WIDTH, rows: HEIGHT, allowProposedApi: true });
      const writer = new CellWriter(themePalette('dark', 'true'), false);
      for (const strokes of pictures) {
        const grid = drawn(strokes);
        await new Promise<void>((resolve) => {
          terminal.write(writer.update(grid), resolve);
        });
        expect(shownBy(terminal)).toEqual(wanted(grid));
      }
      terminal.dispose();
    }),
    { numRuns: 60 },
  );
});

test('nothing is sent for what is shown already', () => {
  const writer = new CellWriter(themePalette('dark', '256'), false);
  const grid = drawn([{ x: 2, y: 1, text: '消防隊', style: STYLES[1] }]);
  expect(writer.update(grid)).not.toBe('');
  expect(writer.update(grid)).toBe('');
  writer.forget();
  expect(writer.update(grid)).not.toBe('');
});

test('ASCII alone where the terminal knows no more', () => {
  fc.assert(
    fc.property(fc.array(stroke), (strokes) => {
      const sent = new CellWriter(themePalette('dark', 'none'), true).update(drawn(strokes));
      expect([...sent].every((character) => character < '\u0080')).toBe(true);
    }),
  );
});

test('nothing that a terminal obeys comes out of a text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      const sent = new CellWriter(themePalette('dark', 'none'), false).update(
        drawn([{ x: 0, y: 0, text: `${text}\u001b]0;title\u0007\u009b1m\u202e`, style: STYLES[0] }]),
      );
      // Our own sequences: cursor, style, clear.
      const rest = sent
        .split('\u001b[')
        .map((part) => part.replace(/^[0-9;]*[HmJ]/, ''))
        .join('');
      expect(rest).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});
