// Lines of the flow: a row of it is one, and where it is unfolded each of its messages is one more.

import type { FlowRow, GroupFlow } from '../model/group-flow.ts';

/** We chose: messages that one row unfolds into; the rest of a longer one is not shown. */
export const UNFOLDED_MOST = 2000;

/** A line: a row of the flow, or one message of an unfolded row, by ordinal. */
export interface FlowLine {
  readonly row: FlowRow;
  readonly ordinal: number | null;
}

/** See the head of the file. Unfolded rows are found again by going through all of them: they are few. */
export class FlowLines {
  readonly #flow: GroupFlow;
  readonly #unfolded = new Map<FlowRow, readonly number[]>();

  constructor(flow: GroupFlow) {
    this.#flow = flow;
  }

  /** How many there are. */
  get count(): number {
    return this.#flow.rows.length + [...this.#unfolded.values()].reduce((sum, each) => sum + each.length, 0);
  }

  /** Unfolds a row, or folds it. @returns whether all of its messages have lines */
  fold(row: FlowRow): boolean {
    if (this.#unfolded.delete(row) || row.kind !== 'messages' || row.count < 2) return true;
    this.#unfolded.set(row, this.#flow.messagesOf(row, UNFOLDED_MOST));
    return row.count <= UNFOLDED_MOST;
  }

  foldAll(): void {
    this.#unfolded.clear();
  }

  /** Lets go of unfolded rows that the flow no longer has. */
  forget(): void {
    for (const row of this.#unfolded.keys()) if (!this.#flow.rows.includes(row)) this.#unfolded.delete(row);
  }

  /** The line of a row, by its place in the flow. */
  lineOf(index: number): number {
    const { rows } = this.#flow;
    let line = index;
    for (const [row, ordinals] of this.#unfolded) if (rows.indexOf(row) < index) line += ordinals.length;
    return line;
  }

  /** What stands in a line; null where there is none. */
  at(line: number): FlowLine | null {
    const { rows } = this.#flow;
    if (this.#unfolded.size === 0) return line < rows.length && line >= 0 ? { row: rows[line], ordinal: null } : null;
    const unfolded = [...this.#unfolded]
      .map(([row, ordinals]) => ({ at: rows.indexOf(row), ordinals }))
      .sort((a, b) => a.at - b.at);
    let shift = 0;
    for (const { at, ordinals } of unfolded) {
      const first = at + shift;
      if (line <= first) break;
      if (line <= first + ordinals.length) return { row: rows[at], ordinal: ordinals[line - first - 1] };
      shift += ordinals.length;
    }
    const row = rows[line - shift];
    return row === undefined ? null : { row, ordinal: null };
  }
}
