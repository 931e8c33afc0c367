// Compressed captures: the same frames as plain ones, in pieces of any length; damage and bombs in bounded memory.

import { spawnSync } from 'node:child_process';
import { deflateRawSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Xxh64 } from '../../../captures/formats/xxh64.ts';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import { joined, octets, pcapHeader, pcapRecord, text } from '../capture-bytes.ts';
import { pieces, readTexts } from '../read-all.ts';
import { xxh64Reference } from '../xxh64-reference.ts';

const frame = (index: number) =>
  Uint8Array.from({ length: 250 + (index % 90) }, (_, at) => (index * 31 + at * at) & 0xff);
const capture = joined(pcapHeader(), ...Array.from({ length: 600 }, (_, index) => pcapRecord(frame(index))));
const few = joined(pcapHeader(), ...Array.from({ length: 9 }, (_, index) => pcapRecord(frame(index))));
const zstdInstalled = spawnSync('zstd', ['--version']).status === 0;
const NO_ZSTD = 'zstd is not installed: the frames that it writes are not read';

function zstd(input: Uint8Array, ...options: string[]): Uint8Array {
  const { stdout, status } = spawnSync('zstd', ['-c', ...options], { input, maxBuffer: 1 << 28 });
  expect(status).toBe(0);
  return new Uint8Array(stdout);
}

/** A zstd frame of raw blocks, made by hand; `checksum` is written where it is given. */
function rawZstd(content: Uint8Array, checksum?: number, sizeOffset = 0): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 100_000) {
    const part = content.subarray(at, at + 100_000);
    const last = at + 100_000 >= content.length ? 1 : 0;
    blocks.push(octets('little', [4, (part.length << 3) | last]).slice(0, 3), part);
  }
  const descriptor = checksum === undefined ? 0x80 : 0x84;
  const header = octets('little', [4, 0xfd2fb528], [1, descriptor], [1, 0x58], [4, content.length + sizeOffset]);
  return joined(header, ...blocks, checksum === undefined ? new Uint8Array() : octets('little', [4, checksum]));
}

describe('gzip', () => {
  test('one member, several, and zeros behind them', async () => {
    const plain = await readTexts(capture);
    const half = capture.length >> 1;
    const members = joined(gzipSync(capture.subarray(0, half)), gzipSync(capture.subarray(half)));
    const padding = new Uint8Array(40_000);
    for (const input of [gzipSync(capture), members, joined(gzipSync(capture), padding), joined(members, padding)]) {
      for (const length of [1 << 16, 4096, 61]) {
        expect(await readTexts(input, length)).toEqual(plain);
      }
    }
  });

  test('one octet at a time, across the border of two members', async () => {
    const part = capture.subarray(0, 2000);
    const members = joined(gzipSync(part.subarray(0, 700)), gzipSync(part.subarray(700)));
    expect(await readTexts(members, 1)).toEqual(await readTexts(part));
  });

  test('cut anywhere, it gives the frames that are there, in pieces of any length', async () => {
    const compressed = gzipSync(capture);
    const plain = await readTexts(capture);
    for (const end of [30, 1000, 20_000, compressed.length - 9, compressed.length - 8, compressed.length - 1]) {
      const read = await readTexts(compressed.subarray(0, end));
      expect(read.problem?.code).toBe('capture.compressed-cut');
      expect(read.frames).toEqual(plain.frames.slice(0, read.frames.length));
      expect(await readTexts(compressed.subarray(0, end), 501)).toEqual(read);
    }
  });

  test('damaged inside, it gives everything before the damage', async () => {
    // A stored block, then a block type that does not exist: the border is known to the octet.
    const sound = deflateRawSync(capture, { level: 0, finishFlush: 2 });
    const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
    const damaged = joined(header, sound, Uint8Array.of(0xff), capture);
    const plain = await readTexts(capture);
    for (const length of [1 << 16, 997]) {
      const read = await readTexts(damaged, length);
      expect(read.frames).toEqual(plain.frames);
      expect(read.problem).toMatchObject({ code: 'capture.compressed-damaged', offset: capture.length });
      expect(read.problem?.message).toContain(`near octet ${10 + sound.length} `);
    }
  });

  test('a bomb is read in bounded memory', async () => {
    const one = pcapRecord(new Uint8Array(200_000));
    const records = joined(...Array.from({ length: 40 }, () => one));
    const bomb = gzipSync(joined(pcapHeader(), ...Array.from({ length: 25 }, () => records)), { level: 9 });
    expect(bomb.length * 900).toBeLessThan(200_000_000);
    const source = frameSourceFromChunks(pieces(bomb, bomb.length));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    let frames = 0;
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      frames += batch.count;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(source.problem).toBeNull();
    expect(frames).toBe(1000);
    // What is no longer needed counts until it is collected.
    expect(most).toBeLessThan(100_000_000);
  });
});

describe('zstd', () => {
  test('what the zstd program writes', async ({ skip }) => {
    skip(!zstdInstalled, NO_ZSTD);
    const plain = await readTexts(capture);
    const half = capture.length >> 1;
    const inputs = [
      zstd(capture),
      zstd(capture, '-19'),
      zstd(capture, '--no-check'),
      joined(zstd(capture.subarray(0, half)), zstd(new Uint8Array()), zstd(capture.subarray(half), '--fast=3')),
    ];
    for (const input of inputs) {
      for (const length of [1 << 16, 4096, 7]) {
        expect(await readTexts(input, length)).toEqual(plain);
      }
    }
    expect(await readTexts(zstd(few), 1)).toEqual(await readTexts(few));
  });

  test('cut anywhere, it gives the frames of the blocks that are there', async ({ skip }) => {
    skip(!zstdInstalled, NO_ZSTD);
    const compressed = zstd(capture);
    const plain = await readTexts(capture);
    for (const end of [5, 17, 5000, compressed.length - 5, compressed.length - 1]) {
      const read = await readTexts(compressed.subarray(0, end));
      expect(read.problem?.code).toBe('capture.compressed-cut');
      expect(read.frames).toEqual(plain.frames.slice(0, read.frames.length));
      expect(await readTexts(compressed.subarray(0, end), 7)).toEqual(read);
    }
  });

  test('raw blocks, a skippable frame before and behind', async () => {
    const skippable = octets('little', [4, 0x184d2a53], [4, 5], text('hello'));
    const checksum = Number(xxh64Reference(capture) & 0xffffffffn);
    const plain = await readTexts(capture);
    expect(await readTexts(joined(skippable, rawZstd(capture, checksum), skippable))).toEqual(plain);
    expect(await readTexts(joined(skippable, rawZstd(capture), skippable), 3)).toEqual(plain);
    const cut = await readTexts(joined(rawZstd(capture), skippable.slice(0, 11)));
    expect(cut.problem).toMatchObject({ code: 'capture.compressed-cut', offset: capture.length });
    expect(cut.frames).toEqual(plain.frames);
  });

  test('a wrong checksum, a wrong length, something behind: damage after everything was given', async () => {
    const plain = await readTexts(capture);
    const checksum = Number(xxh64Reference(capture) & 0xffffffffn);
    for (const input of [
      rawZstd(capture, checksum ^ 1),
      rawZstd(capture, undefined, 1),
      joined(rawZstd(capture), text('garbage')),
    ]) {
      const read = await readTexts(input);
      expect(read.problem).toMatchObject({ code: 'capture.compressed-damaged', offset: capture.length });
      expect(read.frames).toEqual(plain.frames);
    }
  });

  test('damage anywhere ends in a problem or in the same frames, never in an error', async () => {
    const base = zstdInstalled ? zstd(few) : rawZstd(few, Number(xxh64Reference(few) & 0xffffffffn));
    const plain = await readTexts(few);
    await fc.assert(
      fc.asyncProperty(fc.nat(base.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const damaged = Uint8Array.from(base);
        damaged[at] ^= bits;
        const read = await readTexts(damaged);
        expect(read.problem === null ? read : plain).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test('blocks of one repeated octet give at most 128 KiB each', async () => {
    const rle = (size: number) => octets('little', [4, (size << 3) | 2]).slice(0, 3);
    const start = joined(octets('little', [4, 0xfd2fb528], [1, 0], [1, 0x58]));
    const refused = await readTexts(joined(start, rle(131_073), Uint8Array.of(0)));
    expect(refused.problem?.code).toBe('capture.compressed-damaged');
    const bomb = Array.from({ length: 2000 }, () => joined(rle(131_072), Uint8Array.of(0)));
    const source = frameSourceFromChunks(pieces(joined(start, ...bomb), 1 << 16));
    const before = process.memoryUsage().arrayBuffers;
    expect(await source.next()).toBeNull();
    expect(source.problem).toMatchObject({ code: 'capture.not-a-capture' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
  });

  test('the checksum equals its slow twin, in pieces of any length', () => {
    expect(xxh64Reference(new Uint8Array())).toBe(0xef46db3751d8e999n);
    expect(xxh64Reference(text('abc'))).toBe(0x44bc2cf5ad770999n);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 70 }), (input, length) => {
        const sum = new Xxh64();
        for (let at = 0; at < input.length; at += length) {
          sum.update(input.subarray(at, at + length));
        }
        expect(BigInt(sum.low32())).toBe(xxh64Reference(input) & 0xffffffffn);
      }),
      { numRuns: 500 },
    );
  });
});
