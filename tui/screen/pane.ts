// A rectangle of the screen that somebody may draw in: its own coordinates, and nothing outside of it changes.

import type { CellGrid } from './cell-grid.ts';
import { type Glyph, glyphsOf, glyphWidth, SPACE } from './glyphs.ts';
import { type Ground, onGround, PLAIN, type Style } from './style.ts';

/** Shows that a text goes on. */
const CUT: Glyph = 0x2026;

/** One piece of a line. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** See the head of the file. Texts must have been made printable (dissectors/printable.ts). */
export class Pane {
  readonly width: number;
  readonly height: number;
  readonly #grid: CellGrid;
  readonly #left: number;
  readonly #top: number;

  constructor(grid: CellGrid, left = 0, top = 0, width = grid.width, height = grid.height) {
    this.#grid = grid;
    this.#left = left;
    this.#top = top;
    this.width = Math.max(0, Math.min(width, grid.width - left));
    this.height = Math.max(0, Math.min(height, grid.height - top));
  }

  /** A rectangle inside this one; what would reach beyond is cut off. */
  part(x: number, y: number, width: number, height: number): Pane {
    const left = Math.max(0, Math.min(x, this.width));
    const top = Math.max(0, Math.min(y, this.height));
    return new Pane(
      this.#grid,
      this.#left + left,
      this.#top + top,
      Math.max(0, Math.min(width, this.width - left)),
      Math.max(0, Math.min(height, this.height - top)),
    );
  }

  /** Fills all of it. */
  fill(packed: Style = PLAIN, character = ' '): void {
    for (let y = 0; y < this.height; y++) this.fillRow(y, packed, character);
  }

  /** Fills one row. */
  fillRow(y: number, packed: Style, character = ' '): void {
    const glyph = character.codePointAt(0) ?? SPACE;
    if (y < 0 || y >= this.height) return;
    for (let x = 0; x < this.width; x++) this.#grid.put(this.#left + x, this.#top + y, glyph, 1, packed);
  }

  /**
   * Writes a text from a cell on; what does not fit into `cells` ends in `…`.
   *
   * @param cells room for it; default: up to the right edge
   * @returns the cell behind it
   */
  write(x: number, y: number, text: string, packed: Style = PLAIN, cells: number = this.width - x): number {
    if (y < 0 || y >= this.height || x >= this.width) return x;
    const room = Math.min(cells, this.width - x);
    let at = x;
    const glyphs = glyphsOf(text);
    for (let index = 0; index < glyphs.length; index++) {
      const width = glyphWidth(glyphs[index]);
      const end = at + width;
      const isLast = index === glyphs.length - 1;
      if (end > x + room || (end === x + room && !isLast)) {
        if (room > 0 && at < x + room) this.#put(at, y, CUT, 1, packed);
        return x + room;
      }
      this.#put(at, y, glyphs[index], width, packed);
      at = end;
    }
    return at;
  }

  /** Writes pieces one behind the other. @returns the cell behind the last */
  writeSpans(x: number, y: number, spans: readonly Span[], cells: number = this.width - x): number {
    let at = x;
    for (const span of spans) {
      if (at >= x + cells) break;
      at = this.write(at, y, span.text, span.style, x + cells - at);
    }
    return at;
  }

  /** Writes a text that ends at a cell (the cell `end` itself is left free). */
  writeRight(end: number, y: number, text: string, packed: Style = PLAIN): void {
    const glyphs = glyphsOf(text);
    const cells = glyphs.reduce((sum, glyph) => sum + glyphWidth(glyph), 0);
    this.write(Math.max(0, end - cells), y, text, packed, Math.min(cells, end));
  }

  /** One glyph. */
  put(x: number, y: number, character: string, packed: Style = PLAIN): void {
    const [glyph] = glyphsOf(character);
    if (glyph !== undefined) this.#put(x, y, glyph, glyphWidth(glyph), packed);
  }

  /** Lays another ground under cells that are drawn already. */
  lay(x: number, y: number, cells: number, ground: Ground): void {
    if (y < 0 || y >= this.height) return;
    const grid = this.#grid;
    const end = Math.min(x + cells, this.width);
    for (let column = Math.max(0, x); column < end; column++) {
      const at = (this.#top + y) * grid.width + this.#left + column;
      grid.styles[at] = onGround(grid.styles[at], ground);
    }
  }

  #put(x: number, y: number, glyph: Glyph, cells: 1 | 2, packed: Style): void {
    if (x < 0 || y < 0 || y >= this.height || x + cells > this.width) return;
    this.#grid.put(this.#left + x, this.#top + y, glyph, cells, packed);
  }
}
