// Commands that are typed after `:`. One table; completion and the help of the prompt read it.

import { THEMES, type ThemeName } from '../theme.ts';
import { MESSAGE_COLUMNS, type MessageColumn } from './settings.ts';
import { VIEW_NAMES, type ViewName } from './view.ts';

/** What a command does; the application supplies it. */
export interface CommandActions {
  quit(): void;
  help(): void;
  show(view: ViewName): void;
  theme(name: ThemeName): void;
  columns(names: readonly MessageColumn[]): void;
  filter(text: string): void;
  saveFilter(name: string): void;
  useFilter(name: string): void;
  forgetFilter(name: string): void;
  goToFrame(frame: number): void;
  /** Milliseconds since 1970, or of the day that the capture shows. */
  goToTime(text: string): void;
  search(text: string): void;
  export(path: string, payload: boolean): void;
  writeSettings(): void;
}

/** One command. */
export interface TypedCommand {
  readonly name: string;
  /** What it takes, e.g. `FRAME`. */
  readonly takes: string;
  readonly about: string;
  /** @returns what is wrong, or null */
  run(argument: string, actions: CommandActions): string | null;
}

/** A command that takes any text. */
function taking(act: (argument: string, actions: CommandActions) => void): TypedCommand['run'] {
  return (argument, actions) => {
    act(argument, actions);
    return null;
  };
}

/** A command that wants a text. @param missing what is said without one */
function wanting(missing: string, act: (argument: string, actions: CommandActions) => void): TypedCommand['run'] {
  return (argument, actions) => (argument === '' ? missing : taking(act)(argument, actions));
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly TypedCommand[] = [
  {
    name: 'frame',
    takes: 'NUMBER',
    about: 'go to a frame; `:1041` does the same',
    run: (argument, actions) => {
      const frame = Number(argument);
      if (!Number.isSafeInteger(frame) || frame < 1) return `there is no frame ${argument}`;
      actions.goToFrame(frame);
      return null;
    },
  },
  {
    name: 'time',
    takes: 'HH:MM:SS or RFC 3339',
    about: 'go to the first message at or after a capture time',
    run: wanting('say which time', (argument, actions) => actions.goToTime(argument)),
  },
  {
    name: 'filter',
    takes: 'FILTER',
    about: 'put a display filter in force; empty takes it away',
    run: taking((argument, actions) => actions.filter(argument)),
  },
  {
    name: 'save',
    takes: 'NAME',
    about: 'keep the filter in force under a name',
    run: wanting('say under which name', (argument, actions) => actions.saveFilter(argument)),
  },
  {
    name: 'use',
    takes: 'NAME',
    about: 'put a saved filter in force',
    run: wanting('say which one', (argument, actions) => actions.useFilter(argument)),
  },
  {
    name: 'forget',
    takes: 'NAME',
    about: 'forget a saved filter',
    run: wanting('say which one', (argument, actions) => actions.forgetFilter(argument)),
  },
  {
    name: 'search',
    takes: 'TEXT',
    about: 'search for a text in the list',
    run: taking((argument, actions) => actions.search(argument)),
  },
  {
    name: 'export',
    takes: 'FILE',
    about: 'write the messages that are shown: FILE.pcapng, or FILE.ndjson for records',
    run: wanting('say into which file', (argument, actions) => actions.export(argument, false)),
  },
  {
    name: 'export-payload',
    takes: 'FILE',
    about: 'the same with deciphered payload, where the verdict lets it out',
    run: wanting('say into which file', (argument, actions) => actions.export(argument, true)),
  },
  {
    name: 'view',
    takes: 'NAME',
    about: `show a view: ${VIEW_NAMES.join(', ')}`,
    run: (argument, actions) => {
      const view = VIEW_NAMES.find((name) => name === argument);
      if (view === undefined) return `there is no view ${argument}; they are ${VIEW_NAMES.join(', ')}`;
      actions.show(view);
      return null;
    },
  },
  {
    name: 'theme',
    takes: 'NAME',
    about: `use a theme: ${THEMES.join(', ')}`,
    run: (argument, actions) => {
      const theme = THEMES.find((name) => name === argument);
      if (theme === undefined) return `there is no theme ${argument}; they are ${THEMES.join(', ')}`;
      actions.theme(theme);
      return null;
    },
  },
  {
    name: 'columns',
    takes: 'NAMES',
    about: `columns of the message list: ${MESSAGE_COLUMNS.join(', ')}`,
    run: (argument, actions) => {
      const names = argument.split(/[\s,]+/).filter((name) => name !== '');
      const wrong = names.find((name) => !MESSAGE_COLUMNS.includes(name as MessageColumn));
      if (wrong !== undefined) return `there is no column ${wrong}; they are ${MESSAGE_COLUMNS.join(', ')}`;
      if (names.length === 0) return 'name at least one column';
      actions.columns(names as MessageColumn[]);
      return null;
    },
  },
  {
    name: 'write',
    takes: '',
    about: 'write the settings into the configuration file now',
    run: taking((_argument, actions) => actions.writeSettings()),
  },
  { name: 'help', takes: '', about: 'keys and commands', run: taking((_argument, actions) => actions.help()) },
  { name: 'quit', takes: '', about: 'end', run: taking((_argument, actions) => actions.quit()) },
];

/** Runs what was typed. A name may be cut short where it is clear. @returns what is wrong, or null */
export function runCommandLine(text: string, actions: CommandActions): string | null {
  if (text === '') return null;
  const frame = /^\d+$/.test(text);
  const [, word, argument] = frame ? ['', 'frame', text] : (/^(\S+)\s*(.*)$/.exec(text) as RegExpExecArray);
  const exact = COMMANDS.find((command) => command.name === word);
  const fitting = exact === undefined ? COMMANDS.filter((command) => command.name.startsWith(word)) : [exact];
  if (fitting.length === 1) return fitting[0].run(argument.trim(), actions);
  if (fitting.length === 0) return `there is no command ${word}; :help lists them`;
  return `${word} could be ${fitting.map((command) => command.name).join(', ')}`;
}
