// Entries that are found with their owners. The slow twin is the table alone, in which all are looked up: both give the
// same slots, also where owners are forgotten and come back, and where the table is full.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OwnedSlots } from '../../../daemon/engine/owned-slots.ts';
import { SlotTable } from '../../../daemon/engine/slot-table.ts';

const CAP = 1024;
const PLACES = 16;

/** Somebody who owns entries, at a place that others had before. */
const step = fc.record({
  who: fc.nat({ max: 40 }),
  // Most have one entry, some a few, and some so many that the table is full.
  which: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 200 })),
  place: fc.nat({ max: PLACES - 1 }),
  asks: fc.boolean(),
});

test.each([CAP, 1 << 14])('as if each were looked up, cap %i', (cap) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6000, size: 'max' }), (steps) => {
      const owned = new OwnedSlots(new SlotTable(cap, () => undefined));
      const twin = new SlotTable(cap, () => undefined);
      owned.grow(PLACES);
      const at: (number | null)[] = Array.from({ length: PLACES }, () => null);
      for (const { who, which, place, asks } of steps) {
        let owner = at.indexOf(who);
        if (owner < 0) {
          owner = place;
          // A place is another one's from now on; at first it is fresh only where nobody was forgotten yet.
          owned.forget(owner);
          at[owner] = who;
        }
        if (asks) expect(owned.find(owner, who, which, 7)).toBe(twin.find(who, which, 7));
        else expect(owned.obtain(owner, who, which, 7)).toBe(twin.obtain(who, which, 7));
      }
      expect(owned.slots.evictions).toBe(twin.evictions);
    }),
    { numRuns: 30 },
  );
});

test('the only entry of an owner is found with it, and by no look-up before there is a second one', () => {
  const owned = new OwnedSlots(new SlotTable(CAP, () => undefined));
  owned.grow(4);
  expect(owned.find(1, 5, 6, 7)).toBe(-1);
  const slot = -1 - owned.obtain(1, 5, 6, 7);
  expect(owned.obtain(1, 5, 6, 7)).toBe(slot);
  expect(owned.find(1, 5, 6, 7)).toBe(slot);
  expect(owned.slots.find(5, 6, 7)).toBe(-1);
  const second = -1 - owned.obtain(1, 5, 6, 8);
  expect([owned.slots.find(5, 6, 7), owned.slots.find(5, 6, 8)]).toEqual([slot, second]);
  expect([owned.find(1, 5, 6, 7), owned.find(1, 5, 6, 8)]).toEqual([slot, second]);
});

test('many more than there is room for at first, of which a few are looked up', () => {
  const owned = new OwnedSlots(new SlotTable(1 << 14, () => undefined));
  owned.grow(1 << 14);
  for (let owner = 0; owner < 10_000; owner++) {
    expect(owned.obtain(owner, owner, 1, 0)).toBe(-1 - owned.slots.size + 1);
    if (owner % 10 === 0) owned.obtain(owner, owner, 2, 0);
  }
  for (let owner = 0; owner < 10_000; owner++) {
    expect(owned.slots.holds(owned.find(owner, owner, 1, 0), owner, 1, 0)).toBe(true);
    expect(owned.find(owner, owner, 2, 0) >= 0).toBe(owner % 10 === 0);
  }
});
