// Sources that go and come back, for real: a capture program that is killed, a file that is moved away, cut and written
// anew, a UDP port that another process has. Then captured, journalled and delivered are compared.

import { createSocket, type Socket } from 'node:dgram';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openCapture } from '../../../captures/open.ts';
import type { SourceStatus } from '../../../captures/sources/live-source.ts';
import { joined, pcapHeader, pcapRecord } from '../../captures/capture-bytes.ts';
import { DaemonFolder, type RunningDaemon } from './daemon-folder.ts';
import {
  checkJournal,
  checkListener,
  isComplete,
  Listener,
  messagesOfCapture,
  readJournal,
  type Sent,
} from './delivery-checker.ts';

const FEEDER = fileURLToPath(new URL('interrupted-feeder.mjs', import.meta.url));
const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const KEYRING = sample('attacked/keyring.json');
const CAPTURE = sample('attacked/capture.pcapng');
/** Octets of the IP and UDP header that a UDP source puts before a datagram. */
const HEADERS = 28;
/** What tells a datagram of srsRAN (Wireshark, packet-mac-lte.c). */
const START = Buffer.from('mac-lte');
const LINKTYPE_RAW = 101;

/** One frame with the time at which it was captured (ms since 1970). */
interface Frame {
  readonly time: number;
  readonly octets: Uint8Array;
}

let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
let socket: Socket | null = null;
let scratch = '';
const listeners: Listener[] = [];

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
  await daemon?.end('SIGKILL');
  socket?.close();
  folder?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

/** The frames of a capture. */
async function framesOf(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  const source = await openCapture(path);
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let row = 0; row < batch.count; row++) {
      const octets = batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]);
      frames.push({ time: batch.seconds[row] * 1000 + Math.floor(batch.nanoseconds[row] / 1e6), octets });
    }
  }
  await source.close();
  return frames;
}

function record({ time, octets }: Frame): Uint8Array {
  return pcapRecord(octets, 'little', { seconds: Math.floor(time / 1000), fraction: (time % 1000) * 1000 });
}

/** Writes a pcap and gives what `read` and a checker make of it. */
async function written(path: string, frames: readonly Frame[], linkType?: number): Promise<Sent> {
  const header = linkType === undefined ? pcapHeader() : pcapHeader('little', { linkType });
  writeFileSync(path, joined(header, ...frames.map(record)));
  const hex = frames.map(({ octets }) => Buffer.from(octets).toString('hex'));
  return { frames: hex, messages: await messagesOfCapture(path, KEYRING) };
}

test('a killed command, a file that is moved, cut and written anew, a taken port: nothing is lost or doubled', {
  timeout: 240_000,
}, async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sidescope-sources-'));
  const here = (name: string): string => join(scratch, name);
  const frames = await framesOf(CAPTURE);
  const sent = new Map<string, Sent>();
  sent.set('feeder', await written(here('capture.pcap'), frames));
  sent.set('grown', await written(here('whole.pcap'), frames));

  socket = createSocket('udp4');
  const taken = socket;
  await new Promise<void>((resolve) => {
    taken.bind({ port: 0, address: '127.0.0.1', exclusive: true }, resolve);
  });
  const { port } = taken.address();
  const command = [process.execPath, FEEDER, here('capture.pcap'), here('state'), '100,200,315'];
  const sources = [
    { name: 'feeder', kind: 'command', clock: 'capture', command },
    { name: 'grown', kind: 'file', clock: 'capture', path: here('grown.pcap') },
    { name: 'radio', kind: 'udp', port },
  ];
  folder = await DaemonFolder.make({ sources, keyring: KEYRING });
  const own = folder;
  daemon = await own.start();
  for (const [number, groups] of [['*'], ['f00001'], ['f00102']].entries()) {
    for (const view of ['meta', 'plain'] as const) {
      const subscriber = own.subscriber(groups.map((gid) => ({ gid, views: ['meta', 'plain'] })));
      listeners.push(new Listener(`subscriber ${number} ${view}`, own.client(subscriber), groups, view));
    }
  }
  const source = async (name: string): Promise<SourceStatus> => {
    const found = (await own.status()).sources.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no source ${name}`);
    return found;
  };
  const alarmed = async (name: string): Promise<boolean> =>
    (await own.status()).alarms.some((alarm) => alarm.name === `source.${name}`);
  const hasFrames = (name: string, count: number): Promise<void> =>
    expect.poll(async () => (await source(name)).frames, { timeout: 60_000 }).toBe(count);

  // The program ends itself inside a record, is started again, is killed from outside, and comes back once more.
  await hasFrames('feeder', 200);
  const { pid } = JSON.parse(readFileSync(here('state'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await hasFrames('feeder', 315);
  expect((await source('feeder')).restarts).toBe(2);

  // The file is not there yet; it grows, is moved away with all that was written, and another begins under its name.
  const grown = here('grown.pcap');
  const records = frames.map(record);
  writeFileSync(grown, joined(pcapHeader(), ...records.slice(0, 50)));
  await hasFrames('grown', 50);
  appendFileSync(grown, joined(...records.slice(50, 80)));
  renameSync(grown, here('rotated.pcap'));
  await sleep(300);
  writeFileSync(grown, joined(pcapHeader(), ...records.slice(80, 120)));
  await hasFrames('grown', 120);
  // It is removed, and is there again later.
  unlinkSync(grown);
  await expect.poll(() => alarmed('grown'), { timeout: 30_000 }).toBe(true);
  writeFileSync(grown, joined(pcapHeader(), ...records.slice(120, 200)));
  await hasFrames('grown', 200);
  await expect.poll(() => alarmed('grown'), { timeout: 30_000 }).toBe(false);
  // It is cut and written anew in place.
  writeFileSync(grown, joined(pcapHeader(), ...records.slice(200)));
  await hasFrames('grown', 315);

  // The port is taken: the source says so and waits. When it is free, the source has it, and nobody else can take it.
  expect(await source('radio')).toMatchObject({ state: 'waiting', problem: { code: 'source.address-in-use' } });
  expect(await alarmed('radio')).toBe(true);
  taken.close();
  socket = createSocket('udp4');
  const sender = socket;
  await expect.poll(async () => (await source('radio')).state, { timeout: 60_000 }).toBe('running');
  await expect.poll(() => alarmed('radio'), { timeout: 10_000 }).toBe(false);
  const datagrams = frames.map(({ octets }) => Buffer.concat([START, octets]));
  const send = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      await new Promise((resolve) => {
        sender.send(datagrams[at], port, '127.0.0.1', resolve);
      });
    }
  };
  await send(0, 150);
  await hasFrames('radio', 150);
  await expect.poll(async () => (await own.status()).pipeline.told, { timeout: 30_000 }).toBe(315 + 315 + 150);

  // The daemon is killed, and somebody has the port when it comes back.
  await daemon.end('SIGKILL');
  const thief = createSocket('udp4');
  await new Promise<void>((resolve) => {
    thief.bind({ port, address: '127.0.0.1', exclusive: true }, resolve);
  });
  own.configure({
    ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], sources: [sources[2]] },
    ...{ relay: { operator: 'operator.pub' }, log: { level: 'info' } },
  });
  daemon = await own.start();
  await expect
    .poll(async () => (await source('radio')).problem?.code, { timeout: 10_000 })
    .toBe('source.address-in-use');
  thief.close();
  await expect.poll(async () => (await source('radio')).state, { timeout: 60_000 }).toBe('running');
  await send(150, 315);
  await expect.poll(async () => (await own.status()).pipeline.told, { timeout: 30_000 }).toBe(3 * 315);

  const { lastSeq } = (await own.status()).journal;
  const [everything] = listeners;
  await expect.poll(() => everything.seqs.at(-1), { timeout: 60_000 }).toBe(lastSeq);
  await expect.poll(() => listeners.every((each) => isComplete(each, everything)), { timeout: 60_000 }).toBe(true);
  await daemon.end('SIGTERM');
  await Promise.all(listeners.map((listener) => listener.stop()));
  const journal = await readJournal(join(own.path, 'journal'));
  const heard = journal.frames.filter((frame) => frame.source === 'radio');
  expect(heard.map(({ hex }) => hex.slice(2 * HEADERS))).toEqual(datagrams.map((octets) => octets.toString('hex')));
  const asCaptured = heard.map(({ time, hex }) => ({ time, octets: Buffer.from(hex, 'hex') }));
  sent.set('radio', await written(here('radio.pcap'), asCaptured, LINKTYPE_RAW));
  const wrong = checkJournal(journal, sent, ['feeder', 'grown', 'radio']);
  for (const listener of listeners) wrong.push(...checkListener(listener, journal));
  expect(wrong).toEqual([]);
});
