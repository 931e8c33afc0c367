// pcapng: sections, interfaces, clocks, every kind of block, and how rows are numbered.

import { describe, expect, test } from 'vitest';
import { encodeUpperPdu } from '../../../captures/formats/upper-pdu.ts';
import { CUSTOM_BLOCK_LINKTYPE, NO_INTERFACE } from '../../../captures/frame-batch.ts';
import {
  block,
  interfaceBlock,
  joined,
  type Order,
  octets,
  oldPacketBlock,
  option,
  packetBlock,
  padded,
  pcapngStart,
  section,
  simplePacketBlock,
  statisticsBlock,
  text,
} from '../capture-bytes.ts';
import { readBytes } from '../read-all.ts';

const frame = text('abc');

/** The time of a packet whose interface has the given clock. */
async function timeOf(time: bigint, clock: { resolution?: number; offset?: bigint }) {
  const { frames } = await readBytes(
    joined(section(), interfaceBlock(1, 'little', clock), packetBlock(frame, 'little', { time })),
  );
  const { seconds, nanoseconds, digits } = frames[0];
  return [seconds, nanoseconds, digits];
}

describe.each<Order>(['little', 'big'])('pcapng, %s endian', (order) => {
  test('an enhanced packet', async () => {
    const packet = packetBlock(frame, order, { time: 1_700_000_000_123_456n, original: 9, interfaceId: 1 });
    const { frames, marks, problem } = await readBytes(joined(pcapngStart(order), interfaceBlock(252, order), packet));
    expect(problem).toBeNull();
    expect(frames).toEqual([
      {
        number: 1,
        seconds: 1_700_000_000,
        nanoseconds: 123_456_000,
        digits: 6,
        linkType: 252,
        interfaceId: 1,
        original: 9,
        bytes: frame,
      },
    ]);
    expect(marks).toEqual([
      { kind: 'section', interfaceId: -1, beforeFrame: 1 },
      { kind: 'interface', interfaceId: 0, linkType: 147, beforeFrame: 1 },
      { kind: 'interface', interfaceId: 1, linkType: 252, beforeFrame: 1 },
    ]);
  });

  test('an interface is called what its block says', async () => {
    const named = (value: string) => interfaceBlock(1, order, { options: option(2, text(value), order) });
    const input = joined(section(order), named('wlan0'), named('x'.repeat(300)), named(''), named('eth0\0\0'));
    const { marks } = await readBytes(input);
    expect(marks.slice(1).map(({ name }) => name)).toEqual(['wlan0', 'x'.repeat(255), undefined, 'eth0']);
  });

  test('an obsolete packet counts drops, unless nobody counted', async () => {
    const blocks = [oldPacketBlock(frame, 5, 1_000_001n, order), oldPacketBlock(frame, 0xffff, 2_000_000n, order)];
    const { frames, marks } = await readBytes(joined(pcapngStart(order), ...blocks));
    expect(frames).toMatchObject([
      { seconds: 1, nanoseconds: 1000, bytes: frame },
      { seconds: 2, bytes: frame },
    ]);
    expect(marks.slice(2)).toEqual([{ kind: 'drops', interfaceId: 0, dropped: 5, byFrame: true, beforeFrame: 1 }]);
  });

  test('a simple packet is of interface 0, cut at the snap length, and has the time of the frame before it', async () => {
    const input = joined(
      section(order),
      interfaceBlock(147, order, { snapLength: 2, resolution: 9 }),
      simplePacketBlock(text('ab'), 8, order),
      interfaceBlock(147, order),
      packetBlock(text('d'), order, { time: 1_777_773_600_000_001n, interfaceId: 1 }),
      simplePacketBlock(text('c'), 1, order),
      section(order),
      interfaceBlock(147, order, { resolution: 9 }),
      simplePacketBlock(text('e'), 1, order),
    );
    const common = { linkType: 147, digits: 6 };
    const time = { seconds: 1_777_773_600, nanoseconds: 1000 };
    const expected = [
      // Nothing stands before it.
      { ...common, seconds: 0, nanoseconds: 0, interfaceId: 0, number: 1, original: 8, bytes: text('ab') },
      { ...common, ...time, interfaceId: 1, number: 2, original: 1, bytes: text('d') },
      { ...common, ...time, interfaceId: 0, number: 3, original: 1, bytes: text('c') },
      { ...common, ...time, interfaceId: 2, number: 4, original: 1, bytes: text('e') },
    ];
    expect((await readBytes(input)).frames).toEqual(expected);
    // In pieces: the frame before it went with another batch.
    expect((await readBytes(input, 1)).frames).toEqual(expected);
  });

  test('drop counters: statistics of interface and system, and drop counts of packets', async () => {
    const dropCount = option(4, octets(order, [8, 9]), order);
    const { marks } = await readBytes(
      joined(
        pcapngStart(order),
        statisticsBlock(0, 3, 1, order),
        packetBlock(frame, order, { options: dropCount }),
        statisticsBlock(0, 20, 0, order),
        statisticsBlock(7, 2, 0, order),
        block(5, octets(order, [4, 0], [8, 0]), order),
      ),
    );
    expect(marks.slice(2)).toEqual([
      { kind: 'drops', interfaceId: 0, dropped: 4, beforeFrame: 1 },
      { kind: 'drops', interfaceId: 0, dropped: 9, byFrame: true, beforeFrame: 1 },
      { kind: 'drops', interfaceId: 0, dropped: 20, beforeFrame: 2 },
      { kind: 'drops', interfaceId: -1, dropped: 2, beforeFrame: 2 },
    ]);
  });

  test('names of addresses', async () => {
    const ipv6 = (groups: number[]) => octets(order, ...groups.map((group) => [1, group] as const));
    const record = (type: number, value: Uint8Array) => option(type, value, order);
    const zeros = Array.from({ length: 14 }, () => 0);
    const names = block(
      4,
      joined(
        record(1, joined(Uint8Array.of(239, 255, 0, 7), text('group7.prose\0other\0'))),
        record(2, joined(ipv6([0xff, 2, ...zeros.slice(2), 0, 1]), text('all\0'))),
        record(2, joined(ipv6([...zeros, 0, 0]), text('none\0'))),
        record(2, joined(ipv6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]), text('mixed'))),
        record(1, joined(Uint8Array.of(10, 0, 0, 1), text('\0'))),
        record(1, joined(Uint8Array.of(10, 0, 0, 2), text('x'.repeat(256)))),
        record(3, joined(new Uint8Array(6), text('mac\0'))),
        record(0, new Uint8Array()),
        option(1, text('a comment behind the names'), order),
      ),
      order,
    );
    const { marks, problem } = await readBytes(joined(pcapngStart(order), names));
    expect(problem).toBeNull();
    expect([...(marks[2]?.names ?? [])]).toEqual([
      ['239.255.0.7', 'group7.prose'],
      ['ff02::1', 'all'],
      ['::', 'none'],
      ['2001:db8:0:1:1::', 'mixed'],
    ]);
  });
});

describe('pcapng', () => {
  test('a section may turn the byte order and starts the interfaces anew; numbers go on', async () => {
    const { frames, marks, problem } = await readBytes(
      joined(
        pcapngStart('little'),
        packetBlock(frame, 'little'),
        section('big'),
        interfaceBlock(252, 'big'),
        packetBlock(frame, 'big', { time: 2_000_000n }),
        section('little', { minor: 2 }),
        interfaceBlock(101, 'little'),
        packetBlock(frame, 'little'),
      ),
    );
    expect(problem).toBeNull();
    expect(
      frames.map(({ number, seconds, linkType, interfaceId }) => [number, seconds, linkType, interfaceId]),
    ).toEqual([
      [1, 1, 147, 0],
      [2, 2, 252, 1],
      [3, 1, 101, 2],
    ]);
    expect(marks.map(({ kind, beforeFrame }) => [kind, beforeFrame])).toEqual([
      ['section', 1],
      ['interface', 1],
      ['section', 2],
      ['interface', 2],
      ['section', 3],
      ['interface', 3],
    ]);
  });

  test('blocks that Wireshark numbers as frames are rows without a packet', async () => {
    const custom = octets('little', [4, 32_473], text('custom data'));
    const event = joined(new Uint8Array(24), text('four'));
    const { frames } = await readBytes(
      joined(
        pcapngStart(),
        block(0xbad, custom),
        packetBlock(frame, 'little', { time: 1_500_000n }),
        block(0x40000bad, custom),
        block(9, text('MESSAGE=hi\n')),
        block(0x204, event),
        block(0x77, custom),
        block(0x80000077, custom),
        packetBlock(frame),
      ),
    );
    const none = { linkType: CUSTOM_BLOCK_LINKTYPE, interfaceId: NO_INTERFACE };
    expect(frames).toMatchObject([
      { ...none, number: 1, seconds: 0, nanoseconds: 0, original: 12, bytes: padded(text('custom data')) },
      { number: 2, seconds: 1 },
      { ...none, number: 3, seconds: 1, nanoseconds: 500_000_000 },
      { ...none, number: 4, seconds: 1, bytes: text('MESSAGE=hi\n') },
      { ...none, number: 5, bytes: text('four') },
      { number: 6, seconds: 1, nanoseconds: 0 },
    ]);
  });

  test('secrets are marked and not looked at', async () => {
    const secrets = block(10, octets('little', [4, 0x544c534b], [4, 3], text('key')));
    const { marks } = await readBytes(joined(pcapngStart(), secrets, packetBlock(frame)));
    expect(marks[2]).toEqual({ kind: 'secrets', interfaceId: -1, beforeFrame: 1 });
  });

  test('a file of nothing but marks comes in bounded batches', async () => {
    const many = Array.from({ length: 3000 }, () => statisticsBlock(0, 1, 0));
    const { marks, frames } = await readBytes(joined(pcapngStart(), ...many, packetBlock(frame)));
    expect(marks).toHaveLength(3002);
    expect(marks.every(({ beforeFrame }) => beforeFrame === 1)).toBe(true);
    expect(frames).toHaveLength(1);
  });

  test('a block of 16 MiB is passed over', async () => {
    const large = block(0x77, new Uint8Array((1 << 24) - 12));
    const { frames, problem } = await readBytes(joined(pcapngStart(), large, packetBlock(frame)));
    expect(problem).toBeNull();
    expect(frames).toHaveLength(1);
  });

  test('lengths are handed on as Wireshark does', async () => {
    const { frames } = await readBytes(
      joined(section(), interfaceBlock(1, 'little', { snapLength: 2 }), packetBlock(frame, 'little', { original: 1 })),
    );
    expect(frames).toMatchObject([{ original: 1, bytes: frame }]);
  });
});

describe('the clock of an interface', () => {
  const largest = 2n ** 64n - 1n;
  test.each<[string, bigint, { resolution?: number; offset?: bigint }, number, number, number]>([
    ['microseconds by default', 1_700_000_000_999_999n, {}, 1_700_000_000, 999_999_000, 6],
    ['nanoseconds', 1_700_000_000_999_999_999n, { resolution: 9 }, 1_700_000_000, 999_999_999, 9],
    ['the last nanosecond', largest, { resolution: 9 }, 18_446_744_073, 709_551_615, 9],
    ['the last microsecond of a date', 8_639_999_999_999_999_999n, {}, 8_639_999_999_999, 999_999_000, 6],
    ['a time beyond all dates', largest, { resolution: 0 }, 8_639_999_999_999, 0, 6],
    ['a time before all dates', 7n, { offset: -(2n ** 63n) }, -8_640_000_000_000, 7000, 6],
    ['year 2106', 4_300_000_000_000_001n, {}, 4_300_000_000, 1000, 6],
    ['seconds', 1_234_567n, { resolution: 0 }, 1_234_567, 0, 6],
    ['milliseconds', 1_234_567n, { resolution: 3 }, 1234, 567_000_000, 6],
    ['10^-7 s', 12_345_678n, { resolution: 7 }, 1, 234_567_800, 9],
    ['picoseconds', 1_234_567_891_999n, { resolution: 12 }, 1, 234_567_891, 9],
    ['10^-19 s', 2n ** 63n, { resolution: 19 }, 0, 922_337_203, 9],
    ['10^-127 s', largest, { resolution: 127 }, 0, 0, 9],
    ['2^-0 s', 7n, { resolution: 0x80 }, 7, 0, 6],
    ['2^-19 s', (5n << 19n) + 1n, { resolution: 0x80 | 19 }, 5, 1907, 6],
    ['2^-20 s', 1_234_567n, { resolution: 0x80 | 20 }, 1, 177_374_839, 9],
    ['2^-32 s (NTP)', (1_700_000_000n << 32n) | 0x80000000n, { resolution: 0x80 | 32 }, 1_700_000_000, 500_000_000, 9],
    ['2^-63 s', 2n ** 63n + 2n ** 62n, { resolution: 0x80 | 63 }, 1, 500_000_000, 9],
    ['2^-127 s', largest, { resolution: 255 }, 0, 0, 9],
    ['an offset', 1_234_567n, { offset: 1_700_000_000n }, 1_700_000_001, 234_567_000, 6],
    ['a time before 1970', 1_234_567_891n, { resolution: 9, offset: -100n }, -99, 234_567_891, 9],
    ['time 0', 0n, { resolution: 9 }, 0, 0, 9],
  ])('%s', async (_, time, clock, seconds, nanoseconds, digits) => {
    expect(await timeOf(time, clock)).toEqual([seconds, nanoseconds, digits]);
  });

  test('a resolution of two octets is passed over, as Wireshark does', async () => {
    const odd = interfaceBlock(1, 'little', { options: option(9, Uint8Array.of(9, 9)) });
    const { frames } = await readBytes(joined(section(), odd, packetBlock(frame)));
    expect(frames).toMatchObject([{ seconds: 1, nanoseconds: 0, digits: 6 }]);
  });
});

test('an upper PDU carries the dissector and the original frame', () => {
  expect(encodeUpperPdu('ip', text('PDU'))).toEqual(
    joined(octets('big', [2, 12], [2, 4], text('ip\0\0'), [4, 0]), text('PDU')),
  );
  expect(encodeUpperPdu('mac-lte-framed', text('PDU'), 66_000)).toEqual(
    joined(
      octets('big', [2, 12], [2, 16], text('mac-lte-framed\0\0'), [2, 30], [2, 4], [4, 66_000], [4, 0]),
      text('PDU'),
    ),
  );
});
