// `sidescope fields`: list, search and explain the fields of filters and columns; write docs/protocols.md.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { allFields, type FieldEntry, findField, nearestFieldNames, searchFields } from '../dissectors/fields.ts';
import { fieldsMarkdown } from '../dissectors/fields-markdown.ts';
import { printableJson } from '../dissectors/printable.ts';
import { aligned } from './columns.ts';
import { oneOf } from './one-of.ts';
import { writeOutput } from './stdout.ts';

const TYPES = ['text', 'json'] as const;

interface FieldsOptions {
  readonly markdown?: boolean;
  readonly type: string;
}

/** Adds the options and the action of `fields`. */
export function configure(command: Command): void {
  command
    .argument('[words...]', 'a field name, or words to look for in names, labels, sentences and value names')
    .option('--markdown', 'all protocols and fields as a page of documentation')
    .option('-T, --type <type>', 'form of the output: text, json', oneOf(TYPES), 'text')
    .action(run);
}

function run(words: readonly string[], options: FieldsOptions): void {
  if (options.markdown === true) {
    if (words.length > 0 || options.type === 'json') {
      throw new SidescopeError(
        'usage.markdown',
        '--markdown is the whole page; it takes no words and no other form',
        'leave one of them out',
        ExitCode.usage,
      );
    }
    writeOutput(fieldsMarkdown());
    return;
  }
  const asked = words.join(' ');
  const exact = words.length === 1 ? findField(words[0]) : null;
  const entries = exact !== null ? [exact] : words.length === 0 ? allFields() : searchFields(asked);
  if (entries.length === 0) {
    const near = nearestFieldNames(asked);
    throw new SidescopeError(
      'fields.none',
      `no field has "${asked}" in its name, its meaning or its values`,
      near.length === 0 ? '`sidescope fields` lists all' : `did you mean ${near.join(' or ')}?`,
      ExitCode.usage,
    );
  }
  if (options.type === 'json') {
    for (const entry of entries) writeOutput(`${printableJson(fieldRecord(entry))}\n`);
  } else if (exact !== null) writeOutput(fieldPage(exact));
  else writeOutput(fieldList(entries));
}

function fieldList(entries: readonly FieldEntry[]): string {
  const rows = entries.map((entry) => [entry.name, entry.fields[0].type, entry.about]);
  return aligned(['field', 'type', 'meaning'], rows);
}

/** Everything about one field. */
function fieldPage(entry: FieldEntry): string {
  const first = entry.fields[0];
  const lines = [
    entry.name,
    `  label     ${first.label}`,
    `  type      ${first.type}`,
    `  protocol  ${entry.protocol.name}: ${entry.protocol.title}`,
    `  meaning   ${entry.about}`,
    ...[...new Set(entry.fields.map((field) => field.clause))].map((clause) => `  clause    ${clause}`),
  ];
  const values = valueNames(entry);
  if (values.length > 0) lines.push('  values');
  for (const [value, name] of values) lines.push(`    ${first.type === 'text' ? '' : `${value} `}${name}`);
  return `${lines.join('\n')}\n`;
}

function fieldRecord(entry: FieldEntry): Record<string, unknown> {
  const first = entry.fields[0];
  return {
    name: entry.name,
    label: first.label,
    type: first.type,
    protocol: entry.protocol.name,
    about: entry.about,
    clauses: [...new Set(entry.fields.map((field) => field.clause))],
    values: Object.fromEntries(valueNames(entry)),
  };
}

function valueNames(entry: FieldEntry): [number, string][] {
  return [...new Map(entry.fields.flatMap((field) => [...(field.values ?? [])]))];
}
