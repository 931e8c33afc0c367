// A screen without a terminal, for unit tests: remembers what is shown, and is told what a person does.

import { CellGrid } from './cell-grid.ts';
import type { InputEvent } from './input-event.ts';
import type { Palette } from './palette.ts';
import type { CellPlace, Screen, ScreenListener } from './screen.ts';

/** See the head of the file. */
export class MemoryScreen implements Screen {
  width: number;
  height: number;
  /** What is shown. */
  shown: CellGrid;
  cursor: CellPlace | null = null;
  palette: Palette | null = null;
  /** Texts that were copied. */
  readonly copied: string[] = [];
  suspended = 0;
  closed = false;
  #listener: ScreenListener | null = null;

  constructor(width = 80, height = 24) {
    this.width = width;
    this.height = height;
    this.shown = new CellGrid(width, height);
  }

  listen(listener: ScreenListener): void {
    this.#listener = listener;
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
  }

  show(grid: CellGrid, cursor: CellPlace | null): void {
    this.shown = new CellGrid(grid.width, grid.height);
    this.shown.glyphs.set(grid.glyphs);
    this.shown.styles.set(grid.styles);
    this.cursor = cursor;
  }

  refresh(): void {
    // Nothing is kept back here.
  }

  copy(text: string): boolean {
    this.copied.push(text);
    return true;
  }

  suspend(): void {
    this.suspended++;
  }

  close(): void {
    this.closed = true;
  }

  /** A person presses keys, one name after the other. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.input({ kind: 'key', key });
  }

  /** A person types a text. */
  type(text: string): void {
    for (const character of text) this.press(character === ' ' ? 'space' : character);
  }

  input(event: InputEvent): void {
    this.#listener?.input(event);
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#listener?.resized();
  }
}
