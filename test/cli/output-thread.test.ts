// Output so large that another thread writes it into a file: the same octets as through a pipe, which this one writes.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBulkCapture } from '../../testing/bulk.ts';

const SIDESCOPE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
/**
 * Some 42 MB of documents: the thread is asked for at 16. And a capture that is read in threads because it has more than
 * 8 MiB: it is asked for before the first document.
 */
const CAPTURES = [
  { name: 'bulk', messages: 10_000, octets: 120 },
  { name: 'large', messages: 6_500, octets: 1_300 },
] as const;
const MOST_OCTETS = 256 * 1024 * 1024;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-output-'));
  for (const { name, ...options } of CAPTURES) {
    const file = openSync(join(folder, `${name}.pcap`), 'w');
    const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), options);
    closeSync(file);
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(keyring));
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function read(name: string, stdout: number | 'pipe'): Buffer {
  const path = join(folder, name);
  const command = [SIDESCOPE, 'read', '-T', 'ek', '--keyring', `${path}.json`, `${path}.pcap`];
  const { status, stdout: octets } = spawnSync(process.execPath, command, {
    stdio: ['ignore', stdout, 'inherit'],
    maxBuffer: MOST_OCTETS,
  });
  expect(status).toBe(0);
  return octets;
}

test.each(CAPTURES)('-T ek into a file: $name', ({ name }) => {
  const path = join(folder, 'documents');
  writeFileSync(path, 'in front\n');
  const file = openSync(path, 'a');
  read(name, file);
  closeSync(file);
  const written = readFileSync(path);
  const piped = read(name, 'pipe');
  expect(piped.length).toBeGreaterThan(2 * 16 * 1024 * 1024);
  expect(Buffer.compare(written, Buffer.concat([Buffer.from('in front\n'), piped]))).toBe(0);
});
