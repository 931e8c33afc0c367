// Full messages leave at once; what is left over behind one waits for the next.

import { beforeEach, describe, expect, test } from 'vitest';
import { FanOut } from '../../../daemon/relay/fan-out.ts';
import { numbered } from '../record-blocks.ts';
import { FakeHost, messageRecord } from './fake-host.ts';
import { FakeOutlet, range, wish } from './fake-outlet.ts';

let host: FakeHost;
let fanOut: FanOut;

beforeEach(() => {
  host = new FakeHost();
  fanOut = new FanOut(host, () => 0);
});

function subscribe(): FakeOutlet {
  const outlet = new FakeOutlet();
  fanOut.subscribe(outlet, wish());
  return outlet;
}

function deliver(count: number): void {
  fanOut.deliver(numbered(host.keep(range(host.head + 1, host.head + count).map((seq) => messageRecord(seq)))));
}

describe('what is left over behind a full message', () => {
  test('waits for the next flush, a sweep or somebody who joins, and is told once', () => {
    const outlet = subscribe();
    expect([fanOut.flush(true), outlet.seqs]).toEqual([false, []]);
    deliver(3);
    expect([fanOut.flush(true), outlet.seqs]).toEqual([false, range(1, 3)]);
    deliver(150);
    expect(fanOut.flush(true)).toBe(true);
    const told = outlet.seqs;
    expect(told.length).toBeGreaterThan(50);
    expect(told).toEqual(range(1, told.length));
    expect(told.length).toBeLessThan(153);
    expect([fanOut.flush(true), outlet.seqs]).toEqual([false, range(1, 153)]);
    deliver(150);
    expect(fanOut.flush(true)).toBe(true);
    fanOut.sweep();
    expect(outlet.seqs).toEqual(range(1, 303));
    deliver(150);
    expect(fanOut.flush(true)).toBe(true);
    const late = subscribe();
    deliver(1);
    expect(fanOut.flush(true)).toBe(false);
    expect(outlet.seqs).toEqual(range(1, 454));
    expect(late.seqs).toEqual([454]);
  });

  test('loses its plaintext where the key is taken back meanwhile', () => {
    const outlet = subscribe();
    deliver(150);
    fanOut.flush(true);
    const before = outlet.seqs.length;
    host.refusedKeys.add('f00001/39');
    fanOut.keysChanged();
    fanOut.flush(true);
    expect(outlet.seqs).toEqual(range(1, 150));
    expect(JSON.stringify(outlet.items.slice(0, before))).toContain('payload');
    expect(JSON.stringify(outlet.items.slice(before))).not.toContain('payload');
  });
});
