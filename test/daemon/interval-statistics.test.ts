// Counts by interval: the borders, frames out of order, clocks that jump, the cap.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnalysedFrame, type JudgementContext } from '../../daemon/engine/analysed-frame.ts';
import { MessageTable, VerdictCode } from '../../daemon/engine/message-table.ts';
import { IntervalStatistics } from '../../daemon/interval-statistics.ts';
import { createWalkTable } from '../../dissectors/walk.ts';
import { batchOf } from '../dissectors/walk-frames.ts';

/** A frame at nanoseconds since 1970, with the verdicts of its messages. */
interface Heard {
  readonly at: bigint;
  readonly octets: number;
  readonly verdicts: readonly number[];
}

const SECOND = 1_000_000_000n;
const START = 1_700_000_000n * SECOND;

function counted(statistics: IntervalStatistics, heard: readonly Heard[]): IntervalStatistics {
  const frame = new AnalysedFrame({} as JudgementContext);
  const walk = createWalkTable(heard.length + 1);
  const batch = batchOf(heard.map(({ octets }) => ({ bytes: new Uint8Array(1), linkType: 147, original: octets })));
  const table = new MessageTable();
  heard.forEach(({ at, verdicts }, row) => {
    batch.seconds[row] = Number(at / SECOND);
    batch.nanoseconds[row] = Number(at % SECOND);
    frame.begin(batch, row, walk);
    for (const verdict of verdicts) {
      const message = table.add();
      table.verdict[message] = verdict;
      frame.addMessage(table, message, [], [], null);
    }
    statistics.note(frame);
  });
  return statistics;
}

const at = (nanoseconds: bigint, verdicts: readonly number[] = [], octets = 10): Heard => ({
  at: START + nanoseconds,
  octets,
  verdicts,
});

test('an interval has its first instant and not its last', () => {
  const rows = counted(new IntervalStatistics(1000), [at(0n), at(SECOND - 1n), at(SECOND), at(3n * SECOND)]).rows();
  expect(rows.map(({ from, frames }) => [from, frames])).toEqual([
    [1_700_000_000_000, 2],
    [1_700_000_001_000, 1],
    [1_700_000_003_000, 1],
  ]);
});

test('verdicts, messages and octets on the wire', () => {
  const rows = counted(new IntervalStatistics(1000), [
    at(0n, [VerdictCode.decrypted, VerdictCode.decrypted, VerdictCode.forged], 100),
    at(1n, [], 11),
  ]).rows();
  expect(rows).toEqual([
    { from: 1_700_000_000_000, frames: 2, octets: 111, messages: 3, verdicts: { decrypted: 2, forged: 1 } },
  ]);
});

test('frames before the first come into intervals before it', () => {
  const rows = counted(new IntervalStatistics(500), [at(0n), at(-1n), at(-500_000_000n), at(-500_000_001n)]).rows();
  expect(rows.map(({ from, frames }) => [from, frames])).toEqual([
    [1_699_999_999_000, 1],
    [1_699_999_999_500, 2],
    [1_700_000_000_000, 1],
  ]);
});

test('no frame, no row', () => {
  expect(new IntervalStatistics(1000).rows()).toEqual([]);
});

test('above the cap frames of new intervals are counted together, those of known ones in their row', () => {
  const frames = [at(0n), at(SECOND), at(2n * SECOND, [VerdictCode.clear]), at(9n * SECOND), at(0n), at(SECOND)];
  expect(counted(new IntervalStatistics(1000, 2), frames).rows()).toMatchObject([
    { from: 1_700_000_000_000, frames: 2, messages: 0 },
    { from: 1_700_000_001_000, frames: 2, messages: 0 },
    { from: null, frames: 2, messages: 1, verdicts: { clear: 1 } },
  ]);
});

describe('properties', () => {
  const heard = fc.record({
    at: fc.bigInt({ min: -5_000n, max: 5_000n }).map((milliseconds) => START + milliseconds * 1_000_000n),
    octets: fc.integer({ min: 1, max: 2000 }),
    verdicts: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
  });

  test('nothing is lost, and each frame is in the row of its time', () => {
    fc.assert(
      fc.property(
        fc.array(heard, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1, 7, 250, 1000),
        fc.integer({ min: 1, max: 12 }),
        (frames, interval, cap) => {
          const rows = counted(new IntervalStatistics(interval, cap), frames).rows();
          const sum = (value: (row: (typeof rows)[number]) => number): number =>
            rows.reduce((total, row) => total + value(row), 0);
          expect(sum((row) => row.frames)).toBe(frames.length);
          expect(sum((row) => row.octets)).toBe(frames.reduce((total, { octets }) => total + octets, 0));
          expect(sum((row) => row.messages)).toBe(frames.reduce((total, { verdicts }) => total + verdicts.length, 0));
          for (const row of rows) {
            if (row.from === null) continue;
            const from = row.from;
            const inside = frames.filter((frame) => {
              const time = Number(frame.at / 1_000_000n);
              return time >= from && time < from + interval;
            });
            expect(row.frames).toBe(inside.length);
          }
          expect(rows.filter(({ from }) => from !== null).length).toBeLessThanOrEqual(cap);
        },
      ),
      { numRuns: 200 },
    );
  });
});
