// The engine's process as the daemon has it: a real child over real pipes.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { EngineLinkOptions } from '../../../daemon/engine-process/engine-link.ts';
import type { Track } from '../../../daemon/engine-process/engine-port.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { batchOf, keyedCaptures, readFrames } from './batches.ts';
import { LinkedEngine, settingsWith } from './linked.ts';
import { expectAsRead } from './told.ts';

// Processes are started here, on machines that may have much else to do (ms).
vi.setConfig({ testTimeout: 120_000 });

const META = [{ gid: '*', view: 'meta' }] as const;
const CAPTURE: Track = { track: 1, clock: 'capture', name: 'replay' };

const running: LinkedEngine[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.link.stop()));
});

async function started(keyring: string, options: Partial<EngineLinkOptions> = {}): Promise<LinkedEngine> {
  const engine = new LinkedEngine(settingsWith({ keyrings: [keyring] }), options);
  running.push(engine);
  await engine.link.start(1);
  engine.link.tracks([CAPTURE]);
  engine.link.demand(new Map([['*', 'forensic']]));
  return engine;
}

describe('over the pipes', () => {
  // A process each takes its time; track-analysis.test.ts has all captures.
  const some = keyedCaptures().filter(({ name }) => /attacked|matrix|mikey|replay|v2x/.test(name));
  test.each(some.map((each) => [each.name, each]))('%s is told as read prints it', async (_name, from) => {
    const frames = await readFrames(from.capture);
    const engine = await started(from.keyring);
    await engine.take(frames);
    await engine.judged();
    await expectAsRead(engine.records, from, true);
    expect(engine.link.status()).toMatchObject({ state: 'running', restarts: 0, through: frames.length, waiting: 0 });
    const { groups } = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    expect(engine.groups.map(({ group }) => group)).toEqual(groups.map(({ idText }) => idText));
    for (const key of engine.keys) expect(Object.keys(key)).not.toContain('octets');
  });
});

describe('when the child is killed', () => {
  test('in the middle of a stream: nothing is lost, nothing is told twice', async () => {
    const from = keyedCaptures()[0];
    const frames = await readFrames(from.capture);
    const engine = await started(from.keyring);
    for (let at = 0; at < frames.length; at += 40) {
      await engine.take(frames.slice(at, at + 40), 10);
      if (at % 120 !== 0) continue;
      const { pid } = engine.link.status();
      const resumes = engine.resumes;
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await engine.until(() => engine.resumes > resumes);
    }
    await engine.judged();
    expect(engine.link.status().restarts).toBeGreaterThan(1);
    await expectAsRead(engine.records, from, true);
    let through = 0;
    for (const answer of engine.answers) {
      expect(answer.through).toBeGreaterThanOrEqual(through);
      through = answer.through;
    }
  });

  test('what was asked fails, and what is asked while it is down', async () => {
    const [from] = keyedCaptures();
    const frames = await readFrames(from.capture);
    const engine = await started(from.keyring);
    await engine.take(frames.slice(0, 10));
    await engine.judged();
    const { pid } = engine.link.status();
    if (pid === null) expect.fail('it runs');
    process.kill(pid, 'SIGSTOP');
    const asked = engine.link.tree(batchOf(frames.slice(0, 1), 1), META, 1);
    const ordered = engine.link.keys({ verb: 'keys.revoke', by: 'a test', arguments: {} });
    process.kill(pid, 'SIGKILL');
    await expect(asked).rejects.toMatchObject({ code: 'engine.down' });
    // It may have been carried out.
    const message = expect.stringContaining('before it answered') as string;
    await expect(ordered).rejects.toMatchObject({ code: 'engine.down', message });
    expect(engine.link.status()).toMatchObject({ state: 'down', pid: null, problem: { code: 'engine.died' } });
    await expect(engine.link.audit('a.record', {})).rejects.toMatchObject({ code: 'engine.down' });
    const request = { verb: 'keys.list', by: 'a test', arguments: {} };
    const refused = await engine.link.keys(request);
    expect(refused).toMatchObject({ ok: false, code: 'engine.down', message: 'the engine is being started again' });
    expect(await engine.link.push(batchOf(frames.slice(10, 11), 11), 1)).toBe(false);
    await engine.until(() => engine.resumes === 1);
    expect((await engine.link.tree(batchOf(frames.slice(0, 1), 1), META, 1))?.frame).toBe(1);
    expect(engine.alarms.map(({ name, raised }) => `${name} ${raised}`)).toEqual([
      'engine.plain-keyring true',
      'engine.down true',
      'engine.plain-keyring true',
      'engine.down false',
    ]);
  });

  test('one that stands still is killed and replaced', async () => {
    const [from] = keyedCaptures();
    const frames = await readFrames(from.capture);
    const engine = await started(from.keyring, {
      times: { firstWait: 20, tick: 100, silentTicks: 30, stopWait: 3000 },
    });
    await engine.take(frames.slice(0, 40));
    const { pid } = engine.link.status();
    if (pid === null) expect.fail('it runs');
    process.kill(pid, 'SIGSTOP');
    await engine.take(frames.slice(40));
    await engine.until(() => engine.resumes === 1);
    await engine.judged();
    await expectAsRead(engine.records, from, true);
  });

  test('one that stands still while it opens its keys is killed and replaced too', async () => {
    const [from] = keyedCaptures();
    const frames = await readFrames(from.capture);
    const engine = await started(from.keyring, {
      times: { firstWait: 20, tick: 100, silentTicks: 1000, openingTicks: 100, stopWait: 3000 },
    });
    await engine.take(frames);
    const { pid: first } = engine.link.status();
    if (first === null) expect.fail('it runs');
    process.kill(first, 'SIGKILL');
    await expect.poll(() => engine.link.status().state, { interval: 1 }).toBe('starting');
    const { pid: second } = engine.link.status();
    if (second === null) expect.fail('it is starting');
    process.kill(second, 'SIGSTOP');
    await engine.until(() => engine.resumes === 1);
    expect([first, second]).not.toContain(engine.link.status().pid);
    await engine.judged();
    await expectAsRead(engine.records, from, true);
  });
});
