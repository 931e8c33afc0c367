// The contract of a view: one screen of the program. How one is added: docs/tui.md.

import type { FindingEvent } from '../../daemon/events.ts';
import type { Command, Context } from '../keys.ts';
import type { Session } from '../model/session.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import type { Settings } from './settings.ts';

/** Names of the views, in the order of their numbers. */
export const VIEW_NAMES = ['groups', 'flow', 'epochs', 'findings', 'messages', 'status'] as const;

/** A view. */
export type ViewName = (typeof VIEW_NAMES)[number];

/** What a view is asked to show, by whoever leads there. */
export interface ViewTarget {
  /** Group code (daemon/inspection/contract.ts). */
  readonly group?: number;
  /** Ordinal of a message. */
  readonly message?: number;
  readonly frame?: number;
  readonly finding?: FindingEvent;
}

/** How loud something is said. */
export type NoticeLevel = 'info' | 'warning' | 'bad';

/** What a view may ask of the program around it. */
export interface ViewHost {
  /** What there is to see. */
  readonly session: Session;
  readonly settings: Settings;
  /** Something of the view changed: draw soon. */
  redraw(): void;
  /** A line at the bottom, until the next key. */
  say(text: string, level?: NoticeLevel): void;
  /** Goes to another view. */
  show(view: ViewName, target?: ViewTarget): void;
  /** Puts a display filter in force; a wrong one is said. */
  setFilter(text: string): void;
  copy(text: string, what: string): void;
  /** Calls once, as soon as keys and pictures that wait have had their turn: for long work in pieces. */
  later(call: () => void): void;
  /** The newest message is followed: lists keep their cursor on it. */
  readonly follows: boolean;
  /** The cursor was moved by hand. */
  stopFollowing(): void;
}

/** See the head of the file. One object each for the life of the program. */
export interface View {
  readonly name: ViewName;
  /** Word of the tab line. */
  readonly title: string;
  /** Where keys are pressed now, the innermost first; `everywhere` is added by the program. */
  contexts(): readonly Context[];
  /** Draws all of itself; the pane is blank. Called for every picture, so it only looks at what is visible. */
  draw(pane: Pane): void;
  /** Does what a key asks for. @returns false where that means nothing here */
  run(command: Command, argument: string): boolean;
  /** A mouse event, in cells of the pane that was drawn last. */
  mouse(event: MouseInput): void;
  /** Comes into sight. */
  shown?(target: ViewTarget): void;
  /** The text that `copy` takes, and what it is called; null: nothing is selected. */
  copied?(): { readonly text: string; readonly what: string } | null;
  /** Looks for a text from the cursor on, and says where it is nowhere. */
  search?(text: string, direction: 1 | -1): void;
}
