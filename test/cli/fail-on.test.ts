// `read --fail-on` and the severities of a configuration file.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-fail-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function read(sample: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const from = join(ROOT, 'captures', 'samples', sample);
  const result = spawnSync(
    process.execPath,
    [SIDESCOPE, 'read', join(from, 'capture.pcapng'), '--keyring', join(from, 'keyring.json'), ...args],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function config(value: unknown): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(value));
  return path;
}

describe('--fail-on', () => {
  test.each([
    ['attacked', 'critical', 1],
    ['attacked', 'low', 1],
    ['clean', 'low', 0],
  ])('%s at %s ends with %i', (sample, severity, code) => {
    expect(read(sample, '-q', '--fail-on', severity).code).toBe(code);
  });

  test('info is no severity to fail on', () => {
    expect(read('clean', '-q', '--fail-on', 'info').code).toBe(2);
  });
});

describe('--config', () => {
  test('an override changes what --fail-on sees and what records say', () => {
    const severities = { 'ctr.keystream_reuse': 'info', 'key.downgrade': 'off' };
    const path = config({ severities });
    const { code, out } = read('attacked', '-T', 'ndjson', '--fail-on', 'critical', '--config', path);
    expect(code).toBe(0);
    const findings = out
      .split('\n')
      .filter((line) => line.includes('"type":"finding"'))
      .map((line) => JSON.parse(line) as { name: string; severity: string });
    expect(findings.find((finding) => finding.name === 'ctr.keystream_reuse')?.severity).toBe('info');
    expect(findings.some((finding) => finding.name === 'key.downgrade')).toBe(false);
  });

  test.each([
    ['an unknown finding', { severities: { 'ctr.gop': 'low' } }, /did you mean ctr\.gap/],
    ['an unknown severity', { severities: { 'ctr.gap': 'loud' } }, /no such severity/],
    ['an unknown member', { severity: {} }, /did you mean severities/],
    ['a list', [], /no object/],
  ])('%s is refused', (_name, value, text) => {
    const { code, err } = read('clean', '-q', '--config', config(value));
    expect(code).toBe(2);
    expect(err).toMatch(text);
  });

  test('a file that is not there is refused', () => {
    expect(read('clean', '-q', '--config', join(folder, 'none.json')).code).toBe(2);
  });
});
