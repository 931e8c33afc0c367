// A daemon whose journal's disk fills up, for real: plaintext stops, metadata goes on, an alarm is raised, and it recovers
// by itself. And what `read` makes of the journal's files.

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import type { MessageEvent } from '../../../daemon/events.ts';
import { DaemonFolder, MAIN, type RunningDaemon } from './daemon-folder.ts';
import { differences, Listener, messagesOfCapture } from './delivery-checker.ts';

const run = promisify(execFile);
const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const KEYRING = sample('attacked/keyring.json');
const CAPTURE = sample('attacked/capture.pcapng');
/** Octets of the disk: the journal's lists and a megabyte of room that it wants before it goes on. */
const DISK = 'size=4m,mode=700';

const mounted = join(tmpdir(), `sidescope-full-disk-${process.pid}`);
let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
let listener: Listener | null = null;

afterEach(async () => {
  await listener?.stop();
  await daemon?.end('SIGTERM');
  folder?.remove();
  spawnSync('umount', [mounted]);
  rmSync(mounted, { recursive: true, force: true });
});

function messages({ records }: Listener): MessageEvent[] {
  return records.filter((record): record is MessageEvent => record.type === 'message');
}

const brief = ({ frame, source, sn, verdict }: MessageEvent): string => [frame, source, sn, verdict].join('/');

test('plaintext stops, metadata goes on, and all is well again when there is room', { timeout: 150_000 }, async ({
  skip,
}) => {
  mkdirSync(mounted);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', mounted]).status !== 0) {
    skip('a file system cannot be mounted here');
  }
  const replay = { name: 'replay', kind: 'replay', path: CAPTURE, speed: 24 };
  folder = await DaemonFolder.make({ sources: [replay], keyring: KEYRING, journal: join(mounted, 'journal') });
  const here = folder;
  daemon = await here.start();
  const subscriber = here.subscriber([{ gid: '*', views: ['meta', 'plain'] }]);
  listener = new Listener('listener', here.client(subscriber), ['*'], 'plain');
  const heard = listener;
  const count = (): number => messages(heard).length;
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(10);

  const ballast = join(mounted, 'ballast');
  spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']);
  await expect.poll(async () => (await here.status()).journal.state, { timeout: 30_000 }).toBe('degraded');
  const full = await here.status();
  expect(full.journal.problem?.code).toBe('journal.disk-full');
  expect(full.relay.plainAllowed).toBe(false);
  await expect
    .poll(async () => (await here.status()).alarms.some(({ name }) => name === 'journal.degraded'), { timeout: 10_000 })
    .toBe(true);
  const from = count();
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(from + 10);
  const meanwhile = messages(heard).slice(from + 1, from + 10);
  expect(meanwhile.every(({ payload }) => payload === undefined)).toBe(true);

  rmSync(ballast);
  await expect.poll(async () => (await here.status()).journal.state, { timeout: 30_000 }).toBe('good');
  const expected = await messagesOfCapture(CAPTURE, KEYRING);
  await expect.poll(count, { timeout: 60_000 }).toBe(expected.length);
  await expect
    .poll(async () => (await here.status()).alarms.map(({ name }) => name), { timeout: 10_000 })
    .not.toContain('journal.degraded');
  const { missedFrames, missedRecords } = (await here.status()).journal;
  expect(missedFrames).toBeGreaterThan(0);
  expect(missedRecords).toBeGreaterThan(0);

  // Every message was told, once, in order; plaintext before and after.
  expect(heard.gaps).toEqual([]);
  expect(heard.seqs).toEqual(heard.seqs.toSorted((one, other) => one - other));
  expect(differences(messages(heard).map(brief), expected.map(brief), 'messages')).toEqual([]);
  const plain = messages(heard).flatMap(({ payload }, at) => (payload === undefined ? [] : [at]));
  expect(plain[0]).toBeLessThan(from);
  expect(plain.at(-1)).toBeGreaterThan(from + 10);
});

test('read finds in the journal what it finds in the capture', { timeout: 120_000 }, async () => {
  const replay = { name: 'replay', kind: 'replay', path: CAPTURE, speed: 'full' };
  folder = await DaemonFolder.make({ sources: [replay], keyring: KEYRING });
  daemon = await folder.start(['--until-end']);
  expect(await daemon.ended()).toBe(0);
  const journal = join(folder.path, 'journal');
  const files = readdirSync(journal).filter((name) => name.endsWith('.pcapng'));
  const words = [MAIN, 'read', ...files.map((name) => join(journal, name)), '--keyring', KEYRING, '-T', 'ndjson'];
  const { stdout } = await run(process.execPath, words, { maxBuffer: 1 << 28 });
  const { stdout: direct } = await run(process.execPath, [MAIN, 'read', CAPTURE, '--keyring', KEYRING, '-T', 'ndjson']);
  expect(stdout).toBe(direct);
});
