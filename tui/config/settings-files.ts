// Where settings are kept: the configuration file, and a file with what was typed (XDG Base Directory 0.8).

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../app/settings.ts';
import type { Environment } from '../screen/terminal-traits.ts';
import { changedSettings, type ReadSettings, readSettings } from './settings-text.ts';

/** We chose: octets of a file that are looked at; a larger one is no configuration of ours. */
const MOST_OCTETS = 1 << 20;
/** What was typed is nobody else's business. */
const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o700;

/** See the head of the file. */
export class SettingsFiles {
  /** Path of the configuration file, or null where the environment names no home. */
  readonly path: string | null;
  readonly #historyPath: string | null;

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
    const read = readSettings(textOf(this.path));
    const { filters, commands } = historyOf(textOf(this.#historyPath));
    read.settings.filterHistory.push(...filters);
    read.settings.commandHistory.push(...commands);
    return read;
  }

  /**
   * Writes what differs from what the files say.
   *
   * @returns the path of the configuration file
   * @throws Error where it cannot be written
   */
  write(settings: Settings): string {
    if (this.path === null) throw new Error('there is no home folder');
    const before = textOf(this.path);
    const after = changedSettings(before, settings);
    if (after !== before) replaceFile(this.path, after);
    if (this.#historyPath !== null && settings.filterHistory.length + settings.commandHistory.length > 0) {
      const history = { filters: settings.filterHistory, commands: settings.commandHistory };
      replaceFile(this.#historyPath, `${JSON.stringify(history, null, 2)}\n`);
    }
    return this.path;
  }
}

function textOf(path: string | null): string {
  if (path === null) return '';
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > MOST_OCTETS ? '' : text;
  } catch {
    return '';
  }
}

function historyOf(text: string): { readonly filters: readonly string[]; readonly commands: readonly string[] } {
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  try {
    const parsed = JSON.parse(text === '' ? '{}' : text) as Readonly<Record<string, unknown>>;
    return { filters: texts(parsed.filters), commands: texts(parsed.commands) };
  } catch {
    return { filters: [], commands: [] };
  }
}

/** The file is whole at every moment. */
function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, text, { mode: OWNER_ONLY });
  renameSync(beside, path);
}
