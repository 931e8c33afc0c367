// The cursor of a list that may have a million rows: which row is selected, which one is on top. Draws nothing.

import type { Command } from '../keys.ts';

/** We chose: rows that a notch of the wheel moves. */
export const WHEEL_ROWS = 3;

/** See the head of the file. */
export class RowCursor {
  /** Selected row, from 0; 0 where there are none, unless it waits. */
  row = 0;
  /** Row on top. */
  top = 0;
  readonly #waits: boolean;
  #count = 0;
  #height = 1;

  /** @param waits keys that are pressed while there are no rows yet count for those to come: they come in their order */
  constructor(waits = false) {
    this.#waits = waits;
  }

  /** Says how many rows there are and how many are seen; keeps the selected one in sight. Call before drawing. */
  fit(count: number, height: number): void {
    this.#count = count;
    this.#height = Math.max(1, height);
    if (count === 0) {
      this.row = this.#waits ? Math.max(0, this.row) : 0;
      this.top = 0;
      return;
    }
    this.row = Math.max(0, Math.min(this.row, count - 1));
    if (this.row < this.top) this.top = this.row;
    if (this.row >= this.top + this.#height) this.top = this.row - this.#height + 1;
    this.top = Math.max(0, Math.min(this.top, count - this.#height));
  }

  get count(): number {
    return this.#count;
  }

  get isLast(): boolean {
    return this.row >= this.#count - 1;
  }

  /** The last row, where there is one. */
  get isAtEnd(): boolean {
    return this.#count > 0 && this.isLast;
  }

  /** Moves as a command asks. @returns false where the command is none that moves, or there is nothing to move in */
  run(command: Command): boolean {
    if (this.#count === 0 && !this.#waits) return false;
    const page = Math.max(1, this.#height - 1);
    const half = Math.max(1, Math.floor(this.#height / 2));
    switch (command) {
      case 'down':
        this.moveTo(this.row + 1);
        return true;
      case 'up':
        this.moveTo(this.row - 1);
        return true;
      case 'page-down':
        this.#scroll(page);
        return true;
      case 'page-up':
        this.#scroll(-page);
        return true;
      case 'half-page-down':
        this.#scroll(half);
        return true;
      case 'half-page-up':
        this.#scroll(-half);
        return true;
      case 'top':
        this.moveTo(0);
        return true;
      case 'bottom':
        this.moveTo(Number.MAX_SAFE_INTEGER);
        return true;
      default:
        return false;
    }
  }

  /** Selects a row. */
  moveTo(row: number): void {
    this.row = Math.max(0, row);
    this.fit(this.#count, this.#height);
  }

  /** Selects a row and puts it into the middle, where it was out of sight. */
  reveal(row: number): void {
    if (row < this.top || row >= this.top + this.#height) this.top = row - Math.floor(this.#height / 2);
    this.moveTo(row);
  }

  /** Selects the row at a line of what is seen. @returns false where there is none */
  click(line: number): boolean {
    const row = this.top + line;
    if (line < 0 || line >= this.#height || row >= this.#count) return false;
    this.moveTo(row);
    return true;
  }

  /** A notch of the wheel. */
  wheel(direction: 1 | -1): void {
    this.#scroll(direction * WHEEL_ROWS);
  }

  #scroll(rows: number): void {
    const most = Math.max(0, this.#count - this.#height);
    const top = Math.max(0, Math.min(this.top + rows, most));
    const moved = top - this.top;
    this.top = top;
    // At either end the cursor goes on alone.
    this.moveTo(this.row + (moved === 0 ? rows : moved));
  }
}
