// Names of files and folders never reach the terminal as a control: they come from archives, mounts and other people.

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'clean');
/** A colour, a title, a bell, an override of the direction; and how they are printed. */
const HOSTILE = 'a\u001b[31mb\u001b]0;t\u0007c\u202ed';
const SHOWN = 'a\\x1b[31mb\\x1b]0;t\\x07c\\u202ed';

/** Its own name is hostile. */
let folder = '';
let parent = '';
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'sidescope-names-'));
  folder = join(parent, HOSTILE);
  mkdirSync(folder);
  for (const name of ['capture.pcapng', 'keyring.json', 'scenario.json']) copyFileSync(join(SAMPLE, name), path(name));
  for (const name of ['pass', 'next']) writeFileSync(path(name), `a passphrase, ${name}\n`, { mode: 0o600 });
  const { publicKey } = generateKeyPairSync('x25519');
  writeFileSync(path('to.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
});

afterAll(() => {
  rmSync(parent, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function run(...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SIDESCOPE, ...args], {
    ...{ encoding: 'utf8', timeout: 60_000, input: '', env: { ...process.env, XDG_STATE_HOME: parent } },
  });
  return { code: status, text: `${stdout}${stderr}` };
}

function expectShown(code: number, ...args: string[]): void {
  const ran = run(...args);
  expect(ran.text).toContain(SHOWN);
  for (const line of ran.text.split('\n')) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(ran.code).toBe(code);
}

test('keys: a vault from its beginning to an export', () => {
  const vault = ['--vault', path('v'), '--passphrase-file', path('pass')];
  expectShown(0, 'keys', 'init', ...vault);
  expectShown(0, 'keys', 'import', path('keyring.json'), ...vault);
  const [group] = JSON.parse(run('keys', 'list', '-T', 'json', ...vault).text).keys as {
    group: string;
    pgkId: number;
  }[];
  const named = `${group.group}/${group.pgkId}`;
  expectShown(0, 'keys', 'export', named, '--to', path('to.pem'), '-o', path('sealed'), ...vault);
  expectShown(0, 'keys', 'passwd', '--new-passphrase-file', path('next'), ...vault);
});

test('synth', () => {
  mkdirSync(path('out'));
  expectShown(0, 'synth', path('scenario.json'), '--out', path('out'));
});

test('daemon: a folder, and its configuration', () => {
  // The configuration names it, and takes no such names.
  const passphrase = join(parent, 'pass');
  copyFileSync(path('pass'), passphrase);
  expectShown(0, 'daemon', '--init', path('daemon'), '--passphrase-file', passphrase);
  expectShown(0, 'daemon', '--config', join(path('daemon'), 'daemon.json'), '--check');
});

test.each([
  ['a capture', 2, ['read', 'none.pcap']],
  ['a keyring', 2, ['read', '--keyring', 'capture.pcapng', 'capture.pcapng']],
  ['an output', 2, ['read', 'capture.pcapng', '-w', 'none/out.pcapng']],
  ['a vault', 4, ['keys', 'list', 'none']],
])('an error about %s', (_name, code, words) => {
  expectShown(code, ...words.map((word) => (/[./]|none/.test(word) ? path(word) : word)));
});
