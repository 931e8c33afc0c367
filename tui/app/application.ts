// The program around the views: takes keys and mouse, hands commands on, and draws when there is something new to see.

import type { Command, Context } from '../keys.ts';
import type { Session } from '../model/session.ts';
import { CellGrid } from '../screen/cell-grid.ts';
import type { InputEvent, MouseInput } from '../screen/input-event.ts';
import type { ColourDepth } from '../screen/palette.ts';
import { Pane } from '../screen/pane.ts';
import type { CellPlace, Screen } from '../screen/screen.ts';
import { themePalette } from '../theme.ts';
import { Actions } from './actions.ts';
import {
  drawFooter,
  drawHeader,
  drawRule,
  drawTabs,
  type FrameState,
  ROWS_ABOVE,
  ROWS_BELOW,
  type TabPlace,
} from './frame.ts';
import { HelpPage } from './help-page.ts';
import { type Invocation, KeyDispatcher, type KeyMap } from './key-dispatcher.ts';
import { Prompt, type PromptKind } from './prompt.ts';
import type { Settings } from './settings.ts';
import type { NoticeLevel, View, ViewHost, ViewName, ViewTarget } from './view.ts';

/** Constants we chose. */
/** Between two pictures at least (ms): 60 a second; what happens in between is in the next one. */
const PICTURE_MS = 16;
/** The same where only the feed told something: a person does not read faster, and loading goes on meanwhile. */
const FEED_PICTURE_MS = 100;

/** Time, passed in. */
export interface Timer {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls once, after so many ms. @returns what calls it off */
  after(milliseconds: number, call: () => void): () => void;
}

/** What an application is made of. */
export interface ApplicationParts {
  readonly screen: Screen;
  readonly session: Session;
  readonly settings: Settings;
  readonly depth: ColourDepth;
  readonly timer: Timer;
  readonly ownKeys?: KeyMap;
  /** Makes the views, in the order of their numbers. */
  views(host: ViewHost): readonly View[];
  /** The program ends with this exit code; the screen has been left. */
  ended(exitCode: number): void;
  /** Writes the settings into the configuration file. @returns its path; throws an Error where that fails */
  readonly writeSettings: () => string;
}

/** See the head of the file. */
export class Application implements ViewHost {
  readonly session: Session;
  readonly settings: Settings;
  readonly #parts: ApplicationParts;
  readonly #screen: Screen;
  readonly #views: readonly View[];
  readonly #keys: KeyDispatcher;
  readonly #actions: Actions;
  #current: View;
  #prompt: Prompt | null = null;
  #help: HelpPage | null = null;
  #notice: { readonly text: string; readonly level: NoticeLevel } | null = null;
  #tabs: TabPlace[] = [];
  #drawn = Number.NEGATIVE_INFINITY;
  /** The view of the last picture. */
  #drawnView: View | null = null;
  #callOff: (() => void) | null = null;
  #due = Number.POSITIVE_INFINITY;
  #isEnded = false;
  /** The newest message is followed. */
  follows = false;

  constructor(parts: ApplicationParts) {
    this.#parts = parts;
    this.session = parts.session;
    this.settings = parts.settings;
    this.#screen = parts.screen;
    this.#keys = new KeyDispatcher(parts.ownKeys);
    this.#views = parts.views(this);
    this.#current = this.#views.find((view) => view.name === parts.settings.view) ?? this.#views[0];
    this.#actions = new Actions(this);
    this.follows = parts.session.feed.kind === 'daemon';
  }

  /** Takes the screen and opens the feed. */
  start(): void {
    this.#setPalette();
    this.#screen.listen({
      input: (event) => this.#input(event),
      resized: () => this.#draw(),
      gone: (exitCode) => this.end(exitCode),
    });
    this.#current.shown?.({});
    this.#draw();
    this.session.open(() => this.#schedule(FEED_PICTURE_MS));
  }

  /** The view that is shown. */
  get view(): View {
    return this.#current;
  }

  redraw(): void {
    this.#schedule(PICTURE_MS);
  }

  say(text: string, level: NoticeLevel = 'info'): void {
    this.#notice = { text, level };
    this.redraw();
  }

  show(name: ViewName, target: ViewTarget = {}): void {
    const view = this.#views.find((each) => each.name === name);
    if (view === undefined) return;
    this.#current = view;
    this.settings.view = name;
    view.shown?.(target);
    this.redraw();
  }

  setFilter(text: string): void {
    this.#actions.filter(text);
  }

  copy(text: string, what: string): void {
    if (this.#screen.copy(text)) this.say(`copied ${what}`);
    else this.say(`${what}: too long for the clipboard of a terminal`, 'warning');
  }

  later(call: () => void): void {
    this.#parts.timer.after(0, call);
  }

  stopFollowing(): void {
    this.follows = false;
  }

  /** Opens a prompt. */
  ask(kind: PromptKind, text = ''): void {
    this.#notice = null;
    this.#prompt = new Prompt(kind, text);
    this.redraw();
  }

  /** Colours of the theme in force. */
  useTheme(): void {
    this.#setPalette();
    this.#screen.refresh();
  }

  openHelp(): void {
    this.#help = new HelpPage(
      this.#keys.table,
      this.#current.contexts().at(-1) === 'list' ? this.#current.contexts()[0] : this.#current.name,
    );
    this.redraw();
  }

  writeSettings(): void {
    try {
      this.say(`written: ${this.#parts.writeSettings()}`);
    } catch (error) {
      this.say(`the settings cannot be written: ${error instanceof Error ? error.message : ''}`, 'bad');
    }
  }

  /** Leaves the screen and ends. */
  end(exitCode: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#callOff?.();
    this.#screen.close();
    void this.session.close();
    this.#parts.ended(exitCode);
  }

  #setPalette(): void {
    this.#screen.setPalette(themePalette(this.settings.theme, this.#parts.depth));
  }

  #contexts(): readonly Context[] {
    if (this.#prompt !== null) return ['prompt'];
    if (this.#help !== null) return ['help'];
    return [...this.#current.contexts(), 'everywhere'];
  }

  #input(event: InputEvent): void {
    if (event.kind === 'mouse') this.#mouse(event);
    else if (event.kind === 'paste') this.#prompt?.paste(event.text);
    else this.#key(event.key);
    this.redraw();
  }

  #key(key: string): void {
    const invocation = this.#keys.press(key, this.#contexts());
    const prompt = this.#prompt;
    if (prompt !== null) {
      // A prompt that was accepted may have opened another one.
      if (prompt.press(key, invocation) === 'done' && this.#prompt === prompt) this.#prompt = null;
      return;
    }
    this.#notice = null;
    if (this.#help !== null) {
      if (!this.#help.run(invocation?.command ?? null)) this.#help = null;
      return;
    }
    if (invocation !== null) this.#run(invocation);
  }

  #run({ command, argument }: Invocation): void {
    if (this.#runHere(command, argument)) return;
    // Keys may come faster than pictures: a view knows its rows when it has been drawn.
    if (this.#drawnView !== this.#current) this.#draw();
    if (this.#current.run(command, argument) || this.#actions.run(command) || command === 'back') return;
    this.say(`nothing to do that with here${this.session.state === 'loading' ? ' yet' : ''}`, 'warning');
  }

  /** Commands that are about the program itself. */
  #runHere(command: Command, argument: string): boolean {
    switch (command) {
      case 'quit':
        this.end(0);
        return true;
      case 'help':
        this.openHelp();
        return true;
      case 'view':
        this.show(argument as ViewName);
        return true;
      case 'next-view':
        this.#step(1);
        return true;
      case 'previous-view':
        this.#step(-1);
        return true;
      case 'suspend':
        this.#screen.suspend();
        return true;
      case 'redraw':
        this.#screen.refresh();
        return true;
      default:
        return false;
    }
  }

  #step(direction: 1 | -1): void {
    const at = this.#views.indexOf(this.#current) + direction + this.#views.length;
    this.show(this.#views[at % this.#views.length].name);
  }

  #mouse(event: MouseInput): void {
    if (event.action === 'press') this.#notice = null;
    if (this.#help !== null) {
      if (event.action === 'wheel-down' || event.action === 'wheel-up')
        this.#help.scroll(event.action === 'wheel-down' ? 3 : -3);
      return;
    }
    if (this.#prompt !== null) return;
    const tab = this.#tabs.find(({ from, to }) => event.y === 1 && event.x >= from && event.x < to);
    if (tab !== undefined) {
      if (event.action === 'press') this.show(tab.view);
      return;
    }
    const y = event.y - ROWS_ABOVE;
    if (y >= 0 && event.y < this.#screen.height - ROWS_BELOW) this.#current.mouse({ ...event, y });
  }

  /** Draws in so many ms, counted from the last picture, or sooner where that is asked for already. */
  #schedule(interval: number): void {
    if (this.#isEnded) return;
    const { timer } = this.#parts;
    const due = Math.max(timer.now(), this.#drawn + interval);
    if (due >= this.#due) return;
    this.#callOff?.();
    this.#due = due;
    this.#callOff = timer.after(Math.max(0, due - timer.now()), () => this.#draw());
  }

  #draw(): void {
    if (this.#isEnded) return;
    this.#callOff?.();
    this.#callOff = null;
    this.#due = Number.POSITIVE_INFINITY;
    const grid = new CellGrid(this.#screen.width, this.#screen.height);
    const cursor = this.#drawAll(new Pane(grid));
    this.#screen.show(grid, cursor);
    this.#drawn = this.#parts.timer.now();
    this.#drawnView = this.#current;
  }

  #drawAll(pane: Pane): CellPlace | null {
    const { session } = this;
    const state: FrameState = {
      views: this.#views,
      current: this.#current.name,
      follows: this.follows,
      table: this.#keys.table,
      contexts: this.#contexts(),
      begun: this.#keys.begun,
      notice: this.#notice,
    };
    drawHeader(pane, session, this.follows);
    this.#tabs = drawTabs(pane, session, state);
    drawRule(pane, 2);
    const area = pane.part(0, ROWS_ABOVE, pane.width, Math.max(0, pane.height - ROWS_ABOVE - ROWS_BELOW));
    if (this.#help === null) this.#current.draw(area);
    else this.#help.draw(area);
    drawRule(pane, pane.height - 2);
    if (this.#prompt !== null) return this.#prompt.draw(pane);
    drawFooter(pane, session, state);
    return null;
  }
}
