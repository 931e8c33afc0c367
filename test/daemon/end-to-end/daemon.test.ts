// The daemon as it is run: the real program, its two processes, a replayed capture, subscribers, orders about keys.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { MessageEvent } from '../../../daemon/events.ts';
import type { RelayClient } from '../../../daemon/relay/client.ts';
import type { RelayedEvent } from '../../../daemon/relay/relay-record.ts';
import { DaemonFolder, type FolderOptions, MAIN, type RunningDaemon } from './daemon-folder.ts';

const run = promisify(execFile);
const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const CAPTURE = sample('attacked/capture.pcapng');
const KEYRING = sample('attacked/keyring.json');
const REPLAY = { name: 'replay', kind: 'replay', path: CAPTURE, speed: 'full' };

const folders: DaemonFolder[] = [];
const daemons: RunningDaemon[] = [];
const clients: RelayClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(daemons.splice(0).map((daemon) => daemon.end('SIGTERM')));
  for (const folder of folders.splice(0)) folder.remove();
});

async function make(options: Partial<FolderOptions> = {}): Promise<DaemonFolder> {
  const folder = await DaemonFolder.make({ sources: [REPLAY], keyring: KEYRING, ...options });
  folders.push(folder);
  return folder;
}

async function start(folder: DaemonFolder, options: readonly string[] = []): Promise<RunningDaemon> {
  const daemon = await folder.start(options);
  daemons.push(daemon);
  return daemon;
}

function connect(folder: DaemonFolder, subscriber: ReturnType<DaemonFolder['subscriber']>): RelayClient {
  const client = folder.client(subscriber);
  clients.push(client);
  return client;
}

/** Records from a number on, until one says `enough`. */
async function collect(
  client: RelayClient,
  wish: Parameters<RelayClient['subscribe']>[0],
  enough: (records: readonly RelayedEvent[]) => boolean,
): Promise<{ readonly seqs: number[]; readonly records: RelayedEvent[] }> {
  const seqs: number[] = [];
  const records: RelayedEvent[] = [];
  for await (const items of client.subscribe(wish)) {
    for (const item of items) {
      if (item.kind !== 'record') continue;
      seqs.push(item.seq);
      records.push(item.record);
    }
    if (enough(records)) break;
  }
  return { seqs, records };
}

const messages = (records: readonly RelayedEvent[]): MessageEvent[] =>
  records.filter((record): record is MessageEvent => record.type === 'message');

/** What `read` says of the same capture. */
async function read(...options: readonly string[]): Promise<MessageEvent[]> {
  const { stdout } = await run(
    process.execPath,
    [MAIN, 'read', CAPTURE, '--keyring', KEYRING, '-T', 'ndjson', ...options],
    {
      maxBuffer: 1 << 26,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line.includes('"type":"message"'))
    .map((line) => JSON.parse(line) as MessageEvent);
}

async function judged(folder: DaemonFolder, frames: number): Promise<void> {
  await expect
    .poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(frames);
}

const FRAMES = 315;

describe('daemon', { timeout: 120_000 }, () => {
  test('a subscriber with everything gets what read says, in order, once, with the payload', async () => {
    const folder = await make({ vault: true });
    await start(folder);
    await judged(folder, FRAMES);
    const all = folder.subscriber([{ gid: '*', views: ['meta', 'plain'] }]);
    const expected = await read('--payload');
    const { seqs, records } = await collect(
      connect(folder, all),
      { view: 'plain', since: 0, downgraded: true },
      (got) => messages(got).length >= expected.length,
    );
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    const told = messages(records);
    const brief = ({ frame, group, source, sn, verdict, pgkId }: MessageEvent): unknown => [
      frame,
      group,
      source,
      sn,
      verdict,
      pgkId,
    ];
    expect(told.map(brief)).toEqual(expected.map(brief));
    const payloads = (list: readonly MessageEvent[]): unknown =>
      list.filter(({ verdict }) => verdict === 'decrypted').map(({ payload }) => payload);
    expect(payloads(told)).toEqual(payloads(expected));
    expect(records.some((record) => record.type === 'finding')).toBe(true);
  });

  test('a subscriber gets its groups and its view and nothing else', async () => {
    const folder = await make();
    await start(folder);
    await judged(folder, FRAMES);
    const medics = folder.subscriber([{ gid: 'f00102', views: ['meta'] }]);
    const expected = (await read()).filter(({ group }) => group === 'f00102');
    expect(expected.length).toBeGreaterThan(0);
    const client = connect(folder, medics);
    const { records } = await collect(
      client,
      { view: 'meta', since: 0 },
      (got) => messages(got).length >= expected.length,
    );
    for (const record of records) expect(['f00102', null]).toContain(record.group);
    for (const message of messages(records)) {
      expect(message.payload).toBeUndefined();
      expect(message.protocols).not.toContain('ipv4');
      expect(message.summary).not.toContain('169.254');
    }
    await expect(collect(client, { view: 'plain', groups: ['f00001'] }, () => true)).rejects.toMatchObject({
      code: expect.stringMatching(/^relay\./) as string,
    });
  });

  test('kill -9 of the engine: it comes back, and nothing is lost or told twice', async () => {
    const folder = await make({ sources: [{ ...REPLAY, speed: 150 }] });
    await start(folder);
    const all = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    const expected = await read();
    const collected = collect(
      connect(folder, all),
      { view: 'meta', since: 0 },
      (got) => messages(got).length >= expected.length,
    );
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(10);
    const { pid } = (await folder.status()).engine;
    if (pid !== null) process.kill(pid, 'SIGKILL');
    const { records } = await collected;
    const key = ({ frame, source, sn }: MessageEvent): string => `${frame}/${source}/${sn}`;
    expect(messages(records).map(key)).toEqual(expected.map(key));
    await expect.poll(async () => (await folder.status()).engine.restarts, { timeout: 10_000 }).toBe(1);
  });

  test('kill -9 of the parent: the next start goes on where it was', async () => {
    const folder = await make();
    const first = await start(folder);
    await judged(folder, FRAMES);
    await first.end('SIGKILL');
    folder.configure({
      ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], relay: { operator: 'operator.pub' } },
      sources: [{ ...REPLAY, name: 'again' }],
    });
    await start(folder);
    await judged(folder, 2 * FRAMES);
    const all = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    const expected = await read();
    const { seqs, records } = await collect(
      connect(folder, all),
      { view: 'meta', since: 0 },
      (got) => messages(got).length >= 2 * expected.length,
    );
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(messages(records).map(({ frame }) => frame)).toEqual([
      ...expected.map(({ frame }) => frame),
      ...expected.map(({ frame }) => frame + FRAMES),
    ]);
  });

  test('an order about a key is in force on an open stream within a second, and durable', async () => {
    const folder = await make({ vault: true, sources: [{ ...REPLAY, speed: 'full', loop: true }] });
    const daemon = await start(folder);
    const plain = folder.subscriber([{ gid: 'f00001', views: ['meta', 'plain'] }]);
    const client = connect(folder, plain);
    let lastPlain = 0;
    let isPlainSeen = false;
    const watching = (async () => {
      for await (const items of client.subscribe({ view: 'plain', slow: 'gap' })) {
        for (const item of items) {
          if (item.kind !== 'record' || item.record.type !== 'message') continue;
          if (item.record.payload === undefined || item.record.pgkId !== 39) continue;
          isPlainSeen = true;
          lastPlain = Date.now();
        }
      }
    })().catch(() => undefined);
    await expect.poll(() => isPlainSeen, { timeout: 60_000 }).toBe(true);
    const { stdout } = await run(process.execPath, [
      ...[MAIN, 'keys', 'revoke', 'f00001/39', '--reason', 'radio lost', '--vault', folder.vault],
    ]);
    const acknowledged = Date.now();
    expect(stdout).toContain('revoked f00001/39');
    await new Promise((resolve) => {
      setTimeout(resolve, 2500);
    });
    expect(lastPlain - acknowledged).toBeLessThan(1000);
    await daemon.end('SIGKILL');
    client.close();
    await watching;
    const { stdout: listed } = await run(process.execPath, [
      ...[MAIN, 'keys', 'list', folder.vault, '--passphrase-file', folder.passphraseFile, '-T', 'json'],
    ]);
    const { keys } = JSON.parse(listed) as { keys: { group: string; pgkId: number; state: string }[] };
    expect(keys.find(({ group, pgkId }) => group === 'f00001' && pgkId === 39)?.state).toBe('revoked');
  });

  test('ends in good order, and by itself when its sources have ended', async () => {
    const folder = await make();
    const daemon = await start(folder, ['--until-end']);
    expect(await daemon.ended()).toBe(0);
    const again = await start(folder);
    expect((await folder.status()).journal.lastFrame).toBeGreaterThanOrEqual(FRAMES);
    // Findings that were folded came with their counts when the first run ended.
    const all = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    const { records } = await collect(connect(folder, all), { view: 'meta', since: 0, types: ['finding'] }, (got) =>
      got.some((record) => record.type === 'finding' && record.name === 'ctr.replay' && record.count === 12),
    );
    expect(records.filter((record) => record.type === 'finding' && record.count === 1).length).toBeGreaterThan(5);
    expect(await again.end('SIGTERM')).toBe(0);
    expect(folder.log).toContain('"event":"stopped"');
  });

  test('a replay that is cut is told of, and with --until-end the exit code says so; what came before counts', async () => {
    const folder = await make();
    const path = join(folder.path, 'cut.pcapng');
    writeFileSync(path, readFileSync(CAPTURE).subarray(0, 20_000));
    folder.configure({
      ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], relay: { operator: 'operator.pub' } },
      sources: [{ name: 'lesson', kind: 'replay', path, speed: 'full' }],
    });
    expect(await (await start(folder, ['--until-end'])).ended()).toBe(3);
    expect(folder.log).toMatch(
      /"alarm":"source\.lesson".*"raised":true,"msg":"source lesson: the capture ends inside a record/,
    );
    await start(folder);
    expect((await folder.status()).journal.lastFrame).toBeGreaterThan(50);
    await expect.poll(async () => (await folder.status()).alarms.map(({ name }) => name)).toContain('source.lesson');
  });

  test('SIGHUP: sources that are new begin, those that are gone end, what needs a restart is named', async () => {
    const folder = await make({ sources: [{ name: 'udp', kind: 'udp', port: 0 }] });
    const daemon = await start(folder);
    const config = {
      ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], relay: { operator: 'operator.pub' } },
      sources: [REPLAY],
      journal: { keepDays: 1 },
    };
    folder.configure(config);
    daemon.child.kill('SIGHUP');
    await judged(folder, FRAMES);
    expect((await folder.status()).sources.map(({ name }) => name)).toEqual(['replay']);
    expect(folder.log).toContain('"afterRestart":["journal"]');
    folder.configure({ ...config, sources: 3 });
    daemon.child.kill('SIGHUP');
    await expect.poll(() => folder.log, { timeout: 10_000 }).toContain('"event":"reload-failed"');
    expect((await folder.status()).sources.map(({ name }) => name)).toEqual(['replay']);
  });
});
