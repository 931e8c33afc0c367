// Cells to octets for a terminal: what differs from what it shows, and nothing else. Written by us because blessed leaves
// cells behind where wide or combining text is followed by shorter text, and knows 256 colours only.

import { CellGrid } from './cell-grid.ts';
import { glyphText, glyphWidth, RIGHT_HALF } from './glyphs.ts';
import type { Palette } from './palette.ts';

/** What stands for signs and lines where the terminal knows ASCII only. */
const ASCII: Readonly<Record<string, string>> = {
  '─': '-',
  '━': '=',
  '│': '|',
  '┃': '|',
  '┌': '+',
  '┐': '+',
  '└': '+',
  '┘': '+',
  '├': '+',
  '┤': '+',
  '┬': '+',
  '┴': '+',
  '┼': '+',
  '═': '=',
  '╌': '-',
  '║': '|',
  '┆': ':',
  '╪': '+',
  '╳': 'X',
  '·': '.',
  '○': 'o',
  '●': '*',
  '▽': 'v',
  '▲': '^',
  '▸': '>',
  '▹': '>',
  '▾': 'v',
  '◂': '<',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '…': '~',
  '’': "'",
  '–': '-',
  '█': '#',
  '▓': '#',
  '▒': '+',
  '░': '.',
  '▁': '_',
  '▂': '_',
  '▃': '.',
  '▄': '-',
  '▅': '-',
  '▆': '=',
  '▇': '#',
  '⏸': '=',
  '■': '#',
  '×': 'x',
  '✓': 'v',
};

/** Remembers what a terminal shows, and says how to make it show something else. */
export class CellWriter {
  readonly #ascii: boolean;
  #palette: Palette;
  #shown: CellGrid | null = null;

  /** @param ascii the terminal knows ASCII only: other characters become their like, or `?` */
  constructor(palette: Palette, ascii: boolean) {
    this.#palette = palette;
    this.#ascii = ascii;
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.forget();
  }

  /** Nothing is known of what the terminal shows: the next update clears it and draws all. */
  forget(): void {
    this.#shown = null;
  }

  /** The octets that make the terminal show these cells; empty where it does already. */
  update(next: CellGrid): string {
    let out = '';
    let shown = this.#shown;
    if (shown === null || shown.width !== next.width || shown.height !== next.height) {
      shown = new CellGrid(next.width, next.height);
      // No cell is like this: all are drawn.
      shown.styles.fill(0xffff_ffff);
      out += `${this.#palette.sequence(0)}\u001b[2J`;
      this.#shown = shown;
    }
    const { width, height, glyphs, styles } = next;
    let style = -1;
    for (let y = 0; y < height; y++) {
      // Where the cursor is known to stand in this row; -1: elsewhere.
      let cursor = -1;
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const glyph = glyphs[at];
        const wide = x + 1 < width && glyphs[at + 1] === RIGHT_HALF && glyph !== RIGHT_HALF;
        const same = glyph === shown.glyphs[at] && styles[at] === shown.styles[at];
        if (same && (!wide || shown.glyphs[at + 1] === RIGHT_HALF)) continue;
        if (glyph === RIGHT_HALF) continue;
        if (cursor !== x) out += `\u001b[${y + 1};${x + 1}H`;
        if (styles[at] !== style) {
          style = styles[at];
          out += this.#palette.sequence(style);
        }
        // A terminal that takes it for one cell would leave what stood in the second.
        if (wide && !this.#ascii && !isAlwaysWide(glyph)) out += `  \u001b[${y + 1};${x + 1}H`;
        out += this.#text(glyph, wide);
        // Terminals do not agree on the width of unusual characters: behind one the cursor is placed anew.
        cursor = glyph < 0x80 || this.#ascii ? x + (wide ? 2 : 1) : isPlainSign(glyph) ? x + 1 : -1;
        if (cursor >= width) cursor = -1;
      }
    }
    shown.glyphs.set(glyphs);
    shown.styles.set(styles);
    return out;
  }

  #text(glyph: number, wide: boolean): string {
    const text = glyphText(glyph);
    if (!this.#ascii || glyph < 0x80) return text;
    return ASCII[text] ?? (wide || glyphWidth(glyph) === 2 ? '??' : '?');
  }
}

/** Latin letters, lines, blocks and arrows: one cell on every terminal. */
function isPlainSign(glyph: number): boolean {
  return (glyph >= 0xa1 && glyph < 0x300) || (glyph >= 0x2500 && glyph < 0x25a0);
}

/** CJK, Hangul and full-width forms: two cells on every terminal, which emoji are not. */
function isAlwaysWide(glyph: number): boolean {
  return (
    (glyph >= 0x2e80 && glyph < 0xd7a4) || (glyph >= 0xf900 && glyph < 0xfb00) || (glyph >= 0xff01 && glyph < 0xff61)
  );
}
