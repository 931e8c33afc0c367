// The bundled command: how few files `read` needs, that every entry is there as it was before bundling, and that what is
// loaded late is loaded.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = join(ROOT, 'dist');
const MAIN = join(DIST, 'cli', 'main.js');

const IMPORT = /^\s*(?:import|export)\b[^"']*?["'](\.[^"']+)["']/gm;

/** The files of ours that a file needs before it runs. */
function neededBy(path: string, needed = new Set<string>()): Set<string> {
  if (needed.has(path)) return needed;
  needed.add(path);
  for (const [, imported] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
    neededBy(join(dirname(path), imported), needed);
  }
  return needed;
}

test('the command and `read` are few files', () => {
  const read = readdirSync(join(DIST, 'chunks')).filter((name) => /^read-[^.]+\.js$/.test(name));
  expect(read.length).toBeGreaterThan(0);
  const start = neededBy(MAIN);
  expect(start.size).toBeLessThanOrEqual(4);
  for (const chunk of read) expect(neededBy(join(DIST, 'chunks', chunk)).size).toBeLessThanOrEqual(6);
});

test('a thread is started before the rest of `read` is loaded, and loads a part of it', () => {
  const chunks = readdirSync(join(DIST, 'chunks')).filter((name) => name.endsWith('.js'));
  const octetsOf = (files: Iterable<string>) =>
    [...files].reduce((octets, file) => octets + readFileSync(file).length, 0);
  const start = chunks.filter((name) => name.startsWith('round-start-')).map((name) => join(DIST, 'chunks', name));
  expect(start.length).toBeGreaterThan(0);
  for (const chunk of start) expect(octetsOf(neededBy(chunk))).toBeLessThan(80_000);
  const worker = join(DIST, 'daemon', 'engine-thread', 'round-worker.js');
  expect(octetsOf(neededBy(worker))).toBeLessThan(250_000);
});

test('what others import is there with its types, unbundled', () => {
  expect(existsSync(join(DIST, 'testing', 'index.d.ts'))).toBe(true);
  expect(readFileSync(join(DIST, 'testing', 'index.js'), 'utf8')).not.toContain('chunks/');
});

test('a chunk finds the package and the workers', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const { stdout } = spawnSync(process.execPath, [MAIN, '--version'], { encoding: 'utf8' });
  expect(stdout).toBe(`${version}\n`);
  const capture = join(ROOT, 'captures', 'samples', 'clean', 'capture.pcapng');
  const threaded = spawnSync(process.execPath, [MAIN, 'read', '--threads', '2', capture], { encoding: 'utf8' });
  expect(threaded.stderr).toBe('');
  expect(threaded.status).toBe(0);
  const text = readdirSync(join(DIST, 'chunks')).map((name) => readFileSync(join(DIST, 'chunks', name), 'utf8'));
  for (const chunk of text) {
    for (const [, url] of chunk.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g)) {
      expect(existsSync(join(DIST, 'chunks', url))).toBe(true);
    }
  }
});
