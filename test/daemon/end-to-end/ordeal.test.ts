// The whole daemon through everything that may befall it while three sources bring frames and 64 subscribers with different
// grants listen: engine killed, engine and parent halted, a source taken away and brought back, parent killed, both
// killed. Then captured, journalled and delivered are compared.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { View } from '../../../daemon/relay/capability.ts';
import { DaemonFolder, type RunningDaemon } from './daemon-folder.ts';
import {
  checkJournal,
  checkListener,
  framesOfCapture,
  Listener,
  mayHave,
  messagesOfCapture,
  readJournal,
  type Sent,
} from './delivery-checker.ts';

const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const KEYRING = sample('attacked/keyring.json');
/** Captures, and how fast they are played: each takes some fifteen seconds. */
const CAPTURES = [
  { name: 'attacked', path: sample('attacked/capture.pcapng'), speed: 32 },
  { name: 'clean', path: sample('clean/capture.pcapng'), speed: 0.4 },
  { name: 'rollover', path: sample('rollover/capture.pcapng'), speed: 13 },
];
const SUBSCRIBERS = 64;
/** Sets of groups that subscribers are granted; the last is in no capture. */
const GRANTS = [['f00001'], ['f00102'], ['f00001', 'f00102'], ['*'], ['f00103', 'f00001'], ['abcdef']];
/** Milliseconds that a process is halted. */
const HALT = 3000;

let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
const listeners: Listener[] = [];

afterAll(async () => {
  await Promise.all(listeners.map((listener) => listener.stop()));
  daemon?.child.kill('SIGCONT');
  await daemon?.end('SIGKILL');
  folder?.remove();
});

/** The sources of a run: captures under names of that run, so that each is a track of its own. */
function sources(run: string, speed: 'paced' | 'full', without = ''): Readonly<Record<string, unknown>>[] {
  const chosen = CAPTURES.filter(({ name }) => name !== without);
  return chosen.map(({ name, path, speed: paced }) => ({
    ...{ name: `${name}-${run}`, kind: 'replay', path, speed: speed === 'paced' ? paced : 'full' },
  }));
}

/** Whether a subscriber has the last record of its share, as one that has everything knows it. */
function isComplete({ groups, seqs }: Listener, everything: Listener): boolean {
  const last = everything.records.findLastIndex(({ group }) => mayHave(groups, group));
  return last < 0 || seqs.at(-1) === everything.seqs[last];
}

test('nothing is lost, doubled or given to the wrong one', { timeout: 400_000 }, async () => {
  const sent = new Map<string, Sent>();
  const told = new Map<string, Sent>();
  for (const { name, path } of CAPTURES) {
    told.set(name, { frames: await framesOfCapture(path), messages: await messagesOfCapture(path, KEYRING) });
  }
  const configured = (list: readonly Readonly<Record<string, unknown>>[]): void => {
    for (const { name } of list) {
      const [capture] = String(name).split('-');
      sent.set(String(name), told.get(capture)!);
    }
    folder?.configure({
      ...{ format: 'sidescope-daemon/1', keyrings: [KEYRING], sources: list },
      ...{ relay: { operator: 'operator.pub' }, log: { level: 'info' } },
    });
  };
  folder = await DaemonFolder.make({ sources: [], keyring: KEYRING });
  const here = folder;
  configured(sources('1', 'paced'));
  daemon = await here.start();
  for (let number = 0; number < SUBSCRIBERS; number++) {
    const groups = GRANTS[number % GRANTS.length];
    const view: View = number % 2 === 0 ? 'plain' : 'meta';
    const subscriber = here.subscriber(groups.map((gid) => ({ gid, views: ['meta', 'plain'] })));
    listeners.push(new Listener(`subscriber ${number}`, here.client(subscriber), groups, view));
  }

  // The engine is killed.
  await sleep(2000);
  const enginePid = async (): Promise<number> => (await here.status()).engine.pid ?? 0;
  const first = await enginePid();
  process.kill(first, 'SIGKILL');
  await expect.poll(enginePid, { timeout: 20_000 }).not.toBeOneOf([0, first]);

  // The engine stands still, then the parent.
  const halted = await enginePid();
  process.kill(halted, 'SIGSTOP');
  await sleep(HALT);
  process.kill(halted, 'SIGCONT');
  await sleep(500);
  process.kill(daemon.pid, 'SIGSTOP');
  await sleep(HALT);
  process.kill(daemon.pid, 'SIGCONT');

  // A source goes and comes back under another name.
  configured(sources('1', 'paced', 'clean'));
  daemon.child.kill('SIGHUP');
  await expect.poll(async () => (await here.status()).sources.length, { timeout: 20_000 }).toBe(2);
  const again = sources('back', 'paced').filter(({ name }) => String(name).startsWith('clean'));
  configured([...sources('1', 'paced', 'clean'), ...again]);
  daemon.child.kill('SIGHUP');
  await expect.poll(async () => (await here.status()).sources.length, { timeout: 20_000 }).toBe(3);
  await sleep(1500);

  // The parent is killed; then both are.
  await daemon.end('SIGKILL');
  configured(sources('2', 'paced'));
  daemon = await here.start();
  await sleep(2500);
  process.kill(await enginePid(), 'SIGKILL');
  await daemon.end('SIGKILL');

  // The last run comes to its end.
  configured(sources('3', 'full'));
  daemon = await here.start();
  await expect
    .poll(async () => (await here.status()).sources.every(({ state }) => state === 'ended'), { timeout: 60_000 })
    .toBe(true);
  await expect
    .poll(
      async () => {
        const { pipeline, journal } = await here.status();
        return journal.lastFrame - pipeline.told;
      },
      { timeout: 60_000 },
    )
    .toBe(0);
  const { lastSeq } = (await here.status()).journal;
  const everything = listeners.find(({ groups, view }) => groups.includes('*') && view === 'meta')!;
  await expect.poll(() => everything.seqs.at(-1), { timeout: 60_000 }).toBe(lastSeq);
  // Plaintext of the past is deciphered anew for each of them: that takes its time.
  await expect
    .poll(() => listeners.filter((each) => !isComplete(each, everything)).length, { timeout: 90_000 })
    .toBe(0);
  await daemon.end('SIGTERM');
  await Promise.all(listeners.map((listener) => listener.stop()));

  const journal = await readJournal(join(here.path, 'journal'));
  const wrong = checkJournal(
    journal,
    sent,
    CAPTURES.map(({ name }) => `${name}-3`),
  );
  for (const listener of listeners) wrong.push(...checkListener(listener, journal));
  expect(wrong).toEqual([]);
  // Each of the calamities met frames on their way.
  for (const name of sent.keys())
    expect(
      journal.frames.some(({ source }) => source === name),
      name,
    ).toBe(true);
  expect(listeners.some(({ records }) => records.length === 0)).toBe(true);
  expect(listeners.filter(({ records }) => records.length > 100).length).toBeGreaterThan(SUBSCRIBERS / 2);
});
