// `sidescope keys` killed while it writes what it gives out.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyHex } from '../daemon/vault/fixture.ts';
import { x25519 } from '../daemon/vault/x25519.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DAY = 86_400_000;
const IDENTITY = Buffer.alloc(32, 9);
const RECIPIENT = Buffer.from(x25519.publicOf(IDENTITY)).toString('hex');

/** Loaded before the program: of what goes into the file 100 octets are written, and no more is done. */
const KILLS = `
  const fs = require('node:fs');
  const { writeSync } = fs;
  fs.writeSync = (handle, octets, ...more) => {
    if (!fs.readlinkSync('/proc/self/fd/' + handle).includes('sealed')) return writeSync(handle, octets, ...more);
    writeSync(handle, octets.subarray(0, 100));
    process.kill(process.pid, 'SIGKILL');
  };`;

let folder = '';
const file = (name: string): string => join(folder, name);

function keys(args: readonly string[], node: readonly string[] = []) {
  const how = ['--vault', file('vault'), ...(args[0] === 'init' ? [] : ['--identity', file('id.pem')])];
  const { status, signal, stderr } = spawnSync(process.execPath, [...node, MAIN, 'keys', ...args, ...how]);
  return { status, signal, error: stderr.toString() };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-keys-killed-'));
  const pem = x25519.privateKey(IDENTITY).export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(file('id.pem'), pem, { mode: 0o600 });
  writeFileSync(file('kills.cjs'), KILLS);
  const at = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
  const pgk = { id: 39, key: keyHex(39), notBefore: at(-1), notAfter: at(1) };
  const groups = [{ id: 'f00001', algorithm: '128-EEA2', keys: [pgk] }];
  writeFileSync(file('keys.json'), JSON.stringify({ format: 'sidescope-keyring/1', groups }), { mode: 0o600 });
  expect(keys(['init', '--recipient', RECIPIENT]).status).toBe(0);
  expect(keys(['import', file('keys.json')]).status).toBe(0);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

test('an export that is killed leaves none under its name, and the next one is made', () => {
  const out = file('sealed');
  const args = ['export', 'f00001/39', '--to', RECIPIENT, '-o', out];
  expect(keys(args, ['--require', file('kills.cjs')]).signal).toBe('SIGKILL');
  expect(existsSync(out)).toBe(false);
  expect(keys(args)).toEqual({ status: 0, signal: null, error: '' });
  expect(readFileSync(out).length).toBeGreaterThan(4096);
  expect(existsSync(`${out}.unfinished`)).toBe(false);
  expect(keys(args).error).toContain('nothing is overwritten');
});
