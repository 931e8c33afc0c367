// A standard output that takes no more is said as `-w -` says it, whatever is printed there; one whose reader has gone is no
// error.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBulkCapture } from '../../testing/bulk.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const CAPTURE = join(ROOT, 'captures', 'samples', 'clean', 'capture.pcapng');
const FULL = '/dev/full';
const NO_DEVICE = 'this system has no device that is always full';

let folder = '';
/** So many documents of `-T ek` that another thread writes them (output-thread.test.ts). */
let large = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-full-'));
  large = join(folder, 'large.pcap');
  const file = openSync(large, 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), { messages: 10_000 });
  closeSync(file);
  writeFileSync(join(folder, 'large.json'), JSON.stringify(keyring));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

const PRINTS = [
  ['--help'],
  ['--version'],
  [],
  ['read', '--help'],
  ['keys', 'init', '--help'],
  ['grant'],
  ['fields'],
  ['fields', '--markdown'],
  ['findings'],
  ['doctor', CAPTURE],
  ...['text', 'ndjson', 'json', 'ek'].map((type) => ['read', CAPTURE, '-T', type]),
  ['read', CAPTURE, '-T', 'fields', '-e', 'frame.number'],
  ['read', CAPTURE, '-V'],
  ['read', CAPTURE, '-x'],
  ['read', CAPTURE, '-q', '-z', 'groups'],
  ['read', CAPTURE, '-w', '-'],
  ['read', CAPTURE, '-T', 'ndjson', '--threads', '2'],
  ['read', CAPTURE, '-T', 'ndjson', '--threads', '3'],
];

/** Runs the command with that standard output. */
function run(args: readonly string[], stdout: number): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(process.execPath, [SIDESCOPE, ...args], {
    ...{ stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8', timeout: 60_000 },
  });
  return { code: status, err: stderr };
}

test.for(PRINTS.map((args) => ({ args, line: ['sidescope', ...args].join(' ').replace(CAPTURE, 'CAPTURE') })))(
  'no space: $line',
  ({ args }, { skip }) => {
    skip(!existsSync(FULL), NO_DEVICE);
    const full = openSync(FULL, 'w');
    const { code, err } = run(args, full);
    closeSync(full);
    expect(err).toBe(
      'sidescope: error: cannot write standard output: no space is left [output.no-space]\n' +
        '  hint: make room, or lead it elsewhere; what was written is kept\n',
    );
    expect(code).toBe(2);
  },
);

test.each([
  ['written here', ['-T', 'ndjson']],
  ['written by another thread', ['-T', 'ek', '--threads', '3']],
])('a file that may not grow, %s', (_name, options) => {
  const path = join(folder, 'limited');
  const args = [process.execPath, SIDESCOPE, 'read', large, ...options, '--keyring', join(folder, 'large.json')];
  // In blocks of 512 or 1,024 octets, as the shell has it. As many as the thread needs to be asked for, and more.
  const blocks = options.includes('ek') ? 40_000 : 64;
  const limited = `ulimit -f ${blocks} && exec "$@" >"$OUT"`;
  const { status, stderr } = spawnSync('sh', ['-c', limited, 'sh', ...args], {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 60_000, env: { ...process.env, OUT: path } },
  });
  expect(stderr).toBe(
    'sidescope: error: cannot write standard output: it is as large as a file may be [output.no-space]\n' +
      '  hint: lead it elsewhere, or print less; what was written is kept\n',
  );
  expect(status).toBe(2);
  expect([512, 1024]).toContain(statSync(path).size / blocks);
});

test.each([['--help'], ['--version'], ['fields'], ['read', CAPTURE]])('a reader that has gone: %s', (...args) => {
  const script = `{ "$@"; echo "code $?" >&2; } | true`;
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, SIDESCOPE, ...args], {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 60_000 },
  });
  expect(stderr).toBe('code 0\n');
});
