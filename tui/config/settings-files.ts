// Where settings are kept: the configuration file, and a file with what was typed (XDG Base Directory 0.8). Other runs of the
// program, and editors, may write them meanwhile: each run writes what was changed in it.

import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { remember } from '../app/prompt.ts';
import { defaultSettings, type Settings } from '../app/settings.ts';
import type { Environment } from '../screen/terminal-traits.ts';
import { changedSettings, type ReadSettings, readSettings } from './settings-text.ts';

/** We chose: octets of a file that are looked at; a larger one is no configuration of ours. */
const MOST_OCTETS = 1 << 20;
/** What was typed is nobody else's business. */
const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o700;
/** Bits of a mode that say who may do what. */
const PERMISSIONS = 0o777;

/** See the head of the file. */
export class SettingsFiles {
  /** Path of the configuration file, or null where the environment names no home. */
  readonly path: string | null;
  readonly #historyPath: string | null;
  /** Settings as they were read, or written last. */
  #known: Settings = defaultSettings();

  constructor(environment: Environment) {
    const home = environment.HOME;
    const base = (named: string | undefined, below: string): string | null => {
      // A path that is not absolute does not count (XDG Base Directory).
      if (named?.startsWith('/') === true) return named;
      return home === undefined || home === '' ? null : join(home, below);
    };
    const config = base(environment.XDG_CONFIG_HOME, '.config');
    const state = base(environment.XDG_STATE_HOME, '.local/state');
    this.path = config === null ? null : join(config, 'sidescope', 'tui.json');
    this.#historyPath = state === null ? null : join(state, 'sidescope', 'tui-history.json');
  }

  /** What the files say; a file that is not there says nothing. */
  read(): ReadSettings {
    let text = '';
    const unread: string[] = [];
    try {
      text = textOf(this.path);
    } catch (error) {
      unread.push(error instanceof Error ? error.message : '');
    }
    const { problems, ...read } = readSettings(text);
    const { filters, commands } = this.#history();
    read.settings.filterHistory.push(...filters);
    read.settings.commandHistory.push(...commands);
    this.#known = copyOf(read.settings);
    return { ...read, problems: [...unread, ...problems] };
  }

  /**
   * Writes what was changed since the files were read, or written last.
   *
   * @returns the path of the configuration file
   * @throws Error where it cannot be written, or what stands there cannot be read
   */
  write(settings: Settings): string {
    if (this.path === null) throw new Error('there is no home folder');
    this.#writeHistory(settings);
    const before = textOf(this.path);
    const after = changedSettings(before, settings, this.#known);
    if (after !== before) replaceFile(this.path, after);
    this.#known = copyOf(settings);
    return this.path;
  }

  #writeHistory({ filterHistory, commandHistory }: Settings): void {
    if (this.#historyPath === null) return;
    const typed = [
      ...typedSince(this.#known.filterHistory, filterHistory),
      ...typedSince(this.#known.commandHistory, commandHistory),
    ];
    if (typed.length === 0) return;
    const { filters, commands } = this.#history();
    for (const text of typedSince(this.#known.filterHistory, filterHistory)) remember(filters, text);
    for (const text of typedSince(this.#known.commandHistory, commandHistory)) remember(commands, text);
    replaceFile(this.#historyPath, `${JSON.stringify({ filters, commands }, null, 2)}\n`);
  }

  #history(): { readonly filters: string[]; readonly commands: string[] } {
    try {
      return historyOf(textOf(this.#historyPath));
    } catch {
      return { filters: [], commands: [] };
    }
  }
}

function copyOf(settings: Settings): Settings {
  const { filters, filterHistory, commandHistory } = settings;
  return {
    ...settings,
    ...{ filters: new Map(filters), filterHistory: [...filterHistory], commandHistory: [...commandHistory] },
  };
}

/** Texts of a history behind what it had in common with an earlier one: what was typed again stands there, too. */
function typedSince(before: readonly string[], now: readonly string[]): readonly string[] {
  const first = now.findIndex((text, at) => text !== before[at]);
  return first < 0 ? [] : now.slice(first);
}

/** Text of a file; empty where there is none. @throws Error where it cannot be read, or is none of ours */
function textOf(path: string | null): string {
  if (path === null) return '';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new Error(`it cannot be read (${code})`, { cause: error });
  }
  if (text.length > MOST_OCTETS) throw new Error('it has more than a mebioctet');
  return text;
}

function historyOf(text: string): { readonly filters: string[]; readonly commands: string[] } {
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  try {
    const parsed = JSON.parse(text === '' ? '{}' : text) as Readonly<Record<string, unknown>>;
    return { filters: texts(parsed.filters), commands: texts(parsed.commands) };
  } catch {
    return { filters: [], commands: [] };
  }
}

/** The file is whole at every moment. Where a link leads to it, the link stays. */
function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  let target = path;
  let mode = OWNER_ONLY;
  try {
    target = realpathSync(path);
    mode = statSync(target).mode & PERMISSIONS;
  } catch {
    // It is a new one.
  }
  const beside = `${target}.${process.pid}.new`;
  writeFileSync(beside, text, { mode });
  renameSync(beside, target);
}
