// Text in columns, and colour where the terminal takes it.

import { printable } from '../dissectors/printable.ts';
import { isTerminal } from './is-terminal.ts';

/** Safe text cut or filled to a number of columns; a cut is shown by `~`. Counts characters, not terminal cells. */
export function fitted(text: string, columns: number): string {
  const characters = [...printable(text)];
  if (characters.length <= columns) return characters.join('') + ' '.repeat(columns - characters.length);
  return `${characters.slice(0, columns - 1).join('')}~`;
}

/**
 * Rows as aligned columns, two blanks apart; a column all of whose cells are numbers stands to the right. Tables have tens
 * of thousands of rows: they are gone through twice and not copied.
 */
export function aligned(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell) => charactersOf(printable(cell)));
  const right = header.map(() => true);
  for (const row of rows) {
    for (let column = 0; column < header.length; column++) {
      widths[column] = Math.max(widths[column], charactersOf(printable(row[column])));
      right[column] &&= NUMBERS.test(row[column]);
    }
  }
  const line = (row: readonly string[]): string => {
    let text = '';
    for (let column = 0; column < header.length; column++) {
      const cell = printable(row[column]);
      const blanks = ' '.repeat(widths[column] - charactersOf(cell));
      if (column > 0) text += '  ';
      text += right[column] ? blanks + cell : cell + blanks;
    }
    return `${text.trimEnd()}\n`;
  };
  let text = line(header);
  for (const row of rows) text += line(row);
  return text;
}

const NUMBERS = /^-?[\d ,.]*$/;
const ASCII = /^[\0-\x7f]*$/;

function charactersOf(text: string): number {
  return ASCII.test(text) ? text.length : [...text].length;
}

/** Select graphic rendition codes (ECMA-48 8.3.117) by what they stand for. */
export type Paint = (code: string, text: string) => string;

/** Paints where standard output is a terminal and `NO_COLOR` is not set (no-color.org); else leaves text as it is. */
export function painter(): Paint {
  const noColor = process.env.NO_COLOR;
  if (!isTerminal(1) || (noColor !== undefined && noColor !== '')) return (_, text) => text;
  return (code, text) => `\u001b[${code}m${text}\u001b[0m`;
}
