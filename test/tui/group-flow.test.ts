// Rows of a flow beside a plain form of the same rule, over random talkers.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageEvent } from '../../daemon/events.ts';
import { MessageBatches } from '../../daemon/inspection/message-batches.ts';
import { FIRST_ZOOM, GroupFlow, ZOOM_PAUSES } from '../../tui/model/group-flow.ts';
import { MessageStore } from '../../tui/model/message-store.ts';

interface Said {
  readonly source: number;
  readonly after: number;
  readonly rtp: boolean;
  readonly ptkId: number;
  readonly other: boolean;
}

const GROUP = 0xf00001;

function storeOf(said: readonly Said[]): MessageStore {
  const batches = new MessageBatches();
  let time = 1_000_000;
  for (const [index, { source, after, rtp, ptkId, other }] of said.entries()) {
    time += after;
    const event = {
      ...{ v: 1, type: 'message', frame: index + 1, time: '', group: other ? 'f00002' : 'f00001' },
      ...{ source: source.toString(16).padStart(6, '0'), lcid: 3, sduType: 'ip', pgkIndex: 7, pgkId: 39, ptkId },
      ...{ sn: index & 0xffff, length: 100, verdict: 'decrypted', evidenceBits: 99, summary: `m${index}` },
      protocols: rtp ? ['ipv4', 'udp', 'rtp'] : ['ipv4', 'udp'],
    } as MessageEvent;
    batches.add(event, time, []);
  }
  const store = new MessageStore();
  const batch = batches.take();
  if (batch !== null) store.add(batch);
  return store;
}

const said = fc.array(
  fc.record({
    source: fc.integer({ min: 1, max: 3 }),
    after: fc.integer({ min: 0, max: 1500 }),
    rtp: fc.boolean(),
    ptkId: fc.integer({ min: 1, max: 2 }),
    other: fc.boolean(),
  }),
  { maxLength: 80 },
);

/** The rule, slowly: a message belongs to the last row of its own kind, where that ended no longer than a pause ago. */
function plainRows(store: MessageStore, pause: number): number[][] {
  const rows: number[][] = [];
  for (let ordinal = store.first; ordinal < store.count; ordinal++) {
    if (store.group(ordinal) !== GROUP) continue;
    const same = rows.findLast(
      ([first]) =>
        store.source(first) === store.source(ordinal) &&
        store.ptkId(first) === store.ptkId(ordinal) &&
        store.protocols(first) === store.protocols(ordinal),
    );
    const isNear = same !== undefined && store.time(ordinal) - store.time(same.at(-1) as number) <= pause;
    if (isNear && pause > 0) same.push(ordinal);
    else rows.push([ordinal]);
  }
  return rows;
}

describe('flow of a group', () => {
  test.each(ZOOM_PAUSES.map((pause, zoom) => [pause, zoom]))('pauses up to %i ms are one row', (pause, zoom) => {
    fc.assert(
      fc.property(said, (list) => {
        const store = storeOf(list);
        const flow = new GroupFlow(store, GROUP, zoom);
        expect(flow.advance(() => false)).toBe(true);
        const rows = flow.rows.filter(({ kind }) => kind === 'messages');
        expect(
          rows.map((row) => flow.messagesOf(row, 1000).filter((at) => belongs(store, row.from, row.to, at))),
        ).toEqual(plainRows(store, pause));
        for (const row of rows) expect(flow.rows[flow.rowOf(row.first)].member).toBe(row.member);
      }),
    );
  });

  test('a member that takes another PTK id, and a key nobody used before, have rows of their own', () => {
    const one = { source: 1, after: 20, rtp: true, other: false };
    const store = storeOf([
      { ...one, ptkId: 1 },
      { ...one, ptkId: 1 },
      { ...one, ptkId: 2 },
    ]);
    const flow = new GroupFlow(store, GROUP, FIRST_ZOOM);
    flow.advance(() => false);
    expect(flow.rows.map(({ kind, count }) => [kind, count])).toEqual([
      ['pgk', 0],
      ['messages', 2],
      ['ptk', 0],
      ['messages', 1],
    ]);
  });

  test('comes in slices, and ends the same', () => {
    const list = Array.from({ length: 8000 }, (_, index) => ({
      ...{ source: 1 + (index % 3), after: index % 700 === 0 ? 2000 : 20, rtp: true, ptkId: 1, other: false },
    }));
    const store = storeOf(list);
    const whole = new GroupFlow(store, GROUP);
    whole.advance(() => false);
    const sliced = new GroupFlow(store, GROUP);
    let slices = 1;
    while (!sliced.advance(() => true)) slices++;
    expect(slices).toBeGreaterThan(1);
    expect(sliced.rows).toEqual(whole.rows);
  });
});

/** Two rows of one kind lie apart in time: what lies between is not this one's. */
function belongs(store: MessageStore, from: number, to: number, ordinal: number): boolean {
  return store.time(ordinal) >= from && store.time(ordinal) <= to;
}
