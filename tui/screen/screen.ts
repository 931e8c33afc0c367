// The screen as the terminal program sees it: cells out, keys and mouse in. blessed-screen.ts is the one that a person
// looks at; memory-screen.ts is the one that unit tests look at.

import type { CellGrid } from './cell-grid.ts';
import type { InputEvent } from './input-event.ts';
import type { Palette } from './palette.ts';

/** A cell. */
export interface CellPlace {
  readonly x: number;
  readonly y: number;
}

/** What a screen tells its user. */
export interface ScreenListener {
  input(event: InputEvent): void;
  /** The size changed: draw again. */
  resized(): void;
  /** Nobody looks at it any more: the terminal went away, or a signal asks to end. */
  gone(exitCode: number): void;
}

/** See the head of the file. */
export interface Screen {
  /** Columns and rows now. */
  readonly width: number;
  readonly height: number;
  /** Begins to tell; at most one listener. */
  listen(listener: ScreenListener): void;
  /** Colours by role, from now on. */
  setPalette(palette: Palette): void;
  /**
   * Shows these cells; only what differs from what is shown is sent. While the terminal is behind, nothing is sent and
   * the newest cells follow when it has caught up.
   *
   * @param cursor where the cursor stands, or null: hidden
   */
  show(grid: CellGrid, cursor: CellPlace | null): void;
  /** Draws everything anew, whatever the terminal shows. */
  refresh(): void;
  /** Puts text on the clipboard of the terminal (OSC 52). False where it is too long. */
  copy(text: string): boolean;
  /** Gives the terminal back to the shell until the shell continues us (Ctrl-Z). */
  suspend(): void;
  /** Leaves the terminal as it was. */
  close(): void;
}
