// Columns of a list: which are shown in so many cells, and how wide.

import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';

/** What a column asks for. */
export interface ColumnSpec<Name extends string> {
  readonly name: Name;
  readonly title: string;
  /** Cells it likes to have, and how many it can do with. */
  readonly width: number;
  readonly least?: number;
  readonly align?: 'left' | 'right';
  /** Takes what is left over. */
  readonly grows?: boolean;
  /** Where there is not room for all, the column with the highest number goes first; 0: never goes. */
  readonly drop?: number;
}

/** A column with its place. */
export interface PlacedColumn<Name extends string> {
  readonly name: Name;
  readonly title: string;
  readonly x: number;
  readonly width: number;
  readonly align: 'left' | 'right';
}

/** Cells between two columns. */
const GAP = 2;

/** Places columns in so many cells. */
export function placeColumns<Name extends string>(
  specs: readonly ColumnSpec<Name>[],
  cells: number,
): PlacedColumn<Name>[] {
  let shown = [...specs];
  const leastOf = (spec: ColumnSpec<Name>): number => spec.least ?? spec.width;
  const needed = (): number => shown.reduce((sum, spec) => sum + leastOf(spec) + GAP, -GAP);
  while (needed() > cells) {
    const going = shown.reduce<ColumnSpec<Name> | null>(
      (most, spec) => ((spec.drop ?? 0) > (most?.drop ?? 0) ? spec : most),
      null,
    );
    if (going === null) break;
    shown = shown.filter((spec) => spec !== going);
  }
  let left = Math.max(0, cells - needed());
  const widths = shown.map((spec) => {
    const more = Math.min(left, spec.width - leastOf(spec));
    left -= more;
    return leastOf(spec) + more;
  });
  const growing = shown.findIndex((spec) => spec.grows === true);
  if (growing >= 0) widths[growing] += left;
  let x = 0;
  return shown.map((spec, at) => {
    const placed = { name: spec.name, title: spec.title, x, width: widths[at], align: spec.align ?? ('left' as const) };
    x += widths[at] + GAP;
    return placed;
  });
}

/** The column that a cell of a line is in; the gap behind it counts for it. @param x cell, counted from the first column */
export function columnAt<Name extends string>(columns: readonly PlacedColumn<Name>[], x: number): Name | null {
  return columns.find((column) => x >= column.x && x < column.x + column.width + GAP)?.name ?? null;
}

/** Writes the titles. `sorted`: the column by which rows are sorted, and whether downwards. */
export function drawTitles<Name extends string>(
  pane: Pane,
  y: number,
  left: number,
  columns: readonly PlacedColumn<Name>[],
  sorted: { readonly name: Name; readonly isDown: boolean } | null = null,
): void {
  for (const column of columns) {
    const isSorted = sorted?.name === column.name;
    // The arrow has room in any case.
    const title = isSorted
      ? `${column.title.slice(0, Math.max(0, column.width - 1))}${sorted.isDown ? '↓' : '↑'}`
      : column.title;
    drawCell(pane, y, left, column, title, style(isSorted ? 'accent' : 'dim'));
  }
}

/** Writes the text of one cell. */
export function drawCell(
  pane: Pane,
  y: number,
  left: number,
  column: PlacedColumn<string>,
  text: string,
  packed: number,
): void {
  const cell = pane.part(left + column.x, y, column.width, 1);
  if (column.align === 'right') cell.writeRight(column.width, 0, text, packed);
  else cell.write(0, 0, text, packed);
}
