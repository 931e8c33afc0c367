// The whole daemon through everything that may befall it while three sources bring frames and 64 subscribers with different
// grants listen: engine killed, engine, parent and a subscriber halted, a source taken away and brought back, parent killed,
// both killed. Then captured, journalled and delivered are compared. `HALT_SECONDS=30` halts for longer than an engine may
// be silent: it is then killed and started again (docs/testing.md).

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
  isComplete,
  Listener,
  messagesOfCapture,
  readJournal,
  type Sent,
} from './delivery-checker.ts';
import { TapProcess } from './tap-process.ts';

const sample = (path: string): string => fileURLToPath(new URL(`../../../captures/samples/${path}`, import.meta.url));
const KEYRING = sample('attacked/keyring.json');
/** Milliseconds that a process is halted. */
const HALT = Number(process.env.HALT_SECONDS ?? 3) * 1000;
/** From here on the parent deems a halted engine dead (daemon/engine-process/engine-link.ts: 15 s). */
const DEEMED_DEAD = 20_000;
/** How much longer than with three halts of 3 s a run is. */
const STRETCH = (9000 + 3 * HALT) / 18_000;
/** Captures, and how fast they are played: each takes some fifteen seconds. */
const CAPTURES = [
  { name: 'attacked', path: sample('attacked/capture.pcapng'), speed: 32 },
  { name: 'clean', path: sample('clean/capture.pcapng'), speed: 0.4 },
  { name: 'rollover', path: sample('rollover/capture.pcapng'), speed: 13 },
];
const SUBSCRIBERS = 64;
/** Sets of groups that subscribers are granted; the last is in no capture. */
const GRANTS = [['f00001'], ['f00102'], ['f00001', 'f00102'], ['*'], ['f00103', 'f00001'], ['abcdef']];

let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
let tap: TapProcess | null = null;
const listeners: Listener[] = [];

afterAll(async () => {
  await Promise.all(listeners.map((listener) => listener.stop()));
  await tap?.end();
  daemon?.child.kill('SIGCONT');
  await daemon?.end('SIGKILL');
  folder?.remove();
});

/** The sources of a run: captures under names of that run, so that each is a track of its own. */
function sources(run: string, speed: 'paced' | 'full', without = ''): Readonly<Record<string, unknown>>[] {
  const chosen = CAPTURES.filter(({ name }) => name !== without);
  return chosen.map(({ name, path, speed: paced }) => ({
    ...{ name: `${name}-${run}`, kind: 'replay', path, speed: speed === 'paced' ? paced / STRETCH : 'full' },
  }));
}

/** Stops a process for a while; one that was killed meanwhile is gone. */
async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await sleep(HALT);
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

test('nothing is lost, doubled or given to the wrong one', { timeout: 400_000 + 6 * HALT }, async () => {
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

  const tapped = new TapProcess(here, here.subscriber([{ gid: '*', views: ['meta'] }]));
  tap = tapped;

  // The engine is killed.
  await sleep(2000);
  const enginePid = async (): Promise<number> => (await here.status()).engine.pid ?? 0;
  const engineState = async (): Promise<string> => (await here.status()).engine.state;
  const first = await enginePid();
  process.kill(first, 'SIGKILL');
  await expect.poll(enginePid, { timeout: 20_000 }).not.toBeOneOf([0, first]);
  await expect.poll(engineState, { timeout: 40_000 }).toBe('running');

  // The engine stands still, then the parent, then a subscriber.
  await halt(await enginePid());
  await expect.poll(engineState, { timeout: 40_000 }).toBe('running');
  expect((await here.status()).engine.restarts).toBe(HALT < DEEMED_DEAD ? 1 : 2);
  await sleep(500);
  await halt(daemon.pid);
  const { restarts } = (await here.status()).engine;
  expect(restarts, 'the engine is not to blame where the parent stood still').toBe(HALT < DEEMED_DEAD ? 1 : 2);
  await expect.poll(() => tapped.records.length).toBeGreaterThan(0);
  await halt(tapped.pid);

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
  await expect.poll(() => tapped.records.at(-1)?.seq, { timeout: 60_000 }).toBe(lastSeq);
  await daemon.end('SIGTERM');
  await tapped.end();
  await Promise.all(listeners.map((listener) => listener.stop()));

  const journal = await readJournal(join(here.path, 'journal'));
  const wrong = checkJournal(
    journal,
    sent,
    CAPTURES.map(({ name }) => `${name}-3`),
  );
  for (const listener of listeners) wrong.push(...checkListener(listener, journal));
  expect(wrong).toEqual([]);
  // The one in a process of its own has every record, word for word.
  const kept = journal.records.map(({ seq, event }) => JSON.stringify({ seq, ...event }));
  const got = tapped.records.map(({ seq, ...event }) => JSON.stringify({ seq, ...event }));
  const other = kept.findIndex((text, at) => text !== got[at]);
  expect([got.length, got[other]]).toEqual([kept.length, kept[other]]);
  expect(tapped.said).not.toContain('are missing');
  // Each of the calamities met frames on their way.
  for (const name of sent.keys())
    expect(
      journal.frames.some(({ source }) => source === name),
      name,
    ).toBe(true);
  expect(listeners.some(({ records }) => records.length === 0)).toBe(true);
  expect(listeners.filter(({ records }) => records.length > 100).length).toBeGreaterThan(SUBSCRIBERS / 2);
});
