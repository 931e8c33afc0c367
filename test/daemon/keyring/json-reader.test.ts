// Objects of a file: each member once, those that must be there are, however many an object may have.

import { describe, expect, test } from 'vitest';
import { JsonReader, memberTable } from '../../../daemon/keyring/json-reader.ts';

const NAMES = Array.from({ length: 62 }, (_, index) => `member${index}`);

/** Reads an object of numbers that must have all of NAMES. */
function read(names: readonly string[]): Record<string, number> {
  const text = `{${names.map((name, index) => `"${name}": ${index}`).join(', ')}}`;
  const reader = new JsonReader(text, 'made.json', 'made');
  const values: Record<string, number> = {};
  const table = memberTable(NAMES, []);
  reader.document(() => reader.object(table, (name) => (values[name] = reader.integer(0, NAMES.length))));
  return values;
}

test('an object has as many members as a table can have', () => {
  expect(Object.keys(read(NAMES))).toEqual(NAMES);
  expect(Object.keys(read(NAMES.toReversed()))).toHaveLength(NAMES.length);
  expect(() => memberTable([...NAMES, 'one more'], [])).toThrow(RangeError);
});

describe.each([0, 1, 30, 31, 32, 61])('member %i', (number) => {
  test('is missed, and found a second time', () => {
    const others = NAMES.filter((_, index) => index !== number);
    expect(() => read(others)).toThrow(new RegExp(`^member${number} is missing`));
    expect(() => read([...NAMES, NAMES[number]])).toThrow(new RegExp(`^member${number} stands here a second time`));
  });
});
