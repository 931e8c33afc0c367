// What `daemon --init` makes: everything a first start needs, for its owner alone; and nothing left where it failed.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../../daemon/relay/key-files.ts';
import { readDaemonConfig } from '../../../daemon/service/config-reader.ts';
import { readOperator, readTls } from '../../../daemon/service/daemon-files.ts';
import { type InitOptions, initDaemon, nextCommands } from '../../../daemon/service/init.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const options = (passphrase = 'only for tests'): InitOptions => ({
  passphrase: () => Promise.resolve({ kind: 'passphrase', octets: Uint8Array.from(Buffer.from(passphrase)) }),
  ...{ passphraseFile: null, by: 'test', now: () => Date.now(), program: 'npx sidescope' },
});

describe('daemon --init', () => {
  test('what it makes is good as it is, and for its owner alone', async () => {
    const place = join(folder, 'radio box');
    const made = await initDaemon(place, options());
    const config = readDaemonConfig(join(place, 'daemon.json'));
    expect(config.keys).toMatchObject({ kind: 'vault', path: join(place, 'field.vault') });
    expect(readOperator(config)).toBe(readKeyFile(join(place, 'operator.key'), 'operator').publicKey);
    expect(made.daemon).toBe(readKeyFile(join(place, 'state', 'daemon.key'), 'daemon').publicKey);
    expect(readTls(config).certificate).toContain('BEGIN CERTIFICATE');
    expect(statSync(place).mode & 0o077).toBe(0);
    for (const [name] of made.files) expect(statSync(join(place, name)).mode & 0o077).toBe(0);
    expect(readFileSync(join(place, '.gitignore'), 'utf8')).toBe('*\n');
    const commands = nextCommands(made);
    expect(commands).toContain(`npx sidescope keys import KEYRING.json --vault '${place}/field.vault'`);
    expect(commands).toContain('--view plain');
  });

  test('a folder that is used is left alone; one that could not be finished is not in the way', async () => {
    writeFileSync(join(folder, 'mine'), '');
    await expect(initDaemon(folder, options())).rejects.toMatchObject({ code: 'init.not-empty' });
    expect(readdirSync(folder)).toEqual(['mine']);
    const place = join(folder, 'box');
    await expect(initDaemon(place, options('short'))).rejects.toMatchObject({ code: 'vault.passphrase' });
    expect(existsSync(place)).toBe(false);
  });
});
