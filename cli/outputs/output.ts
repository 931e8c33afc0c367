// What `read` prints, chosen by `-T`, `-V`, `-x`, `-e`, `-Y` and `-q`: one printer of this folder, behind one interface.

import type { AnalysisListener } from '../../daemon/analysis.ts';
import { FrameReader } from '../../daemon/engine/frame-reader.ts';
import { ExitCode, SidescopeError } from '../../daemon/errors.ts';
import type { Keyring } from '../../daemon/keyring/keyring.ts';
import { FieldRows, parseRowOptions } from '../../dissectors/field-rows.ts';
import { type CompiledFilter, compileFilter } from '../../dissectors/filter/compile.ts';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import { recordPrinter } from '../json-lines.ts';
import type { ReadOptions } from '../read-options.ts';
import { textPrinter } from '../text-lines.ts';
import { chosenEkOutput, chosenJsonOutput, fieldsOutput } from './columns.ts';
import { detailsOutput, hexOutput } from './details.ts';
import { ekOutput, jsonOutput } from './documents.ts';

/** A printer: hears of the analysis and writes to standard output. */
export interface Output {
  readonly listener: AnalysisListener;
  /** Whether the keys that were tried must be written down. */
  readonly explains?: boolean;
  /** False where the frames as captured are all that it needs: nothing has to be deciphered and judged for it. */
  readonly needsAnalysis?: boolean;
  /** Before the first frame. */
  begin?(): void;
  /** Behind the last one, also where the input was damaged. */
  end?(): void;
}

/**
 * The printer that the options ask for.
 *
 * @throws SidescopeError `filter.*` for a filter, a field or a column option that is wrong
 */
export function chooseOutput(options: ReadOptions, keyring: Keyring): Output {
  const filter = chosenFilter(options);
  const rowOptions = named('-E', options.columnOption, (texts) => parseRowOptions(texts));
  const rows =
    options.column.length === 0 ? null : named('-e', options.column, (names) => new FieldRows(names, rowOptions));
  if (options.quiet === true) return { listener: {} };
  switch (options.type) {
    case 'fields':
      // checkReadOptions has seen to it that there are columns.
      return fieldsOutput(rows as FieldRows, filter);
    case 'json':
      return rows === null ? jsonOutput(filter, options.hex === true) : chosenJsonOutput(rows, filter);
    case 'ek':
      return rows === null ? ekOutput(filter) : chosenEkOutput(rows, filter);
    case 'ndjson':
      return messagesOutput(recordPrinter(keyring, options.payload === true), filter);
    case 'text': {
      if (options.details === true) return detailsOutput(filter, options.hex === true);
      const lines = textPrinter(keyring);
      return options.hex === true ? hexOutput(lines, filter) : messagesOutput(lines, filter);
    }
  }
}

/** Messages that pass the filter; everything that is not about one message is printed in any case. */
function messagesOutput(printer: AnalysisListener, filter: CompiledFilter | null): Output {
  if (filter === null) return { listener: printer };
  const reader = new FrameReader(filter.wanted);
  const accepts: AnalysisListener['accepts'] = (frame, message) => {
    reader.readMessage(frame, message);
    return filter.test(reader.values);
  };
  return { listener: { ...printer, accepts }, explains: reader.explains };
}

/**
 * The filter of `-Y`, or null where there is none. Each call makes one of its own.
 *
 * @throws SidescopeError `filter.*`
 */
export function chosenFilter(options: ReadOptions): CompiledFilter | null {
  const { filter } = options;
  return filter === undefined ? null : usable(filter, () => compileFilter(filter));
}

/** Runs what may find a filter wrong, and shows where. */
function usable<Value>(text: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const excerpt = { text, column: error.column };
    const message = `column ${error.column}: ${error.message}`;
    throw new SidescopeError(error.code, message, error.hint, ExitCode.usage, { cause: error, excerpt });
  }
}

/** Runs what may find one of several texts wrong. */
function named<Value>(option: string, texts: readonly string[], make: (texts: readonly string[]) => Value): Value {
  try {
    return make(texts);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new SidescopeError(error.code, `${option}: ${error.message}`, error.hint, ExitCode.usage, { cause: error });
  }
}
