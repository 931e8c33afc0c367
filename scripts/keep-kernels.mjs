// Kernels as the bundle keeps them. They are put together by TypeScript functions when they are first used (assembler.ts),
// into the same octets each time; so the build runs the command as tsc has written it, in the ways that ask for them, and
// records what comes of it. Whatever is not recorded is put together as in the sources.

import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const RECORDER = fileURLToPath(new URL('record-kernels.cjs', import.meta.url));

/**
 * Captures, each large enough that every kernel pays that is for captures of its kind, and with how many threads they are read.
 * With two it may be small: kernels in memory that threads share are built with the thread. They are recorded twice, since
 * they have most that could differ from run to run.
 */
const WAYS = [
  { messages: 1000, threads: 2 },
  { messages: 10_000, octets: 60, threads: 2, freshPtkIds: true },
  { messages: 10_000, octets: 60, threads: 1, algorithm: '128-EEA1' },
  { messages: 20_000, octets: 60, threads: 1, algorithm: '128-EEA3' },
];

/**
 * The kernels that these runs put together.
 *
 * @param {string} dist where tsc has written the program, which is not bundled yet
 * @returns {Promise<Map<string, Record<string, string>>>} by the module that has them, as a path: their octets in base64, by name
 */
export async function keptKernels(dist) {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-kernels-'));
  try {
    const { writeBulkCapture } = await import(pathToFileURL(join(dist, 'testing', 'bulk.js')).href);
    const record = join(folder, 'kernels');
    writeFileSync(record, '');
    const runs = WAYS.map((way, i) => {
      const [capture, keyring] = [join(folder, `${i}.pcap`), join(folder, `${i}.json`)];
      const file = openSync(capture, 'w');
      const written = writeBulkCapture((piece) => writeSync(file, piece), way);
      closeSync(file);
      writeFileSync(keyring, JSON.stringify(written.keyring), { mode: 0o600 });
      const words = ['read', capture, '--keyring', keyring, '-q', '-z', 'groups,findings', '--threads', way.threads];
      return run(dist, words, record);
    });
    await Promise.all(runs);
    return byModule(dist, readFileSync(record, 'utf8').split('\n').filter(Boolean));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rejects where the command does not end well, with what it said. */
function run(dist, words, record) {
  const env = { ...process.env, NODE_OPTIONS: '', RECORDED_KERNELS: record };
  return promisify(execFile)(process.execPath, ['--require', RECORDER, join(dist, 'cli', 'main.js'), ...words], {
    env,
  });
}

/** A kernel is named after its file. */
function byModule(dist, lines) {
  const modules = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith('.js'));
  const kept = new Map();
  for (const { name, octets } of lines.map((line) => JSON.parse(line))) {
    const own = modules.filter((path) => basename(path) === `${name.split(' ')[0]}.js`);
    if (own.length !== 1) throw new Error(`kernel ${name}: ${own.length} files have its name`);
    const module = join(dist, own[0]);
    const kernels = kept.get(module) ?? {};
    if ((kernels[name] ?? octets) !== octets)
      throw new Error(`kernel ${name}: its name does not say all it depends on`);
    kernels[name] = octets;
    kept.set(module, kernels);
  }
  return kept;
}
