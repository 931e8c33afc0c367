// Bad input never ends in a stack trace: a code, a sentence, what to do next, and the exit code of interfaces 1.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joined, pcapHeader, pcapRecord } from '../captures/capture-bytes.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'clean');
const CAPTURE = join(SAMPLE, 'capture.pcapng');
const KEYRING = join(SAMPLE, 'keyring.json');

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-bad-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function run(args: readonly string[], input?: Uint8Array): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [SIDESCOPE, ...args], {
    ...(input === undefined ? {} : { input }),
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function expectNoStack(err: string): void {
  expect(err).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(err).toMatch(/^sidescope: error: .* \[[a-z.-]+\]$/m);
}

describe('wrong usage ends with exit code 2 and the nearest right spelling', () => {
  test.each([
    ['a wrong verb', ['reed', CAPTURE], /Did you mean read/],
    ['a wrong option', ['read', '--keyrin', KEYRING, CAPTURE], /Did you mean --keyring/],
    ['no capture', ['read'], /no capture was named/],
    ['two captures', ['read', '-r', CAPTURE, CAPTURE], /two captures were named/],
    ['a wrong output type', ['read', '-T', 'xml', CAPTURE], /ndjson/],
    ['a misspelt output type', ['read', '-T', 'ndjsno', CAPTURE], /Did you mean ndjson\?/],
    ['a misspelt severity', ['read', '--fail-on', 'hihg', CAPTURE], /Did you mean high\?/],
    ['a misspelt form of a list', ['fields', '-T', 'jsno'], /Did you mean json\?/],
    ['the same of findings', ['findings', '-T', 'txet'], /Did you mean text\?/],
    ['the same of doctor', ['doctor', '-T', 'jsno'], /Did you mean json\?/],
    ['a misspelt view', ['tui', '--view', 'plian', CAPTURE], /Did you mean plain\?/],
    ['a misspelt view of tap', ['tap', '--view', 'plian', 'unix:x'], /Did you mean plain\?/],
    ['a misspelt kind of records', ['tap', '--only', 'messgae', 'unix:x'], /Did you mean message\?/],
    ['a misspelt kind of key', ['grant', 'identity', '--kind', 'operater'], /Did you mean operator\?/],
    ['a misspelt view of a group', ['grant', 'issue', '--group', 'f00001=plian'], /Did you mean plain\?/],
    ['a misspelt scheme', ['group', 'create', 'f00001', '--scheme', 'indivdual'], /Did you mean individual\?/],
    ['a misspelt verb of keys', ['keys', 'lst', '--vault', 'x'], /"lst" .*\n.*did you mean `sidescope keys list`/],
    ['one of group', ['group', 'creat', '--vault', 'x'], /"creat" .*\n.*did you mean `sidescope group create`/],
    ['one of grant', ['grant', 'isue', '--operator', 'x'], /"isue" .*\n.*did you mean `sidescope grant issue`/],
    ['options and no verb', ['keys', '--vault', 'x'], /wants a verb before its options/],
    ['a key in place of a verb', ['keys', 'a1'.repeat(32)], /^sidescope: error: keys has no such verb \[/],
    ['a misspelt option of such a verb', ['keys', 'list', '--vualt', 'x'], /Did you mean --vault/],
    ['too much for such a verb', ['keys', 'list', 'x', 'y'], /too many arguments/],
    ['a finding that is not there', ['findings', 'keystraem'], /no finding has "keystraem"/],
    ['a misspelt finding', ['findings', 'ctr.gpa'], /did you mean ctr.gap\?/],
    ['a wrong table', ['read', '-z', 'gruops', CAPTURE], /groups/],
    ['a count of 0', ['read', '-c', '0', CAPTURE], /at least 1/],
    ['an empty reason', ['read', '--allow-stale', ' ', CAPTURE], /reason/],
    ['no reason, and an option behind it', ['read', '--allow-stale', '-q', CAPTURE], /--allow-stale wants a reason/],
    ['the same of keys', ['keys', 'revoke', '1', '--reason', '--since', '2026-05-01T10:00:00Z'], /Say why/],
    ['the same of group', ['group', 'rotate', 'f00001', '--reason', '--json'], /Say why/],
    ['the same of grant', ['grant', 'revoke', 'x', '--reason', '--state'], /Say why/],
    ['the same of tui', ['tui', '--allow-stale', '-Y', CAPTURE], /--allow-stale wants a reason/],
  ])('%s', (_name, args, text) => {
    const { code, out, err } = run(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(text);
    expectNoStack(err);
  });
});

test('a misspelt severity of a configuration', () => {
  const config = file('severities.json', '{"severities": {"ctr.gap": "lwo"}}');
  const { code, err } = run(['read', CAPTURE, '--config', config]);
  expect(code).toBe(2);
  expect(err).toContain('did you mean low?');
});

describe('what cannot be opened', () => {
  test('a missing file', () => {
    const { code, err } = run(['read', join(folder, 'nowhere.pcap')]);
    expect(code).toBe(2);
    expect(err).toContain('capture.no-such-file');
    expectNoStack(err);
  });

  test('a folder', () => {
    const { code, err } = run(['read', folder]);
    expect(code).toBe(2);
    expect(err).toContain('capture.is-a-directory');
  });

  test('a keyring names the place and never the key', () => {
    const keyring = JSON.parse(readFileSync(KEYRING, 'utf8')) as { groups: { keys: { key: string }[] }[] };
    const secret = keyring.groups[0].keys[0].key.slice(0, -1);
    keyring.groups[0].keys[0].key = secret;
    const path = file('short-key.json', JSON.stringify(keyring));
    const { code, out, err } = run(['read', '--keyring', path, CAPTURE]);
    expect(code).toBe(2);
    expect(err).toContain('groups[0].keys[0].key');
    expect(err).toContain('line 1');
    expect(out + err).not.toContain(secret.slice(0, 16));
    expectNoStack(err);
  });

  test('a keyring that is not there', () => {
    const { code, err } = run(['read', '--keyring', join(folder, 'none.json'), CAPTURE]);
    expect(code).toBe(2);
    expectNoStack(err);
  });
});

describe('damaged captures end with exit code 3, behind everything that was good', () => {
  const whole = readFileSync(CAPTURE);

  test('a file that ends inside a record: its octet', () => {
    const path = file('cut.pcapng', whole.subarray(0, whole.length - 7));
    const { code, out, err } = run(['read', '-T', 'ndjson', '--keyring', KEYRING, path]);
    expect(code).toBe(3);
    expect(err).toMatch(/\(octet \d+\) \[capture\.cut-record\]/);
    const lines = out.trimEnd().split('\n');
    const summary = JSON.parse(lines.at(-1) ?? '') as { type: string; complete: boolean; frames: number };
    expect(summary).toMatchObject({ type: 'summary', complete: false });
    expect(summary.frames).toBeGreaterThan(100);
  });

  test('a file that ends inside its first record: a finding without a frame', () => {
    const path = file('first.pcap', joined(pcapHeader(), pcapRecord(new Uint8Array(60)).subarray(0, 40)));
    const { code, out } = run(['read', path]);
    expect(code).toBe(3);
    expect(out).toMatch(/^finding {2}medium {4}capture\.truncated .*record, 40 octets after it began \(octet 24\)$/m);
  });

  test('an empty file', () => {
    const { code, err } = run(['read', file('empty.pcap', '')]);
    expect(code).toBe(3);
    expect(err).toContain('capture.empty');
  });

  test('no capture at all: the first octets', () => {
    const { code, err } = run(['read', file('text.pcap', 'what is this?')]);
    expect(code).toBe(3);
    expect(err).toContain('77 68 61 74');
    expect(err).toContain('capture.not-a-capture');
  });

  test('the same through a pipe', () => {
    const { code, err } = run(['read', '-', '--keyring', KEYRING], whole.subarray(0, whole.length - 7));
    expect(code).toBe(3);
    expect(err).toContain('standard input');
  });
});

describe('output', () => {
  test('a reader that goes away ends the program quietly', () => {
    const command = `${process.execPath} ${SIDESCOPE} read ${CAPTURE} --keyring ${KEYRING} | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: 20_000 });
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0');
    expect(stderr).toBe('');
  });

  test('--version prints the version, --help the verbs', () => {
    expect(run(['--version']).out.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const help = run(['--help']);
    expect(help.code).toBe(0);
    expect(help.out).toContain('read');
    expect(run(['read', '--help']).code).toBe(0);
  });

  test('two runs print identical bytes', () => {
    const args = ['read', '-T', 'ndjson', '--payload', '--keyring', KEYRING, CAPTURE];
    expect(run(args).out).toBe(run(args).out);
  });
});

test('a verb that waits for what cannot come ends as a mistake of ours, not as if all were done', () => {
  const never = file(
    'never.mjs',
    `import fs from 'node:fs';
     import { syncBuiltinESMExports } from 'node:module';
     fs.promises.open = () => new Promise(() => undefined);
     syncBuiltinESMExports();`,
  );
  const pipe = join(folder, 'keyring.fifo');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  const args = ['--import', never, SIDESCOPE, 'read', CAPTURE, '--keyring', pipe];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toMatch(/waits for what cannot come.*\[internal\]/);
});
