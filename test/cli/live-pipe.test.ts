// `read -` says what frames give while the pipe is still open.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'clean');
const COLUMNS = ['-T', 'fields', '-e', 'frame.number'];

test.each([
  ['text', ['-T', 'text']],
  ['ndjson', ['-T', 'ndjson']],
  ['fields without keys', COLUMNS],
])('%s', async (_name, options) => {
  const capture = readFileSync(join(SAMPLE, 'capture.pcapng'));
  const args = [SIDESCOPE, 'read', '-', '--keyring', join(SAMPLE, 'keyring.json'), ...options];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const half = Math.floor(capture.length / 2);
  child.stdin.write(capture.subarray(0, half));
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  expect(first.length).toBeGreaterThan(0);
  expect(child.exitCode).toBe(null);
  child.stdout.resume();
  child.stdin.end(capture.subarray(half));
  expect(await once(child, 'close')).toEqual([0, null]);
});
