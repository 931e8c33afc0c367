// Keys in columns against the same keys as objects.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EpochContents } from '../../../daemon/keyring/group.ts';
import { KeyColumns, KeyRange } from '../../../daemon/keyring/key-columns.ts';

const rarely = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.nat({ max: 2 ** 40 }) },
);
const key = fc.record({
  id: fc.nat({ max: 3 }),
  octets: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
  algorithm: fc.option(fc.nat({ max: 3 })),
  notBefore: fc.nat({ max: 20 }),
  notAfter: fc.nat({ max: 40 }),
  revokedAt: rarely,
  compromisedAt: rarely,
  suspendedAt: rarely,
  resumedAt: rarely,
  destroyedAt: rarely,
});

function columnsOf(keys: readonly EpochContents[], room: number): KeyColumns {
  const columns = new KeyColumns(room);
  for (const each of keys) {
    const place = columns.reserve();
    if (each.octets !== null) columns.octets.set(each.octets, place);
    columns.add(each, each.octets !== null);
  }
  return columns;
}

test('every key of a range is as it was added, however the columns grew', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 80 }), fc.nat({ max: 40 }), fc.nat({ max: 80 }), (keys, room, first) => {
      const columns = columnsOf(keys, room);
      const from = Math.min(first, keys.length);
      const range = new KeyRange(columns, from, keys.length - from);
      const found = Array.from({ length: range.length }, (_, at) => range.contents(at));
      expect(found).toEqual(keys.slice(from));
    }),
  );
});

test('keys are apart where each comes behind those of its id', () => {
  const ordered = fc.array(key, { maxLength: 5 }).map((keys) => keys.sort((a, b) => a.id - b.id));
  let apart = 0;
  fc.assert(
    fc.property(ordered, (keys) => {
      const isApart = keys.every((each, i) => {
        const before = keys[i - 1];
        return before === undefined || before.id < each.id || before.notAfter <= each.notBefore;
      });
      if (isApart) apart++;
      expect(new KeyRange(columnsOf(keys, 2), 0, keys.length).isApart).toBe(isApart);
    }),
    { numRuns: 300 },
  );
  expect(apart).toBeGreaterThan(30);
  expect(apart).toBeLessThan(280);
});

test('columns that grow leave no octets behind', () => {
  const columns = new KeyColumns(1);
  columns.octets.fill(0xab, 0, 32);
  columns.addUsual(1, 0, 1);
  const before = columns.octets;
  columns.reserve();
  expect(columns.octets).not.toBe(before);
  expect(before.every((octet) => octet === 0)).toBe(true);
  expect(columns.octets.subarray(0, 32).every((octet) => octet === 0xab)).toBe(true);
});
