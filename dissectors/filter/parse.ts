// Text to tree: bounds the text, runs the generated parser, and says in plain words where a filter stops making sense.

import type { FilterNode } from './ast.ts';
import { columnOf, FilterError } from './filter-error.ts';
import { parse } from './filter-parser.ts';

/** Constants we chose. */
/** Characters (UTF-16 units) of a filter. Longer ones are refused: people write tens, programs hundreds. */
export const FILTER_LENGTH = 8192;
/** Parentheses and negations inside each other. Deeper ones are refused: the parser and the compiler recurse. */
export const FILTER_DEPTH = 64;

const parseText = parse as (text: string) => FilterNode | null;

/** What the generated parser throws. */
interface GeneratedError {
  readonly location?: { readonly start: { readonly offset: number } };
  readonly found?: string | null;
  readonly expected?: readonly { readonly type: string; readonly description?: string; readonly text?: string }[];
}

/**
 * The tree of a filter; null for an empty one, which every frame passes.
 *
 * @throws FilterError `filter.too-long`, `filter.too-deep`, `filter.syntax`
 */
export function parseFilter(text: string): FilterNode | null {
  if (text.length > FILTER_LENGTH) {
    throw new FilterError(
      'filter.too-long',
      columnOf(text, FILTER_LENGTH),
      `the filter has ${text.length} characters, ${FILTER_LENGTH} are allowed`,
      'put long lists of values into ranges, or filter in two steps',
    );
  }
  checkDepth(text);
  try {
    return parseText(text);
  } catch (error) {
    throw syntaxError(text, error as GeneratedError);
  }
}

/** Bounds nesting before the recursive parser sees the text. Counts `(`, `!` and `not` that wait for their operand. */
function checkDepth(text: string): void {
  const tokens = /"(?:[^"\\]|\\.)*"?|[A-Za-z0-9_:/?.-]+|[!=<>~]=+|[()!]/gs;
  let parentheses = 0;
  let negations = 0;
  for (const token of text.matchAll(tokens)) {
    const sign = token[0];
    if (sign === '(') parentheses++;
    else if (sign === ')') parentheses = Math.max(0, parentheses - 1);
    else if (sign === '!' || sign === 'not') negations++;
    else if (!sign.startsWith('=')) negations = 0;
    if (parentheses + negations > FILTER_DEPTH) {
      throw new FilterError(
        'filter.too-deep',
        columnOf(text, token.index),
        `more than ${FILTER_DEPTH} parentheses or negations inside each other`,
        'take out parentheses that change nothing',
      );
    }
  }
}

function syntaxError(text: string, error: GeneratedError): FilterError {
  const offset = error.location?.start.offset ?? 0;
  const names = new Set<string>();
  for (const { type, description, text: sign } of error.expected ?? []) {
    if (description === 'a blank' || description === undefined) {
      if (type === 'literal' && sign !== undefined) names.add(`\`${sign}\``);
      if (type === 'end') names.add('the end');
    } else {
      names.add(description);
    }
  }
  const rest = text.slice(offset);
  const word = /^[A-Za-z0-9_.:/?-]+|^[^\s]/u.exec(rest)?.[0];
  const where = rest.trim() === '' ? 'the filter ends too early' : `"${word}" does not fit here`;
  const expected = names.size === 0 ? '' : `, expected ${[...names].join(', ')}`;
  return new FilterError('filter.syntax', columnOf(text, offset), where + expected, syntaxHint(rest));
}

function syntaxHint(rest: string): string {
  if (/^=[^=]/.test(rest)) return 'a comparison is written ==';
  if (/^[&|]([^&|]|$)/.test(rest)) return 'write && for and, || for or';
  if (/^(AND|OR|NOT|IN|XOR)\b/.test(rest)) return 'and, or, not, in are written in lower case';
  if (rest.startsWith("'")) return 'texts stand in double quotes';
  if (rest.startsWith('"')) return 'a text begins and ends with a double quote';
  return '';
}
