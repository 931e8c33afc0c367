import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlotTable } from '../../../daemon/engine/slot-table.ts';

describe('SlotTable', () => {
  test('gives each key its own slot and finds it again', () => {
    const table = new SlotTable(1024, () => undefined);
    const slot = -1 - table.obtain(1, 2, 3);
    expect(table.find(1, 2, 3)).toBe(slot);
    expect(table.obtain(1, 2, 3)).toBe(slot);
    expect(table.find(1, 2, 4)).toBe(-1);
    expect(table.size).toBe(1);
  });

  test('agrees with a Map below its cap, over growth', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(20), fc.nat(3)), { maxLength: 4000 }), (keys) => {
        const capacities: number[] = [];
        const table = new SlotTable(1 << 15, (capacity) => capacities.push(capacity));
        const twin = new Map<string, number>();
        for (const [a, b, c] of keys) {
          const name = `${a} ${b} ${c}`;
          const obtained = table.obtain(a, b, c);
          const known = twin.get(name);
          if (known === undefined) twin.set(name, -1 - obtained);
          expect(obtained).toBe(known ?? obtained);
          expect(obtained < 0).toBe(known === undefined);
        }
        for (const [name, slot] of twin) {
          const [a, b, c] = name.split(' ').map(Number);
          expect(table.find(a, b, c)).toBe(slot);
          expect(table.holds(slot, a, b, c)).toBe(true);
        }
        expect(new Set(twin.values()).size).toBe(twin.size);
        expect(capacities.at(-1)).toBeGreaterThanOrEqual(table.size);
      }),
      { numRuns: 20 },
    );
  });

  test('at its cap gives up an entry that was not touched, counts it, and tells', () => {
    const evicted: number[] = [];
    const table = new SlotTable(
      1024,
      () => undefined,
      (slot) => evicted.push(slot),
    );
    for (let i = 0; i < 1024; i++) table.obtain(i, 0, 0);
    // The first further key clears all marks and takes slot 0; key 1 is touched and stays over the next.
    table.obtain(5000, 0, 0);
    expect(table.find(0, 0, 0)).toBe(-1);
    expect(table.holds(0, 0, 0, 0)).toBe(false);
    expect(table.holds(0, 5000, 0, 0)).toBe(true);
    table.obtain(1, 0, 0);
    table.obtain(5001, 0, 0);
    expect(table.find(1, 0, 0)).toBe(1);
    expect(table.find(2, 0, 0)).toBe(-1);
    expect(evicted).toEqual([0, 2]);
    expect(table.evictions).toBe(2);
    expect(table.size).toBe(1024);
  });

  test('gives up what a list of marks gives up that a hand goes round', () => {
    const CAP = 1024;
    // Mostly few keys, which are asked for again, among a flood of others.
    const key = fc.oneof(fc.nat(600), fc.nat(4000));
    fc.assert(
      fc.property(fc.array(key, { minLength: 3000, maxLength: 6000 }), (keys) => {
        const evicted: number[] = [];
        const table = new SlotTable(
          CAP,
          () => undefined,
          (slot) => evicted.push(slot),
        );
        const held: { key: number; used: boolean }[] = [];
        const wanted: number[] = [];
        let hand = 0;
        for (const one of keys) {
          table.obtain(one, 1, 2);
          const known = held.find((entry) => entry.key === one);
          if (known !== undefined) known.used = true;
          else if (held.length < CAP) held.push({ key: one, used: true });
          else {
            for (; held[hand].used; hand = (hand + 1) % CAP) held[hand].used = false;
            wanted.push(hand);
            held[hand] = { key: one, used: true };
            hand = (hand + 1) % CAP;
          }
        }
        expect(evicted).toEqual(wanted);
        for (const [slot, entry] of held.entries()) expect(table.find(entry.key, 1, 2)).toBe(slot);
      }),
      { numRuns: 10 },
    );
  });

  test('never holds more than its cap under a flood', () => {
    const table = new SlotTable(1024, () => undefined);
    for (let i = 0; i < 20_000; i++) table.obtain(i * 7, i, i >>> 3);
    expect(table.size).toBe(1024);
    expect(table.evictions).toBe(20_000 - 1024);
  });
});
