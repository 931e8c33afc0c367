// The layers of one frame as lines that fold, with a cursor. Which layers are folded, and which field is selected, stays
// from frame to frame, so that one field can be watched while the messages go by.

import type { DetailRow } from '../../daemon/inspection/contract.ts';
import { printable } from '../../dissectors/printable.ts';
import type { Command } from '../keys.ts';
import type { Pane } from '../screen/pane.ts';
import { Attribute, type Ink, style } from '../screen/style.ts';
import { RowCursor } from './row-cursor.ts';

/** Layers that are open from the beginning: what this program adds, and the header that it turns on. */
const OPEN_LAYERS: ReadonlySet<string> = new Set(['pdcp-slrb', 'slrb', 'finding']);

/** See the head of the file. */
export class LayerTree {
  readonly cursor = new RowCursor(true);
  #rows: readonly DetailRow[] = [];
  /** Rows that are in sight when nothing is scrolled away: numbers of `#rows`. */
  #visible: number[] = [];
  /** Rows by their path, where the operator chose otherwise than the rule. */
  readonly #folded = new Map<string, boolean>();
  #paths: string[] = [];
  #selectedPath = '';

  /** Shows the rows of another frame. */
  show(rows: readonly DetailRow[]): void {
    // Keys that were pressed before the first layers came lead on from where the cursor begins.
    const ahead = this.#rows.length === 0 ? this.cursor.row : 0;
    this.#rows = rows;
    this.#paths = pathsOf(rows);
    this.#layOut();
    const kept = this.#visible.findIndex((row) => this.#paths[row] === this.#selectedPath);
    if (kept >= 0) {
      this.cursor.row = kept;
      return;
    }
    // At first what was judged is on top, not the capture's own facts.
    const judged = this.#visible.findIndex((row) => rows[row].field === 'slrb');
    this.cursor.top = Math.max(0, judged);
    this.cursor.row = Math.min(this.cursor.top + ahead, Math.max(0, this.#visible.length - 1));
  }

  /** The selected row, or null where there is none. */
  get selected(): DetailRow | null {
    return this.#rows[this.#visible[this.cursor.row]] ?? null;
  }

  /** Selects the innermost row that speaks of an octet. @returns false where none does */
  selectOctet(source: number, offset: number): boolean {
    let best = -1;
    this.#rows.forEach((row, at) => {
      if (row.length === 0 || row.source !== source || offset < row.start || offset >= row.start + row.length) return;
      if (best < 0 || row.length <= this.#rows[best].length) best = at;
    });
    if (best < 0) return false;
    for (let at = best; at >= 0; at--) {
      if (this.#rows[at].depth < this.#rows[best].depth && this.#isAbove(at, best)) this.#setFolded(at, false);
    }
    this.#layOut();
    this.cursor.fit(this.#visible.length, Number.MAX_SAFE_INTEGER);
    this.cursor.row = this.#visible.indexOf(best);
    this.#keepPath();
    return true;
  }

  run(command: Command): boolean {
    const at = this.#visible[this.cursor.row];
    if (this.cursor.run(command)) {
      this.#keepPath();
      return true;
    }
    switch (command) {
      case 'fold':
        if (at !== undefined && this.#hasChildren(at)) this.#setFolded(at, !this.#isFolded(at));
        break;
      case 'right':
        if (at !== undefined && this.#hasChildren(at)) this.#setFolded(at, false);
        break;
      case 'left':
        if (at !== undefined) this.#foldOrLeave(at);
        break;
      case 'fold-all':
      case 'unfold-all':
        for (const row of this.#rows.keys()) this.#setFolded(row, command === 'fold-all');
        break;
      default:
        return false;
    }
    this.#layOut();
    const selected = this.#visible.findIndex((row) => this.#paths[row] === this.#selectedPath);
    if (selected >= 0) this.cursor.row = selected;
    this.#keepPath();
    return true;
  }

  /** A click on a line. @returns true where it is the one that was selected */
  click(line: number, x: number): void {
    const before = this.cursor.row;
    if (!this.cursor.click(line)) return;
    this.#keepPath();
    const at = this.#visible[this.cursor.row];
    // On the sign, or again on the same line: folds.
    if (x <= this.#rows[at].depth * 2 + 1 || before === this.cursor.row) this.run('fold');
  }

  draw(pane: Pane, isFocused: boolean): void {
    this.cursor.fit(this.#visible.length, pane.height);
    for (let line = 0; line < pane.height; line++) {
      const at = this.#visible[this.cursor.top + line];
      if (at === undefined) break;
      const row = this.#rows[at];
      const indent = row.depth * 2;
      if (this.#hasChildren(at)) pane.write(indent, line, this.#isFolded(at) ? '▸' : '▾', style('dim'));
      pane.write(indent + 2, line, printable(row.text), rowStyle(row));
      if (this.cursor.top + line === this.cursor.row) pane.lay(0, line, pane.width, isFocused ? 'selected' : 'bar');
    }
  }

  #foldOrLeave(at: number): void {
    if (this.#hasChildren(at) && !this.#isFolded(at)) {
      this.#setFolded(at, true);
      return;
    }
    let above = at - 1;
    while (above >= 0 && this.#rows[above].depth >= this.#rows[at].depth) above--;
    if (above >= 0) this.#selectedPath = this.#paths[above];
  }

  #hasChildren(at: number): boolean {
    const next = this.#rows[at + 1];
    return next !== undefined && next.depth > this.#rows[at].depth;
  }

  #isAbove(at: number, below: number): boolean {
    for (let row = at + 1; row <= below; row++) if (this.#rows[row].depth <= this.#rows[at].depth) return false;
    return true;
  }

  #isFolded(at: number): boolean {
    const row = this.#rows[at];
    return this.#folded.get(this.#paths[at]) ?? (row.depth === 0 ? !OPEN_LAYERS.has(row.field ?? '') : false);
  }

  #setFolded(at: number, folded: boolean): void {
    this.#folded.set(this.#paths[at], folded);
  }

  #keepPath(): void {
    this.#selectedPath = this.#paths[this.#visible[this.cursor.row]] ?? '';
  }

  #layOut(): void {
    this.#visible = [];
    let hidden = Number.POSITIVE_INFINITY;
    this.#rows.forEach((row, at) => {
      if (row.depth > hidden) return;
      hidden = Number.POSITIVE_INFINITY;
      this.#visible.push(at);
      if (this.#hasChildren(at) && this.#isFolded(at)) hidden = row.depth;
    });
  }
}

function rowStyle(row: DetailRow): number {
  if (row.kind === 'problem') return style('bad');
  if (row.depth === 0) return style('title');
  const ink: Ink = row.kind === 'generated' ? 'accent' : 'text';
  return style(ink, 'base', Attribute.none);
}

/** A name for each row that is the same in other frames: names of fields from the layer down, counted where they repeat. */
function pathsOf(rows: readonly DetailRow[]): string[] {
  const open: string[] = [];
  const seen = new Map<string, number>();
  return rows.map((row) => {
    open.length = row.depth;
    // Texts of groups hold values; their first word says what they are.
    const name = row.field ?? row.text.split(/[ (]/, 1)[0];
    const plain = [...open, name].join('/');
    const times = seen.get(plain) ?? 0;
    seen.set(plain, times + 1);
    const path = times === 0 ? plain : `${plain}#${times}`;
    open.push(times === 0 ? name : `${name}#${times}`);
    return path;
  });
}
