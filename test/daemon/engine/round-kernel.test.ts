// Messages that the kernel deciphers for a round: the slow twin copies each and takes it through its cipher.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { LoneMessages } from '../../../daemon/engine/lone-messages.ts';
import { MessageTable, Place } from '../../../daemon/engine/message-table.ts';
import { isCounterCipher, RoundKernel } from '../../../daemon/engine/round-kernel.ts';
import { KERNELS_OCTETS, READ_BEHIND_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { aesKernelFor } from '../../../dissectors/security/aes-eea2.ts';
import { ALGORITHM_ID, createTrafficCipher, type TrafficCipher } from '../../../dissectors/security/algorithm.ts';
import { CipherRuns } from '../../../dissectors/security/cipher-runs.ts';
import { createSharedMemory, type SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import type { WordStream } from '../../../dissectors/security/word-stream-cipher.ts';
import { wordStreamOf } from '../../../dissectors/security/word-streams.ts';
import { hex } from '../../dissectors/security/vectors.ts';

interface Message {
  readonly octets: Uint8Array;
  readonly counter: number;
  readonly lcid: number;
  readonly joined: boolean;
  /** Octets of other things in front of it. */
  readonly gap: number;
}

const message = fc.record({
  octets: fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 110, maxLength: 130 })),
  counter: fc.nat({ max: 0xffff_ffff }),
  lcid: fc.nat({ max: 31 }),
  joined: fc.boolean(),
  gap: fc.nat({ max: 60 }),
});

const OCTETS = 1 << 22;
const shared = createSharedMemory(KERNELS_OCTETS + 2 * OCTETS + READ_BEHIND_OCTETS) as SharedMemory;
const alone = new RoundKernel();
const kernels = [
  ['with memory of its own', alone, null],
  ['in memory that threads share', new RoundKernel(shared), shared],
] as const;

/** A table with these messages, as reassembly leaves it; its batch and its arena in shared memory, or not. */
function tableOf(messages: readonly Message[], memory: SharedMemory | null = null): MessageTable {
  const length = messages.reduce((sum, { gap, octets }) => sum + gap + octets.length, 0);
  // An odd place: frames stand anywhere.
  const bytes = memory === null ? new Uint8Array(length) : new Uint8Array(memory.buffer, KERNELS_OCTETS + 3, length);
  bytes.fill(0xee);
  const table = new MessageTable();
  if (memory !== null) {
    const arenaAt = KERNELS_OCTETS + OCTETS;
    table.plain = new Uint8Array(memory.buffer, arenaAt, OCTETS);
    table.words = new Uint32Array(memory.buffer, arenaAt, OCTETS / 4);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  table.reset({ bytes, view } as unknown as FrameBatch);
  let at = 0;
  for (const { octets, counter, lcid, joined, gap } of messages) {
    const row = table.add();
    at += gap;
    if (!joined) bytes.set(octets, at);
    table.rawPlace[row] = joined ? Place.joined : Place.frame;
    table.rawAt[row] = joined ? table.keepJoined(octets, octets.length) : at;
    at += octets.length;
    table.length[row] = octets.length;
    table.counter[row] = counter;
    table.lcid[row] = lcid;
  }
  return table;
}

function columnsOf(table: MessageTable) {
  return { count: table.counter, bearer: table.lcid, octets: table.length, at: table.plainWord };
}

/** Where the messages of frames begin and end. */
function rangeOf(table: MessageTable): { from: number; end: number } {
  const rows = Array.from({ length: table.count }, (_, row) => row).filter(
    (row) => table.rawPlace[row] === Place.frame,
  );
  return {
    from: Math.min(Number.MAX_SAFE_INTEGER, ...rows.map((row) => table.rawAt[row])),
    end: Math.max(0, ...rows.map((row) => table.rawAt[row] + table.length[row])),
  };
}

function plainOf(table: MessageTable, row: number): Uint8Array {
  const at = table.plainWord[row] * 4;
  return table.plain.subarray(at, at + table.length[row]);
}

function sumOf(octets: Uint8Array): number {
  return octets.reduce((sum, octet, i) => sum + octet * (i % 2 === 0 ? 1 : 256), 0);
}

/** Takes them through the kernel and through the twin, the rows given in one call; the octets that were the same. */
function heldEqual(kernel: RoundKernel, messages: readonly Message[], pek: Uint8Array, rows: Uint32Array): number {
  let octets = 0;
  const cipher = createTrafficCipher('128-EEA2', pek);
  const slow = tableOf(messages);
  for (const row of rows) slow.copyToPlain(row);
  cipher.apply(columnsOf(slow), rows, 0, rows.length, slow.words);
  const fast = tableOf(messages, kernel === alone ? null : shared);
  expect(kernel.attach(fast)).toBe(true);
  for (const row of rows) fast.takePlain(row);
  const { from, end } = rangeOf(fast);
  expect(kernel.begin(fast, from, end, messages.length)).toBe(true);
  if (!isCounterCipher(cipher)) throw new Error('EEA2 enciphers counter blocks');
  kernel.decipher(cipher, columnsOf(fast), fast, rows, 0, rows.length);
  for (const row of rows) {
    expect(hex(plainOf(fast, row))).toBe(hex(plainOf(slow, row)));
    octets += fast.length[row];
    // Above what one call takes nobody sums.
    expect(fast.sum[row]).toBe(fast.length[row] > 32 * 1024 ? 0 : sumOf(plainOf(slow, row)));
  }
  return octets;
}

/** As `heldEqual` for messages of SNOW 3G and ZUC, each under the key and algorithm of its place; how many were summed. */
function heldEqualTogether(kernel: RoundKernel, messages: readonly Message[], peks: readonly Uint8Array[]): number {
  const algorithm = (row: number) => (row % 3 === 0 ? '128-EEA1' : '128-EEA3');
  const cipherOf = (row: number) => createTrafficCipher(algorithm(row), peks[row % peks.length]);
  const rows = Uint32Array.from(messages, (_, i) => messages.length - 1 - i);
  const slow = tableOf(messages);
  const fast = tableOf(messages, kernel === alone ? null : shared);
  expect(kernel.attach(fast)).toBe(true);
  const runs = new CipherRuns();
  const keys = new Uint32Array(Uint8Array.from(Buffer.concat(peks)).buffer);
  for (const [i, row] of rows.entries()) {
    slow.copyToPlain(row);
    cipherOf(row).apply(columnsOf(slow), rows, i, i + 1, slow.words);
    fast.takePlain(row);
    fast.sum[row] = 0;
    const stream = wordStreamOf(ALGORITHM_ID[algorithm(row)]) as WordStream;
    runs.add(stream, keys, (row % peks.length) * 4, i + 1);
  }
  const { from, end } = rangeOf(fast);
  expect(kernel.begin(fast, from, end, messages.length)).toBe(true);
  runs.apply(columnsOf(fast), rows, fast.words, kernel);
  let summed = 0;
  for (const row of rows) {
    const plain = plainOf(slow, row);
    expect(hex(plainOf(fast, row))).toBe(hex(plain));
    if (fast.sum[row] === 0) continue;
    summed++;
    expect(fast.sum[row]).toBe(sumOf(plain));
  }
  return summed;
}

/** Takes messages through the kernel, each under the key of its place, and through the twin; how many the kernel took. */
function heldEqualAlone(kernel: RoundKernel, messages: readonly Message[], peks: readonly Uint8Array[]): number {
  const lone = new LoneMessages(kernel);
  const keys = new Uint32Array(peks.length * 4);
  for (const [i, pek] of peks.entries()) new Uint8Array(keys.buffer).set(pek, i * 16);
  const slow = tableOf(messages);
  const fast = tableOf(messages, kernel === alone ? null : shared);
  expect(kernel.attach(fast)).toBe(true);
  for (let row = 0; row < fast.count; row++) fast.takePlain(row);
  const { from, end } = rangeOf(fast);
  expect(kernel.begin(fast, from, end, messages.length)).toBe(true);
  const taken: number[] = [];
  for (let row = 0; row < fast.count; row++) {
    slow.copyToPlain(row);
    // Two in a row have the same key.
    const place = (row >>> 1) % peks.length;
    createTrafficCipher('128-EEA2', peks[place]).apply(columnsOf(slow), Uint32Array.of(row), 0, 1, slow.words);
    if (!lone.takes(fast, row)) continue;
    lone.add(fast, row, keys, place * 4);
    taken.push(row);
  }
  lone.decipher();
  for (const row of taken) {
    expect(hex(plainOf(fast, row))).toBe(hex(plainOf(slow, row)));
    expect(fast.sum[row]).toBe(sumOf(plainOf(slow, row)));
  }
  lone.wipe();
  return taken.length;
}

beforeAll(() => {
  for (const [, kernel] of kernels) kernel.waitFor(1_000_000);
  // So many messages have been seen that these kernels are there, too.
  for (const algorithm of [1, 3]) expect(wordStreamOf(algorithm)?.kernel(1 << 24)).toBeTruthy();
});

describe.each(kernels)('a round through the kernel %s', (_where, kernel, memory) => {
  test('any messages are what they are one at a time, and summed', () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 40 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (messages, pek) => {
          const octets = messages.reduce((sum, { octets }) => sum + octets.length, 0);
          expect(heldEqual(kernel, messages, pek, Uint32Array.from(messages.keys()))).toBe(octets);
        },
      ),
    );
  });

  test('so are messages of SNOW 3G and ZUC, each under a key of its own', () => {
    const pek = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 200 }),
        fc.array(pek, { minLength: 1, maxLength: 5 }),
        (messages, peks) => {
          heldEqualTogether(kernel, messages, peks);
        },
      ),
      { numRuns: 30 },
    );
    const alike = Array.from({ length: 300 }, (_, i) => ({
      ...{ octets: new Uint8Array(120).fill(i), counter: i, lcid: 3, joined: i % 7 === 0, gap: 4 },
    }));
    expect(heldEqualTogether(kernel, alike, [new Uint8Array(16).fill(5)])).toBe(300);
    // Longer than the kernels can, and more than one call takes at once.
    const long = alike.map((each, i) => ({ ...each, octets: new Uint8Array(i === 9 ? 11_000 : i * 6).fill(i) }));
    expect(heldEqualTogether(kernel, long, [new Uint8Array(16).fill(6)])).toBeGreaterThan(190);
  });

  test('so are messages of 128-EEA2 whose key has few of them', () => {
    const pek = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const alike = Array.from({ length: 600 }, (_, i) => ({
      ...{ octets: new Uint8Array(1 + (i % 300)).fill(i), counter: i << 14, lcid: i & 31, joined: i % 7 === 0, gap: 4 },
    }));
    const peks = Array.from({ length: 7 }, (_, i) => new Uint8Array(16).fill(i));
    aesKernelFor(100_000);
    // Two times 256 of 300, since longer ones go elsewhere.
    expect(heldEqualAlone(kernel, alike, peks)).toBe(512);
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 200 }),
        fc.array(pek, { minLength: 1, maxLength: 9 }),
        (messages, several) => {
          expect(heldEqualAlone(kernel, messages, several)).toBe(
            messages.filter(({ octets }) => octets.length > 0).length,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test('only the rows asked for, in their order, the others stay as they are', () => {
    const messages = Array.from({ length: 8 }, (_, i) => ({
      ...{ octets: new Uint8Array(20 * i + 5).fill(i), counter: i, lcid: 3, joined: i % 3 === 0, gap: i },
    }));
    expect(heldEqual(kernel, messages, new Uint8Array(16).fill(9), Uint32Array.of(7, 2, 3))).toBe(145 + 45 + 65);
  });

  test('more than one call takes, and a message that is longer than a call', () => {
    const messages = Array.from({ length: 700 }, (_, i) => ({
      octets: new Uint8Array(i === 350 ? 40_001 : (i * 37) % 400).fill(i),
      ...{ counter: i << 16, lcid: i & 31, joined: i % 50 === 0, gap: i % 7 },
    }));
    expect(heldEqual(kernel, messages, new Uint8Array(16).fill(1), Uint32Array.from(messages.keys()))).toBeGreaterThan(
      100_000,
    );
  });

  test('a round that has outgrown the arena goes without', () => {
    const large = tableOf([{ octets: new Uint8Array(100), counter: 1, lcid: 3, joined: false, gap: 0 }], memory);
    expect(kernel.attach(large)).toBe(true);
    large.length[0] = 16 * 1024 * 1024;
    large.takePlain(0);
    expect(kernel.begin(large, 0, 100, 1)).toBe(false);
  });
});

describe('rounds that go without the kernel', () => {
  const one = { octets: new Uint8Array(100), counter: 1, lcid: 3, joined: false, gap: 0 };

  test('messages that lie far apart, where they would have to be copied', () => {
    const apart = tableOf([one]);
    expect(alone.attach(apart)).toBe(true);
    apart.takePlain(0);
    expect(alone.begin(apart, 0, 5000, 1)).toBe(false);
  });

  test('batches and arenas that lie elsewhere than in the memory that threads share', () => {
    const [, [, together]] = kernels;
    expect(together.attach(tableOf([one]))).toBe(false);
    const table = tableOf([one], shared);
    table.batch = tableOf([one]).batch;
    expect(together.attach(table)).toBe(true);
    table.takePlain(0);
    expect(together.begin(table, 0, 100, 1)).toBe(false);
  });

  test('a forgotten key is not used', () => {
    const cipher: TrafficCipher = createTrafficCipher('128-EEA2', new Uint8Array(16));
    cipher.forget();
    expect(() => cipher.encipherBlocks?.(new Uint8Array(16))).toThrow(/forgotten/);
  });

  test('there is none before it pays, nor for a table that has deciphered something', () => {
    const early = new RoundKernel();
    const table = tableOf([{ octets: new Uint8Array(9), counter: 1, lcid: 3, joined: false, gap: 0 }]);
    early.waitFor(10);
    expect(early.attach(table)).toBe(false);
    table.copyToPlain(0);
    expect(alone.attach(table)).toBe(false);
  });
});
