// The vault on the real file system: modes, symbolic links, umask, locks of real processes. And the real passphrase work.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../daemon/keyring/vault/file-system.ts';
import { systemProcesses } from '../../../daemon/keyring/vault/lock.ts';
import { DEFAULT_LOG_N, LEAST_LOG_N } from '../../../daemon/keyring/vault/slots.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import { codeOf, keyringOf, passphrase, repeatable, statesOf, THREE_KEYS } from './fixture.ts';
import { x25519 } from './x25519.ts';

let folder = '';
const identity = repeatable('real identity')(32);
const unlock = { kind: 'identity', privateKey: x25519.privateKey(identity) } as const;
const recipient = { kind: 'recipient', publicKey: x25519.publicOf(identity) } as const;
const NOW_IN_WINDOW = Date.UTC(2026, 4, 3);
const how = { by: 'test', surroundings: { now: () => NOW_IN_WINDOW } };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-vault-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function made(name: string): string {
  const path = join(folder, name);
  createVault(path, [recipient], how);
  const vault = Vault.open(path, unlock, how);
  vault.importKeyring(keyringOf(THREE_KEYS), 'x');
  vault.close();
  return path;
}

function open(path: string): Record<number, string> {
  const vault = Vault.open(path, unlock, how);
  try {
    return statesOf(vault);
  } finally {
    vault.close();
  }
}

test('the least work is 2^17, the usual 2^18; both are what scrypt really does', () => {
  expect([LEAST_LOG_N, DEFAULT_LOG_N]).toEqual([17, 18]);
  const path = join(folder, 'scrypt');
  createVault(path, [passphrase()], how);
  const from = performance.now();
  const vault = Vault.open(path, passphrase(), how);
  expect(performance.now() - from).toBeGreaterThan(100);
  expect(vault.list()).toEqual([]);
  vault.close();
});

test('every file is for its owner alone, whatever the umask', () => {
  const before = process.umask(0o777);
  let path = '';
  try {
    path = made('umask');
  } finally {
    process.umask(before);
  }
  const files = readdirSync(folder).filter((name) => name.startsWith('umask'));
  expect(files.sort()).toEqual(['umask', 'umask.anchor', 'umask.audit', 'umask.audit-key', 'umask.state']);
  for (const name of files) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  expect(open(path)[39]).toBe('active');
});

test('others may not read it', () => {
  const path = made('mode');
  chmodSync(path, 0o644);
  expect(codeOf(() => open(path))).toBe('vault.mode');
});

test('a symbolic link, a folder, a named pipe are refused', () => {
  const path = made('plain');
  symlinkSync(path, join(folder, 'link'));
  expect(codeOf(() => open(join(folder, 'link')))).toBe('vault.symlink');
  expect(codeOf(() => open(folder))).toBe('vault.unreadable');
  const pipe = join(folder, 'pipe');
  if (spawnSync('mkfifo', ['-m', '600', pipe]).status === 0) expect(codeOf(() => open(pipe))).toBe('vault.unreadable');
  for (const suffix of ['.audit', '.audit-key', '.state', '.anchor']) {
    const other = made(`linked${suffix}`);
    renameSync(`${other}${suffix}`, join(folder, 'aside'));
    symlinkSync(join(folder, 'aside'), `${other}${suffix}`);
    expect(codeOf(() => open(other))).toBe('vault.symlink');
  }
});

test('a living process holds the lock; a dead one does not, nor one of an earlier run of the machine', () => {
  const path = made('lock');
  const vault = Vault.open(path, unlock, how);
  expect(codeOf(() => open(path))).toBe('vault.locked');
  vault.close();
  expect(existsSync(`${path}.lock`)).toBe(false);
  const { self } = systemProcesses;
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  for (const mark of [
    { ...self, pid: dead },
    { ...self, start: '1' },
    { ...self, boot: 'another' },
  ]) {
    writeFileSync(`${path}.lock`, JSON.stringify(mark), { mode: 0o600 });
    expect(open(path)[39]).toBe('active');
  }
  writeFileSync(`${path}.lock`, JSON.stringify(self), { mode: 0o600 });
  expect(codeOf(() => open(path))).toBe('vault.locked');
});

test('the real calls are all made, in the order that survives a power cut', () => {
  const path = made('calls');
  const calls: string[] = [];
  const fs = new Proxy(nodeFileSystem, {
    get(target, name: keyof typeof nodeFileSystem) {
      const call = target[name] as (...all: unknown[]) => unknown;
      return (...all: unknown[]): unknown => {
        if (['sync', 'rename', 'syncDirectory'].includes(name)) calls.push(`${name} ${String(all.at(-1))}`);
        return call.apply(target, all);
      };
    },
  });
  const vault = Vault.open(path, unlock, { ...how, surroundings: { ...how.surroundings, fs } });
  calls.length = 0;
  vault.order('revoke', ['f00001/39'], 'x');
  const at = calls.indexOf(`rename ${path}`);
  expect(calls[at - 1]).toMatch(/^sync /);
  expect(calls[at + 1]).toBe(`syncDirectory ${folder}`);
  vault.close();
  expect(readFileSync(path).includes('f00001')).toBe(false);
});
