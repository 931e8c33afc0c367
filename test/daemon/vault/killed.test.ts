// Processes that are killed in the middle of saves, on the real file system: what was acknowledged is there, the vault opens,
// and everything beside it agrees.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import { repeatable } from './fixture.ts';
import { x25519 } from './x25519.ts';

const DIST = new URL('../../../dist/', import.meta.url).href;
const KILLS = 16;
/** Octets of a file of the audit log here: a few orders. */
const AUDIT_FILE_OCTETS = 12_000;

let folder = '';
const identity = repeatable('killed identity')(32);
const unlock = { kind: 'identity', privateKey: x25519.privateKey(identity) } as const;
const how = { by: 'test', surroundings: { auditFileOctets: AUDIT_FILE_OCTETS } };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-killed-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

/** Counts up in the vault until it is killed, and says each number when that is durable. */
function worker(path: string): string {
  return `
    import { writeSync } from 'node:fs';
    import { Vault } from '${DIST}daemon/keyring/vault.js';
    import { createPrivateKey } from 'node:crypto';
    const privateKey = createPrivateKey(${JSON.stringify(unlock.privateKey.export({ format: 'pem', type: 'pkcs8' }))});
    const unlock = { kind: 'identity', privateKey };
    const vault = Vault.open(${JSON.stringify(path)}, unlock, ${JSON.stringify(how)});
    for (let n = Number(Buffer.from(vault.attachment('count') ?? []).toString()) + 1; ; n++) {
      vault.attach('count', Buffer.from(String(n)), [{ type: 'test.counted', data: { n } }]);
      writeSync(1, n + '\\n');
    }`;
}

/** Lets a worker run for a while and kills it. The number it acknowledged last. */
async function killed(path: string, after: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', worker(path)]);
  let said = '';
  let error = '';
  child.stdout.on('data', (octets: Buffer) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), after);
    said += octets.toString();
  });
  child.stderr.on('data', (octets: Buffer) => {
    error += octets.toString();
  });
  await once(child, 'close');
  expect(error).toBe('');
  return Number(said.trimEnd().split('\n').at(-1));
}

/** Takes a lock, and is killed at a call of the file system: before it is made. */
function takesLock(path: string, call: string): string {
  return `
    import { Lock } from '${DIST}daemon/keyring/vault/lock.js';
    import { nodeFileSystem } from '${DIST}daemon/keyring/vault/file-system.js';
    const fs = { ...nodeFileSystem, ${call}: () => process.kill(process.pid, 'SIGKILL') };
    Lock.take(fs, ${JSON.stringify(`${path}.lock`)}, 'it');`;
}

test('while it takes the lock: the next one takes it, and removes what was left', () => {
  const path = join(folder, 'locked');
  createVault(path, [{ kind: 'recipient', publicKey: x25519.publicOf(identity) }], how);
  const files = readdirSync(folder).filter((name) => name.startsWith('locked'));
  for (const call of ['write', 'link', 'unlink']) {
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', takesLock(path, call)]);
    expect(signal).toBe('SIGKILL');
  }
  // That of a process that goes on stays.
  const another = `locked.lock.${process.pid}.0123456789abcdef`;
  writeFileSync(join(folder, another), '');
  expect(readdirSync(folder).filter((name) => name.startsWith('locked.lock.'))).toHaveLength(4);
  Vault.open(path, unlock, how).close();
  expect(
    readdirSync(folder)
      .filter((name) => name.startsWith('locked'))
      .sort(),
  ).toEqual([...files, another].sort());
});

test('at any moment: the last acknowledged change is there, or the one after it', { timeout: 240_000 }, async () => {
  const path = join(folder, 'vault');
  createVault(path, [{ kind: 'recipient', publicKey: x25519.publicOf(identity) }], how);
  const beyond: number[] = [];
  let counted = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const last = await killed(path, (kill * 7) % 60);
    expect(last).toBeGreaterThan(counted);
    const vault = Vault.open(path, unlock, how);
    counted = Number(Buffer.from(vault.attachment('count') ?? []).toString());
    vault.close();
    beyond.push(counted - last);
    const { checks } = verifyVault(path, unlock, how);
    expect(checks.filter(({ isGood }) => !isGood)).toEqual([]);
  }
  expect(beyond.filter((count) => count !== 0 && count !== 1)).toEqual([]);
  const names = readdirSync(folder);
  expect(names.some((name) => /\.audit\.\d{6}$/.test(name))).toBe(true);
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(existsSync(`${path}.lock`)).toBe(false);
});
