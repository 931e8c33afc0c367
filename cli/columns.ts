// Text in columns, and colour where the terminal takes it.

import { printable } from '../dissectors/printable.ts';

/** Safe text cut or filled to a number of columns; a cut is shown by `~`. Counts characters, not terminal cells. */
export function fitted(text: string, columns: number): string {
  const characters = [...printable(text)];
  if (characters.length <= columns) return characters.join('') + ' '.repeat(columns - characters.length);
  return `${characters.slice(0, columns - 1).join('')}~`;
}

/** Rows as aligned columns, two blanks apart; a column all of whose cells are numbers stands to the right. */
export function aligned(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const safe = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...safe.map((row) => [...row[column]].length)));
  const right = header.map((_, column) => rows.every((row) => /^-?[\d ,.]*$/.test(row[column])));
  const lines = safe.map((row) =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat(widths[column] - [...cell].length);
        return right[column] ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Select graphic rendition codes (ECMA-48 8.3.117) by what they stand for. */
export type Paint = (code: string, text: string) => string;

/** Paints where standard output is a terminal and `NO_COLOR` is not set (no-color.org); else leaves text as it is. */
export function painter(): Paint {
  const noColor = process.env.NO_COLOR;
  if (process.stdout.isTTY !== true || (noColor !== undefined && noColor !== '')) return (_, text) => text;
  return (code, text) => `\u001b[${code}m${text}\u001b[0m`;
}
