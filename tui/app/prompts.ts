// The kinds of prompts: display filter, command line, search, and the file name of an export.

import { compileFilter } from '../../dissectors/filter/compile.ts';
import { completeFilter } from '../../dissectors/filter/complete.ts';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import type { PromptKind, PromptSuggestion, PromptVerdict } from './prompt.ts';

/** Why a display filter is wrong, or null where it is good. */
export function filterProblem(text: string): FilterError | null {
  try {
    compileFilter(text);
    return null;
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
}

/** `/`: a display filter, judged while it is typed. */
export function filterPrompt(history: readonly string[], accepted: (text: string) => void): PromptKind {
  return {
    sign: '/',
    history,
    complete: completeFilter,
    judge: (text): PromptVerdict => {
      if (text.trim() === '') return { level: 'dim', text: 'empty: all messages' };
      const problem = filterProblem(text);
      if (problem === null) return { level: 'good', text: '✓' };
      const hint = problem.hint === '' ? '' : `; ${problem.hint}`;
      return { level: 'bad', text: `column ${problem.column}: ${problem.message}${hint}` };
    },
    accept: (text) => {
      if (text.trim() !== '' && filterProblem(text) !== null) return false;
      accepted(text.trim());
      return true;
    },
  };
}

/** `:`: a command. @param commands names and what they do */
export function commandPrompt(
  history: readonly string[],
  commands: readonly PromptSuggestion[],
  accepted: (text: string) => void,
): PromptKind {
  return {
    sign: ':',
    history,
    complete: (text, cursor) => {
      const before = text.slice(0, cursor);
      const isName = !before.includes(' ');
      return { from: 0, suggestions: isName ? commands.filter((each) => each.text.startsWith(before)) : [] };
    },
    judge: () => ({ level: 'dim', text: '' }),
    accept: (text) => {
      accepted(text.trim());
      return true;
    },
  };
}

/** A line of plain text, e.g. what to search for. */
export function textPrompt(sign: string, history: readonly string[], accepted: (text: string) => void): PromptKind {
  return {
    sign,
    history,
    complete: () => ({ from: 0, suggestions: [] }),
    judge: () => ({ level: 'dim', text: '' }),
    accept: (text) => {
      accepted(text.trim());
      return true;
    },
  };
}
