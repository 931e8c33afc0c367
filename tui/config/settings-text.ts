// The configuration file of the terminal program as text: what it says, and how it is changed without touching what the
// operator wrote around it. JSON; comments and commas at the end of lists are allowed.

import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { KeyMap } from '../app/key-dispatcher.ts';
import { defaultSettings, MESSAGE_COLUMNS, type MessageColumn, type Settings } from '../app/settings.ts';
import { VIEW_NAMES } from '../app/view.ts';
import { type Command, KEY_TABLE } from '../keys.ts';
import { THEMES } from '../theme.ts';

/** Constants we chose. */
/** Saved filters and own keys; more are left out, and that is said. */
const MOST_ENTRIES = 200;
const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } } as const;

/** What a configuration file says. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly ownKeys: KeyMap;
  /** What is wrong with it, a sentence each. The rest of it holds. */
  readonly problems: readonly string[];
}

/** Settings that are remembered, beside the filters. */
const REMEMBERED = ['theme', 'view', 'columns', 'listShare'] as const;

/** Reads the text of a configuration file; an empty text says nothing. */
export function readSettings(text: string): ReadSettings {
  const problems = syntaxProblems(text);
  const parsed: unknown = text.trim() === '' ? {} : parse(text, [], { allowTrailingComma: true });
  const settings = defaultSettings();
  if (!isObject(parsed)) return { settings, ownKeys: new Map(), problems: [...problems, 'it is no JSON object'] };
  const { theme, view, columns, listShare, filters, keys, ...others } = parsed;
  settings.theme = oneOf(THEMES, theme, settings.theme, 'theme', problems);
  settings.view = oneOf(VIEW_NAMES, view, settings.view, 'view', problems);
  settings.columns = columnsOf(columns, settings.columns, problems);
  if (typeof listShare === 'number' && listShare >= 0.2 && listShare <= 0.85) settings.listShare = listShare;
  else if (listShare !== undefined) problems.push('listShare is a number from 0.2 to 0.85');
  for (const [name, filter] of entriesOf(filters, 'filters', problems)) {
    if (typeof filter === 'string') settings.filters.set(name, filter);
    else problems.push(`filters.${name} is no text`);
  }
  for (const name of Object.keys(others)) problems.push(`there is no setting ${name}`);
  return { settings, ownKeys: ownKeysOf(keys, problems), problems };
}

/** The first thing by which a text is no JSON with comments, with its line. */
function syntaxProblems(text: string): string[] {
  const errors: ParseError[] = [];
  if (text.trim() !== '') parse(text, errors, { allowTrailingComma: true });
  return errors.slice(0, 1).map(({ error, offset }) => {
    const line = text.slice(0, offset).split('\n').length;
    return `line ${line}: ${printParseErrorCode(error)}`;
  });
}

/**
 * The text with what was changed since some settings were read. Everything else in it stays as it is, what somebody else
 * wrote into it meanwhile too.
 *
 * @param start settings as they were read
 * @returns the text as it was where nothing was changed
 * @throws Error where it is no JSON: a change would have to guess what was meant
 */
export function changedSettings(text: string, settings: Settings, start: Settings): string {
  const begun = text.trim() === '' ? '{}\n' : text;
  const said = readSettings(begun);
  let changed = begun;
  const change = (path: readonly string[], value: unknown): void => {
    changed = applyEdits(changed, modify(changed, [...path], value, FORMAT));
  };
  for (const name of REMEMBERED) {
    if (!isSame(settings[name], start[name]) && !isSame(settings[name], said.settings[name])) {
      change([name], settings[name]);
    }
  }
  for (const [name, filter] of settings.filters) {
    if (start.filters.get(name) !== filter && said.settings.filters.get(name) !== filter) {
      change(['filters', name], filter);
    }
  }
  for (const name of start.filters.keys()) {
    if (!settings.filters.has(name) && said.settings.filters.has(name)) change(['filters', name], undefined);
  }
  if (changed === begun) return text;
  const [problem] = syntaxProblems(text);
  if (problem !== undefined) throw new Error(problem);
  return changed;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<Name extends string>(
  names: readonly Name[],
  value: unknown,
  otherwise: Name,
  setting: string,
  problems: string[],
): Name {
  if (value === undefined) return otherwise;
  const name = names.find((each) => each === value);
  if (name === undefined) problems.push(`${setting} is one of ${names.join(', ')}`);
  return name ?? otherwise;
}

function columnsOf(value: unknown, otherwise: readonly MessageColumn[], problems: string[]): readonly MessageColumn[] {
  if (value === undefined) return otherwise;
  const names = Array.isArray(value) ? value.filter((name) => MESSAGE_COLUMNS.includes(name as MessageColumn)) : [];
  if (!Array.isArray(value) || names.length !== value.length || names.length === 0) {
    problems.push(`columns is a list of ${MESSAGE_COLUMNS.join(', ')}`);
  }
  return names.length === 0 ? otherwise : (names as MessageColumn[]);
}

function entriesOf(value: unknown, setting: string, problems: string[]): [string, unknown][] {
  if (value === undefined) return [];
  if (!isObject(value)) {
    problems.push(`${setting} is an object`);
    return [];
  }
  const entries = Object.entries(value);
  if (entries.length > MOST_ENTRIES) problems.push(`${setting} has more than ${MOST_ENTRIES} entries`);
  return entries.slice(0, MOST_ENTRIES);
}

/** Keys by command: `{"quit": ["Q"]}`. */
function ownKeysOf(value: unknown, problems: string[]): KeyMap {
  const own = new Map<Command, readonly string[]>();
  for (const [name, keys] of entriesOf(value, 'keys', problems)) {
    const binding = KEY_TABLE.find(({ command }) => command === name);
    if (binding === undefined) problems.push(`keys: there is no command ${name}`);
    else if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'string' && key !== '')) {
      own.set(binding.command, keys as string[]);
    } else problems.push(`keys.${name} is a list of keys`);
  }
  return own;
}
