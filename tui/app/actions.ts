// What keys and typed commands do that is about no single view.

import { FeedError } from '../feed.ts';
import type { Command } from '../keys.ts';
import { THEMES, type ThemeName } from '../theme.ts';
import type { Application } from './application.ts';
import { COMMANDS, type CommandActions, runCommandLine } from './command-line.ts';
import { remember } from './prompt.ts';
import { commandPrompt, filterProblem, filterPrompt, textPrompt } from './prompts.ts';
import type { MessageColumn } from './settings.ts';
import type { ViewName } from './view.ts';

const DAY_MS = 86_400_000;

/** See the head of the file. */
export class Actions implements CommandActions {
  readonly #app: Application;
  #sought = '';

  constructor(app: Application) {
    this.#app = app;
  }

  /** Does what a key asks for. @returns false where that is nothing of this */
  run(command: Command): boolean {
    const app = this.#app;
    const { session, settings } = app;
    switch (command) {
      case 'filter':
        app.ask(
          filterPrompt(settings.filterHistory, (text) => this.filter(text)),
          session.filter?.text ?? '',
        );
        break;
      case 'clear-filter':
        this.filter('');
        break;
      case 'command-line':
        app.ask(
          commandPrompt(
            settings.commandHistory,
            COMMANDS.map(({ name, takes, about }) => ({
              text: name,
              about: takes === '' ? about : `${takes}: ${about}`,
            })),
            (text) => this.#typed(text),
          ),
        );
        break;
      case 'search':
        app.ask(
          textPrompt('search:', [], (text) => this.search(text)),
          this.#sought,
        );
        break;
      case 'search-next':
      case 'search-previous':
        this.#seek(command === 'search-next' ? 1 : -1);
        break;
      case 'follow':
        app.follows = !app.follows;
        app.say(app.follows ? 'following the newest message' : 'not following any more');
        break;
      case 'pause':
        if (session.isPaused) session.resume();
        else session.pause();
        break;
      case 'theme':
        this.theme(THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length]);
        break;
      case 'copy': {
        const copied = app.view.copied?.() ?? null;
        if (copied === null) app.say('there is nothing to copy here', 'warning');
        else app.copy(copied.text, copied.what);
        break;
      }
      case 'export':
        app.ask(textPrompt('export to (.pcapng, .ndjson):', [], (path) => this.export(path, false)));
        break;
      case 'saved-filters':
        this.#listSaved();
        break;
      default:
        return false;
    }
    return true;
  }

  quit(): void {
    this.#app.end(0);
  }

  help(): void {
    this.#app.openHelp();
  }

  show(view: ViewName): void {
    this.#app.show(view);
  }

  theme(name: ThemeName): void {
    this.#app.settings.theme = name;
    this.#app.useTheme();
    this.#app.say(`theme: ${name}`);
  }

  columns(names: readonly MessageColumn[]): void {
    this.#app.settings.columns = names;
    this.#app.redraw();
  }

  filter(text: string): void {
    const problem = filterProblem(text);
    if (problem !== null) {
      this.#app.say(`filter, column ${problem.column}: ${problem.message}`, 'bad');
      return;
    }
    remember(this.#app.settings.filterHistory, text);
    this.#app.session.setFilter(text);
    this.#app.redraw();
  }

  saveFilter(name: string): void {
    const { session, settings } = this.#app;
    if (session.filter === null) {
      this.#app.say('no filter is in force', 'warning');
      return;
    }
    settings.filters.set(name, session.filter.text);
    this.#app.say(`saved as ${name}; :use ${name} puts it in force`);
  }

  useFilter(name: string): void {
    const text = this.#app.settings.filters.get(name);
    if (text === undefined) this.#app.say(`there is no saved filter ${name}`, 'bad');
    else this.filter(text);
  }

  forgetFilter(name: string): void {
    const isKnown = this.#app.settings.filters.delete(name);
    this.#app.say(isKnown ? `forgotten: ${name}` : `there is no saved filter ${name}`, isKnown ? 'info' : 'bad');
  }

  goToFrame(frame: number): void {
    this.#app.show('messages', { frame });
  }

  goToTime(text: string): void {
    const { store } = this.#app.session;
    const time = instantOf(text, store.count === store.first ? Number.NaN : store.time(store.first));
    if (time === null) {
      this.#app.say(`${text} is no time; write 12:04:31 or 2026-05-01T12:04:31Z`, 'bad');
      return;
    }
    const message = store.atTime(time);
    if (store.count > store.first) this.#app.show('messages', { message: Math.min(message, store.count - 1) });
    if (message >= store.count) this.#app.say(`no message at ${text} or behind it`, 'warning');
  }

  search(text: string): void {
    this.#sought = text;
    if (text !== '') this.#seek(1);
  }

  export(path: string, payload: boolean): void {
    const app = this.#app;
    if (path === '') return;
    const form = /\.(nd)?json$/i.test(path) ? 'ndjson' : 'pcapng';
    app.say(`writing ${path} ...`);
    app.session.feed.export({ path, form, filter: app.session.filter?.text ?? '', payload }).then(
      (written) => app.say(`${path}: ${written} ${form === 'ndjson' ? 'messages' : 'frames'} written`),
      (error: unknown) =>
        app.say(error instanceof FeedError ? `${error.message}; ${error.hint}` : `cannot write ${path}`, 'bad'),
    );
  }

  writeSettings(): void {
    this.#app.writeSettings();
  }

  #typed(text: string): void {
    remember(this.#app.settings.commandHistory, text);
    const problem = runCommandLine(text, this);
    if (problem !== null) this.#app.say(problem, 'bad');
  }

  #seek(direction: 1 | -1): void {
    const app = this.#app;
    if (this.#sought === '') app.say('nothing was searched for yet; Ctrl-F does', 'warning');
    else if (app.view.search === undefined) app.say('there is nothing to search in here', 'warning');
    else app.view.search(this.#sought, direction);
    app.redraw();
  }

  #listSaved(): void {
    const { filters } = this.#app.settings;
    if (filters.size === 0) this.#app.say('no filter is saved; :save NAME keeps the one in force', 'warning');
    else {
      const names = [...filters].map(([name, text]) => ({ text: name, about: text }));
      this.#app.ask({
        ...textPrompt('saved filter:', [], (name) => this.useFilter(name)),
        complete: (typed) => ({ from: 0, suggestions: names.filter(({ text }) => text.startsWith(typed)) }),
      });
    }
  }
}

/**
 * An instant that somebody typed: RFC 3339, or a time of the day of another instant.
 *
 * @param shown milliseconds since 1970 of the first message; NaN where there is none
 */
export function instantOf(text: string, shown: number): number | null {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(text);
  if (clock !== null) {
    const isOfDay = Number(clock[1]) < 24 && Number(clock[2]) < 60 && Number(clock[3] ?? 0) < 60;
    if (Number.isNaN(shown) || !isOfDay) return null;
    const ms = (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) * 1000;
    const today = Math.floor(shown / DAY_MS) * DAY_MS + ms;
    // A capture that runs over midnight: earlier than its beginning is the next day.
    return today < shown - 1000 && today + DAY_MS - shown < DAY_MS / 2 ? today + DAY_MS : today;
  }
  const instant = /^\d{4}-\d{2}-\d{2}/.test(text)
    ? Date.parse(/[zZ]|[+-]\d{2}:\d{2}$/.test(text) ? text : `${text}Z`)
    : Number.NaN;
  return Number.isNaN(instant) ? null : instant;
}
