// The messages that are kept, the rows that a filter leaves and the counts of a second, each beside a plain list.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageBatches } from '../../daemon/inspection/message-batches.ts';
import { GroupRow, RATE_SECONDS } from '../../tui/model/group-table.ts';
import { MatchingMessages } from '../../tui/model/message-rows.ts';
import { CHUNK_MESSAGES, MessageStore } from '../../tui/model/message-store.ts';
import { batchesOf, FIRST_TIME, type Told } from './told.ts';

const CAP = CHUNK_MESSAGES;

/** Tells so many messages, frame n the n-th. */
function tell(store: MessageStore, batches: MessageBatches, from: number, count: number): void {
  const told = Array.from({ length: count }, (_, at): Told => ({ frame: from + at + 1 }));
  for (const batch of batchesOf(told, batches)) store.add(batch);
}

describe('messages that are kept', () => {
  test('the oldest go in whole chunks; what is kept is what was told', () => {
    const store = new MessageStore(CAP);
    const batches = new MessageBatches();
    for (let told = 0; told < 4 * CAP; told += 9001) {
      tell(store, batches, told, 9001);
      expect(store.count).toBe(told + 9001);
      expect(store.first % CHUNK_MESSAGES).toBe(0);
      expect(store.count - store.first).toBeLessThanOrEqual(CAP + CHUNK_MESSAGES);
      expect(store.count - store.first).toBeGreaterThanOrEqual(Math.min(store.count, CAP));
      expect(store.has(store.first - 1)).toBe(false);
      expect(store.has(store.count)).toBe(false);
      for (const ordinal of [store.first, (store.first + store.count) >> 1, store.count - 1]) {
        expect(store.frame(ordinal)).toBe(ordinal + 1);
        expect(store.summary(ordinal)).toBe(`m${ordinal + 1}`);
        expect(store.atFrame(ordinal + 1)).toBe(ordinal);
        expect(store.atTime(FIRST_TIME + ordinal + 1)).toBe(ordinal);
      }
    }
    expect(store.first).toBeGreaterThan(0);
    expect(() => store.frame(store.first - 1)).toThrow(RangeError);
  });

  test('a correction changes the message that was told before, and no other', () => {
    const store = new MessageStore(CAP);
    const batches = new MessageBatches();
    const late = { verdict: 'no-key', pgkId: null } as const;
    const told: Told[] = [
      { frame: 1, ...late },
      { frame: 2, source: '0a0b0d', sn: 9, ...late },
      { frame: 2, sn: 9, ...late },
    ];
    for (const batch of batchesOf(told, batches)) expect(store.add(batch)).toEqual([]);
    const [batch] = batchesOf([{ frame: 2, sn: 9, summary: 'opened', corrects: true }, { frame: 3 }], batches);
    const before = store.verdict(2);
    expect(store.add(batch)).toEqual([{ ordinal: 2, before }]);
    expect(store.count).toBe(4);
    expect(store.corrections).toBe(1);
    expect([0, 1, 2, 3].map((ordinal) => store.message(ordinal).verdict)).toEqual([
      'no-key',
      'no-key',
      'decrypted',
      'decrypted',
    ]);
    expect(store.message(2)).toMatchObject({ pgkId: 39, summary: 'opened', protocols: 'ipv4:udp', sourceId: '0a0b0c' });
    expect(store.summary(3)).toBe('m3');
    // One that is not kept, or was never told.
    const [stray] = batchesOf([{ frame: 77, corrects: true }], batches);
    expect(store.add(stray)).toEqual([]);
  });
});

test('rows of a filter are those that a plain list leaves, while messages come and go', () => {
  const step = fc.record({
    told: fc.integer({ min: 0, max: 1.5 * CHUNK_MESSAGES }),
    ahead: fc.integer({ min: 0, max: 40 }),
    matched: fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const store = new MessageStore(CAP);
      const batches = new MessageBatches();
      const rows = new MatchingMessages(store);
      const all: number[] = [];
      for (const { told, ahead, matched } of steps) {
        tell(store, batches, store.count, told);
        let next = (all.at(-1) ?? -1) + 1;
        const added: number[] = [];
        for (const distance of matched) {
          if (next + distance >= store.count + ahead) break;
          next += distance;
          added.push(next);
        }
        rows.add(Uint32Array.from(added));
        all.push(...added);
        const plain = all.filter((ordinal) => store.has(ordinal));
        expect(rows.count).toBe(plain.length);
        expect(plain.map((_, row) => rows.ordinal(row))).toEqual(plain);
        for (const ordinal of [store.first, store.count >> 1, store.count - 1, ...plain.slice(0, 3)]) {
          const at = plain.findIndex((each) => each >= ordinal);
          expect(rows.rowOf(ordinal)).toBe(at < 0 ? plain.length : at);
        }
      }
    }),
    { numRuns: 6 },
  );
});

describe('messages of the last minute', () => {
  const SECOND = 1000;

  test('are those of a plain list, also where time goes back or makes a leap', () => {
    const times = fc.array(fc.integer({ min: -90, max: 200 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 130 }), (steps, after) => {
        const row = new GroupRow(0xf0_0001);
        const seconds: number[] = [];
        let second = 1_777_629_600;
        let newest = Number.NEGATIVE_INFINITY;
        for (const step of steps) {
          second += step;
          // What is older than the minute of the newest one has no place any more.
          if (second > newest - RATE_SECONDS) seconds.push(second);
          newest = Math.max(newest, second);
          row.note(second * SECOND + 7, 1, 100, 0, 39);
        }
        const now = Math.max(newest, 1_777_629_600) + after;
        const plain = Array.from({ length: RATE_SECONDS }, (_, at) => {
          const wanted = now - RATE_SECONDS + 1 + at;
          return seconds.filter((each) => each === wanted && each > newest - RATE_SECONDS).length;
        });
        expect(row.sparkline(now * SECOND)).toEqual(plain);
        expect(row.rate(now * SECOND)).toBeCloseTo(plain.slice(-10).reduce((sum, each) => sum + each, 0) / 10, 9);
      }),
    );
  });
});
