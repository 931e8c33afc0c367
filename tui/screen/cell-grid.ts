// A screen full of cells: what views draw into, and what a terminal shows. Columns of numbers, so that comparing two
// screens costs nothing worth mentioning.

import { type Glyph, glyphText, RIGHT_HALF, SPACE } from './glyphs.ts';
import { PLAIN, type Style } from './style.ts';

/** Constants we chose. */
/** Columns and rows of the largest screen; of a larger terminal the upper left part is used. */
export const MOST_COLUMNS = 1000;
export const MOST_ROWS = 500;

/** Cells by row and column, the upper left one at 0, 0. */
export class CellGrid {
  readonly width: number;
  readonly height: number;
  readonly glyphs: Uint32Array;
  readonly styles: Uint32Array;

  constructor(width: number, height: number) {
    this.width = Math.max(1, Math.min(width, MOST_COLUMNS));
    this.height = Math.max(1, Math.min(height, MOST_ROWS));
    this.glyphs = new Uint32Array(this.width * this.height).fill(SPACE);
    this.styles = new Uint32Array(this.width * this.height).fill(PLAIN);
  }

  /** Makes every cell blank. */
  clear(packed: Style = PLAIN): void {
    this.glyphs.fill(SPACE);
    this.styles.fill(packed);
  }

  /**
   * Puts a glyph into its cell, or its two cells. A wide glyph of which one half was overwritten becomes a blank; one
   * that would stand half outside is a blank too.
   */
  put(x: number, y: number, glyph: Glyph, cells: 1 | 2, packed: Style): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = y * this.width + x;
    this.#separate(at, x);
    if (cells === 2 && x + 1 >= this.width) {
      this.glyphs[at] = SPACE;
      this.styles[at] = packed;
      return;
    }
    this.glyphs[at] = glyph;
    this.styles[at] = packed;
    if (cells === 1) return;
    this.#separate(at + 1, x + 1);
    this.glyphs[at + 1] = RIGHT_HALF;
    this.styles[at + 1] = packed;
  }

  /** Blanks the other half of a wide glyph that is about to lose one. */
  #separate(at: number, x: number): void {
    if (this.glyphs[at] === RIGHT_HALF && x > 0) this.glyphs[at - 1] = SPACE;
    if (x + 1 < this.width && this.glyphs[at + 1] === RIGHT_HALF) this.glyphs[at + 1] = SPACE;
  }

  /** Text of one row, without blanks at its end. */
  rowText(y: number): string {
    let text = '';
    for (let at = y * this.width; at < (y + 1) * this.width; at++) {
      if (this.glyphs[at] !== RIGHT_HALF) text += glyphText(this.glyphs[at]);
    }
    return text.trimEnd();
  }

  /** All rows, each ended by a line break. */
  text(): string {
    return Array.from({ length: this.height }, (_, y) => `${this.rowText(y)}\n`).join('');
  }
}
