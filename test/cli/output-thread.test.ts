// Output so large that another thread writes it into a file: the same octets as through a pipe, which this one writes.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBulkCapture } from '../../testing/bulk.ts';

const SIDESCOPE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
/** Some 42 MB of documents: the thread is asked for at 16. */
const MESSAGES = 10_000;
const MOST_OCTETS = 64 * 1024 * 1024;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-output-'));
  const file = openSync(join(folder, 'bulk.pcap'), 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), { messages: MESSAGES });
  closeSync(file);
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function read(stdout: number | 'pipe'): Buffer {
  const command = [SIDESCOPE, 'read', '-T', 'ek', '--keyring', join(folder, 'keyring.json'), join(folder, 'bulk.pcap')];
  const { status, stdout: octets } = spawnSync(process.execPath, command, {
    stdio: ['ignore', stdout, 'inherit'],
    maxBuffer: MOST_OCTETS,
  });
  expect(status).toBe(0);
  return octets;
}

test('-T ek into a file', () => {
  const path = join(folder, 'documents');
  writeFileSync(path, 'in front\n');
  const file = openSync(path, 'a');
  read(file);
  closeSync(file);
  const written = readFileSync(path);
  const piped = read('pipe');
  expect(piped.length).toBeGreaterThan(2 * 16 * 1024 * 1024);
  expect(Buffer.compare(written, Buffer.concat([Buffer.from('in front\n'), piped]))).toBe(0);
});
