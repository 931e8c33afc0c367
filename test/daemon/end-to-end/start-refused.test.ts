// What a daemon does not start with, as its user sees it: by itself and with --check, with one code.

import { execFile } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../daemon/service/certificate.ts';
import { DaemonFolder, MAIN } from './daemon-folder.ts';

const run = promisify(execFile);
const KEYRING = fileURLToPath(new URL('../../../captures/samples/clean/keyring.json', import.meta.url));

let folder: DaemonFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

async function make(): Promise<{ made: DaemonFolder; key: string; start: (...more: string[]) => Promise<unknown> }> {
  const tls = { certificate: 'tls.crt', privateKey: 'tls.key' };
  const relay = { operator: 'operator.pub', listen: ['tcp:127.0.0.1:0'], ...tls };
  const made = await DaemonFolder.make({ sources: [], keyring: KEYRING, more: { relay } });
  folder = made;
  const { certificate, privateKey } = await makeCertificate(['localhost'], Date.now());
  const key = join(made.path, 'tls.key');
  writeFileSync(join(made.path, 'tls.crt'), certificate);
  writeFileSync(key, privateKey, { mode: 0o600 });
  const start = (...more: string[]): Promise<unknown> =>
    run(process.execPath, [MAIN, 'daemon', '--config', made.config, ...more], { timeout: 20_000 });
  return { made, key, start };
}

describe('files of the vault', () => {
  test.each(['field.vault', 'passphrase'])('%s that others may read is refused, also by --check', async (name) => {
    const made = await DaemonFolder.make({ sources: [], keyring: KEYRING, vault: true });
    folder = made;
    const start = (...more: string[]): Promise<unknown> =>
      run(process.execPath, [MAIN, 'daemon', '--config', made.config, ...more], { timeout: 20_000 });
    await start('--check');
    chmodSync(join(made.path, name), 0o644);
    for (const more of [[], ['--check']]) {
      await expect(start(...more)).rejects.toMatchObject({
        code: 4,
        stdout: '',
        stderr: expect.stringContaining('[vault.mode]') as string,
      });
    }
  });

  test('a capture to be replayed that is not there is told by --check', async () => {
    const made = await DaemonFolder.make({
      sources: [{ name: 'drill', kind: 'replay', path: 'gone.pcap' }],
      keyring: KEYRING,
    });
    folder = made;
    const checked = run(process.execPath, [MAIN, 'daemon', '--config', made.config, '--check'], { timeout: 20_000 });
    await expect(checked).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('gone.pcap') as string });
  });
});

describe('the private key of TLS', () => {
  test.each([0o640, 0o604, 0o644, 0o620])('with mode %o is refused, also by --check', async (mode) => {
    const { key, start } = await make();
    chmodSync(key, mode);
    for (const more of [[], ['--check']]) {
      await expect(start(...more)).rejects.toMatchObject({
        code: 4,
        stdout: '',
        stderr: expect.stringMatching(/can be read or written by others \(mode 0\d+\) \[config\.too-open\]/) as string,
      });
    }
    chmodSync(key, 0o600);
    await start('--check');
  });

  test('behind a symbolic link counts as what it is', async () => {
    const { made, key, start } = await make();
    symlinkSync('tls.key', join(made.path, 'live.key'));
    made.configure({
      ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], sources: [] },
      relay: { operator: 'operator.pub', certificate: 'tls.crt', privateKey: 'live.key' },
    });
    await start('--check');
    chmodSync(key, 0o644);
    await expect(start('--check')).rejects.toMatchObject({ code: 4 });
  });
});
