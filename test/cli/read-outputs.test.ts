// `read` as a user runs it: every form of output, fields, filters, wrong usage, and `fields`.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const CAPTURE = [join(SAMPLE, 'capture.pcapng'), '--keyring', join(SAMPLE, 'keyring.json')];

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SIDESCOPE, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    maxBuffer: 256 << 20,
  });
  return { code: status, out: stdout, err: stderr };
}

function read(...args: readonly string[]): string {
  const { code, out, err } = run('read', ...CAPTURE, ...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out;
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

interface Document {
  readonly _source: { readonly layers: Record<string, Record<string, unknown>> };
}

interface MessageRecord {
  readonly type: string;
  readonly frame: number;
  readonly verdict: string;
  readonly pgkId: number | null;
  readonly source: string;
}

const records = (text: string): MessageRecord[] => lines(text).map((line) => JSON.parse(line) as MessageRecord);
const messages = (text: string): MessageRecord[] => records(text).filter((record) => record.type === 'message');

describe('trees', () => {
  const details = read('-V', '-x', '-c', '40');

  test('-V says what each octet is, and how the verdict came about', () => {
    expect(details).toMatch(/^Frame {2}\[0:\d+\]$/m);
    expect(details).toMatch(/^ {4}\[Frame number: 1\]$/m);
    expect(details).toMatch(/^ {4}Source Layer-2 ID: 0x[0-9a-f]{6} {2}\[\d+:3\]$/m);
    expect(details).toMatch(/^ {4}\[Verdict: decrypted\]$/m);
    for (const part of [
      /\[PGK fingerprint: [0-9a-f]{16}\]/,
      /\[COUNT: \d+ \(0x[0-9a-f]{8}\)\]/,
      /\[BEARER: \d+\]/,
      /\[DIRECTION: 0\]/,
      /\[Algorithm: 128-EEA\d\]/,
      /\[Passed: IPv4 header checksum: 16 bits\]/,
      /\[Tried: PGK \d+ of [0-9a-f]{6} \([0-9a-f]{16}\), 128-EEA\d: opens it\]/,
    ]) {
      expect(details).toMatch(part);
    }
    expect(details).toMatch(/^Internet Protocol Version 4 {2}\[deciphered SDU 0:20\]$/m);
  });

  test('-x has the deciphered SDU as a second dump', () => {
    expect(details).toMatch(/^Deciphered SDU \(\d+ bytes\):\n0000 {2}45 00 /m);
  });

  test('never a key', () => {
    const everything = read('-V', '-x') + read('-T', 'json', '-x') + read('-T', 'ek');
    const keyring = JSON.parse(readFileSync(CAPTURE[2], 'utf8')) as { groups: { keys: { key?: string }[] }[] };
    const bare = everything.replace(/[\s:]/g, '');
    const keys = keyring.groups.flatMap((group) => group.keys.flatMap(({ key }) => (key === undefined ? [] : [key])));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => bare.includes(key))).toEqual([]);
  });

  test('-x alone: the line of each message, then its octets', () => {
    const out = read('-x', '-c', '1');
    expect(out.split('\n')[0]).toMatch(/^ {6}1 {2}\d{4}-\d\d-\d\d /);
    expect(out).toMatch(/^0000 {2}/m);
  });

  test('a message that no key opens: each key that was tried, and why it failed', () => {
    const out = read('-V', '-Y', 'slrb.verdict == forged || slrb.verdict == no-key');
    expect(out).toMatch(/\[Plaintext withheld: .+\]/);
    expect(out).toMatch(/\[Tried: PGK .*: does not open it, .+\]/);
  });
});

describe('-T json', () => {
  const parsed = JSON.parse(read('-T', 'json', '-c', '20')) as Document[];

  test('one array, a document a frame, no key twice', () => {
    expect(parsed).toHaveLength(20);
    const { layers } = parsed[0]._source;
    expect(layers.frame['frame.number']).toBe('1');
    expect(layers['mac-lte']['mac-lte.slsch.src-l2-id']).toMatch(/^0x[0-9a-f]{6}$/);
    expect(layers.slrb['slrb.verdict']).toBe('decrypted');
  });

  test('-x adds the octets', () => {
    const [first] = JSON.parse(read('-T', 'json', '-x', '-c', '1')) as Document[];
    expect(first._source.layers.frame_raw).toEqual([
      expect.stringMatching(/^[0-9a-f]+$/),
      0,
      expect.any(Number),
      0,
      'frame',
    ]);
  });

  test('-e: arrays of the chosen fields', () => {
    const [first] = JSON.parse(read('-T', 'json', '-e', 'frame.number', '-e', 'ip.src', '-c', '1')) as Document[];
    expect(Object.keys(first._source.layers)).toEqual(['frame.number', 'ip.src']);
    expect(first._source.layers['frame.number']).toEqual(['1']);
  });

  test('an empty array where no frame passes', () => {
    expect(JSON.parse(read('-T', 'json', '-Y', 'frame.number == 0'))).toEqual([]);
  });
});

describe('-T ek', () => {
  test('index line and document line', () => {
    const [index, document] = lines(read('-T', 'ek', '-c', '1')).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect(index).toEqual({ index: { _index: expect.stringMatching(/^packets-\d{4}-\d\d-\d\d$/), _type: 'doc' } });
    expect(document.timestamp).toMatch(/^\d{13}$/);
    const layers = document.layers as Record<string, Record<string, unknown>>;
    expect(layers['mac-lte']['mac-lte_mac-lte_slsch_src-l2-id']).toMatch(/^0x[0-9a-f]{6}$/);
  });

  test('-e', () => {
    const [, document] = lines(read('-T', 'ek', '-e', 'mac-lte.slsch.src-l2-id', '-c', '1'));
    expect((JSON.parse(document) as { layers: object }).layers).toEqual({
      'mac-lte_slsch_src-l2-id': [expect.stringMatching(/^0x[0-9a-f]{6}$/)],
    });
  });
});

describe('-T fields', () => {
  test('columns, header, quotes', () => {
    const columns = ['-e', 'frame.number', '-e', 'slrb.verdict', '-e', 'finding.name'];
    const out = lines(read('-T', 'fields', ...columns, '-E', 'header=y', '-E', 'separator=,', '-E', 'quote=d'));
    expect(out[0]).toBe('frame.number,slrb.verdict,finding.name');
    expect(out[1]).toBe('"1","decrypted",');
    const { frames } = JSON.parse(lines(read('-T', 'ndjson')).at(-1) ?? '') as { frames: number };
    expect(out).toHaveLength(frames + 1);
  });

  test('occurrences', () => {
    const of = (...options: string[]) => read('-T', 'fields', '-e', 'ip.addr', '-c', '1', ...options).trim();
    expect(of()).toMatch(/^[\d.]+,[\d.]+$/);
    expect(of('-E', 'occurrence=f')).toMatch(/^[\d.]+$/);
    expect(of('-E', 'aggregator=/s')).toMatch(/^[\d.]+ [\d.]+$/);
  });
});

describe('-Y', () => {
  const all = messages(read('-T', 'ndjson'));

  test('messages that pass, and everything that is not one message', () => {
    const filtered = records(read('-T', 'ndjson', '-Y', 'slrb.verdict == forged'));
    const types = new Set(filtered.map((record) => record.type));
    expect(filtered.filter((record) => record.type === 'message')).toEqual(
      all.filter((one) => one.verdict === 'forged'),
    );
    expect([...types]).toEqual(expect.arrayContaining(['message', 'finding', 'epoch', 'summary']));
  });

  test('text lines too', () => {
    const shown = lines(read('-Y', 'slrb.verdict == forged')).filter((line) => line.includes(' ! forged'));
    expect(shown).toHaveLength(all.filter((one) => one.verdict === 'forged').length);
  });

  test('on findings: the frames that raised one', () => {
    const rows = lines(
      read('-T', 'fields', '-e', 'frame.number', '-e', 'finding.name', '-Y', 'finding.severity >= high'),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toMatch(/^\d+\t[a-z]+\.[a-z_]+/);
  });

  test.each([
    ['a group name', 'slrb.group-name'],
    ['an address inside the SDU', 'ip.src'],
    ['a key that was tried', 'slrb.key-tried contains "opens"'],
    ['protocols', 'rtp && !arp'],
  ])('%s', (_name, filter) => {
    const shown = messages(read('-T', 'ndjson', '-Y', filter));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThan(records(read('-T', 'ndjson')).length);
  });

  test('the same frames whatever the output', () => {
    const filter = 'slrb.sn > 3 && udp';
    const numbers = lines(read('-T', 'fields', '-e', 'frame.number', '-Y', filter));
    const json = JSON.parse(read('-T', 'json', '-Y', filter)) as Document[];
    expect(json.map((document) => document._source.layers.frame['frame.number'])).toEqual(numbers);
    expect(lines(read('-T', 'ek', '-Y', filter))).toHaveLength(2 * numbers.length);
    expect(read('-V', '-Y', filter).match(/^Frame {2}/gm)).toHaveLength(numbers.length);
  });
});

describe('what a column prints is what a filter takes', () => {
  const columns = ['mac-lte.slsch.dst-l2-id', 'mac-lte.slsch.src-l2-id', 'slrb.group', 'slrb.sn', 'ip.src', 'rtp.ssrc'];
  const shown = lines(read('-T', 'fields', ...columns.flatMap((column) => ['-e', column]))).map((line) =>
    line.split('\t'),
  );

  test.each(columns.map((column, index) => [column, index] as const))('%s', (column, index) => {
    const values = shown.map((row) => row[index]).filter((value) => value !== '' && !value.includes(','));
    const [value] = values;
    const alike = values.filter((other) => other === value).length;
    expect(alike).toBeGreaterThan(0);
    const found = lines(read('-T', 'fields', '-e', column, '-Y', `${column} == ${value}`));
    expect(found.filter((other) => other === value)).toHaveLength(alike);
    expect(found.length).toBeGreaterThanOrEqual(alike);
  });
});

describe('wrong usage ends with exit code 2 and says what would be right', () => {
  test.each([
    ['fields without -e', ['-T', 'fields'], 'add -e'],
    ['-e with text', ['-e', 'frame.number'], '-T fields'],
    ['-e with ndjson', ['-T', 'ndjson', '-e', 'frame.number'], '-T fields'],
    ['-V with ndjson', ['-T', 'ndjson', '-V'], '-T json'],
    ['-x with fields', ['-T', 'fields', '-e', 'frame.number', '-x'], '-T text'],
    ['an unknown field', ['-T', 'fields', '-e', 'frame.numbr'], 'did you mean frame.number'],
    ['an unknown option of -E', ['-T', 'fields', '-e', 'frame.number', '-E', 'seperator=,'], 'did you mean separator'],
    ['an unknown field in a filter', ['-Y', 'slrb.verdikt'], 'did you mean slrb.verdict'],
    ['a value of another type', ['-Y', 'ip.src == 5'], '10.0.0.1'],
    ['an unknown verdict', ['-Y', 'slrb.verdict == decryptd'], 'decrypted'],
  ])('%s', (_name, args, hint) => {
    const { code, out, err } = run('read', ...CAPTURE, ...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^sidescope: error: /);
    expect(err).toContain(hint);
  });

  test('a wrong filter shows its column', () => {
    const { err } = run('read', ...CAPTURE, '-Y', 'frame.number == 1 && ip.src == 5');
    expect(err).toContain('column 32');
    expect(err).toContain(`  frame.number == 1 && ip.src == 5\n  ${' '.repeat(31)}^\n`);
  });
});

describe('fields', () => {
  test('docs/protocols.md is what --markdown gives', () => {
    const { out } = run('fields', '--markdown');
    const written = readFileSync(join(ROOT, 'docs', 'protocols.md'), 'utf8');
    expect(written === out, 'run: node dist/cli/main.js fields --markdown > docs/protocols.md').toBe(true);
  });

  test('lists, searches and explains', () => {
    expect(lines(run('fields').out).length).toBeGreaterThan(500);
    expect(run('fields', 'replay', 'position').out).not.toContain('no field');
    expect(run('fields', 'ssrc').out).toMatch(/^rtp\.ssrc +uint/m);
    expect(run('fields', 'slrb.verdict').out).toContain('forged');
    const record = JSON.parse(run('fields', '-T', 'json', 'slrb.sn').out) as { name: string; type: string };
    expect(record).toMatchObject({ name: 'slrb.sn', type: 'uint', protocol: 'pdcp-slrb' });
  });

  test('nothing found is an error with the nearest names', () => {
    const { code, out, err } = run('fields', 'slrb.verdikt');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('slrb.verdict');
  });
});
