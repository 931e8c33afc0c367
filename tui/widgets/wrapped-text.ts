// Text broken into lines of so many cells, between words where that can be.

import { glyphsOf, glyphWidth } from '../screen/glyphs.ts';

/** Breaks a text that is printable already. A word that is longer than a line is cut. */
export function wrapped(text: string, cells: number): string[] {
  const room = Math.max(1, cells);
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ')) {
    const width = cellsOf(word);
    if (used > 0 && used + 1 + width > room) {
      lines.push(line);
      line = '';
      used = 0;
    }
    if (width > room) {
      for (const character of word) {
        const wide = cellsOf(character);
        if (used + wide > room) {
          lines.push(line);
          line = '';
          used = 0;
        }
        line += character;
        used += wide;
      }
      continue;
    }
    line += used > 0 ? ` ${word}` : word;
    used += used > 0 ? width + 1 : width;
  }
  lines.push(line);
  return lines;
}

function cellsOf(text: string): number {
  return glyphsOf(text).reduce((sum, glyph) => sum + glyphWidth(glyph), 0);
}
