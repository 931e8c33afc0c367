// `read -z`: each table as text and as JSON, several of them, and what is wrong with a wrong one.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gatherTables, tableTitle } from '../../cli/table-requests.ts';
import { findingsTable, intervalsTable, talkersTable } from '../../cli/tables.ts';
import { INTERVAL_CAP } from '../../daemon/interval-statistics.ts';
import { analyse } from '../../testing/analyse.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const CAPTURE = join(SAMPLE, 'capture.pcapng');
const KEYRING = join(SAMPLE, 'keyring.json');

function read(args: readonly string[]): { code: number | null; out: string; err: string } {
  const words = [SIDESCOPE, 'read', CAPTURE, '--keyring', KEYRING, ...args];
  const result = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 20_000, maxBuffer: 64 << 20 });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

type Row = Readonly<Record<string, unknown>>;

function tables(...names: readonly string[]): Readonly<Record<string, readonly Row[]>> {
  const { out, err, code } = read(['-q', '-T', 'json', ...names.flatMap((name) => ['-z', name])]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, Row[]>;
}

/** Cells of an aligned table: columns are two blanks or more apart. */
function cells(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
}

const sum = (rows: readonly Row[], name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);

describe('JSON', () => {
  test('every table is about the same capture', async () => {
    const { summary, findings, epochs, messages } = await analyse(CAPTURE, { keyring: KEYRING });
    const all = tables('groups,talkers,findings,epochs', 'io,60', 'io,0.5');
    expect(Object.keys(all)).toEqual(['groups', 'talkers', 'findings', 'epochs', 'io,60', 'io,0.5']);
    for (const name of ['groups', 'talkers', 'io,60', 'io,0.5']) {
      expect(sum(all[name], 'messages'), name).toBe(summary.messages);
      const verdicts: Record<string, number> = {};
      for (const row of all[name]) {
        for (const [verdict, count] of Object.entries(row.verdicts as Record<string, number>)) {
          verdicts[verdict] = (verdicts[verdict] ?? 0) + count;
        }
      }
      expect(verdicts, name).toEqual(summary.verdicts);
    }
    for (const name of ['io,60', 'io,0.5']) expect(sum(all[name], 'frames'), name).toBe(summary.frames);
    expect(sum(all.groups, 'octets')).toBe(messages.reduce((total, { length }) => total + length, 0));
    expect(sum(all.findings, 'count')).toBe(findings.reduce((total, { count }) => total + count, 0));
    expect(new Set(all.findings.map(({ name }) => name))).toEqual(new Set(Object.keys(summary.findings)));
    const lines = all.epochs.flatMap(({ group, epochs: keys }) =>
      (keys as Row[]).map(({ pgkId, state }) => [group, pgkId, state].join(' ')),
    );
    expect(lines.sort()).toEqual(epochs.map(({ group, pgkId, state }) => `${group} ${pgkId} ${state}`).sort());
  });

  test('talkers have names, the one with the most messages stands first, times are RFC 3339', () => {
    const { talkers } = tables('talkers');
    expect(talkers[0]).toMatchObject({
      group: 'f00001',
      groupName: 'Fire 7',
      source: '0a0b0c',
      sourceName: 'Engine 71',
      messages: 76,
      first: '2026-05-03T02:10:01.000000Z',
    });
    expect(talkers.at(-1)).toMatchObject({ source: '0dead1', sourceName: null });
    const counts = talkers.map(({ messages }) => Number(messages));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  test('among trees it is a document of its own, among records one more record', () => {
    const trees = read(['-T', 'json', '-c', '2', '-z', 'groups']).out;
    const end = trees.indexOf('\n]\n') + 3;
    expect(JSON.parse(trees.slice(0, end))).toHaveLength(2);
    expect(JSON.parse(trees.slice(end))).toHaveProperty('groups');
    for (const type of ['ndjson', 'ek']) {
      const lines = read(['-T', type, '-c', '2', '-z', 'groups,io,1']).out.trimEnd().split('\n');
      const records = lines.map((line) => JSON.parse(line) as Row);
      expect(records.at(-1)).toMatchObject({ v: 1, type: 'tables', groups: [{ group: 'f00001' }] });
      expect(records.filter(({ type }) => type === 'tables')).toHaveLength(1);
    }
  });
});

describe('text', () => {
  test.each([
    ['groups', ['group', 'name', 'sources', 'messages', 'octets'], 2],
    ['talkers', ['source', 'name', 'group', 'group name', 'messages', 'octets'], 6],
    ['findings', ['finding', 'severity', 'group', 'source', 'count', 'first', 'last'], 11],
    ['io,60', ['from', 'frames', 'octets', 'messages'], 6],
  ])('%s', (name, header, count) => {
    const { out } = read(['-q', '-z', name]);
    const [first, ...rows] = cells(out);
    expect(first.slice(0, header.length)).toEqual(header);
    expect(rows).toHaveLength(count);
    const json = tables(name)[name];
    expect(rows).toHaveLength(json.length);
    if (name !== 'talkers') for (const row of rows) expect(row).toHaveLength(first.length);
  });

  test('epochs are drawn', () => {
    const { out } = read(['-q', '-z', 'epochs']);
    // Who used a revoked key, and nobody else; who used later ones stands there.
    expect(out).toMatch(/PGK 37: used 2026-05-03T02:17:00Z to 2026-05-03T02:17:00Z by 0a0b3f Engine 73\n/);
    expect(out).toMatch(/^f00001 Fire 7$/m);
    expect(out).toMatch(/^PGK 37 {2}revoked /m);
  });

  test('several tables have titles and are set apart; behind messages too', () => {
    const { out } = read(['-q', '-z', 'groups', '-z', 'io,600,talkers']);
    expect(out.split('\n\n').map((table) => table.split('\n')[0])).toEqual(['groups', 'io,600', 'talkers']);
    const behind = read(['-z', 'groups']).out;
    expect(behind.split('\n\n').at(-1)).toMatch(/^group +name/);
  });

  test('the same table twice is printed once', () => {
    expect(read(['-q', '-z', 'groups,groups', '-z', 'groups']).out).toBe(read(['-q', '-z', 'groups']).out);
  });

  test('names from a keyring reach the terminal as text alone', () => {
    const row = { messages: 1, octets: 1, verdicts: {}, first: 0, last: 0, group: 'f00001', groupName: 'a\u001b[2Jb' };
    expect(talkersTable([{ ...row, source: '000001', sourceName: null }])).toContain('a\\x1b[2Jb');
  });

  test('rows of everything above a cap say so', () => {
    expect(intervalsTable([{ from: null, frames: 3, octets: 9, messages: 0, verdicts: {} }])).toContain('all others');
    const others = { name: 'x', severity: 'low', group: null, source: null, count: 1, first: '', last: '' } as const;
    expect(findingsTable([{ ...others, others: true }])).toMatch(/x +low +others +others/);
    expect(INTERVAL_CAP).toBeGreaterThan(10_000);
  });

  test('no key and no frame', () => {
    const args = ['-q', '-z', 'epochs,groups,io,1'];
    const result = spawnSync(process.execPath, [SIDESCOPE, 'read', CAPTURE, ...args], { encoding: 'utf8' });
    expect(result.stdout).toMatch(/no keys are held/);
    const nothing = spawnSync(process.execPath, [SIDESCOPE, 'read', '-', ...args], { encoding: 'utf8', input: '' });
    expect(nothing.status).toBe(3);
    expect(nothing.stdout).toMatch(/there is no frame/);
  });
});

describe('what is asked for', () => {
  const titles = (value: string): string[] => gatherTables(value, []).map(tableTitle);

  test('lists, and io with its interval', () => {
    expect(titles('groups,io,10,talkers')).toEqual(['groups', 'io,10', 'talkers']);
    expect(titles('io,0.25')).toEqual(['io,0.25']);
    expect(titles(' findings , epochs ')).toEqual(['findings', 'epochs']);
    expect(gatherTables('io,1', gatherTables('groups', [])).map(tableTitle)).toEqual(['groups', 'io,1']);
  });

  test.each([
    ['gruops', /gruops is no table.*Did you mean groups\?/],
    ['', / is no table/],
    ['groups,', / is no table/],
    ['io', /interval in seconds/],
    ['io,', /interval in seconds/],
    ['io,groups', /interval in seconds/],
    ['io,0', /interval in seconds/],
    ['io,-1', /interval in seconds/],
    ['io,1e3', /interval in seconds/],
    ['io,0.0001', /interval in seconds/],
    ['10', /10 is no table/],
  ])('%s', (value, message) => {
    expect(() => gatherTables(value, [])).toThrow(message);
  });

  test('what is wrong ends with exit code 2 before anything is read', () => {
    const { code, out, err } = read(['-z', 'groups,talker']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/Did you mean talkers\?/);
  });
});
