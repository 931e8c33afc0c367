// What holds for every capture: the readers equal their slow twin, pieces of any length give the same, what is written
// is read again, and no damage ends in an error.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PcapWriter } from '../../captures/formats/pcap-writer.ts';
import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import { joined, text } from './capture-bytes.ts';
import { soundCapture } from './random-captures.ts';
import { type ReadFrame, readBytes } from './read-all.ts';
import { readReference } from './reference-reader.ts';

const time = { seconds: fc.nat(2 ** 31 - 1), nanoseconds: fc.nat(999_999_999) };
const written = fc.array(
  fc.record({
    ...time,
    bytes: fc.uint8Array({ maxLength: 100 }),
    more: fc.nat(100),
    interfaceId: fc.nat(2),
    comments: fc.array(fc.string({ maxLength: 30 }), { maxLength: 3 }),
    direction: fc.constantFrom(undefined, 'inbound' as const, 'outbound' as const),
  }),
  { maxLength: 20 },
);

describe('every sound capture', () => {
  test('reads as its slow twin reads it, whole and in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(soundCapture, async (input) => {
        const read = await readBytes(input);
        expect(read.problem).toBeNull();
        expect(read.frames).toEqual(readReference(input));
        for (const length of [1, 7, 4096]) {
          expect(await readBytes(input, length)).toEqual(read);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('cut anywhere, gives the frames before the cut and says where', async () => {
    await fc.assert(
      fc.asyncProperty(soundCapture, fc.double({ min: 0, max: 1, noNaN: true }), async (input, part) => {
        const whole = await readBytes(input);
        const cut = input.subarray(0, Math.floor(input.length * part));
        const read = await readBytes(cut);
        expect(read.frames).toEqual(whole.frames.slice(0, read.frames.length));
        expect(read.problem === null || read.problem.offset <= cut.length).toBe(true);
        expect(await readBytes(cut, 7)).toEqual(read);
      }),
      { numRuns: 150 },
    );
  });

  test('damaged anywhere, ends in a problem or in frames within the input, never in an error', async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(soundCapture, damage, async (input, changes) => {
        const damaged = Uint8Array.from(input);
        for (const [at, bits] of changes) {
          const place = at % damaged.length;
          damaged[place] ^= bits;
        }
        const read = await readBytes(damaged);
        expect(read.frames.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(damaged.length);
        expect(read.frames.every(({ nanoseconds }) => nanoseconds < 1_000_000_000)).toBe(true);
        expect(await readBytes(damaged, 7)).toEqual(read);
      }),
      { numRuns: 400 },
    );
  });
});

describe('what is written is read again', () => {
  test('classic pcap', async () => {
    await fc.assert(
      fc.asyncProperty(written, fc.boolean(), async (frames, nano) => {
        const pieces: Uint8Array[] = [];
        const writer = new PcapWriter((piece) => pieces.push(piece), { linkType: 252, nanoseconds: nano });
        for (const { seconds, nanoseconds, bytes, more } of frames) {
          writer.frame(seconds, nanoseconds, bytes, bytes.length + more);
        }
        const { frames: read, problem } = await readBytes(joined(...pieces));
        expect(problem).toBeNull();
        expect(read).toEqual(
          frames.map<ReadFrame>(({ seconds, nanoseconds, bytes, more }, index) => ({
            number: index + 1,
            seconds,
            nanoseconds: nano ? nanoseconds : nanoseconds - (nanoseconds % 1000),
            digits: nano ? 9 : 6,
            linkType: 252,
            interfaceId: 0,
            original: bytes.length + more,
            bytes,
          })),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('pcapng', async () => {
    await fc.assert(
      fc.asyncProperty(written, async (frames) => {
        const pieces: Uint8Array[] = [];
        const writer = new PcapngWriter((piece) => pieces.push(piece), 'sidescope test');
        const linkTypes = [252, 101, 147];
        for (const linkType of linkTypes) {
          writer.addInterface({ linkType, name: `type${linkType}`, description: 'a description' });
        }
        for (const { more, direction, ...frame } of frames) {
          const directed = direction === undefined ? {} : { direction };
          writer.frame({ ...frame, ...directed, original: frame.bytes.length + more });
        }
        const { frames: read, problem } = await readBytes(joined(...pieces));
        expect(problem).toBeNull();
        expect(read).toEqual(
          frames.map<ReadFrame>(({ seconds, nanoseconds, bytes, more, interfaceId }, index) => ({
            number: index + 1,
            seconds,
            nanoseconds,
            digits: 9,
            linkType: linkTypes[interfaceId],
            interfaceId,
            original: bytes.length + more,
            bytes,
          })),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('names, statistics, times that the format cannot say, comments that are too long', async () => {
    const pieces: Uint8Array[] = [];
    const writer = new PcapngWriter((piece) => pieces.push(piece), 'sidescope test');
    const interfaceId = writer.addInterface({ linkType: 101, snapLength: 40 });
    const ipv6 = Uint8Array.from([0xff, 2, ...Array.from({ length: 13 }, () => 0), 1]);
    writer.names([
      { address: Uint8Array.of(239, 255, 0, 7), name: 'Fire 7' },
      { address: ipv6, name: `${'x'.repeat(254)}é` },
    ]);
    writer.frame({ interfaceId, seconds: -1, nanoseconds: 5, bytes: text('a'), comments: ['é'.repeat(40_000)] });
    writer.frame({ interfaceId, seconds: 2 ** 40, nanoseconds: 5, bytes: text('b') });
    writer.statistics({ interfaceId, seconds: 1, nanoseconds: 0, received: 2, dropped: 7 });
    const { frames, marks, problem } = await readBytes(joined(...pieces));
    expect(problem).toBeNull();
    expect(frames).toMatchObject([
      { seconds: 0, nanoseconds: 0 },
      { seconds: 18_446_744_073, nanoseconds: 709_551_615 },
    ]);
    expect(marks.slice(2)).toEqual([
      {
        kind: 'names',
        interfaceId: -1,
        beforeFrame: 1,
        names: new Map([
          ['239.255.0.7', 'Fire 7'],
          ['ff02::1', 'x'.repeat(254)],
        ]),
      },
      { kind: 'drops', interfaceId: 0, dropped: 7, beforeFrame: 3 },
    ]);
  });

  test('the pcapng writer refuses what no reader takes', () => {
    const writer = new PcapngWriter(() => {}, 'sidescope test');
    const frame = { interfaceId: 0, seconds: 0, nanoseconds: 0, bytes: new Uint8Array(262_145) };
    expect(() => writer.frame({ ...frame, bytes: text('a') })).toThrow('interface 0 was not added');
    writer.addInterface({ linkType: 1 });
    expect(() => writer.frame(frame)).toThrow(RangeError);
    expect(() => writer.names([{ address: new Uint8Array(6), name: 'mac' }])).toThrow(RangeError);
    const comments = Array.from({ length: 300 }, () => 'x'.repeat(65_535));
    expect(() => writer.frame({ ...frame, bytes: text('a'), comments })).toThrow(RangeError);
    expect(() => writer.statistics({ ...frame, interfaceId: 1 })).toThrow(RangeError);
  });
});
