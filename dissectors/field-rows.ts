// `-T fields`: one line a frame, one column a field, as tshark prints them with `-e` and `-E`. Also the chosen fields of
// `-T json -e` and `-T ek -e`.

import type { AsciiWriter } from './ascii-writer.ts';
import type { CollectedFields, Wanted } from './field-collector.ts';
import { type FieldEntry, findField, findProtocol, nearestFieldNames, type ProtocolEntry } from './fields.ts';
import { FilterError } from './filter/filter-error.ts';
import { nearestNames } from './filter/nearest.ts';
import type { Field } from './layer.ts';
import { writePlain } from './plain-value.ts';
import { printable } from './printable.ts';
import { bareText } from './value-text.ts';

/** Constants we chose. */
/** Columns of a row; more are refused. */
export const ROW_COLUMNS = 256;

const LINE_BREAK = 0x0a;

/** What `-E` sets. */
export interface RowOptions {
  /** Print the names first. */
  readonly header: boolean;
  /** Between columns. */
  readonly separator: string;
  /** Around columns that are not empty: `"`, `'` or nothing. */
  readonly quote: '"' | "'" | '';
  /** Which of several values of one field: the first, the last, all. */
  readonly occurrence: 'first' | 'last' | 'all';
  /** Between values of one field. */
  readonly aggregator: string;
}

/** tshark's defaults: tab between columns, comma between values, no header, no quotes. */
export const DEFAULT_ROW_OPTIONS: RowOptions = {
  header: false,
  separator: '\t',
  quote: '',
  occurrence: 'all',
  aggregator: ',',
};

const QUOTES = new Map<string, RowOptions['quote']>([
  ['d', '"'],
  ['s', "'"],
  ['n', ''],
]);
const OCCURRENCES = new Map<string, RowOptions['occurrence']>([
  ['f', 'first'],
  ['l', 'last'],
  ['a', 'all'],
]);
const OPTION_NAMES = ['header', 'separator', 'quote', 'occurrence', 'aggregator'];

/**
 * Options of `-E`, each `name=value`: `header=y|n`, `separator=/t|/s|CHARACTER`, `quote=d|s|n`, `occurrence=f|l|a`,
 * `aggregator=,|/s|CHARACTER`. Later ones go before earlier ones.
 *
 * @throws FilterError `filter.option` that names the option
 */
export function parseRowOptions(texts: readonly string[]): RowOptions {
  let options = DEFAULT_ROW_OPTIONS;
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    options = { ...options, ...rowOption(text, name, at < 0 ? '' : text.slice(at + 1)) };
  }
  return options;
}

function rowOption(text: string, name: string, value: string): Partial<RowOptions> {
  const wrong = (allowed: string) =>
    new FilterError(
      'filter.option',
      name.length + 2,
      `"${printable(text)}" is no value of ${name}`,
      `write ${allowed}`,
    );
  switch (name) {
    case 'header':
      if (value !== 'y' && value !== 'n') throw wrong('header=y or header=n');
      return { header: value === 'y' };
    case 'separator':
    case 'aggregator': {
      const sign = value === '/t' ? '\t' : value === '/s' ? ' ' : value;
      if ([...sign].length !== 1 || sign === '\n' || sign === '\r')
        throw wrong(`${name}=, or ${name}=/t or ${name}=/s`);
      return name === 'separator' ? { separator: sign } : { aggregator: sign };
    }
    case 'quote': {
      const quote = QUOTES.get(value);
      if (quote === undefined) throw wrong('quote=d, quote=s or quote=n');
      return { quote };
    }
    case 'occurrence': {
      const occurrence = OCCURRENCES.get(value);
      if (occurrence === undefined) throw wrong('occurrence=f, occurrence=l or occurrence=a');
      return { occurrence };
    }
    default: {
      const near = nearestNames(name, OPTION_NAMES);
      const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `options are ${OPTION_NAMES.join(', ')}`;
      throw new FilterError('filter.option', 1, `there is no option "${printable(name)}"`, hint);
    }
  }
}

interface Column {
  readonly name: string;
  readonly field: FieldEntry | null;
  readonly protocol: ProtocolEntry | null;
}

/** The columns of `-e`, in the order given. */
export class FieldRows {
  /** What a FieldCollector must collect. */
  readonly wanted: Wanted;
  readonly #columns: readonly Column[];
  /** By column: its fields, where nothing is put around their values; else null. */
  readonly #plainFields: readonly (readonly Field[] | null)[];
  readonly #options: RowOptions;

  /**
   * @param names fields, or protocols, whose title is printed where they are present
   * @throws FilterError `filter.unknown-field` with the nearest names; `filter.option` for no names or too many
   */
  constructor(names: readonly string[], options: RowOptions = DEFAULT_ROW_OPTIONS) {
    if (names.length === 0 || names.length > ROW_COLUMNS) {
      throw new FilterError(
        'filter.option',
        1,
        `${names.length} fields are wanted; 1 to ${ROW_COLUMNS} can be`,
        'add -e FIELD',
      );
    }
    this.#options = options;
    this.#columns = names.map(column);
    this.#plainFields = this.#columns.map(({ field }) => (options.quote === '' ? (field?.fields ?? null) : null));
    const protocols = this.#columns.flatMap((entry) => entry.protocol?.protocols ?? []);
    const fields = this.#columns.flatMap((entry) => entry.field?.fields ?? []);
    this.wanted = { fields, layers: protocols, octets: [] };
  }

  /** The line of names, without a line break; null where it is not wanted. */
  header(): string | null {
    return this.#options.header ? this.#columns.map((entry) => entry.name).join(this.#options.separator) : null;
  }

  /** The line of one frame, without a line break. Absent fields are empty. */
  row(values: CollectedFields): string {
    const { separator } = this.#options;
    let line = '';
    for (const [index, entry] of this.#columns.entries()) {
      if (index > 0) line += separator;
      line += this.#columnText(entry, values);
    }
    return line;
  }

  /** The layers object of `-T json -e` and `-T ek -e`: every field that is present, with an array of its values. */
  layers(values: CollectedFields): Record<string, string[]> {
    const layers: Record<string, string[]> = {};
    for (const entry of this.#columns) {
      const texts = columnTexts(entry, values, ':');
      if (texts.length > 0) layers[entry.name] = texts;
    }
    return layers;
  }

  /**
   * The line of one frame with its line break, as octets: the same as `row`, without strings for what is met most,
   * numbers and Layer-2 ids that occur once.
   */
  writeRow(values: CollectedFields, out: AsciiWriter): void {
    for (let index = 0; index < this.#columns.length; index++) {
      if (index > 0) out.utf8(this.#options.separator);
      const plain = this.#plainFields[index];
      const only = plain === null ? null : onlyPresent(plain, values);
      if (only === null || !writePlain(only, values.value(only, 0), out)) {
        out.utf8(this.#columnText(this.#columns[index], values));
      }
    }
    out.octet(LINE_BREAK);
  }

  #columnText(entry: Column, values: CollectedFields): string {
    const { aggregator, quote } = this.#options;
    const texts = this.#occurrences(columnTexts(entry, values));
    if (texts.length === 0) return '';
    const text = texts.join(aggregator);
    // A quote inside is doubled, as programs that read CSV expect (RFC 4180 2).
    return quote === '' ? text : `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
  }

  #occurrences(texts: string[]): string[] {
    if (texts.length < 2 || this.#options.occurrence === 'all') return texts;
    return [this.#options.occurrence === 'first' ? texts[0] : texts[texts.length - 1]];
  }
}

/** The one of these fields that is there, once; null where none is or values have to be joined. */
function onlyPresent(fields: readonly Field[], values: CollectedFields): Field | null {
  let only: Field | null = null;
  for (const field of fields) {
    const count = values.count(field);
    if (count === 0) continue;
    if (count > 1 || only !== null) return null;
    only = field;
  }
  return only;
}

function column(name: string): Column {
  const field = findField(name);
  const protocol = field === null ? findProtocol(name) : null;
  if (field !== null || protocol !== null) return { name, field, protocol };
  const near = nearestFieldNames(name);
  throw new FilterError(
    'filter.unknown-field',
    1,
    `no field is called ${printable(name)}`,
    near.length === 0 ? '`sidescope fields` lists all fields' : `did you mean ${near.join(' or ')}?`,
  );
}

function columnTexts(entry: Column, values: CollectedFields, octetSeparator = ''): string[] {
  const texts: string[] = [];
  for (const field of entry.field?.fields ?? []) {
    const count = values.count(field);
    for (let index = 0; index < count; index++) texts.push(bareText(field, values.value(field, index), octetSeparator));
  }
  for (const protocol of entry.protocol?.protocols ?? []) {
    for (let count = values.layers(protocol); count > 0; count--) texts.push(protocol.title);
  }
  return texts;
}
