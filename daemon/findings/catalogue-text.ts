// The catalogue as people read it: one finding explained, and all of them as a page.

import { CATALOGUE, DOMAINS } from './catalogue.ts';
import type { CatalogueEntry } from './catalogue-entry.ts';

/** Columns that explanations are broken at. */
const WIDTH = 100;

/** Everything the catalogue says of one finding. */
export function explainFinding(entry: CatalogueEntry): string {
  const lines = [
    `${entry.name}: ${entry.title}`,
    '',
    `severity    ${entry.severities.join(', ')}`,
    `confidence  ${entry.confidences.join(', ')}`,
    `reference   ${entry.reference}`,
    '',
    ...broken(entry.meaning),
    '',
    ...broken(`False alarm: ${entry.falseAlarm}`),
    '',
    ...broken(`What to do: ${entry.action}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The page docs/findings.md. */
export function findingsPage(): string {
  const parts = [
    '# Findings',
    '<!-- Written by `sidescope findings --markdown`. Change daemon/findings/catalogue-*.ts, not this file. -->',
    [
      'A finding is something that the traffic itself gives away. Severity says how bad it is, confidence how sure it is:',
      '`proved` follows from clear header fields or a verified tag, `strong` rests on at least 55 bits of plaintext',
      'evidence, `heuristic` on timing, learned bindings or absence. PDCP of one-to-many has no integrity tag: nothing at',
      'that layer proves that a message is authentic, and a key that we do not hold is no attack.',
    ].join('\n'),
    [
      'Repeats within an hour of capture time in one scope (name, group, source, and the PGK id where the finding is about a',
      'key) fold into one record with its count, the first sixteen frames and the last. A severity can be changed, or a',
      'finding switched off, in a table such as `{"ctr.gap": "low", "capture.duplicate": "off"}`.',
    ].join('\n'),
    [
      'Counter findings (`ctr.*`) and `member.clone` are graded here for traffic whose key is held. Where none is, they rest',
      'on the clear headers: `critical` becomes `high`, `proved` becomes `strong`, and an injected frame is the other',
      'explanation.',
    ].join('\n'),
  ];
  for (const { title, domains } of DOMAINS) {
    const entries = CATALOGUE.filter((entry) => domains.includes(entry.name.slice(0, entry.name.indexOf('.'))));
    parts.push(`## ${title}`, table(entries), ...entries.map(section));
  }
  return `${parts.join('\n\n')}\n`;
}

function table(entries: readonly CatalogueEntry[]): string {
  const rows = entries.map(
    (entry) =>
      `| [\`${entry.name}\`](#${entry.name.replace('.', '')}) | ${entry.title} | ${entry.severities.join(', ')} | ${entry.confidences.join(', ')} |`,
  );
  return ['| name | what | severity | confidence |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function section(entry: CatalogueEntry): string {
  return [
    `### ${entry.name}`,
    entry.meaning,
    `**False alarm:** ${entry.falseAlarm}`,
    `**What to do:** ${entry.action}`,
    `Reference: ${entry.reference}.`,
  ].join('\n\n');
}

/** Text in lines of at most `WIDTH` columns, broken between words. */
function broken(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
