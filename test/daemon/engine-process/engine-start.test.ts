// How the engine's process starts, what it refuses, and what its surroundings are.

import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineLinkOptions } from '../../../daemon/engine-process/engine-link.ts';
import type { EngineSettings } from '../../../daemon/engine-process/pipe-messages.ts';
import { createVault } from '../../../daemon/keyring/vault.ts';
import { x25519 } from '../vault/x25519.ts';
import { LinkedEngine, PROGRAM, settingsWith } from './linked.ts';
import { makeVault } from './vault-fixture.ts';

const PARENT = join(import.meta.dirname, 'parent-process.mjs');
const PASSPHRASE = 'correct horse battery staple';

// Passphrase work is meant to take its time, and many processes are started here (ms).
vi.setConfig({ testTimeout: 120_000 });

let folder = '';
let running: LinkedEngine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-start-'));
});

afterEach(async () => {
  await Promise.all(running.map((engine) => engine.link.stop()));
  running = [];
  await removeFolder();
});

/**
 * A child whose parent was killed may still be closing its vault: what it wrote meanwhile is looked for anew each time. Where
 * the child is the quicker one to remove a file, newer Node ends there, and says nothing.
 */
async function removeFolder(): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(folder, { recursive: true, force: true });
      if (!existsSync(folder)) return;
    } catch (error) {
      if (tries === 100) throw error;
    }
    await setTimeout(100);
  }
}

function made(change: Partial<EngineSettings>, options: Partial<EngineLinkOptions> = {}): LinkedEngine {
  const engine = new LinkedEngine(settingsWith(change), { times: { firstWait: 20, lockWait: 300 }, ...options });
  running.push(engine);
  return engine;
}

test('it is refused with the reason where the keys are', async () => {
  const { path, identity } = makeVault(folder);
  const other = join(folder, 'other.pem');
  const pem = x25519.privateKey(Buffer.alloc(32, 8)).export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(other, pem, { mode: 0o600 });
  const start = (change: Partial<EngineSettings>): Promise<void> => made(change).link.start(1);
  await expect(start({ vault: path, identity: other })).rejects.toMatchObject({
    code: 'vault.not-opened',
    exitCode: 4,
  });
  await expect(start({ vault: join(folder, 'none'), identity })).rejects.toMatchObject({ exitCode: 4 });
  await expect(start({ keyrings: [join(folder, 'none')] })).rejects.toMatchObject({ code: 'keyring.unreadable' });
  await expect(start({ vault: path, keyrings: ['x'], identity })).rejects.toMatchObject({
    code: 'engine.two-key-sources',
  });
  await expect(start({ severities: { 'no.such': 'low' } })).rejects.toMatchObject({ code: 'findings.unknown-name' });
  const program = join(folder, 'wrong.mjs');
  writeFileSync(program, 'process.exit(3)');
  await expect(made({}, { program }).link.start(1)).rejects.toMatchObject({ code: 'engine.died' });
});

test('it waits for a vault that the child of a dead parent still holds, and no longer', async () => {
  const { path, identity } = makeVault(folder);
  const first = made({ vault: path, identity });
  await first.link.start(1);
  await expect(made({ vault: path, identity }).link.start(1)).rejects.toMatchObject({ code: 'vault.locked' });
  const second = made({ vault: path, identity }, { times: { firstWait: 20, lockWait: 20_000 } });
  const started = second.link.start(1);
  await first.link.stop();
  await started;
  expect(second.link.status().state).toBe('running');
});

test('a passphrase comes from a descriptor that is handed on', async () => {
  const path = join(folder, 'pass.vault');
  createVault(path, [{ kind: 'passphrase', octets: Uint8Array.from(Buffer.from(PASSPHRASE)) }], { by: 'a test' });
  writeFileSync(join(folder, 'pass'), PASSPHRASE, { mode: 0o600 });
  const handle = openSync(join(folder, 'pass'), 'r');
  try {
    const engine = made({ vault: path }, { passphraseDescriptor: handle });
    await engine.link.start(1);
    expect(engine.link.status().state).toBe('running');
  } finally {
    closeSync(handle);
  }
});

test('it is typed on the terminal, unseen', async ({ skip }) => {
  if (spawnSync('script', ['--version']).status !== 0) skip('there is no script(1) to make a terminal with');
  const path = join(folder, 'pass.vault');
  createVault(path, [{ kind: 'passphrase', octets: Uint8Array.from(Buffer.from(PASSPHRASE)) }], { by: 'a test' });
  const settings = join(folder, 'settings.json');
  writeFileSync(settings, JSON.stringify(settingsWith({ vault: path })));
  const command = `${process.execPath} ${PARENT} "$(cat ${settings})" none`;
  const env = { ...process.env, CREDENTIALS_DIRECTORY: '' };
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { env });
  let shown = '';
  await new Promise<void>((resolve) => {
    terminal.stdout.on('data', (octets: Buffer) => {
      const isAsking = !shown.includes('Passphrase of') && `${shown}${octets.toString()}`.includes('Passphrase of');
      shown += octets.toString();
      if (isAsking) terminal.stdin.write(`${PASSPHRASE}\r`);
      if (shown.includes('"started"')) resolve();
    });
  });
  terminal.kill('SIGKILL');
  expect(shown).not.toContain('horse');
});

test('it has no environment, no core dump, no secret on its command line, no socket but its pipes', async ({
  skip,
}) => {
  if (!existsSync('/proc/self/environ')) skip('there is no /proc to look into');
  const { path, identity } = makeVault(folder);
  process.env.SIDESCOPE_TEST_SECRET = 'do not hand this on';
  const engine = made({ vault: path, identity });
  await engine.link.start(1);
  delete process.env.SIDESCOPE_TEST_SECRET;
  const { pid } = engine.link.status();
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  expect(read('environ')).not.toContain('do not hand this on');
  expect(read('limits')).toMatch(/Max core file size +0 +0 /);
  expect(read('cmdline')).not.toContain(path);
  const handles = readdirSync(`/proc/${pid}/fd`).map(
    (name) => [name, readlinkSync(`/proc/${pid}/fd/${name}`)] as const,
  );
  for (const name of ['0', '1', '2']) expect(handles).toContainEqual([name, '/dev/null']);
  expect(handles.filter(([, target]) => target.startsWith('socket:')).map(([name]) => name)).toEqual(['3', '4']);
});

test('Node may not be made to give its memory away', () => {
  const run = (option: string): unknown[] => {
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [option, PROGRAM], { stdio: [...stdio] });
    return [status, stdout.length, stderr.length];
  };
  expect(run('--heapsnapshot-signal=SIGUSR2')).toEqual([77, 0, 0]);
  expect(run('--report-on-signal')).toEqual([77, 0, 0]);
});

test('it ends when its parent is gone', async ({ skip }) => {
  if (!existsSync('/proc/self/stat')) skip('there is no /proc to look into');
  const { path, identity } = makeVault(folder);
  const settings = JSON.stringify(settingsWith({ vault: path, identity }));
  const parent = spawn(process.execPath, [PARENT, settings, 'none']);
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  await lines.next();
  parent.stdin.write(`${JSON.stringify({ do: 'child' })}\n`);
  const { value } = await lines.next();
  const { answer } = JSON.parse(value as string) as { answer: number };
  expect(existsSync(`/proc/${answer}`)).toBe(true);
  parent.kill('SIGKILL');
  while (existsSync(`/proc/${answer}`)) await setTimeout(20);
  expect(readFileSync(`${path}.audit`, 'utf8')).toContain('"type":"vault.closed"');
});
