// Classic pcap: what a record becomes, in both byte orders and both resolutions.

import { describe, expect, test } from 'vitest';
import { PcapWriter } from '../../../captures/formats/pcap-writer.ts';
import { joined, type Order, pcapHeader, pcapRecord, text } from '../capture-bytes.ts';
import { readBytes } from '../read-all.ts';

describe.each<Order>(['little', 'big'])('classic pcap, %s endian', (order) => {
  test('microseconds', async () => {
    const record = pcapRecord(text('abc'), order, { seconds: 1_700_000_000, fraction: 999_999, original: 70_000 });
    const { frames, marks, problem } = await readBytes(joined(pcapHeader(order, { linkType: 252 }), record));
    expect(problem).toBeNull();
    expect(marks).toEqual([]);
    expect(frames).toEqual([
      {
        number: 1,
        seconds: 1_700_000_000,
        nanoseconds: 999_999_000,
        digits: 6,
        linkType: 252,
        interfaceId: 0,
        original: 70_000,
        bytes: text('abc'),
      },
    ]);
  });

  test('nanoseconds', async () => {
    const record = pcapRecord(text('abc'), order, { seconds: 2 ** 32 - 1, fraction: 999_999_999 });
    const { frames } = await readBytes(joined(pcapHeader(order, { nano: true }), record));
    expect(frames).toMatchObject([{ seconds: 2 ** 32 - 1, nanoseconds: 999_999_999, digits: 9 }]);
  });
});

describe('classic pcap', () => {
  test('a file of 24 octets is whole and holds no frame', async () => {
    expect(await readBytes(pcapHeader())).toEqual({ frames: [], marks: [], problem: null });
  });

  test('an empty frame, and one of 262,144 octets, which does not fit into what is left of the window', async () => {
    const large = new Uint8Array(262_144).fill(7);
    const small = Array.from({ length: 9 }, () => pcapRecord(large));
    const { frames, problem } = await readBytes(joined(pcapHeader(), pcapRecord(new Uint8Array()), ...small));
    expect(problem).toBeNull();
    expect(frames.map(({ bytes }) => bytes.length)).toEqual([0, ...small.map(() => 262_144)]);
    expect(Buffer.compare(frames[9].bytes, large)).toBe(0);
  });

  test('lengths are handed on as Wireshark does: captured above the original, above the snap length', async () => {
    const records = [pcapRecord(text('abc'), 'little', { original: 2 }), pcapRecord(text('abcdef'))];
    const { frames, problem } = await readBytes(joined(pcapHeader('little', { snapLength: 4 }), ...records));
    expect(problem).toBeNull();
    expect(frames.map(({ original, bytes }) => [original, bytes.length])).toEqual([
      [2, 3],
      [6, 6],
    ]);
  });

  test('before version 2.4 the lengths may stand the other way round', async () => {
    const record = pcapRecord(text('abc'), 'little', { captured: 9, original: 3 });
    const { frames } = await readBytes(joined(pcapHeader('little', { minor: 3 }), record));
    expect(frames).toMatchObject([{ original: 9, bytes: text('abc') }]);
  });

  test('a fraction of a second or more is carried', async () => {
    const micro = pcapRecord(text('a'), 'little', { seconds: 5, fraction: 2_000_001 });
    expect((await readBytes(joined(pcapHeader(), micro))).frames).toMatchObject([{ seconds: 7, nanoseconds: 1000 }]);
    const nano = pcapRecord(text('a'), 'little', { seconds: 5, fraction: 2 ** 32 - 1 });
    const { frames } = await readBytes(joined(pcapHeader('little', { nano: true }), nano));
    expect(frames).toMatchObject([{ seconds: 9, nanoseconds: 294_967_295 }]);
  });

  test('the bits of the link type that tell of a frame check sequence are left out', async () => {
    const { frames } = await readBytes(joined(pcapHeader('little', { linkType: 0x14000001 }), pcapRecord(text('a'))));
    expect(frames).toMatchObject([{ linkType: 1 }]);
  });

  test('the writer cuts to microseconds, keeps nanoseconds, and stays within what the format can say', async () => {
    for (const nanoseconds of [false, true]) {
      const pieces: Uint8Array[] = [];
      const writer = new PcapWriter((piece) => pieces.push(piece), { linkType: 147, nanoseconds });
      writer.frame(1_700_000_000, 123_456_789, text('abc'), 40);
      writer.frame(-5, 7, text('d'));
      const { frames, problem } = await readBytes(joined(...pieces));
      expect(problem).toBeNull();
      expect(frames).toMatchObject([
        { seconds: 1_700_000_000, nanoseconds: nanoseconds ? 123_456_789 : 123_456_000, original: 40 },
        { seconds: 0, original: 1, linkType: 147 },
      ]);
    }
    const writer = new PcapWriter(() => {}, { linkType: 1 });
    expect(() => writer.frame(0, 0, new Uint8Array(262_145))).toThrow(RangeError);
  });
});
