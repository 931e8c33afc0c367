// What `read` prints, chosen by `-T`, `-V`, `-x`, `-e`, `-Y` and `-q`: one printer of this folder, behind one interface.

import type { AnalysisListener } from '../../daemon/analysis.ts';
import { ExitCode, SidescopeError } from '../../daemon/errors.ts';
import type { Keyring } from '../../daemon/keyring/keyring.ts';
import type { FieldRows } from '../../dissectors/field-rows.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import type { ReadOptions } from '../read-options.ts';
import { rowPrinter, textPrinter } from '../text-lines.ts';

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
 * The printer that the options ask for. What it is made of is loaded here, so that nobody waits for a printer, or for the
 * language of filters, that nobody asked for.
 *
 * @param isLarge whether the capture is so large that it is read in threads for this reason alone, and all of it is printed
 * @throws SidescopeError `filter.*` for a filter, a field or a column option that is wrong
 */
export async function chooseOutput(options: ReadOptions, keyring: Keyring, isLarge: boolean): Promise<Output> {
  const filter = await chosenFilter(options);
  const rows = await chosenRows(options);
  if (options.quiet === true) return { listener: {} };
  switch (options.type) {
    case 'fields': {
      const { fieldsOutput } = await import('./columns.ts');
      // checkReadOptions has seen to it that there are columns.
      return fieldsOutput(rows as FieldRows, filter);
    }
    case 'json': {
      if (rows !== null) return (await import('./columns.ts')).chosenJsonOutput(rows, filter);
      const { jsonOutput } = await import('./documents.ts');
      return jsonOutput(filter, options.hex === true, options.threads !== 1, isLarge);
    }
    case 'ek': {
      if (rows === null) return (await import('./documents.ts')).ekOutput(filter, options.threads !== 1, isLarge);
      return (await import('./columns.ts')).chosenEkOutput(rows, filter);
    }
    case 'ndjson': {
      const { recordPrinter } = await import('../json-lines.ts');
      return await messagesOutput(recordPrinter(keyring, options.payload === true), filter);
    }
    case 'text': {
      if (options.details === true) {
        const { detailsOutput } = await import('./details.ts');
        return detailsOutput(filter, options.hex === true, options.threads !== 1, isLarge);
      }
      if (options.hex === true) return (await import('./details.ts')).hexOutput(textPrinter(keyring), filter);
      return await messagesOutput(rowPrinter(keyring), filter);
    }
  }
}

/** The columns of `-e` with the options of `-E`, or null where there are none. */
async function chosenRows(options: ReadOptions): Promise<FieldRows | null> {
  if (options.column.length + options.columnOption.length === 0) return null;
  const { FieldRows: Rows, parseRowOptions } = await import('../../dissectors/field-rows.ts');
  const rowOptions = named('-E', options.columnOption, (texts) => parseRowOptions(texts));
  return options.column.length === 0 ? null : named('-e', options.column, (names) => new Rows(names, rowOptions));
}

/** Messages that pass the filter; everything that is not about one message is printed in any case. */
async function messagesOutput(printer: AnalysisListener, filter: CompiledFilter | null): Promise<Output> {
  if (filter === null) return { listener: printer };
  const { FrameReader } = await import('../../daemon/engine/frame-reader.ts');
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
export async function chosenFilter(options: Pick<ReadOptions, 'filter'>): Promise<CompiledFilter | null> {
  const { filter } = options;
  if (filter === undefined) return null;
  const { compileFilter } = await import('../../dissectors/filter/compile.ts');
  return usable(filter, () => compileFilter(filter));
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
