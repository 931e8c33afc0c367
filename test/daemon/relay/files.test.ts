// Key files and revoked grants: what is refused, and what a crash leaves.

import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { FailedAttempts } from '../../../daemon/relay/failed-attempts.ts';
import { createKeyFile, readKeyFile } from '../../../daemon/relay/key-files.ts';
import { LONGEST_LIFE, Revocations } from '../../../daemon/relay/revocations.ts';
import { CRASHES, MemoryFileSystem, PowerCut } from '../vault/memory-file-system.ts';
import { newKey, testFolder } from './fixture.ts';

const codeOf = (attempt: () => unknown): string => {
  try {
    attempt();
    return 'none';
  } catch (error) {
    if (error instanceof SidescopeError) return error.code;
    throw error;
  }
};

describe('key files', () => {
  test('made for their owner alone, read back, never overwritten, never taken for another kind', () => {
    const path = join(testFolder(), 'me.key');
    const made = createKeyFile(path, 'subscriber');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(
      /^sidescope-key\/1 subscriber\npublic: [0-9a-f]{64}\n-----BEGIN PRIVATE KEY-----\n/,
    );
    expect(readKeyFile(path, 'subscriber').publicKey).toBe(made.publicKey);
    expect(publicHex(made.key)).toBe(made.publicKey);
    expect(codeOf(() => createKeyFile(path, 'subscriber'))).toBe('relay.key-file');
    expect(codeOf(() => readKeyFile(path, 'operator'))).toBe('relay.key-kind');
  });

  test('refused: readable by others, a link, no key, a key of another kind, none at all', () => {
    const folder = testFolder();
    const path = join(folder, 'me.key');
    createKeyFile(path, 'daemon');
    symlinkSync(path, join(folder, 'link'));
    expect(codeOf(() => readKeyFile(join(folder, 'link'), 'daemon'))).toBe('relay.key-file');
    chmodSync(path, 0o640);
    expect(codeOf(() => readKeyFile(path, 'daemon'))).toBe('relay.key-file');
    const write = (text: string): string => {
      const other = join(folder, `${Math.random()}`);
      writeFileSync(other, text, { mode: 0o600 });
      return other;
    };
    const pem = (type: 'x25519' | 'ed25519'): string =>
      generateKeyPairSync(type as 'ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(codeOf(() => readKeyFile(write('secret'), 'daemon'))).toBe('relay.key-file');
    expect(codeOf(() => readKeyFile(write(pem('x25519')), 'daemon'))).toBe('relay.key-file');
    expect(codeOf(() => readKeyFile(write(pem('ed25519')), 'daemon'))).toBe('none');
    expect(codeOf(() => readKeyFile(join(folder, 'nothing'), 'daemon'))).toBe('relay.key-file');
    expect(codeOf(() => readKeyFile(write('x'.repeat(5000)), 'daemon'))).toBe('relay.key-file');
  });
});

describe('revocations', () => {
  const daemon = newKey();
  const PATH = '/state/revocations';
  const sub = publicHex(newKey());

  test('of a capability, of a subscriber; they last as long as what they speak of', () => {
    const fs = new MemoryFileSystem();
    const revocations = new Revocations(PATH, daemon, fs);
    revocations.revoke('capability', 'ab'.repeat(16), 100, 'lost', 500);
    revocations.revoke('subject', sub, 100, 'left');
    const again = new Revocations(PATH, daemon, fs);
    expect(again.isRevoked({ jti: 'ab'.repeat(16), sub: 'x' })).toBe(true);
    expect(again.isRevoked({ jti: 'cd'.repeat(16), sub })).toBe(true);
    expect(again.isRevoked({ jti: 'cd'.repeat(16), sub: 'x' })).toBe(false);
    expect(again.list(499)).toHaveLength(2);
    expect(again.list(500)).toMatchObject([{ kind: 'subject', until: 100 + LONGEST_LIFE, reason: 'left' }]);
    // A second revocation never makes the first one shorter.
    again.revoke('capability', 'ab'.repeat(16), 110, 'again', 300);
    expect(again.list(120)[1]).toMatchObject({ until: 500, reason: 'again' });
  });

  test('bounded: at the cap a new one is refused, and nothing that is there is lost', () => {
    const fs = new MemoryFileSystem();
    const revocations = new Revocations(PATH, daemon, fs, 3);
    for (const name of ['a', 'b', 'c']) revocations.revoke('capability', name.repeat(32), 1, 'x', 1000);
    expect(codeOf(() => revocations.revoke('capability', 'ff'.repeat(16), 1, 'x', 1000))).toBe('relay.state-full');
    expect(revocations.list(1)).toHaveLength(3);
    // Those that have ended make room.
    revocations.revoke('capability', 'ff'.repeat(16), 1000, 'x', 2000);
    expect(revocations.list(1000)).toHaveLength(1);
  });

  test('any change of the file is refused, and so is the file of another daemon', () => {
    const folder = testFolder();
    const path = join(folder, 'revocations');
    new Revocations(path, daemon).revoke('subject', sub, 100, 'left');
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const changed = Buffer.from(good);
      changed[at] ^= 1;
      writeFileSync(path, changed, { mode: 0o600 });
      expect(
        codeOf(() => new Revocations(path, daemon)),
        `octet ${at}`,
      ).toBe('relay.state');
      if (at % 16 !== 0) continue;
      writeFileSync(path, good.subarray(0, at), { mode: 0o600 });
      expect(
        codeOf(() => new Revocations(path, daemon)),
        `cut after ${at}`,
      ).toBe('relay.state');
    }
    writeFileSync(path, good, { mode: 0o600 });
    expect(codeOf(() => new Revocations(path, newKey()))).toBe('relay.state');
    chmodSync(path, 0o644);
    expect(codeOf(() => new Revocations(path, daemon))).toBe('relay.state');
  });

  test('power cuts at every call of a save: what was acknowledged holds, and the file can be read', () => {
    const disk = new MemoryFileSystem();
    new Revocations(PATH, daemon, disk).revoke('capability', 'ab'.repeat(16), 100, 'lost', 500);
    let found = 0;
    for (let call = 1; ; call++) {
      const fs = disk.clone();
      fs.trouble = { call, kind: 'torn' };
      let acknowledged = false;
      try {
        new Revocations(PATH, daemon, fs).revoke('subject', sub, 100, 'left');
        acknowledged = true;
      } catch (error) {
        if (!(error instanceof PowerCut) && !(error instanceof SidescopeError)) throw error;
      }
      for (const crash of CRASHES) {
        const after = new Revocations(PATH, daemon, fs.restart(crash));
        expect(after.isRevoked({ jti: 'ab'.repeat(16), sub: 'x' })).toBe(true);
        if (acknowledged) expect(after.isRevoked({ jti: 'x', sub })).toBe(true);
        found++;
      }
      if (fs.calls < call) break;
    }
    expect(found).toBeGreaterThan(12);
  });

  test('two that write one file: the second goes on from what the first revoked, and a file that was set back is written over', () => {
    const fs = new MemoryFileSystem();
    const one = new Revocations(PATH, daemon, fs);
    one.revoke('capability', 'aa'.repeat(16), 100, 'lost', 500);
    const old = fs.clone();
    const other = new Revocations(PATH, daemon, fs);
    other.revoke('capability', 'bb'.repeat(16), 100, 'lost', 500);
    one.revoke('capability', 'cc'.repeat(16), 100, 'lost', 500);
    const names = (from: Revocations): string[] => from.list(100).map(({ name }) => name.slice(0, 2));
    expect(names(new Revocations(PATH, daemon, fs))).toEqual(['aa', 'bb', 'cc']);
    expect(one.point.epoch).toBe(3);
    for (const lost of [old, new MemoryFileSystem()]) {
      const holder = new Revocations(PATH, daemon, fs.clone());
      Object.assign(fs, { names: lost.clone().names });
      one.revoke('capability', 'dd'.repeat(16), 100, 'lost', 500);
      expect(names(new Revocations(PATH, daemon, fs))).toEqual(['aa', 'bb', 'cc', 'dd']);
      expect(holder.point.epoch).toBeLessThan(one.point.epoch);
    }
  });

  test('a disk that refuses: the error says so, and what is in force stays', () => {
    const fs = new MemoryFileSystem();
    const revocations = new Revocations(PATH, daemon, fs);
    revocations.revoke('capability', 'ab'.repeat(16), 100, 'lost', 500);
    fs.trouble = { call: fs.calls + 1, kind: 'ENOSPC', forGood: true };
    expect(codeOf(() => revocations.revoke('subject', sub, 100, 'left'))).toBe('vault.not-written');
    expect(revocations.isRevoked({ jti: 'x', sub })).toBe(false);
    expect(revocations.isRevoked({ jti: 'ab'.repeat(16), sub })).toBe(true);
  });
});

test('failed attempts: five within a minute, then a minute of silence; a flood of addresses takes no more memory', () => {
  const failed = new FailedAttempts();
  for (let count = 0; count < 4; count++) failed.failed('a', count * 1000);
  expect(failed.mustWait('a', 4000)).toBe(false);
  failed.failed('a', 4000);
  expect([failed.mustWait('a', 4001), failed.mustWait('a', 63_999), failed.mustWait('a', 64_000)]).toEqual([
    true,
    true,
    false,
  ]);
  for (let count = 0; count < 5; count++) failed.failed('slow', count * 16_000);
  expect(failed.mustWait('slow', 64_001)).toBe(false);
  for (let count = 0; count < 5; count++) failed.failed('a', 100_000);
  for (let count = 0; count < 5000; count++) failed.failed(`flood ${count}`, 100_000);
  expect(failed.mustWait('a', 100_001)).toBe(false);
  for (let count = 0; count < 5; count++) failed.failed('b', 100_000);
  expect(failed.mustWait('b', 100_001)).toBe(true);
});
