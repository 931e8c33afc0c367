// Files that the system refuses to open or to read, and then not any more. Who runs the tests may be allowed to read everything, so
// the refusal is put in the system's place.

import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type * as Promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { captureOf, pause, type Taking, take, until } from './live-sources.ts';

/** By path: why it cannot be opened. */
const refusals = new Map<string, string>();

vi.mock('node:fs/promises', async (original) => {
  const system = await original<typeof Promises>();
  const open: typeof system.open = (path, ...rest) => {
    const code = refusals.get(String(path));
    return code === undefined ? system.open(path, ...rest) : Promise.reject(Object.assign(new Error(code), { code }));
  };
  return { ...system, open };
});

let folder = '';
let taking: Taking;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-refused-'));
});

afterEach(async () => {
  await taking.stop();
  refusals.clear();
  rmSync(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);

/** The file may be read from now on. */
function allow(name: string): void {
  refusals.delete(path(name));
  chmodSync(path(name), 0o644);
}

test('a file that may not be read is read once it may', async () => {
  refusals.set(path('a.pcap'), 'EACCES');
  writeFileSync(path('a.pcap'), captureOf(1), { mode: 0o600 });
  taking = take({ name: 'log', kind: 'file', path: path('a.pcap') });
  await until(() => taking.status().problem?.code === 'source.file-permission');
  allow('a.pcap');
  await until(() => taking.frames.length === 1);
  expect(taking.status().problem).toBeNull();
});

test('of a rotating set, others are read meanwhile, and each that may be read then, once', async () => {
  writeFileSync(path('r_1.pcap'), captureOf(1));
  for (const name of ['r_2.pcap', 'r_4.pcap']) {
    refusals.set(path(name), 'EACCES');
    writeFileSync(path(name), captureOf(Number(name[2])), { mode: 0o600 });
  }
  writeFileSync(path('r_3.pcap'), captureOf(3));
  taking = take({ name: 'ring', kind: 'files', folder });
  await until(() => taking.frames.length === 2);
  await until(() => taking.status().problem?.code === 'source.file-permission');
  expect(taking.firsts()).toEqual([1, 3]);
  allow('r_2.pcap');
  await until(() => taking.frames.length === 3);
  await pause(500);
  expect(taking.status().problem?.code).toBe('source.file-permission');
  allow('r_4.pcap');
  await until(() => taking.frames.length === 4);
  expect(taking.status().problem).toBeNull();
  await pause(500);
  expect(taking.firsts()).toEqual([1, 3, 2, 4]);
});

test('another file that takes the name of one that cannot be read is read', async () => {
  refusals.set(path('a.pcap'), 'EIO');
  writeFileSync(path('a.pcap'), captureOf(1));
  taking = take({ name: 'log', kind: 'file', path: path('a.pcap') });
  await until(() => taking.status().problem?.code === 'source.failed');
  refusals.clear();
  writeFileSync(path('b.pcap'), captureOf(2));
  renameSync(path('b.pcap'), path('a.pcap'));
  await until(() => taking.frames.length === 1);
  expect(taking.firsts()).toEqual([2]);
  expect(taking.status().problem).toBeNull();
});
