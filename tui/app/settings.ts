// What the operator chose, from the configuration file and while the program runs.

import type { ThemeName } from '../theme.ts';
import type { ViewName } from './view.ts';

/** Columns of the message list, in the order in which they can be named. */
export const MESSAGE_COLUMNS = [
  'frame',
  'time',
  'delta',
  'group',
  'source',
  'lcid',
  'key',
  'length',
  'bits',
  'verdict',
  'what',
] as const;

/** A column of the message list. */
export type MessageColumn = (typeof MESSAGE_COLUMNS)[number];

/** See the head of the file. Values change while the program runs; what is remembered is written at the end. */
export interface Settings {
  theme: ThemeName;
  /** View that is shown first. */
  view: ViewName;
  /** Columns of the message list, in order. */
  columns: readonly MessageColumn[];
  /** Rows of the message list beside those of its details, 0.2 to 0.8 of the height. */
  listShare: number;
  /** Names and texts of saved filters. */
  readonly filters: Map<string, string>;
  /** Texts of filters typed before, the newest last. */
  readonly filterHistory: string[];
  readonly commandHistory: string[];
}

/** What holds where nobody chose. */
export function defaultSettings(): Settings {
  return {
    theme: 'dark',
    view: 'groups',
    columns: ['frame', 'time', 'group', 'source', 'lcid', 'key', 'verdict', 'what'],
    listShare: 0.5,
    filters: new Map(),
    filterHistory: [],
    commandHistory: [],
  };
}
