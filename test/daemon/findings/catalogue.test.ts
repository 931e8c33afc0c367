// The catalogue: complete, the same as the design's, and the page that is made from it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SEVERITIES, type Severity } from '../../../daemon/events.ts';
import { CATALOGUE, DOMAINS, findingEntry } from '../../../daemon/findings/catalogue.ts';
import { explainFinding, findingsPage } from '../../../daemon/findings/catalogue-text.ts';
import { CONFIDENCES, severityLevel } from '../../../daemon/findings/finding-names.ts';
import { PROBLEMS } from '../../../dissectors/problems.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const DESIGN = join(ROOT, '..', 'shared', 'design', 'findings.md');

/** Rows of the design's tables: names, severities, confidences. */
function designRows(): { readonly name: string; readonly severity: string; readonly confidence: string }[] {
  const rows = readFileSync(DESIGN, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const names = [...cells[1].matchAll(/`([^`]+)`/g)].map((match) => match[1]);
    return names.map((name) => ({ name, severity: cells[3], confidence: cells[4] }));
  });
}

/** `info, low` or `medium to critical`, as a list. */
function severitiesOf(text: string): Severity[] {
  const [from, to] = text.split(' to ');
  if (to === undefined) return text.split(', ') as Severity[];
  return SEVERITIES.slice(severityLevel(from as Severity), severityLevel(to as Severity) + 1);
}

describe('the catalogue', () => {
  test('has the names, severities and confidences of the design', (context) => {
    context.skip(!existsSync(DESIGN), 'the folder ../shared is not beside the project');
    const rows = designRows();
    expect(rows.map(({ name }) => name).sort()).toEqual(CATALOGUE.map(({ name }) => name).sort());
    for (const { name, severity, confidence } of rows) {
      const entry = findingEntry(name);
      expect(entry?.severities, name).toEqual(expect.arrayContaining(severitiesOf(severity)));
      // Of counters the tables give what holds where a key is held; without one they are strong.
      const wanted = name === 'key.overused' || name.startsWith('ctr.') ? [] : entry?.confidences;
      if (wanted?.length !== 0) expect([...(wanted ?? [])].sort(), name).toEqual(confidence.split(', ').sort());
    }
  });

  test('says everything of every finding', () => {
    for (const entry of CATALOGUE) {
      for (const text of [entry.title, entry.meaning, entry.falseAlarm, entry.action, entry.reference]) {
        expect(text.length, entry.name).toBeGreaterThan(3);
      }
      expect(entry.severities.length * entry.confidences.length, entry.name).toBeGreaterThan(0);
      expect(CONFIDENCES, entry.name).toEqual(expect.arrayContaining([...entry.confidences]));
      expect(DOMAINS.filter(({ domains }) => domains.includes(entry.name.split('.')[0]))).toHaveLength(1);
    }
  });

  test('refers to public specifications, or says that it is our own design', () => {
    const isPublic = /^(TS \d\d\.\d{3} [0-9.]+|RFC \d+( [0-9.]+)?|NIST SP 800-\d+( Part \d)? [0-9.]+|pcapng [0-9.]+)$/;
    const others = CATALOGUE.filter(({ reference }) => !isPublic.test(reference));
    expect(new Set(others.map(({ reference }) => reference))).toEqual(new Set(['sidescope’s design']));
  });

  test('knows every finding that damaged octets raise', () => {
    for (const problem of PROBLEMS) expect(findingEntry(problem.finding), problem.code).toBeDefined();
  });
});

test('docs/findings.md is what the catalogue says', () => {
  const page = readFileSync(join(ROOT, 'docs', 'findings.md'), 'utf8');
  expect(page, 'stale: npx sidescope findings --markdown > docs/findings.md').toBe(findingsPage());
});

test('an explanation has everything and fits a terminal', () => {
  const entry = findingEntry('ctr.stuck');
  if (entry === undefined) throw new Error('the catalogue has no ctr.stuck');
  const text = explainFinding(entry);
  expect(text).toContain('severity    critical');
  expect(text).toContain('False alarm: ');
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});
