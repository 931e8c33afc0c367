// Batches: what the engine gets for many messages in one arena is what one message at a time gives.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CIPHER_ALGORITHMS,
  createTrafficCipher,
  decipher,
  type MessageColumns,
} from '../../../dissectors/security/algorithm.ts';
import { hex } from './vectors.ts';

interface Message {
  readonly count: number;
  readonly bearer: number;
  readonly data: Uint8Array;
}

/** Messages in an arena, each from a whole word on, with `gap` words of 0xee behind each and in its last word. */
function layOut(messages: readonly Message[], gap: number) {
  const columns: MessageColumns = {
    count: Uint32Array.from(messages, (message) => message.count),
    bearer: Uint8Array.from(messages, (message) => message.bearer),
    octets: Uint32Array.from(messages, (message) => message.data.length),
    at: new Uint32Array(messages.length),
  };
  let words = 0;
  for (const [row, message] of messages.entries()) {
    columns.at[row] = words;
    words += Math.ceil(message.data.length / 4) + gap;
  }
  const arena = new Uint32Array(words).fill(0xeeeeeeee);
  const arenaOctets = new Uint8Array(arena.buffer);
  for (const [row, message] of messages.entries()) arenaOctets.set(message.data, 4 * columns.at[row]);
  return { columns, arena, arenaOctets };
}

/** The arena that we want: messages deciphered one by one, the octets between them as they were. */
function expected(algorithm: (typeof CIPHER_ALGORITHMS)[number], pek: Uint8Array, messages: readonly Message[]) {
  return messages.map((message) => ({
    ...message,
    data: decipher(algorithm, pek, message.count, message.bearer, 0, message.data),
  }));
}

const anyMessage = fc.record({
  count: fc.nat({ max: 0xffffffff }),
  bearer: fc.nat({ max: 31 }),
  data: fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 110, maxLength: 130 })),
});

const anyPek = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** Calls that a cipher is given first: behind them 128-EEA2 has the kernel that it uses for few blocks. And messages of the last. */
const FIRST_CALLS = 300;
const FIRST_MESSAGES = 20_000;

beforeAll(() => {
  for (const algorithm of CIPHER_ALGORITHMS) {
    const { columns, arena } = layOut([{ count: 1, bearer: 3, data: new Uint8Array(4) }], 0);
    const cipher = createTrafficCipher(algorithm, new Uint8Array(16));
    for (let call = 0; call < FIRST_CALLS; call++) cipher.apply(columns, Uint32Array.of(0), 0, 1, arena);
    cipher.apply(columns, new Uint32Array(FIRST_MESSAGES), 0, FIRST_MESSAGES, arena);
  }
});

describe.each(CIPHER_ALGORITHMS)('batches of %s', (algorithm) => {
  test('equal one message at a time, and touch nothing else', () => {
    fc.assert(
      fc.property(anyPek, fc.array(anyMessage, { maxLength: 12 }), fc.nat({ max: 2 }), (pek, messages, gap) => {
        const { columns, arena, arenaOctets } = layOut(messages, gap);
        const rows = Uint32Array.from(messages.keys());
        createTrafficCipher(algorithm, pek).apply(columns, rows, 0, rows.length, arena);
        expect(hex(arenaOctets)).toBe(hex(layOut(expected(algorithm, pek, messages), gap).arenaOctets));
      }),
      { numRuns: 60 },
    );
  });

  test('of one message are what those of many are, also where it is one block', () => {
    const length = fc.oneof(fc.constant(16), fc.integer({ min: 0, max: 40 }));
    const message = fc
      .tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 31 }), length)
      .map(([count, bearer, octets]) => ({ count, bearer, data: new Uint8Array(octets).fill(count) }));
    fc.assert(
      fc.property(
        anyPek,
        fc.array(message, { minLength: 2, maxLength: 6 }),
        fc.nat({ max: 2 }),
        (pek, messages, gap) => {
          const [one, all] = [layOut(messages, gap), layOut(messages, gap)];
          const rows = Uint32Array.from(messages.keys());
          const cipher = createTrafficCipher(algorithm, pek);
          for (let row = 0; row < rows.length; row++) cipher.apply(one.columns, rows, row, row + 1, one.arena);
          cipher.apply(all.columns, rows, 0, rows.length, all.arena);
          expect(hex(one.arenaOctets)).toBe(hex(all.arenaOctets));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('take only the rows asked for, in any order', () => {
    const pek = new Uint8Array(16).fill(7);
    const messages = Array.from({ length: 6 }, (_, i) => ({ count: i, bearer: 3, data: new Uint8Array(9 * i + 1) }));
    const { columns, arena, arenaOctets } = layOut(messages, 0);
    createTrafficCipher(algorithm, pek).apply(columns, Uint32Array.of(0, 5, 1, 3, 2), 1, 4, arena);
    const wanted = expected(algorithm, pek, messages).map((message, row) =>
      [5, 1, 3].includes(row) ? message : messages[row],
    );
    expect(hex(arenaOctets)).toBe(hex(layOut(wanted, 0).arenaOctets));
  });

  test('of more key stream than one call of AES gives, with long messages across the calls', () => {
    const pek = Uint8Array.from({ length: 16 }, (_, i) => i);
    const lengths = [8188, 1, 33, 0, 8188, 16, 120, 40_001, 8187, 31, 70_000, 15];
    const messages = lengths.map((length, i) => ({ count: 0x10000 + i, bearer: 4, data: new Uint8Array(length) }));
    const { columns, arena, arenaOctets } = layOut(messages, 1);
    const cipher = createTrafficCipher(algorithm, pek);
    const rows = Uint32Array.from(messages.keys());
    cipher.apply(columns, rows, 0, rows.length, arena);
    const wanted = layOut(expected(algorithm, pek, messages), 1).arenaOctets;
    expect(Buffer.compare(arenaOctets, wanted)).toBe(0);

    cipher.apply(columns, rows, 0, rows.length, arena);
    expect(Buffer.compare(arenaOctets, layOut(messages, 1).arenaOctets)).toBe(0);
  });

  test('DIRECTION reaches the key stream', () => {
    const pek = new Uint8Array(16).fill(1);
    const messages = [{ count: 5, bearer: 3, data: new Uint8Array(20) }];
    const { columns, arena, arenaOctets } = layOut(messages, 0);
    createTrafficCipher(algorithm, pek).apply(columns, Uint32Array.of(0), 0, 1, arena, 1);
    expect(hex(arenaOctets)).toBe(hex(decipher(algorithm, pek, 5, 3, 1, messages[0].data)));
  });

  test('a message beyond the arena is refused before any message is touched', () => {
    const messages = [1, 2].map((count) => ({ count, bearer: 3, data: new Uint8Array(16) }));
    const { columns, arena, arenaOctets } = layOut(messages, 0);
    const cipher = createTrafficCipher(algorithm, new Uint8Array(16).fill(1));
    columns.octets[1] = 17;
    expect(() => cipher.apply(columns, Uint32Array.of(0, 1), 0, 2, arena)).toThrow(RangeError);
    expect(arenaOctets.every((octet) => octet === 0)).toBe(true);
    expect(() => cipher.keyStream(0, 0, 0, 33, arena, 0)).toThrow(RangeError);
    expect(() => cipher.keyStream(0, 0, 0, 4, arena, arena.length)).toThrow(RangeError);
  });

  test('keyStream writes its words and no others', () => {
    const pek = new Uint8Array(16).fill(9);
    const cipher = createTrafficCipher(algorithm, pek);
    for (let length = 0; length <= 40; length++) {
      const out = new Uint32Array(14).fill(0xeeeeeeee);
      cipher.keyStream(77, 5, 0, length, out, 2);
      const wanted = new Uint8Array(56).fill(0xee);
      wanted.fill(0, 8, 8 + 4 * Math.ceil(length / 4));
      wanted.set(decipher(algorithm, pek, 77, 5, 0, new Uint8Array(length)), 8);
      expect(hex(new Uint8Array(out.buffer))).toBe(hex(wanted));
    }
  });

  test('the PEK is copied', () => {
    const pek = new Uint8Array(16).fill(3);
    const cipher = createTrafficCipher(algorithm, pek);
    const before = new Uint32Array(8);
    cipher.keyStream(1, 1, 0, 32, before, 0);
    pek.fill(0);
    const after = new Uint32Array(8);
    cipher.keyStream(1, 1, 0, 32, after, 0);
    expect(after).toEqual(before);
  });
});

describe.each(CIPHER_ALGORITHMS.slice(1))('a forgotten key of %s', (algorithm) => {
  test('is not used again, and leaves other ciphers alone', () => {
    const messages = [{ count: 1, bearer: 1, data: new Uint8Array(8) }];
    const { columns, arena, arenaOctets } = layOut(messages, 0);
    const pek = new Uint8Array(16).fill(5);
    const kept = createTrafficCipher(algorithm, pek);
    const forgotten = createTrafficCipher(algorithm, pek);
    forgotten.forget();
    forgotten.forget();
    expect(() => forgotten.apply(columns, Uint32Array.of(0), 0, 1, arena)).toThrow(/forgotten/);
    expect(() => forgotten.keyStream(1, 1, 0, 8, arena, 0)).toThrow(/forgotten/);
    arena.fill(0);
    kept.apply(columns, Uint32Array.of(0), 0, 1, arena);
    expect(hex(arenaOctets)).toBe(hex(decipher(algorithm, pek, 1, 1, 0, messages[0].data)));
  });
});

const REKEYED = CIPHER_ALGORITHMS.filter((each) => createTrafficCipher(each, new Uint8Array(16)).rekey !== undefined);

describe.each(REKEYED)('another key for %s', (algorithm) => {
  test('is used as a new cipher would, by few octets and by many', () => {
    const cipher = createTrafficCipher(algorithm, new Uint8Array(16).fill(5));
    const keys = Uint8Array.from({ length: 48 }, (_, i) => i * 7);
    for (const octets of [40, 4000]) {
      for (const at of [16, 3, 32]) {
        cipher.keyStream(1, 1, 0, octets, new Uint32Array(1000), 0);
        cipher.rekey?.(keys, at);
        const stream = new Uint32Array(1000);
        cipher.keyStream(7, 1, 0, octets, stream, 0);
        const wanted = decipher(algorithm, keys.slice(at, at + 16), 7, 1, 0, new Uint8Array(octets));
        expect(hex(new Uint8Array(stream.buffer, 0, octets))).toBe(hex(wanted));
      }
    }
    cipher.forget();
    expect(() => cipher.rekey?.(keys, 0)).toThrow(/forgotten/);
  });
});
