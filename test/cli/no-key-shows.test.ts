// No key octet in what `keys`, `group` and `read --vault` print, log, refuse or write: every verb is run, and whatever the
// vault holds is looked for in all of it.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemSurroundings } from '../../daemon/keyring/vault/surroundings.ts';
import { readVaultFile, unlockVault } from '../../daemon/keyring/vault/unlock-vault.ts';
import { parseScenario } from '../../testing/scenario.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { x25519 } from '../daemon/vault/x25519.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PASSPHRASE = 'correct horse battery staple';
const identity = Buffer.alloc(32, 9);
const file = (name: string): string => join(folder, name);

let folder = '';
let said = '';
/** Octets that must not show. */
const secrets = new Map<string, Buffer>();

/** Runs a verb with the vault; what it says is kept. */
function run(args: readonly string[], input = ''): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, SIDESCOPE_VAULT: file('vault'), CREDENTIALS_DIRECTORY: '' },
    input,
  });
  said += stdout + stderr;
  return { code: status, out: stdout };
}

function open(...args: readonly string[]): { code: number | null; out: string } {
  return run([...args, '--identity', file('id.pem')]);
}

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(file(name), content, { mode: 0o600 });
  chmodSync(file(name), 0o600);
  return file(name);
}

function hide(what: string, octets: Uint8Array): void {
  if (octets.length >= 16 && octets.some((octet) => octet !== octets[0])) secrets.set(what, Buffer.from(octets));
}

/** Notes everything that the vault holds now and that nobody may see. */
function noteSecrets(): void {
  const unlock = { kind: 'identity', privateKey: x25519.privateKey(identity) } as const;
  const path = file('vault');
  const { contents, dataKey } = unlockVault(systemSurroundings, path, readVaultFile(systemSurroundings, path), unlock);
  hide('data key', dataKey);
  for (const [name, octets] of Object.entries(contents.secrets)) if (octets !== null) hide(name, octets as Uint8Array);
  for (const group of contents.groups) {
    for (const { id, material } of group.keys) if (material !== null) hide(`PGK ${group.id}/${id}`, material);
  }
  for (const [i, pmk] of contents.pmks.entries()) hide(`PMK ${i}`, pmk.octets);
  const known = new Set(contents.managers.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')));
  for (const { name, octets } of contents.attachments) {
    // What the group manager keeps: every text of 32 octets in it (CBOR 0x58 0x20) is a key.
    for (let at = 0; at + 34 <= octets.length; at++) {
      if (octets[at] !== 0x58 || octets[at + 1] !== 0x20) continue;
      const key = octets.slice(at + 2, at + 34);
      if (!known.has(Buffer.from(key).toString('hex'))) hide(`${name} at ${at}`, key);
    }
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-no-key-'));
  write('id.pem', x25519.privateKey(identity).export({ format: 'pem', type: 'pkcs8' }).toString());
  write('pass', `${PASSPHRASE}\n`);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

test('no key octet in any output, error or file of any verb', { timeout: 240_000 }, () => {
  const steps = [1, 3, 5, 6, 39].map((pgk, at) => ({ do: 'talk', at, radio: 'Engine 71', count: 3, key: { pgk } }));
  const start = new Date(Date.now() - 60_000).toISOString();
  const keys = [39, 1, 3, 5, 6].map((id) => ({ id, ...(id === 1 ? { notAfter: start } : {}) }));
  const groups = [{ id: 'f00001', name: 'Fire 7', multicast: ['239.255.0.7'], keys }];
  const radios = [{ name: 'Engine 71', id: '0a0b0c', group: 'Fire 7' }];
  const json = { format: 'sidescope-scenario/1', name: 'k', seed: 'k', start, groups, radios, steps };
  const { capture, captureName, keyring } = synthesise(parseScenario(JSON.stringify(json), 'k.json'));
  const members = ['0b0b01', '0b0b02', '0b0b03'];
  const pmks = members.map((member, i) => ({ id: `70${i}0`, key: keyText(`pmk ${i}`), member }));
  for (const { key } of pmks) hide(`given PMK ${key.slice(0, 2)}`, Buffer.from(key, 'hex'));
  const brigade = { id: 'f00009', name: 'Brigade', algorithm: '128-EEA2', members: members.map((id) => ({ id })) };
  const path = write(captureName, capture);
  const text = write('keyring.json', JSON.stringify(keyring));
  write('brigade.json', JSON.stringify({ format: 'sidescope-keyring/1', groups: [brigade], pmks }));
  write('broken.json', JSON.stringify(keyring).replace('"notAfter":"20', '"notAfter":"x0'));
  write('cut.json', JSON.stringify(keyring).slice(0, 400));
  for (const group of (keyring as unknown as { groups: { keys: { id: number; key: string }[] }[] }).groups) {
    for (const { id, key } of group.keys) hide(`given PGK ${id}`, Buffer.from(key, 'hex'));
  }
  const recipient = Buffer.from(x25519.publicOf(identity)).toString('hex');
  const other = Buffer.from(x25519.publicOf(Buffer.alloc(32, 5))).toString('hex');

  expect(run(['keys', 'init', '--recipient', recipient, '--passphrase-file', file('pass')]).code).toBe(0);
  expect(open('keys', 'import', text).code).toBe(0);
  noteSecrets();
  for (const wrong of ['broken.json', 'cut.json', 'vault.audit'])
    expect(open('keys', 'import', file(wrong)).code).not.toBe(0);
  for (const form of [[], ['-T', 'json']]) {
    expect(open('keys', 'list', ...form).code).toBe(0);
    expect(open('keys', 'verify', ...form).code).toBe(0);
  }
  // A key where a name belongs is not repeated.
  const aKey = secrets.get('given PGK 39')?.toString('hex') ?? '';
  for (const name of [aKey, `f00001/${aKey}`]) expect(open('keys', 'revoke', name).code).not.toBe(0);
  for (const order of ['suspend', 'resume']) expect(open('keys', order, 'f00001/39', '--reason', 'drill').code).toBe(0);
  expect(open('keys', 'suspend', 'f00001/6').code).toBe(0);
  expect(open('keys', 'revoke', 'f00001/3').code).toBe(0);
  expect(open('keys', 'compromise', 'f00001/5').code).toBe(0);
  expect(open('keys', 'resume', 'f00001/3').code).toBe(4);
  expect(open('keys', 'export', 'f00001', '--to', other, '-o', file('sealed')).code).toBe(0);
  const reads = [
    [],
    ['-T', 'ndjson', '--payload'],
    ['-T', 'json'],
    ['-T', 'ek'],
    ['-V', '-x'],
    ['-q', '-z', 'groups,epochs,findings,talkers'],
    ['--allow-stale', 'inquiry', '-V', '-x', '--payload', '-w', file('out.pcapng')],
  ];
  for (const args of reads) expect(open('read', path, '--vault', file('vault'), ...args).code).toBe(0);
  for (const scheme of ['individual', 'lkh']) {
    const group = ['f00009', '--keyring', file('brigade.json')];
    if (scheme === 'individual') {
      expect(open('group', 'create', ...group, '--scheme', scheme, '-w', file(`${scheme}.pcap`)).code).toBe(0);
      continue;
    }
    write(
      'third.json',
      JSON.stringify({ format: 'sidescope-keyring/1', groups: [{ ...brigade, id: 'f0000a' }], pmks }),
    );
    const third = ['f0000a', '--keyring', file('third.json')];
    expect(open('group', 'create', ...third, '--scheme', scheme, '-w', file(`${scheme}.pcap`)).code).toBe(0);
  }
  noteSecrets();
  for (const id of ['f00009', 'f0000a']) {
    expect(open('group', 'remove', id, '0b0b02', '-w', file(`${id}-remove.pcap`)).code).toBe(0);
    expect(open('group', 'rotate', id, '--files', file(`${id}-rotate`), '-T', 'json').code).toBe(0);
    expect(
      open('group', 'add', id, '0b0b02', '--keyring', file('brigade.json'), '-w', file(`${id}-add.pcap`)).code,
    ).toBe(0);
    for (const verb of ['plan', 'show']) {
      expect(open('group', verb, id).code).toBe(0);
      expect(open('group', verb, id, '-T', 'json').code).toBe(0);
    }
    expect(open('group', 'rotate', id, '-w', file('keyring.json')).code).not.toBe(0);
  }
  noteSecrets();
  expect(open('keys', 'passwd', '--recipient', other).code).toBe(0);
  expect(open('keys', 'destroy', 'f00001/1', '--for-good').code).toBe(0);
  noteSecrets();

  expect(secrets.size).toBeGreaterThan(25);
  const given = ['id.pem', 'keyring.json', 'brigade.json', 'third.json', 'broken.json', 'cut.json'];
  const written = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !given.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(written.length).toBeGreaterThan(15);
  const places = [
    ['what was said', Buffer.from(said)] as const,
    ...written.map((name) => [name, readFileSync(name)] as const),
  ];
  const shown: string[] = [];
  for (const [what, octets] of secrets) {
    for (const [place, content] of places) {
      for (const form of formsOf(octets)) if (content.includes(form)) shown.push(`${what} in ${place}`);
    }
  }
  expect(shown).toEqual([]);
  expect(said).not.toContain('horse');
});

test('SIGUSR1 opens no debugger in a process that holds keys, and does in any other', () => {
  const guard = new URL('../../dist/daemon/keyring/vault/process-guard.js', import.meta.url).href;
  const address = (isGuarded: boolean): string => {
    const script = `
      import inspector from 'node:inspector';
      import { refuseDumpingProcess } from ${JSON.stringify(guard)};
      if (${isGuarded}) refuseDumpingProcess();
      process.debugPort = 0;
      process.kill(process.pid, 'SIGUSR1');
      setTimeout(() => console.log(inspector.url() ?? 'none'), 500);`;
    const args = ['--inspect-port=127.0.0.1:0', '--input-type=module', '-e', script];
    return spawnSync(process.execPath, isGuarded ? args.slice(1) : args, { encoding: 'utf8' }).stdout.trim();
  };
  expect(address(true)).toBe('none');
  expect(address(false)).toMatch(/^ws:/);
});

function keyText(seed: string): string {
  return createHash('sha256').update(seed).digest('hex');
}

/** Ways in which octets come to be written. */
function formsOf(octets: Buffer): (Buffer | string)[] {
  const hex = octets.toString('hex');
  return [
    octets,
    hex,
    hex.toUpperCase(),
    octets.toString('base64'),
    octets.toString('base64url'),
    [...octets].join(','),
  ];
}
