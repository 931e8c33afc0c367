// The fan-out under a clock of our own: what is shared, what a slow subscriber gets, and what leaves when keys and grants
// change.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { FanOut } from '../../../daemon/relay/fan-out.ts';
import { QUEUE_RECORDS } from '../../../daemon/relay/protocol.ts';
import type { Subscription } from '../../../daemon/relay/subscription.ts';
import { numbered } from '../record-blocks.ts';
import { captureFinding, FakeHost, messageRecord } from './fake-host.ts';
import { FakeOutlet, range, wish } from './fake-outlet.ts';

let host: FakeHost;
let time: number;
let fanOut: FanOut;

beforeEach(() => {
  host = new FakeHost();
  time = 0;
  fanOut = new FanOut(host, () => time);
});

function subscribe(more: Parameters<typeof wish>[0] = {}): { outlet: FakeOutlet; subscription: Subscription } {
  const outlet = new FakeOutlet();
  return { outlet, subscription: fanOut.subscribe(outlet, wish(more)) };
}

function deliver(
  count: number,
  make: (seq: number) => ReturnType<typeof messageRecord> = (seq) => messageRecord(seq),
): void {
  fanOut.deliver(numbered(host.keep(Array.from({ length: count }, (_, index) => make(host.head + 1 + index)))));
}

/** Time goes by until what was delivered is in the journal only. */
function forgetMemory(): void {
  time += 10_000;
  fanOut.sweep();
  fanOut.sweep();
}

const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });

describe('what is shared', () => {
  test('subscribers that may see and want the same get the very same octets; others do not', () => {
    const one = subscribe().outlet;
    const same = subscribe().outlet;
    const meta = subscribe({ view: 'meta' }).outlet;
    const filtered = subscribe({ filterText: 'slrb.sn == 2' }).outlet;
    deliver(3);
    fanOut.flush();
    expect(fanOut.streams).toBe(3);
    expect(one.seqs).toEqual([1, 2, 3]);
    expect(same.sent[1]).toBe(one.sent[1]);
    expect(meta.seqs).toEqual([1, 2, 3]);
    expect(JSON.stringify(meta.items)).not.toContain('payload');
    expect(filtered.seqs).toEqual([2]);
  });

  test('a stream ends with its last subscriber', () => {
    const { subscription } = subscribe();
    fanOut.unsubscribe(subscription);
    fanOut.unsubscribe(subscription);
    expect([fanOut.streams, fanOut.subscriptions]).toEqual([0, 0]);
  });

  test('messages stay below 64 KiB, whatever comes at once', () => {
    const { outlet } = subscribe();
    deliver(1000);
    fanOut.flush();
    expect(outlet.sent.length).toBeGreaterThan(5);
    expect(Math.max(...outlet.sent.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024 + 100);
    expect(outlet.seqs).toEqual(range(1, 1000));
  });
});

describe('who sees what', () => {
  test('downgraded plaintext only for who asks; forensic only for the view; keyless records need no key', () => {
    const plain = subscribe().outlet;
    const downgraded = subscribe({ downgraded: true }).outlet;
    const forensic = subscribe({
      grants: [{ gid: '*', views: ['forensic'] }],
      view: 'forensic',
      reason: 'case 7',
    }).outlet;
    deliver(1, (seq) => messageRecord(seq, { verdict: 'downgraded' }, { access: 'downgraded', key: null }));
    deliver(1, (seq) => messageRecord(seq, { verdict: 'stale' }, { access: 'forensic' }));
    deliver(1, (seq) => messageRecord(seq, { verdict: 'clear' }, { key: null }));
    fanOut.flush();
    const shown = ({ items }: FakeOutlet): number[] =>
      items.flatMap((item) => ('seq' in item && 'payload' in item.record ? [item.seq] : []));
    expect([shown(plain), shown(downgraded), shown(forensic)]).toEqual([[3], [1, 3], [2, 3]]);
    expect([plain.seqs, downgraded.seqs, forensic.seqs]).toEqual([range(1, 3), range(1, 3), range(1, 3)]);
  });

  test('findings without a group: of the capture for all, others for who may see every group', () => {
    const one = subscribe({ grants: [{ gid: 'f00001', views: ['meta'] }], view: 'meta' }).outlet;
    const all = subscribe({ view: 'meta' }).outlet;
    deliver(1, captureFinding);
    deliver(1, (seq) => {
      const record = captureFinding(seq);
      return { ...record, event: { ...record.event, name: 'mikey.replay' } as typeof record.event };
    });
    fanOut.flush();
    expect([one.seqs, all.seqs]).toEqual([[1], [1, 2]]);
  });

  test('a filter sees only what its subscriber sees', () => {
    const plain = subscribe({ filterText: 'rtp' }).outlet;
    const meta = subscribe({ filterText: 'rtp', view: 'meta' }).outlet;
    deliver(1);
    fanOut.flush();
    host.refusedKeys.add('f00001/39');
    deliver(1);
    fanOut.flush();
    expect([plain.seqs, meta.seqs]).toEqual([[1], []]);
  });

  test('nothing plain leaves while the disk is full, and it comes back', () => {
    const { outlet } = subscribe();
    host.plainAllowed = false;
    deliver(1);
    fanOut.flush();
    host.plainAllowed = true;
    deliver(1);
    fanOut.flush();
    const withPayload = outlet.items.filter((item) => 'seq' in item && 'payload' in item.record);
    expect(withPayload).toMatchObject([{ seq: 2 }]);
    expect(outlet.seqs).toEqual([1, 2]);
  });

  test('nothing leaves when the grant does not hold', () => {
    const { outlet } = subscribe();
    outlet.granted = false;
    deliver(3);
    fanOut.flush();
    fanOut.sweep();
    expect(outlet.seqs).toEqual([]);
  });
});

describe('keys that are taken back', () => {
  test('queued plaintext is stripped: what waits for a slow socket goes out as metadata', () => {
    const { outlet } = subscribe();
    const fast = subscribe().outlet;
    outlet.writable = false;
    deliver(3);
    fanOut.flush();
    expect(JSON.stringify(fast.items)).toContain('payload');
    expect(fast.keys.at(-1)).toMatchObject([{ key: { pgkId: 39 }, track: 0 }]);
    host.refusedKeys.add('f00001/39');
    fanOut.keysChanged();
    expect(fanOut.counts.stripped).toBe(3);
    outlet.writable = true;
    fanOut.flush();
    expect(outlet.seqs).toEqual([1, 2, 3]);
    expect(JSON.stringify(outlet.items)).not.toContain('payload');
    expect(outlet.keys.at(-1)).toEqual([]);
  });

  test('a window that ends between flush and send counts, without anybody saying so', () => {
    const { outlet } = subscribe();
    outlet.writable = false;
    deliver(2);
    fanOut.flush();
    host.refusedKeys.add('f00001/39');
    outlet.writable = true;
    fanOut.flush();
    expect(outlet.seqs).toEqual([1, 2]);
    expect(JSON.stringify(outlet.items)).not.toContain('payload');
  });
});

describe('slow subscribers', () => {
  test('gap: the exact range and count, then it goes on; nobody else notices', () => {
    const slow = subscribe({ slow: 'gap', grants: [{ gid: 'f00001', views: ['meta'] }], view: 'meta' }).outlet;
    const fast = subscribe({ view: 'meta' }).outlet;
    slow.writable = false;
    for (let round = 0; round < 60; round++) {
      // Every second record is of another group.
      deliver(100, (seq) => messageRecord(seq, { group: seq % 2 === 0 ? 'f00002' : 'f00001' }));
      time += 50;
      fanOut.flush();
      fanOut.sweep();
    }
    expect(fast.seqs).toEqual(range(1, 6000));
    slow.writable = true;
    fanOut.flush();
    const [{ from, to, reason, records }] = slow.gaps;
    expect(slow.gaps).toHaveLength(1);
    expect([from, reason]).toEqual([1, 'slow']);
    expect(records).toBe(Math.ceil(to / 2));
    expect(slow.seqs).toEqual(range(to + 1, 6000).filter((seq) => seq % 2 === 1));
    expect(fanOut.counts.dropped).toBe(records);
  });

  test.each([
    ['records', QUEUE_RECORDS + 200, 0, undefined],
    ['age', 1, 2001, undefined],
    ['octets', 300, 0, '00'.repeat(16_000)],
  ] as const)('disconnect (1013) above the bound of %s', (_what, count, wait, payload) => {
    const { outlet } = subscribe();
    outlet.writable = false;
    const make = (seq: number) =>
      payload === undefined ? messageRecord(seq) : messageRecord(seq, {}, { plain: { payload } });
    deliver(count, make);
    fanOut.flush();
    for (let waited = 0; waited < wait; waited += 667) {
      expect(outlet.closed).toBeNull();
      time += 667;
      fanOut.sweep();
    }
    if (wait === 0) fanOut.sweep();
    expect(outlet.closed).toEqual([1013, 'the queue of a subscription is full']);
    expect(fanOut.counts.slowClosed).toBe(1);
  });

  test('at the bounds nothing happens', () => {
    const { outlet } = subscribe();
    outlet.writable = false;
    deliver(QUEUE_RECORDS);
    fanOut.flush();
    time += 2000;
    fanOut.sweep();
    expect(outlet.closed).toBeNull();
    outlet.writable = true;
    fanOut.flush();
    expect(outlet.seqs).toEqual(range(1, QUEUE_RECORDS));
  });
});

describe('a process that stood still', () => {
  test('records that came before it are sent when it goes on, and nobody is taken for slow', () => {
    const { outlet } = subscribe();
    const waiting = subscribe().outlet;
    fanOut.sweep();
    waiting.writable = false;
    deliver(10);
    fanOut.flush();
    deliver(10);
    time += 30_000;
    deliver(10);
    fanOut.sweep();
    waiting.writable = true;
    fanOut.flush();
    fanOut.sweep();
    expect([outlet.seqs, waiting.seqs]).toEqual([range(1, 30), range(1, 30)]);
    expect([outlet.closed, waiting.closed]).toEqual([null, null]);
  });
});

describe('the past', () => {
  test('from the journal, with plaintext deciphered again, then live: each once, in order', async () => {
    deliver(1500);
    forgetMemory();
    const { outlet } = subscribe({ since: 100 });
    for (let round = 0; round < 20; round++) {
      deliver(10);
      fanOut.flush();
      await settle();
    }
    expect(outlet.seqs).toEqual(range(101, 1700));
    expect(outlet.items.filter((item) => 'seq' in item && !('payload' in item.record))).toEqual([]);
  });

  test('what the journal has no more is a gap with its reason', async () => {
    deliver(50);
    host.keptFrom = 20;
    forgetMemory();
    const { outlet } = subscribe({ since: 0 });
    await settle();
    expect(outlet.items[0]).toEqual({ gap: { from: 1, to: 19, reason: 'deleted by age', records: null } });
    expect(outlet.seqs).toEqual(range(20, 50));
  });

  test('a journal that cannot be read: a gap up to what is in memory', async () => {
    deliver(50);
    forgetMemory();
    host.history = () => Promise.reject(new Error('EIO'));
    const { outlet } = subscribe({ since: 0 });
    await settle();
    deliver(5);
    fanOut.flush();
    await settle();
    fanOut.sweep();
    expect(outlet.gaps).toEqual([{ from: 1, to: 50, reason: 'history cannot be read', records: null }]);
    expect(outlet.seqs).toEqual(range(51, 55));
  });

  test('plaintext of the past is asked for only where the view and the key allow it', async () => {
    deliver(3);
    deliver(1, (seq) => messageRecord(seq, { verdict: 'no-key' }, { plain: null, key: null }));
    forgetMemory();
    const asked: string[] = [];
    const plainOf = host.plainOf.bind(host);
    host.plainOf = (records, view, reason) => {
      asked.push(`${view} ${records.map(({ seq }) => seq).join()} ${reason}`);
      return plainOf(records, view, reason);
    };
    subscribe({ since: 0, view: 'meta' });
    await settle();
    subscribe({ since: 0 });
    await settle();
    subscribe({ since: 0, grants: [{ gid: '*', views: ['forensic'] }], view: 'forensic', reason: 'case 7' });
    await settle();
    expect(asked).toEqual(['plain 1,2,3 null', 'forensic 1,2,3 case 7']);
  });

  test('a key that is taken back while its plaintext is deciphered again: metadata', async () => {
    deliver(3);
    forgetMemory();
    const plainOf = host.plainOf.bind(host);
    host.plainOf = async (records, view, reason) => {
      const parts = await plainOf(records, view, reason);
      host.refusedKeys.add('f00001/39');
      return parts;
    };
    const { outlet } = subscribe({ since: 0 });
    await settle();
    expect(outlet.seqs).toEqual([1, 2, 3]);
    expect(JSON.stringify(outlet.items)).not.toContain('payload');
  });

  test.each([
    ['json', 'history'],
    ['json', 'plainOf'],
    ['pcapng', 'history'],
    ['pcapng', 'plainOf'],
    ['pcapng', 'frames'],
  ] as const)('%s: a subscription that ends while %s is waited for gets nothing more', async (format, asked) => {
    deliver(3);
    forgetMemory();
    const told = subscribe({ since: 0, format });
    await settle();
    expect(told.outlet.sent.length).toBeGreaterThan(0);
    const answer = host[asked].bind(host) as (...request: unknown[]) => Promise<never>;
    let asks = 0;
    host[asked] = async (...request: unknown[]): Promise<never> => {
      const result = await answer(...request);
      asks++;
      fanOut.unsubscribe(subscription);
      return result;
    };
    const { subscription, outlet } = subscribe({ since: 0, format });
    await settle();
    expect(asks).toBe(1);
    expect(outlet.sent).toEqual([]);
  });
});

/** What may happen, for the property below. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('flush' as const) }),
  fc.record({ kind: fc.constant('sweep' as const), wait: fc.integer({ min: 0, max: 1500 }) }),
  fc.record({ kind: fc.constant('socket' as const), who: fc.integer({ min: 0, max: 3 }), writable: fc.boolean() }),
  fc.record({ kind: fc.constant('key' as const), usable: fc.boolean() }),
  fc.record({ kind: fc.constant('settle' as const) }),
);

test('whatever happens: every record once, in order, or inside a gap; plaintext only while its key may be used', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 60 }), async (steps, since) => {
      host = new FakeHost();
      time = 0;
      fanOut = new FanOut(host, () => time);
      deliver(60);
      forgetMemory();
      const outlets = [
        subscribe({ slow: 'gap' }).outlet,
        subscribe({ slow: 'gap', since }).outlet,
        subscribe({ slow: 'gap', view: 'meta', since }).outlet,
        subscribe({ slow: 'gap', since: 60 }).outlet,
      ];
      const firsts = [61, since + 1, since + 1, 61];
      const checkSecret = (): void => {
        // What was sent since the last look must not hold plaintext when the key may not be used.
        for (const [who, outlet] of outlets.entries()) {
          const fresh = outlet.sent.slice(looked[who]);
          looked[who] = outlet.sent.length;
          if (host.refusedKeys.size > 0) expect(Buffer.concat(fresh).includes('payload')).toBe(false);
        }
      };
      const looked = outlets.map(() => 0);
      for (const one of steps) {
        if (one.kind === 'deliver') deliver(one.count);
        if (one.kind === 'flush') fanOut.flush();
        if (one.kind === 'sweep') {
          time += one.wait;
          fanOut.sweep();
        }
        if (one.kind === 'socket') outlets[one.who].writable = one.writable;
        if (one.kind === 'settle') await settle();
        checkSecret();
        if (one.kind === 'key') {
          if (one.usable) host.refusedKeys.clear();
          else host.refusedKeys.add('f00001/39');
          fanOut.keysChanged();
        }
      }
      for (const outlet of outlets) outlet.writable = true;
      for (let round = 0; round < 6; round++) {
        fanOut.flush();
        await settle();
      }
      checkSecret();
      for (const [who, outlet] of outlets.entries()) {
        let next = firsts[who];
        for (const item of outlet.items) {
          const from = 'seq' in item ? item.seq : item.gap.from;
          expect(from).toBe(next);
          next = 'seq' in item ? next + 1 : item.gap.to + 1;
        }
        expect(next).toBe(host.head + 1);
        expect(outlet.closed).toBeNull();
      }
    }),
    { numRuns: 150 },
  );
});
