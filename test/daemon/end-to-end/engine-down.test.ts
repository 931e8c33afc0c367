// What subscribers and operators see while the engine of a real daemon is down, and that all of it goes on when it is back.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { DaemonFolder, MAIN, type RunningDaemon } from './daemon-folder.ts';

const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const REPLAY = { name: 'replay', kind: 'replay', path: sample('attacked/capture.pcapng'), speed: 'full' };

let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
const taps: ChildProcess[] = [];
afterEach(async () => {
  for (const tap of taps.splice(0)) tap.kill('SIGKILL');
  await daemon?.end();
  folder?.remove();
});

test('tap comes in, is told that the engine is down, and gets plaintext when it is back', async () => {
  folder = await DaemonFolder.make({ sources: [REPLAY], keyring: sample('attacked/keyring.json'), vault: true });
  const { relay, path, passphraseFile } = folder;
  daemon = await folder.start();
  await expect.poll(async () => (await folder?.status())?.pipeline.told, { timeout: 60_000 }).toBe(315);
  const all = folder.subscriber([{ gid: '*', views: ['meta', 'plain'] }]);
  writeFileSync(join(path, 'all.cap'), all.capability);
  const tap = (...more: string[]): { out: () => string; err: () => string } => {
    const who = ['--identity', join(path, 'subscriber-1.key'), '--capability', join(path, 'all.cap')];
    const child = spawn(process.execPath, [MAIN, 'tap', relay, ...who, '-T', 'ndjson', '--since', '0', ...more]);
    taps.push(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (piece: Buffer) => {
      out += piece.toString();
    });
    child.stderr.on('data', (piece: Buffer) => {
      err += piece.toString();
    });
    return { out: () => out, err: () => err };
  };
  // It cannot come back: the passphrase is gone.
  renameSync(passphraseFile, `${passphraseFile}.away`);
  const { pid } = (await folder.status()).engine;
  process.kill(pid ?? 0, 'SIGKILL');
  await expect
    .poll(async () => (await folder?.status())?.engine.problem?.code, { timeout: 30_000 })
    .toBe('vault.passphrase');
  // The alarm says what keeps it down now, not only that it ended.
  const [alarm] = (await folder.status()).alarms;
  expect(alarm).toMatchObject({ name: 'engine.down', severity: 'high' });
  expect(alarm.message).toContain('cannot be started again');
  expect(alarm.message).toContain('passphrase');
  const meta = tap('--view', 'meta');
  const plain = tap('--view', 'plain');
  for (const each of [meta, plain]) {
    await expect.poll(each.err, { timeout: 20_000 }).toContain('[alarm.engine.down]');
    expect(each.err()).not.toContain('relay.lost');
  }
  await expect.poll(() => meta.out().includes('"type":"message"'), { timeout: 20_000 }).toBe(true);
  await expect.poll(plain.err, { timeout: 40_000 }).toContain('[relay.engine-down]');
  expect(plain.out()).not.toContain('"type":"message"');
  renameSync(`${passphraseFile}.away`, passphraseFile);
  await expect.poll(plain.out, { timeout: 60_000 }).toContain('"payload":"');
  expect((await folder.status()).alarms).toEqual([]);
});

test('a passphrase that was typed: alarm, status and doctor say that it must be typed again, and then it goes on', async ({
  skip,
}) => {
  if (spawnSync('script', ['--version']).status !== 0) skip('there is no script(1) to make a terminal with');
  folder = await DaemonFolder.make({ sources: [], keyring: sample('attacked/keyring.json'), vault: true });
  const passphrase = readFileSync(folder.passphraseFile, 'utf8').trim();
  folder.configure({
    format: 'sidescope-daemon/1',
    vault: 'field.vault',
    sources: [],
    relay: { operator: 'operator.pub' },
  });
  const command = `${process.execPath} ${MAIN} daemon --config ${folder.config}`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, CREDENTIALS_DIRECTORY: '' },
  });
  taps.push(terminal);
  let shown = '';
  terminal.stdout.on('data', (octets: Buffer) => {
    shown += octets.toString();
  });
  const questions = (): number => shown.split('Passphrase of').length - 1;
  await expect.poll(questions, { timeout: 60_000 }).toBe(1);
  terminal.stdin.write(`${passphrase}\r`);
  await expect.poll(() => shown, { timeout: 60_000 }).toContain('"event":"running"');
  const { pid } = (await folder.status()).engine;
  process.kill(pid ?? 0, 'SIGKILL');
  await expect.poll(questions, { timeout: 60_000 }).toBe(2);
  const { alarms, engine } = await folder.status();
  const told = expect.stringContaining('waits for its passphrase to be typed') as string;
  const next = expect.stringMatching(/type the passphrase again at the terminal .* vault-pass of systemd/) as string;
  expect(alarms).toMatchObject([{ name: 'engine.down', severity: 'high', message: told, hint: next }]);
  expect(engine).toMatchObject({ state: 'starting', problem: { code: 'engine.died', message: told, hint: next } });
  const doctor = spawnSync(process.execPath, [MAIN, 'doctor', `unix:${folder.control}`], { encoding: 'utf8' });
  expect(doctor.stdout).toContain('what to do: type the passphrase again');
  terminal.stdin.write(`${passphrase}\r`);
  await expect.poll(async () => (await folder?.status())?.engine.state, { timeout: 60_000 }).toBe('running');
  expect((await folder.status()).alarms).toEqual([]);
  expect(shown).not.toContain(passphrase);
  await folder.ask('stop');
  await expect.poll(() => terminal.exitCode, { timeout: 30_000 }).toBe(0);
});
