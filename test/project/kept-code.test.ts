// Chunks that are loaded with the code that the build kept of them: node takes it, and whatever happens to it, the command
// prints the same.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyOfBuild } from './copied-build.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const READ = ['read', join(SAMPLE, 'capture.pcapng'), '--keyring', join(SAMPLE, 'keyring.json')];

/** Says of each script with code whether V8 took it. */
const SAYS_WHAT_IS_TAKEN = `
  const vm = require('node:vm');
  vm.Script = class extends vm.Script {
    constructor(text, options) {
      super(text, options);
      if (options?.cachedData !== undefined) console.error('code ' + (this.cachedDataRejected ? 'refused' : 'taken'));
    }
  };`;

let folder = '';
let preload = '';
let untouched = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-kept-code-'));
  preload = join(folder, 'says.cjs');
  writeFileSync(preload, SAYS_WHAT_IS_TAKEN);
  untouched = run(join(ROOT, 'dist', 'cli', 'main.js'), ['--threads', '1']).stdout;
  expect(untouched.split('\n').length).toBeGreaterThan(100);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(main: string, options: readonly string[], nodeOptions: readonly string[] = []) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeOptions, '--require', preload, main, ...READ, ...options],
    { encoding: 'utf8', env },
  );
  expect(status, stderr).toBe(0);
  return { stdout, said: stderr.split('\n').filter((line) => line.startsWith('code ')) };
}

/** What has code, in the bundles of the program and, where it is there twice, of its threads. */
const KEPT = ['kernels', 'kernels', 'read', 'round', 'start', 'statistics', 'threaded'];

test('what every `read` loads, and what its threads load, has code, and V8 takes it', () => {
  const { main, code } = copyOfBuild(folder);
  const names = code.map((file) => file.match(/(\w+)-[^/]*$/)?.[1]).sort((a, b) => (a ?? '').localeCompare(b ?? ''));
  expect(names).toEqual(KEPT);
  // The command, `read` and kernels.
  const said = Array.from({ length: 3 }, () => 'code taken');
  expect(run(main, ['--threads', '1'])).toEqual({ stdout: untouched, said });
  expect(run(main, ['--threads', '2']).stdout).toBe(untouched);
});

test('a keyring comes down a pipe, which needs what is loaded late', () => {
  const words = READ.with(3, '/dev/stdin');
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'cat "$0" | "$@"', READ[3], process.execPath, join(ROOT, 'dist', 'cli', 'main.js'), ...words],
    {
      encoding: 'utf8',
    },
  );
  expect([stdout, stderr]).toEqual([untouched, '']);
});

const HARM: Record<string, (file: string) => void> = {
  'has a bit flipped': (file) => {
    const octets = readFileSync(file);
    octets[octets.length >>> 1] ^= 1;
    writeFileSync(file, octets);
  },
  'was cut': (file) => {
    truncateSync(file, readFileSync(file).length - 1);
  },
  'is empty': (file) => {
    truncateSync(file);
  },
  'is gone': (file) => {
    rmSync(file);
  },
};

test.each(Object.keys(HARM))('code that %s is not given to V8', (harm) => {
  const { main, code } = copyOfBuild(folder);
  for (const file of code) HARM[harm](file);
  expect(run(main, ['--threads', '1'])).toEqual({ stdout: untouched, said: [] });
  expect(run(main, ['--threads', '2']).stdout).toBe(untouched);
});

test('code of another node is left alone, and code for other options is refused', () => {
  const { main, chunks } = copyOfBuild(folder);
  expect(run(main, [], ['--stack-size=900']).stdout).toBe(untouched);
  const loader = join(chunks, 'kept-code.cjs');
  const text = readFileSync(loader, 'utf8');
  const madeBy = `const MADE_BY = '${process.version} ${process.arch}'`;
  expect(text).toContain(madeBy);
  writeFileSync(loader, text.replace(madeBy, "const MADE_BY = 'v20.19.0 mips'"));
  expect(run(main, [])).toEqual({ stdout: untouched, said: [] });
});

test('whoever asks for source maps has them', () => {
  const { main } = copyOfBuild(folder);
  expect(run(main, [], ['--enable-source-maps'])).toEqual({ stdout: untouched, said: [] });
});
