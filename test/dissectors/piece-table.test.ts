// Two places a number, and more places where two are too few.

import { expect, test } from 'vitest';
import { PieceTable } from '../../dissectors/piece-table.ts';

const NONE = { number: -1 };
/** 2^12 places at first, 2^14 at most. */
const FIRST = 4096;
const MOST = 16_384;

/** Asks for a piece as an owner does; whether it had to be made. */
function ask(table: PieceTable<{ number: number }>, number: number): boolean {
  const first = table.placeOf(number);
  for (const place of [first, first + 1]) if (table.places[place].number === number) return false;
  table.put(first, { number });
  return true;
}

const madeOf = (table: PieceTable<{ number: number }>, count: number): number =>
  Array.from({ length: count }, (_, i) => ask(table, Math.imul(i ^ (i >>> 7), 0x85eb_ca6b))).filter(Boolean).length;

test('few pieces are made once, and it stays as small as it was', () => {
  const table = new PieceTable(NONE);
  expect(madeOf(table, 200)).toBe(200);
  expect(madeOf(table, 200)).toBe(0);
  expect(table.places).toHaveLength(FIRST);
});

test('of three for the same two places the older one makes room', () => {
  const table = new PieceTable(NONE);
  const same = Array.from({ length: 1 << 20 }, (_, i) => i).filter((i) => table.placeOf(i) === table.placeOf(7));
  const [a, b, c] = same;
  expect([a, b, c, c, b, a].map((number) => ask(table, number))).toEqual([true, true, true, false, false, true]);
});

test.each([2000, 5000])('%i pieces are kept, all but few, once it has grown', (count) => {
  const table = new PieceTable(NONE);
  for (let round = 0; round < 12; round++) madeOf(table, count);
  expect(madeOf(table, count)).toBeLessThan(count / 5);
  expect(table.places.length).toBeLessThanOrEqual(MOST);
});

test('there are never more places than the cap says', () => {
  const table = new PieceTable(NONE);
  for (let round = 0; round < 3; round++) madeOf(table, 200_000);
  expect(table.places).toHaveLength(MOST);
});
