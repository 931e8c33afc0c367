// Kernels that the build has put together: they are those of the sources, runs take them, and without them they are put
// together as in the sources.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDuplicateKernel } from '../../daemon/engine/duplicate-kernel.ts';
import { buildGatherKernel } from '../../daemon/engine/gather-kernel.ts';
import { buildNextMessageKernel } from '../../daemon/engine/next-message-kernel.ts';
import { PduHash } from '../../daemon/engine/pdu-hash.ts';
import { KERNELS_OCTETS, WALK_AT } from '../../daemon/engine/shared-layout.ts';
import { createSharedMessageKernel } from '../../daemon/engine/shared-tables.ts';
import { buildWholeFramesKernel } from '../../daemon/engine/whole-frames-kernel.ts';
import { buildRecordsKernel } from '../../daemon/engine-thread/records-kernel.ts';
import { RING_MESSAGES } from '../../daemon/findings/position-ring.ts';
import { buildUsualKernel } from '../../daemon/findings/usual-kernel.ts';
import { buildPlainFramesKernel } from '../../dissectors/plain-frames-kernel.ts';
import { CALL_BLOCKS } from '../../dissectors/security/aes-eea2.ts';
import { createAesKernel, createAesStreamKernel } from '../../dissectors/security/wasm/aes-kernel.ts';
import { createMessageKernel } from '../../dissectors/security/wasm/message-kernel.ts';
import { pekKernel } from '../../dissectors/security/wasm/pek-kernel.ts';
import { sha256Kernel } from '../../dissectors/security/wasm/sha256-kernel.ts';
import { createSharedMemory, PAGE_OCTETS, type SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { createSnow3gKernel } from '../../dissectors/security/wasm/snow3g-kernel.ts';
import { createZucPlanes } from '../../dissectors/security/wasm/zuc-planes.ts';
import { copyOfBuild } from './copied-build.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const READ = ['read', join(SAMPLE, 'capture.pcapng'), '--keyring', join(SAMPLE, 'keyring.json')];
const COUNTED = ['-q', '-z', 'groups,findings', '--threads', '2'];

/** Name and octets of a kernel as they stand in a chunk. A module begins with 00 61 73 6d. */
const KEPT = /["'`]([\w-]+(?: \w+)+)["'`]:["'`](AGFzb[\w+/]+=*)["'`]/g;

/** Says of each kernel in each thread whether it was kept, which octets from base64 show: a Buffer. */
const SAYS_WHAT_IS_TAKEN = `
  const { writeSync } = require('node:fs');
  const threads = require('node:worker_threads');
  WebAssembly.Module = class extends WebAssembly.Module {
    constructor(octets) {
      super(octets);
      const name = Buffer.from(WebAssembly.Module.customSections(this, 'name')[0]).subarray(3);
      writeSync(2, (Buffer.isBuffer(octets) ? 'kept ' : 'put together ') + name + '\\n');
    }
  };
  if (threads.isMainThread) {
    threads.Worker = class extends threads.Worker {
      constructor(file, options) {
        super(file, { ...options, execArgv: ['--require', __filename] });
      }
    };
  }`;

let folder = '';
let preload = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-kept-kernels-'));
  preload = join(folder, 'says.cjs');
  writeFileSync(preload, SAYS_WHAT_IS_TAKEN);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(main: string) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const words = ['--require', preload, main, ...READ, ...COUNTED];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env });
  expect(status, stderr).toBe(0);
  const said = stderr.split('\n').filter((line) => line !== '');
  return { stdout, said: said.sort((a, b) => a.localeCompare(b)) };
}

/** What stands in the build, by name. Several chunks may have the same. */
function keptInBuild(): Map<string, string> {
  const kept = new Map<string, string>();
  const chunks = join(ROOT, 'dist', 'chunks');
  for (const file of readdirSync(chunks).filter((name) => name.endsWith('.cjs'))) {
    for (const [, name, octets] of readFileSync(join(chunks, file), 'utf8').matchAll(KEPT)) {
      expect(kept.get(name) ?? octets, name).toBe(octets);
      kept.set(name, octets);
    }
  }
  return kept;
}

/** What `build` makes modules of, by name. */
function madeOf(build: () => void): Map<string, string> {
  const made = new Map<string, string>();
  const host = (globalThis as unknown as { WebAssembly: { Module: new (octets: Uint8Array) => object } }).WebAssembly;
  const { Module } = host;
  const sections = Module as unknown as { customSections(module: object, name: string): ArrayBuffer[] };
  host.Module = class extends Module {
    constructor(octets: Uint8Array) {
      super(octets);
      const name = Buffer.from(sections.customSections(this, 'name')[0]).subarray(3).toString();
      made.set(name, Buffer.from(octets).toString('base64'));
    }
  };
  try {
    build();
  } finally {
    host.Module = Module;
  }
  return made;
}

test('the kernels of the build are those that the sources put together', () => {
  const kept = keptInBuild();
  const pages = [...kept.keys()].find((name) => name.startsWith('message-kernel 0 '))?.split(' ')[2];
  const made = madeOf(() => {
    const shared = createSharedMemory(KERNELS_OCTETS) as SharedMemory;
    const { keys } = new PduHash();
    buildWholeFramesKernel(shared);
    buildRecordsKernel(shared);
    buildPlainFramesKernel(shared, WALK_AT);
    buildDuplicateKernel(keys, shared);
    buildDuplicateKernel(keys);
    buildUsualKernel(shared, RING_MESSAGES);
    buildGatherKernel(shared);
    buildNextMessageKernel(shared);
    createSharedMessageKernel(shared);
    createMessageKernel(Number(pages) * PAGE_OCTETS);
    createAesKernel(CALL_BLOCKS);
    createAesStreamKernel(CALL_BLOCKS);
    sha256Kernel();
    pekKernel();
    createSnow3gKernel();
    createZucPlanes();
  });
  expect([...kept.keys()].sort()).toEqual([...made.keys()].sort());
  for (const [name, octets] of made) expect(kept.get(name), name).toBe(octets);
});

test('a run with a thread that judges puts none together', () => {
  const { said } = run(join(ROOT, 'dist', 'cli', 'main.js'));
  expect(said.filter((line) => !line.startsWith('kept '))).toEqual([]);
  expect(said.map((line) => line.split(' ')[1])).toEqual([
    'duplicate-kernel',
    'gather-kernel',
    'message-kernel',
    'next-message-kernel',
    'plain-frames-kernel',
    'usual-kernel',
    'whole-frames-kernel',
  ]);
});

const HARM: Record<string, (name: string, octets: string) => string> = {
  'are no modules': (name, octets) => `'${name}':'${octets.slice(0, 4)}${octets.slice(8)}'`,
  'end too early': (name, octets) => `'${name}':'${octets.slice(0, 64)}'`,
  'have other parameters': (name, octets) => `'${name} 1':'${octets}'`,
};

test.each(Object.keys(HARM))('kernels that %s are put together instead', (harm) => {
  const untouched = run(join(ROOT, 'dist', 'cli', 'main.js'));
  const { main, chunks, code } = copyOfBuild(folder);
  // V8's code of a chunk has its texts, too.
  for (const file of code) rmSync(file);
  for (const file of readdirSync(chunks).filter((name) => name.endsWith('.cjs'))) {
    const text = readFileSync(join(chunks, file), 'utf8');
    writeFileSync(
      join(chunks, file),
      text.replace(KEPT, (_, name: string, octets: string) => HARM[harm](name, octets)),
    );
  }
  const { stdout, said } = run(main);
  expect(stdout).toBe(untouched.stdout);
  expect(said).toEqual(untouched.said.map((line) => line.replace('kept', 'put together')));
});
