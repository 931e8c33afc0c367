// A screen as a picture (SVG) with its colours, for the documentation: made from what the terminal emulator shows.

import type xterm from '@xterm/headless';

/** Pixels of one cell. */
const CELL_WIDTH = 8;
const CELL_HEIGHT = 17;
const MARGIN = 10;
const GROUND = '#101214';
const INK = '#d0d0d0';

interface Run {
  readonly x: number;
  readonly cells: number;
  readonly text: string;
  readonly ink: string;
  readonly ground: string | null;
  readonly bold: boolean;
}

/** The screen of a terminal that was driven in true colour. */
export function pictureOf(terminal: xterm.Terminal, title: string): string {
  const width = terminal.cols * CELL_WIDTH + 2 * MARGIN;
  const height = terminal.rows * CELL_HEIGHT + 2 * MARGIN;
  const parts: string[] = [];
  for (let y = 0; y < terminal.rows; y++) for (const run of runsOf(terminal, y)) parts.push(...drawn(run, y));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" rx="6" fill="${GROUND}"/>`,
    `<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">`,
    ...parts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Cells of one row that look the same, joined. */
function runsOf(terminal: xterm.Terminal, y: number): Run[] {
  const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y);
  const runs: Run[] = [];
  for (let x = 0; x < terminal.cols; x++) {
    const cell = line?.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() || ' ';
    const ink = cell.isFgRGB() ? hex(cell.getFgColor()) : INK;
    const ground = cell.isBgRGB() ? hex(cell.getBgColor()) : null;
    const bold = cell.isBold() !== 0;
    const last = runs.at(-1);
    const isSame = last !== undefined && last.ink === ink && last.ground === ground && last.bold === bold;
    if (isSame && last.x + last.cells === x) {
      runs[runs.length - 1] = { ...last, cells: last.cells + cell.getWidth(), text: last.text + text };
    } else runs.push({ x, cells: cell.getWidth(), text, ink, ground, bold });
  }
  return runs;
}

function drawn(run: Run, y: number): string[] {
  const left = MARGIN + run.x * CELL_WIDTH;
  const top = MARGIN + y * CELL_HEIGHT;
  const width = run.cells * CELL_WIDTH;
  const parts: string[] = [];
  if (run.ground !== null) {
    parts.push(`<rect x="${left}" y="${top}" width="${width}" height="${CELL_HEIGHT}" fill="${run.ground}"/>`);
  }
  if (run.text.trim() !== '') {
    const weight = run.bold ? ' font-weight="bold"' : '';
    parts.push(
      `<text x="${left}" y="${top + 13}" textLength="${width}" lengthAdjust="spacingAndGlyphs" fill="${run.ink}"${weight}>${escaped(run.text)}</text>`,
    );
  }
  return parts;
}

function hex(colour: number): string {
  return `#${colour.toString(16).padStart(6, '0')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
