// The engine's process as the daemon has it: a real child over real pipes.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Track } from '../../../daemon/engine-process/engine-port.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyedCaptures, readFrames } from './batches.ts';
import { LinkedEngine, settingsWith } from './linked.ts';
import { expectAsRead } from './told.ts';

const CAPTURE: Track = { track: 1, clock: 'capture', name: 'replay' };

const running: LinkedEngine[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.link.stop()));
});

async function started(keyring: string, track: Track = CAPTURE): Promise<LinkedEngine> {
  const engine = new LinkedEngine(settingsWith({ keyrings: [keyring] }));
  running.push(engine);
  await engine.link.start(1);
  engine.link.tracks([track]);
  engine.link.demand(new Map([['*', 'forensic']]));
  return engine;
}

describe('over the pipes', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('%s is told as read prints it', async (_name, from) => {
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
});
