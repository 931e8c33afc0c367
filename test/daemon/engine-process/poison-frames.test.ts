// One frame must not stop the daemon: what ends the child again and again is left out, and nothing else is.

import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { FramesInFlight } from '../../../daemon/engine-process/frames-in-flight.ts';
import { PoisonFrames } from '../../../daemon/engine-process/poison-frames.ts';
import { analyse } from '../../../testing/analyse.ts';
import { keyedCaptures, readFrames } from './batches.ts';
import { LinkedEngine, settingsWith } from './linked.ts';
import { toldOf } from './told.ts';

const PROGRAM = join(import.meta.dirname, 'poison-child.mjs');

/** A child is started four times, and twice has to be silent for three seconds (ms). */
const PATIENCE = 120_000;

let engine: LinkedEngine | null = null;

afterEach(async () => {
  await engine?.link.stop();
  engine = null;
});

describe('a frame that ends the child', () => {
  test.each([
    ['by a crash', 0x7777],
    ['by never being done', 0x7778],
  ])(
    '%s is left out after it has done so twice, and nothing else is',
    async (_name, linkType) => {
      const [from] = keyedCaptures();
      const frames = (await readFrames(from.capture)).slice(0, 40);
      const place = 15;
      engine = new LinkedEngine(settingsWith({ keyrings: [from.keyring] }), {
        program: PROGRAM,
        times: { firstWait: 20, tick: 100, silentTicks: 30, stopWait: 3000 },
      });
      await engine.link.start(1);
      engine.link.tracks([{ track: 1, clock: 'capture', name: 'replay' }]);
      await engine.take([...frames.slice(0, place), { ...frames[0], linkType }, ...frames.slice(place)], 50);
      await engine.judged();
      expect(engine.link.status()).toMatchObject({ state: 'running', skipped: 1, restarts: 3 });
      const leftOut = engine.alarms.filter(({ name }) => name === 'engine.frame-left-out');
      expect(leftOut).toMatchObject([{ severity: 'critical', raised: true }]);
      expect(leftOut[0].message).toContain(`frame ${place + 1} `);
      const { messages } = await analyse(from.capture, { keyring: from.keyring });
      expect(toldOf(engine.records, 'message').map(({ sn }) => sn)).toEqual(
        messages.flatMap(({ sn, frame }) => (frame <= 40 ? [sn] : [])),
      );
    },
    PATIENCE,
  );
});

describe('suspicion', () => {
  test('falls on the frame that was announced, and takes two faults or many deaths from outside', () => {
    const poison = new PoisonFrames();
    expect(poison.died(10, 500, 'itself')).toBeNull();
    expect([poison.isCareful(10), poison.isCareful(11), poison.isCareful(500), poison.isCareful(501)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([poison.sameThrough(1), poison.sameThrough(11), poison.sameThrough(501)]).toEqual([
      10,
      500,
      Number.POSITIVE_INFINITY,
    ]);
    poison.announced(20);
    expect(poison.died(10, 500, 'itself')).toBeNull();
    poison.announced(20);
    poison.judged(20);
    expect(poison.died(10, 500, 'itself')).toBeNull();
    poison.announced(20);
    expect(poison.died(10, 500, 'itself')).toBe(20);
    expect(poison.isSkipped(20)).toBe(true);
    for (let death = 1; death <= 5; death++) {
      poison.announced(30);
      expect(poison.died(10, 500, 'outside')).toBeNull();
    }
    poison.announced(30);
    expect(poison.died(10, 500, 'outside')).toBe(30);
    expect([poison.hasSkipped(21, 29), poison.hasSkipped(1, 20), poison.hasSkipped(30, 99)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('frames in flight', () => {
  test('are judged through frames that were left out, and wake who waits when there is room', async () => {
    const flight = new FramesInFlight();
    flight.add(10, 10, 100);
    flight.add(11, 0, 0);
    flight.add(12, 0, 0);
    flight.add(20, 8, 80);
    expect(flight.judged(5)).toBe(5);
    expect(flight.judged(10)).toBe(12);
    expect(flight.frames).toBe(8);
    flight.add(40_000, 30_000, 100);
    let hasRoom: boolean | null = null;
    const room = flight.room().then((answer) => {
      hasRoom = answer;
      return answer;
    });
    await Promise.resolve();
    expect(hasRoom).toBeNull();
    flight.judged(40_000);
    expect(await room).toBe(true);
    flight.add(90_000, 30_000, 100);
    const lost = flight.room();
    flight.drop();
    expect(await lost).toBe(false);
    expect(flight.frames).toBe(0);
  });

  test('reach every frame once all were judged or left out', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (judged) => {
        const flight = new FramesInFlight();
        for (const [index, isJudged] of judged.entries()) flight.add(index + 1, isJudged ? 1 : 0, 0);
        let reached = flight.judged(0);
        judged.forEach((isJudged, index) => {
          if (isJudged) reached = Math.max(reached, flight.judged(index + 1));
        });
        expect(reached).toBe(judged.length);
        expect(flight.frames).toBe(0);
      }),
    );
  });
});
