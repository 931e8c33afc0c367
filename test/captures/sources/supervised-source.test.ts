// A lasting source by itself: how it waits between attempts, what it adds up, how it ends. Time stands still here.

import { describe, expect, test } from 'vitest';

import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import type { SourceProblem } from '../../../captures/sources/live-source.ts';
import { RestartPolicy } from '../../../captures/sources/restart-policy.ts';
import { type SourceAttempt, SourceFailure } from '../../../captures/sources/source-attempt.ts';
import { type SourceTiming, WallClock } from '../../../captures/sources/source-clock.ts';
import { SupervisedSource } from '../../../captures/sources/supervised-source.ts';
import { pieces } from '../read-all.ts';
import { captureOf, takeFrom } from './live-sources.ts';

/** Time that passes only while somebody waits. */
class StillTiming implements SourceTiming {
  now = 0;
  readonly waits: number[] = [];

  wallTime(): number {
    return 1_700_000_000_000 + this.now;
  }
  elapsed(): number {
    return this.now;
  }
  async wait(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    this.now += milliseconds;
    await Promise.resolve();
  }
  random(): number {
    return 0.5;
  }
}

const problem: SourceProblem = { code: 'source.failed', message: 'it failed', hint: 'look' };

/** Brings the frames of a capture, then ends. */
class ScriptedAttempt implements SourceAttempt {
  readonly state = 'starting';
  readonly capture = 0;
  readonly problem = null;
  readonly ending;
  readonly dropped: number | null;
  readonly overflowed: number;
  closed = 0;
  readonly #source;
  readonly #whenDone: () => void;

  constructor(
    firsts: readonly number[],
    kind: 'finished' | 'failed',
    more: { dropped?: number; overflowed?: number; whenDone?: () => void } = {},
  ) {
    this.#source = frameSourceFromChunks(pieces(captureOf(...firsts), 7));
    this.ending = { kind, problem: kind === 'failed' ? problem : null };
    this.dropped = more.dropped ?? null;
    this.overflowed = more.overflowed ?? 0;
    this.#whenDone = more.whenDone ?? (() => {});
  }

  async next(): Promise<FrameBatch | null> {
    const batch = await this.#source.next();
    if (batch === null) this.#whenDone();
    return batch;
  }
  finish(): void {
    void this.#source.close();
  }
  async close(): Promise<void> {
    this.closed++;
    await this.#source.close();
  }
}

function source(timing: StillTiming, begin: (attempt: number) => SourceAttempt) {
  let attempts = 0;
  const parts = { name: 'x', clock: 'wall' as const, kind: () => 'scripted', defaultInterface: 'x' };
  return new SupervisedSource({ ...parts, begin: () => begin(attempts++) }, timing);
}

describe('a lasting source', () => {
  test('waits longer after each failure, and starts again without losing its numbers', async () => {
    const timing = new StillTiming();
    const attempts: ScriptedAttempt[] = [];
    const taking = takeFrom(
      source(timing, (attempt) => {
        if (attempt === 1) throw new SourceFailure(problem);
        const last = attempt === 4;
        const scripted = new ScriptedAttempt([attempt], last ? 'finished' : 'failed', { dropped: 10, overflowed: 1 });
        attempts.push(scripted);
        return scripted;
      }),
    );
    await taking.done;
    expect(taking.firsts()).toEqual([0, 2, 3, 4]);
    expect(taking.frames.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    // Half of a step and half of the other half.
    expect(timing.waits).toEqual([375, 750, 1500, 3000]);
    expect(attempts.every(({ closed }) => closed > 0)).toBe(true);
    expect(taking.status()).toMatchObject({
      state: 'ended',
      frames: 4,
      octets: 12,
      dropped: 40,
      overflowed: 4,
      restarts: 4,
      problem: null,
      retryIn: null,
    });
  });

  test('that never fails to fail is no busy loop, and can be stopped while it waits', async () => {
    const timing = new StillTiming();
    let stop = () => {};
    const failing = source(timing, (attempt) => {
      if (attempt === 40) stop();
      throw new Error('no');
    });
    stop = () => {
      void failing.stop();
    };
    await failing.run(() => {});
    expect(timing.waits.slice(0, 8)).toEqual([375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500]);
    expect(failing.status()).toMatchObject({ state: 'stopped', frames: 0, dropped: null, restarts: 40 });
  });

  test('waits little again after it ran well', () => {
    const policy = new RestartPolicy({ first: 100, longest: 1000, ranWell: 5000 }, () => 0);
    const waits = [0, 0, 0, 0, 0, 0, 4999, 5000, 0].map((lasted) => policy.next(lasted));
    expect(waits).toEqual([50, 100, 200, 400, 500, 500, 500, 50, 100]);
  });

  test('never brings a batch while the one before is held, and stops when its consumer fails', async () => {
    let held = 0;
    let most = 0;
    let batches = 0;
    const lasting = source(new StillTiming(), () => new ScriptedAttempt([1, 2, 3], 'failed'));
    await lasting.run(async () => {
      held++;
      most = Math.max(most, held);
      await Promise.resolve();
      held--;
      if (++batches === 5) throw new TypeError('not today');
    });
    expect(most).toBe(1);
    expect(lasting.status()).toMatchObject({ state: 'stopped', problem: { code: 'source.consumer-failed' } });
    await expect(lasting.run(() => {})).rejects.toThrow(RangeError);
  });

  test('that was stopped before it ran does not run', async () => {
    const lasting = source(new StillTiming(), () => new ScriptedAttempt([1], 'failed'));
    await lasting.stop();
    expect(lasting.status().state).toBe('stopped');
  });
});

describe('the wall clock', () => {
  test('counts microseconds between the milliseconds and follows a clock that is set', () => {
    let date = 1000;
    let steady = 5;
    const clock = new WallClock(
      () => date,
      () => steady,
    );
    expect(clock.now()).toBe(1000);
    steady += 0.25;
    expect(clock.now()).toBe(1000.25);
    steady += 1;
    date += 1;
    expect(clock.now()).toBe(1001.25);
    date += 3_600_000;
    expect(clock.now()).toBe(3_601_001);
    date = 50;
    expect(clock.now()).toBe(50);
  });
});
