// What is wrong with a filter or a field list: a stable code, the column, a sentence, and what was probably meant.

/** Stable codes of `FilterError`. */
export type FilterErrorCode =
  | 'filter.syntax'
  | 'filter.unknown-field'
  | 'filter.type'
  | 'filter.value'
  | 'filter.pattern'
  | 'filter.too-long'
  | 'filter.too-deep'
  | 'filter.option';

/** A filter that cannot be used. Nothing was changed by the attempt. */
export class FilterError extends Error {
  readonly code: FilterErrorCode;
  /** Column of the filter text at which it shows, in characters, counted from 1. */
  readonly column: number;
  /** What to do next, e.g. the nearest field name; empty where nothing helps. */
  readonly hint: string;

  constructor(code: FilterErrorCode, column: number, message: string, hint = '') {
    super(message);
    this.name = 'FilterError';
    this.code = code;
    this.column = column;
    this.hint = hint;
  }
}

/** Column (characters, from 1) of an offset in UTF-16 units. */
export function columnOf(text: string, offset: number): number {
  return [...text.slice(0, offset)].length + 1;
}
