// Whatever was put is found and written as it was, until there is more than the caps say.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { PieceStore } from '../../dissectors/piece-store.ts';

const MOST_PIECES = 262_144;
const PIECES = 4000;

function find(store: PieceStore, key: readonly number[]): number {
  store.key.set(key);
  return store.find();
}

function written(store: PieceStore, piece: number): string {
  const out = new AsciiWriter();
  store.write(piece, out);
  return Buffer.from(out.take()).toString('latin1');
}

test('what a Map of texts by key would hold, it holds', () => {
  const key = fc.array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer()), { minLength: 3, maxLength: 3 });
  const text = fc.string({ maxLength: 300 }).map((value) => value.replace(/[^\x20-\x7e]/g, '?'));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, text, fc.integer()), { maxLength: 60 }), (pieces) => {
      const store = new PieceStore(3);
      const twin = new Map<string, readonly [string, number]>();
      for (const [words, octets, value] of pieces) {
        const known = twin.get(words.join());
        const piece = find(store, words);
        expect(piece === -1 ? undefined : [written(store, piece), store.value(piece)]).toEqual(known);
        if (known !== undefined) continue;
        const made = store.put(Buffer.from(octets, 'latin1'), value);
        expect([written(store, made), store.value(made)]).toEqual([octets, value]);
        twin.set(words.join(), [octets, value]);
      }
      expect(store.count).toBe(twin.size);
    }),
  );
});

test('pieces stand where they stood when the table has grown, and one longer than a block has its own', () => {
  const store = new PieceStore(2);
  const long = 'x'.repeat(400_001);
  const textOf = (number: number): string => (number === 7 ? long : `piece ${number}`);
  for (let number = 0; number < 20_000; number++) {
    expect(find(store, [number, number ^ 5])).toBe(-1);
    store.put(Buffer.from(textOf(number)), number);
  }
  for (let number = 0; number < 20_000; number++) {
    const piece = find(store, [number, number ^ 5]);
    expect(store.value(piece)).toBe(number);
    expect(written(store, piece)).toBe(textOf(number));
  }
});

test('above the cap all are forgotten, and kept again from there on', () => {
  const store = new PieceStore(1);
  const octets = Buffer.from('piece');
  for (let number = 0; number < MOST_PIECES; number++) {
    store.key[0] = number;
    store.put(octets, number);
  }
  expect(store.value(find(store, [0]))).toBe(0);
  store.key[0] = MOST_PIECES;
  store.put(octets, MOST_PIECES);
  expect(store.count).toBe(1);
  expect(find(store, [0])).toBe(-1);
  expect(store.value(find(store, [MOST_PIECES]))).toBe(MOST_PIECES);
});

test('long pieces are forgotten by their octets, and one longer than all of the room is kept by itself', () => {
  const store = new PieceStore(1);
  const octets = Buffer.alloc(1 << 25, 'a');
  for (const number of [1, 2, 3]) {
    store.key[0] = number;
    store.put(octets, number);
  }
  expect([1, 2, 3].map((number) => find(store, [number]))).toEqual([-1, -1, 0]);
});

test('words that all scatter to one place are not looked for in all that were put there', () => {
  const factor = 0x9e3779b1;
  const store = new PieceStore(2);
  const { key } = store;
  let looks = 0;
  // What is compared with a piece is read from the key.
  const counting = new Proxy(key, {
    get: (words, member) => {
      looks++;
      return Reflect.get(words, member, words);
    },
  });
  Object.defineProperty(store, 'key', { value: counting });
  for (let number = 0; number < PIECES; number++) {
    key[0] = number;
    const mixed = Math.imul(number, factor);
    key[1] = mixed ^ (mixed >>> 15);
    expect(store.find()).toBe(-1);
    const piece = store.put(Buffer.from(`piece ${number}`), number);
    expect([store.value(piece), written(store, piece), store.find()]).toEqual([number, `piece ${number}`, piece]);
  }
  // Two for each of at most 256 pieces, twice; and what goes with each `put`.
  expect(looks).toBeLessThan(PIECES * (2 * 2 * 256 + 50));
  expect(store.count).toBeLessThanOrEqual(256);
});
