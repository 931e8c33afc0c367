// The table of `npm run bench`, a line a row as it is measured.

import type { RowResult } from './row.ts';

const WIDTHS = [58, 30, 48, 7, 44];
const REACHED: ReadonlyMap<boolean | null, string> = new Map([
  [true, 'yes'],
  [false, 'NO'],
  [null, '?'],
]);

/** Names of the columns, and a line under them. */
export function tableHeader(): string {
  const names = ['work', 'sidescope', 'peer, or what it is compared with', 'ratio', 'aim', 'reached'];
  return `${line(names)}${WIDTHS.map((width) => '-'.repeat(width)).join('  ')}  -------\n`;
}

/** One row. */
export function rowText(result: RowResult): string {
  const { ratio } = result;
  const times = Number.isNaN(ratio) ? '' : ratio.toFixed(ratio < 10 ? 2 : 0);
  return line([result.work, result.ours, result.peer, times, result.aim, REACHED.get(result.reached) ?? '']);
}

function line(cells: readonly string[]): string {
  return `${cells
    .map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0))
    .join('  ')
    .trimEnd()}\n`;
}
