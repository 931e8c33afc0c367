// The bundled command: how few files `read` needs, that every entry is there as it was before bundling, and that what is
// loaded late is loaded.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = join(ROOT, 'dist');
const MAIN = join(DIST, 'cli', 'main.js');
const CAPTURE = join(ROOT, 'captures', 'samples', 'clean', 'capture.pcapng');

/** Runs the command that is named, and lists the files that it loaded. */
const LISTS_FILES = `
  process.on('exit', () => console.error(Object.keys(require.cache).join('\\n')));
  require(${JSON.stringify(MAIN)});`;

/** What is loaded at once: a chunk that is asked for later stands behind an arrow, or behind the name that keeps it. */
const IMPORT = /(?<!=>|\?\?=)\brequire\("(\.[^"]+)"\)/g;

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
  const read = readdirSync(join(DIST, 'chunks')).filter((name) => /^read-[^.]+\.cjs$/.test(name));
  expect(read.length).toBeGreaterThan(0);
  const starts = readdirSync(join(DIST, 'chunks')).filter((name) => /^start-[^.]+\.cjs$/.test(name));
  expect(starts).toHaveLength(1);
  // The executable, and the chunk that it asks for behind the start of a thread.
  const start = neededBy(join(DIST, 'chunks', starts[0]), neededBy(MAIN));
  expect(start.size).toBeLessThanOrEqual(4);
  for (const chunk of read) expect(neededBy(join(DIST, 'chunks', chunk)).size).toBeLessThanOrEqual(6);
  const loaded = spawnSync(process.execPath, ['-e', LISTS_FILES, MAIN, 'read', CAPTURE], { encoding: 'utf8' });
  expect(loaded.stderr.split('\n').filter((file) => file.startsWith(DIST)).length).toBeLessThanOrEqual(8);
});

test('what few captures need is loaded when a capture has it', () => {
  const loadedFor = (...args: string[]): string[] => {
    const { stderr } = spawnSync(process.execPath, ['-e', LISTS_FILES, MAIN, 'read', ...args], { encoding: 'utf8' });
    return stderr.split('\n').filter((file) => file.startsWith(DIST));
  };
  const plain = loadedFor(CAPTURE);
  expect(plain.reduce((octets, file) => octets + readFileSync(file).length, 0)).toBeLessThan(411_000);
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const zipped = join(folder, 'capture.pcapng.gz');
  writeFileSync(zipped, gzipSync(readFileSync(CAPTURE)));
  expect(loadedFor('--threads', '1', zipped).some((file) => /gzip-[^/]+$/.test(file))).toBe(true);
  // A process that runs for long does not go back to files that may have been replaced.
  const engine = readFileSync(join(DIST, 'daemon', 'engine-process', 'main.cjs'), 'utf8');
  expect(engine.match(/Promise\.all\(\[(.*)\]\)/)?.[1].split('require(').length).toBeGreaterThan(15);
});

test('bundles are strict, as the modules are, and text in them stands in strings', () => {
  const chunks = readdirSync(join(DIST, 'chunks')).filter((file) => file.endsWith('.cjs'));
  for (const name of chunks) {
    const code = readFileSync(join(DIST, 'chunks', name), 'utf8');
    expect(code.slice(1, 11)).toBe('use strict');
    expect(code.split('=`').length).toBeLessThanOrEqual(Math.max(code.split("='").length, 5));
  }
});

test('a thread is started before the rest of `read` is loaded, and loads a part of it', () => {
  const chunks = readdirSync(join(DIST, 'chunks')).filter((name) => name.endsWith('.cjs'));
  const octetsOf = (files: Iterable<string>) =>
    [...files].reduce((octets, file) => octets + readFileSync(file).length, 0);
  const start = chunks.filter((name) => name.startsWith('round-start-')).map((name) => join(DIST, 'chunks', name));
  expect(start.length).toBeGreaterThan(0);
  for (const chunk of start) expect(octetsOf(neededBy(chunk))).toBeLessThan(80_000);
  const worker = join(DIST, 'daemon', 'engine-thread', 'round-worker.cjs');
  expect(octetsOf(neededBy(worker))).toBeLessThan(188_000);
});

test('the executable starts a thread, for which it needs nothing but itself', () => {
  const code = readFileSync(MAIN, 'utf8');
  expect(code).toContain('round-worker.cjs');
  expect(code.length).toBeLessThan(2000);
  expect([...neededBy(MAIN)].map((file) => basename(file)).sort()).toEqual(['kept-code.cjs', 'main.js']);
});

test('what others import is there with its types, unbundled', () => {
  expect(existsSync(join(DIST, 'testing', 'index.d.ts'))).toBe(true);
  expect(readFileSync(join(DIST, 'testing', 'index.js'), 'utf8')).not.toContain('chunks/');
});

test('a chunk finds the package and the workers', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const { stdout } = spawnSync(process.execPath, [MAIN, '--version'], { encoding: 'utf8' });
  expect(stdout).toBe(`${version}\n`);
  const threaded = spawnSync(process.execPath, [MAIN, 'read', '--threads', '2', CAPTURE], { encoding: 'utf8' });
  expect(threaded.stderr).toBe('');
  expect(threaded.status).toBe(0);
  const urls = readdirSync(join(DIST, 'chunks')).flatMap((name) => {
    const code = readFileSync(join(DIST, 'chunks', name), 'utf8');
    return [...code.matchAll(/new URL\('(\.[^']+)',new URL\('([^']+)'/g)].map(([, url, module]) =>
      join(dirname(module), url),
    );
  });
  expect(urls.filter((url) => url.endsWith('.cjs')).length).toBeGreaterThanOrEqual(4);
  for (const url of urls) expect(existsSync(join(DIST, 'chunks', url))).toBe(true);
});
