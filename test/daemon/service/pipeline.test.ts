// Frames through the parent: numbers, order, what waits for what, and an engine that dies in the middle.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import type { LiveSource } from '../../../captures/sources/live-source.ts';
import type { EngineRecord, RelayRecord } from '../../../daemon/relay/relay-record.ts';
import { Tracks } from '../../../daemon/service/frame-numbers.ts';
import { Pipeline, UNDER_WAY_MOST } from '../../../daemon/service/pipeline.ts';
import { blockOf, recordsIn } from '../record-blocks.ts';
import { FakeJournal, framesOf } from './fake-journal.ts';

/** An engine that makes one record a frame, and can die. */
class FakeEngine {
  readonly pushed: { first: number; count: number; track: number }[] = [];
  tellFrom = 1;
  isUp = true;
  answersAtOnce = true;
  pipeline: Pipeline | null = null;
  #waiting: { first: number; count: number; track: number }[] = [];

  tracks(): void {
    // Tracks are checked by what is pushed.
  }

  async push(batch: FrameBatch, track: number): Promise<boolean> {
    if (!this.isUp) return false;
    const part = { first: batch.firstFrame, count: batch.count, track };
    this.pushed.push(part);
    this.#waiting.push(part);
    if (this.answersAtOnce) this.answer();
    await Promise.resolve();
    return this.isUp;
  }

  answer(): void {
    for (const { first, count, track } of this.#waiting.splice(0)) {
      const records: EngineRecord[] = [];
      for (let frame = first; frame < first + count; frame++) {
        if (frame >= this.tellFrom) records.push(record(frame, track));
      }
      if (first + count - 1 >= this.tellFrom)
        this.pipeline?.answer({ block: blockOf(records), through: first + count - 1 });
    }
  }

  die(): void {
    this.isUp = false;
    this.#waiting = [];
  }

  rise(tellFrom: number): void {
    this.isUp = true;
    this.tellFrom = tellFrom;
    this.pipeline?.resume();
  }
}

function record(frame: number, track: number): EngineRecord {
  return {
    event: { v: 1, type: 'message', frame } as EngineRecord['event'],
    plain: null,
    access: 'plain',
    key: null,
    track,
  };
}

function setUp(): {
  journal: FakeJournal;
  engine: FakeEngine;
  pipeline: Pipeline;
  told: RelayRecord[];
  source: (name: string, clock?: 'wall' | 'capture') => (batch: FrameBatch) => Promise<void>;
} {
  const journal = new FakeJournal();
  const engine = new FakeEngine();
  const told: RelayRecord[] = [];
  const pipeline = new Pipeline({
    ...{ journal, engine, tracks: new Tracks(), now: () => Date.now() },
    listener: { deliver: ({ first, block }) => told.push(...recordsIn(block, first)) },
  });
  engine.pipeline = pipeline;
  const source = (name: string, clock: 'wall' | 'capture' = 'wall'): ((batch: FrameBatch) => Promise<void>) =>
    pipeline.consumer({ name, clock, interfaceName: () => 'if0' } as unknown as LiveSource);
  return { journal, engine, pipeline, told, source };
}

const framesTold = (told: readonly RelayRecord[]): number[] =>
  told.map(({ event }) => (event as { frame: number }).frame);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('pipeline', () => {
  test('frames of all sources share one count, and each source with its own clock has its own track', async () => {
    const { pipeline, engine, told, source, journal } = setUp();
    pipeline.resume();
    await Promise.resolve();
    const [radio, replay, second] = [source('radio'), source('replay', 'capture'), source('antenna')];
    await radio(framesOf(3));
    await replay(framesOf(2));
    await second(framesOf(1));
    await pipeline.drain(1000);
    expect(engine.pushed).toEqual([
      { first: 1, count: 3, track: 0 },
      { first: 4, count: 2, track: 1 },
      { first: 6, count: 1, track: 0 },
    ]);
    expect(framesTold(told)).toEqual(range(1, 6));
    expect(told.map(({ seq }) => seq)).toEqual(range(1, 6));
    expect(journal.interfaces().map((row) => row.source)).toEqual(['radio', 'replay', 'antenna']);
  });

  test('nothing is told before it is durable', async () => {
    const { pipeline, told, source, journal } = setUp();
    pipeline.resume();
    await Promise.resolve();
    journal.hold();
    await source('radio')(framesOf(5));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(told).toEqual([]);
    journal.release();
    expect(await pipeline.drain(1000)).toBe(true);
    expect(framesTold(told)).toEqual(range(1, 5));
  });

  test('frames that come while the engine is down are kept, and judged when it is back', async () => {
    const { pipeline, engine, told, source } = setUp();
    pipeline.resume();
    await Promise.resolve();
    const radio = source('radio');
    await radio(framesOf(4));
    await pipeline.drain(1000);
    engine.die();
    await radio(framesOf(4));
    await radio(framesOf(4));
    expect(framesTold(told)).toEqual(range(1, 4));
    engine.rise(pipeline.tellFrom);
    await radio(framesOf(2));
    expect(await pipeline.drain(1000)).toBe(true);
    expect(framesTold(told)).toEqual(range(1, 14));
    // The new engine was warmed up with what the old one had judged.
    expect(engine.pushed.filter(({ first }) => first === 1)).toHaveLength(2);
  });

  test('a full disk: records go on, told not to be kept', async () => {
    const { journal, engine } = setUp();
    const kept: boolean[] = [];
    const pipeline = new Pipeline({
      ...{ journal, engine, tracks: new Tracks(), now: () => Date.now() },
      listener: { deliver: (_records, isKept) => kept.push(isKept) },
    });
    engine.pipeline = pipeline;
    pipeline.resume();
    await Promise.resolve();
    const radio = pipeline.consumer({ name: 'radio', clock: 'wall', interfaceName: () => '' } as unknown as LiveSource);
    journal.refuse = true;
    await radio(framesOf(2));
    await pipeline.drain(1000);
    journal.refuse = false;
    await radio(framesOf(2));
    await pipeline.drain(1000);
    expect(kept).toEqual([false, true]);
  });

  test('sources wait while too much is under way', async () => {
    const { pipeline, engine, source } = setUp();
    engine.answersAtOnce = false;
    pipeline.resume();
    await Promise.resolve();
    const radio = source('radio');
    let isThrough = false;
    await radio(framesOf(UNDER_WAY_MOST));
    const waiting = radio(framesOf(1)).then(() => {
      isThrough = true;
      return isThrough;
    });
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(isThrough).toBe(false);
    engine.answer();
    await waiting;
    expect(isThrough).toBe(true);
  });

  test('whatever dies when: every frame is told once, in order', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('frames' as const), count: fc.integer({ min: 1, max: 9 }), source: fc.nat(2) }),
      fc.record({ kind: fc.constant('die' as const) }),
      fc.record({ kind: fc.constant('rise' as const) }),
      fc.record({ kind: fc.constant('answer' as const) }),
      fc.record({ kind: fc.constant('pause' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { pipeline, engine, told, source } = setUp();
        engine.answersAtOnce = false;
        const sources = [source('a'), source('b', 'capture'), source('c', 'capture')];
        pipeline.resume();
        let count = 0;
        for (const each of steps) {
          if (each.kind === 'frames') {
            count += each.count;
            await sources[each.source](framesOf(each.count));
          } else if (each.kind === 'die') engine.die();
          else if (each.kind === 'rise' && !engine.isUp) engine.rise(pipeline.tellFrom);
          else if (each.kind === 'answer') engine.answer();
          else await Promise.resolve();
        }
        if (!engine.isUp) engine.rise(pipeline.tellFrom);
        engine.answersAtOnce = true;
        engine.answer();
        for (let turn = 0; turn < 200 && told.length < count; turn++) {
          await Promise.resolve();
          engine.answer();
        }
        await pipeline.drain(2000);
        expect(framesTold(told)).toEqual(count === 0 ? [] : range(1, count));
      }),
      { numRuns: 200 },
    );
  });
});
