// A capture played as a live feed: the same frames and marks, in small batches, at the times that its clock says.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameSource } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import {
  LONGEST_WAIT_MS,
  type ReplayClock,
  type ReplayOptions,
  ReplaySource,
} from '../../../captures/sources/replay.ts';
import { joined, pcapHeader, pcapRecord } from '../capture-bytes.ts';
import { soundCapture } from '../random-captures.ts';
import { pieces, readAll, readBytes } from '../read-all.ts';

const wholeCapture = (octets: Uint8Array): FrameSource => frameSourceFromChunks(pieces(octets, 1 << 16));

/** A clock that stands still until somebody waits. */
class StillClock implements ReplayClock {
  time = 1_000_000;
  readonly waits: number[] = [];

  now(): number {
    return this.time;
  }

  async wait(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    this.time += milliseconds;
    await Promise.resolve();
  }
}

/** A capture with a frame at each of these times (ms). */
function captureAt(...times: readonly number[]): Uint8Array {
  const records = times.map((time) =>
    pcapRecord(Uint8Array.of(1, 2, 3), 'little', { seconds: Math.floor(time / 1000), fraction: (time % 1000) * 1000 }),
  );
  return joined(pcapHeader(), ...records);
}

/** When each frame came, in ms after the first, and the frames of each batch. */
async function played(octets: Uint8Array, options: ReplayOptions = {}) {
  const clock = new StillClock();
  const source = new ReplaySource(wholeCapture(octets), { clock, ...options });
  const at: number[] = [];
  const counts: number[] = [];
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    counts.push(batch.count);
    for (let row = 0; row < batch.count; row++) at.push(Math.round(clock.time - 1_000_000));
  }
  expect(await source.next()).toBeNull();
  await source.close();
  return { at, counts };
}

describe('a replay', () => {
  test('gives the frames and marks of any capture, in batches of any size, at any speed', async () => {
    await fc.assert(
      fc.asyncProperty(
        soundCapture,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(0.5, 1, 1000, Number.POSITIVE_INFINITY),
        async (capture, rows, speed) => {
          const source = new ReplaySource(wholeCapture(capture), { rows, speed, clock: new StillClock() });
          expect(await readAll(source)).toEqual(await readBytes(capture));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('comes at the times of the capture', async () => {
    const { at, counts } = await played(captureAt(5000, 5000, 5020, 6500), { speed: 1 });
    expect(at).toEqual([0, 0, 20, 1500]);
    expect(counts).toEqual([2, 1, 1]);
  });

  test('comes ten times as fast', async () => {
    expect((await played(captureAt(5000, 5020, 6500), { speed: 10 })).at).toEqual([0, 2, 150]);
  });

  test('comes without any wait, and synchronously from a synchronous source', async () => {
    const { at, counts } = await played(captureAt(5000, 5020, 6500, 7000, 8000), { rows: 2 });
    expect(at).toEqual([0, 0, 0, 0, 0]);
    expect(counts).toEqual([2, 2, 1]);
    const inner = wholeCapture(captureAt(5000));
    const batch = await inner.next();
    const batches = [batch];
    const source = new ReplaySource({ ...inner, problem: null, next: () => batches.shift() ?? null });
    expect(source.next()).not.toBeInstanceOf(Promise);
    expect(source.next()).toBeNull();
  });

  test('frames in disorder wait for nobody and shift nothing', async () => {
    expect((await played(captureAt(5000, 5020, 5010, 5015, 5040), { speed: 1 })).at).toEqual([0, 20, 20, 20, 40]);
  });

  test('a clock that is set back or far ahead costs no wait', async () => {
    const ahead = 5000 + LONGEST_WAIT_MS + 1000;
    expect((await played(captureAt(5000, ahead, ahead + 30, 5000, 5050), { speed: 1 })).at).toEqual([0, 0, 30, 30, 80]);
  });

  test('what is late comes together', async () => {
    const clock = new StillClock();
    const source = new ReplaySource(wholeCapture(captureAt(5000, 5020, 5040, 5500)), { speed: 1, clock });
    expect((await source.next())?.count).toBe(1);
    clock.time += 100;
    expect((await source.next())?.count).toBe(2);
    expect(clock.waits).toEqual([]);
    expect((await source.next())?.count).toBe(1);
    expect(clock.waits).toEqual([400]);
  });

  test('is given up while it waits', async () => {
    const source = new ReplaySource(wholeCapture(captureAt(5000, 65_000)), { speed: 1 });
    expect((await source.next())?.count).toBe(1);
    const begun = performance.now();
    const next = source.next();
    await source.close();
    expect(await next).toBeNull();
    expect(source.next()).toBeNull();
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test('by the real clock', async () => {
    const begun = performance.now();
    await readAll(new ReplaySource(wholeCapture(captureAt(5000, 5050, 5100)), { speed: 1 }));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(95);
  });

  test.each([{ speed: 0 }, { speed: -1 }, { speed: Number.NaN }, { rows: 0 }, { rows: 1.5 }])(
    'refuses %o',
    (options) => {
      expect(() => new ReplaySource(wholeCapture(captureAt(5000)), options)).toThrow(RangeError);
    },
  );
});
