// docs/protocols.md, made of the field tables.

import type { Field, Protocol } from './layer.ts';
import { PROTOCOLS } from './protocols.ts';

/** Constants we chose. */
/** Value names that a table shows; longer lists end in how many more there are. */
const SHOWN_VALUES = 12;

/** The whole page, ended by a line break. The same tables give the same text. */
export function fieldsMarkdown(): string {
  const parts = [
    '# Protocols and fields',
    'Made from the field tables by `sidescope fields --markdown`; do not edit. Names are for `-Y` and `-e`.',
    `| protocol | title | fields | defined in |\n| --- | --- | --- | --- |\n${PROTOCOLS.map(summaryRow).join('\n')}`,
    ...PROTOCOLS.map(protocolSection),
  ];
  return `${parts.join('\n\n')}\n`;
}

function summaryRow(protocol: Protocol): string {
  const count = uniqueFields(protocol).length;
  return `| [\`${protocol.name}\`](#${protocol.name}) | ${cell(protocol.title)} | ${count} | ${cell(protocol.clause)} |`;
}

function protocolSection(protocol: Protocol): string {
  const rows = uniqueFields(protocol).map(fieldRow).join('\n');
  const table =
    rows === ''
      ? ''
      : `\n\n| field | label | type | bits | meaning | values | clause |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows}`;
  return `## ${protocol.name}\n\n${cell(protocol.title)}: ${cell(protocol.about)} ${cell(protocol.clause)}.${table}`;
}

/** A name that is declared for several layouts (widths, masks) has a row for each. */
function uniqueFields(protocol: Protocol): Field[] {
  return [...new Set(Object.values(protocol.fields))];
}

function fieldRow(field: Field): string {
  const values = [...(field.values ?? [])];
  const named = values
    .slice(0, SHOWN_VALUES)
    .map(([value, name]) => (field.type === 'text' ? name : `${value} ${name}`));
  if (values.length > SHOWN_VALUES) named.push(`${values.length - SHOWN_VALUES} more`);
  const cells = [field.label, field.type, bitsOf(field), field.about, named.join(', '), field.clause];
  return `| \`${field.name}\` | ${cells.map(cell).join(' | ')} |`;
}

/** Bits of a field: as many as its mask or its octets have; nothing where that varies. */
function bitsOf(field: Field): string {
  if (field.mask === 0) return field.width === 0 ? '' : String(8 * field.width);
  return String([...field.mask.toString(2)].filter((bit) => bit === '1').length);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
