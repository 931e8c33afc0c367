// Small pictures made of block characters: sparklines, filled bars, mixes of verdicts.

import { VERDICTS } from '../../daemon/events.ts';
import type { Span } from '../screen/pane.ts';
import { type Style, style } from '../screen/style.ts';
import { VERDICT_SIGNS } from '../theme.ts';

const LEVELS = '▁▂▃▄▅▆▇';

/** Values as a line of blocks, the oldest first; `cells` of them, each the largest of the values that fall into it. */
export function sparkline(values: readonly number[], cells: number): string {
  const most = Math.max(...values, 1e-9);
  let text = '';
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
    const value = Math.max(...values.slice(from, to));
    text += value <= 0 ? LEVELS[0] : LEVELS[Math.min(LEVELS.length - 1, Math.ceil((value / most) * LEVELS.length) - 1)];
  }
  return text;
}

/** A bar of which a share from 0 to 1 is full. */
export function filledBar(share: number, cells: number): string {
  const full = Math.max(0, Math.min(cells, Math.round(share * cells)));
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

/** Ink of a verdict by its number. */
export function verdictStyle(verdict: number): Style {
  return style(VERDICTS[verdict]);
}

/** Cells that are put before the others: what is wrong must be seen however rare it is. */
const ALWAYS_SEEN: ReadonlySet<string> = new Set(['forged', 'downgraded', 'stale', 'no-key']);

/** Counts by verdict as signs: each verdict that occurs has one cell at least, the rest is shared out by share. */
export function verdictMix(counts: ArrayLike<number>, cells: number): Span[] {
  const numbers = VERDICTS.map((_, number) => number).filter((number) => counts[number] > 0);
  const total = numbers.reduce((sum, number) => sum + counts[number], 0);
  if (total === 0 || cells <= 0) return [];
  const wide = new Map(numbers.map((number) => [number, Math.max(1, Math.floor((counts[number] / total) * cells))]));
  const sum = (): number => [...wide.values()].reduce((all, width) => all + width, 0);
  const byWidth = [...numbers].sort((a, b) => counts[b] - counts[a]);
  while (sum() > cells) {
    const widest = byWidth.reduce((most, number) => ((wide.get(number) ?? 0) > (wide.get(most) ?? 0) ? number : most));
    const width = wide.get(widest) ?? 0;
    if (width > 1) wide.set(widest, width - 1);
    else {
      const going = byWidth.filter((number) => wide.has(number) && !ALWAYS_SEEN.has(VERDICTS[number])).at(-1);
      wide.delete(going ?? [...wide.keys()][wide.size - 1]);
    }
  }
  const spare = cells - sum();
  if (spare > 0) wide.set(byWidth[0], (wide.get(byWidth[0]) ?? 0) + spare);
  // Ordinary ones on the left, what stands out on the right.
  const order = ['decrypted', 'clear', 'unverifiable', 'damaged', 'no-key', 'stale', 'downgraded', 'forged'];
  return [...wide.entries()]
    .sort(([a], [b]) => order.indexOf(VERDICTS[a]) - order.indexOf(VERDICTS[b]))
    .map(([number, width]) => ({ text: VERDICT_SIGNS[VERDICTS[number]].repeat(width), style: verdictStyle(number) }));
}
