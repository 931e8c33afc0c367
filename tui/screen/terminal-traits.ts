// What a terminal can show, told by the environment, as other terminal programs tell it.

import type { ColourDepth } from './palette.ts';

/** What of the environment counts. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a terminal can show. */
export interface TerminalTraits {
  readonly depth: ColourDepth;
  /** It knows ASCII only. */
  readonly ascii: boolean;
}

/** Reads NO_COLOR (no-color.org), COLORTERM, TERM, and the locale (POSIX 8.2: LC_ALL, LC_CTYPE, LANG). */
export function terminalTraits(environment: Environment): TerminalTraits {
  return { depth: colourDepth(environment), ascii: !isUtf8(environment) };
}

function colourDepth({ NO_COLOR, COLORTERM, TERM = '' }: Environment): ColourDepth {
  if ((NO_COLOR !== undefined && NO_COLOR !== '') || /^vt\d/.test(TERM)) return 'none';
  if (COLORTERM === 'truecolor' || COLORTERM === '24bit' || TERM.endsWith('-direct')) return 'true';
  if (TERM.includes('256') || (COLORTERM ?? '') !== '') return '256';
  return '16';
}

function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  // An empty variable counts as unset.
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return /utf-?8/i.test(locale);
}
