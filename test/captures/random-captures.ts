// Random sound captures for property tests: classic pcap of every kind, pcapng of several sections and interfaces.

import fc from 'fast-check';

import {
  block,
  interfaceBlock,
  joined,
  type Order,
  oldPacketBlock,
  option,
  packetBlock,
  pcapHeader,
  pcapRecord,
  section,
  simplePacketBlock,
  statisticsBlock,
  text,
} from './capture-bytes.ts';

const order = fc.constantFrom<Order>('little', 'big');
const frame = fc.uint8Array({ maxLength: 120 });
const linkType = fc.integer({ min: 0, max: 0xfffe });

/** A sound classic pcap file. */
export const classicPcap = fc
  .record({
    order,
    nano: fc.boolean(),
    linkType,
    records: fc.array(
      fc.record({
        frame,
        seconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fraction: fc.integer({ min: 0, max: 999_999_999 }),
        more: fc.nat(2000),
      }),
      { maxLength: 20 },
    ),
  })
  .map(({ order, nano, linkType, records }) =>
    joined(
      pcapHeader(order, { nano, linkType }),
      ...records.map(({ frame, seconds, fraction, more }) =>
        pcapRecord(frame, order, {
          seconds,
          fraction: nano ? fraction : fraction % 1_000_000,
          original: frame.length + more,
        }),
      ),
    ),
  );

const anyBlock = fc.record({
  kind: fc.constantFrom('packet', 'packet', 'packet', 'old', 'simple', 'statistics', 'unknown', 'secrets'),
  frame,
  time: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  interfaceId: fc.nat(7),
  commented: fc.boolean(),
});

const anySection = fc.record({
  order,
  interfaces: fc.array(
    fc.record({
      linkType,
      snapLength: fc.constantFrom(0, 0, 60, 262_144),
      resolution: fc.oneof(fc.constantFrom(6, 9), fc.nat(255)),
      offset: fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  blocks: fc.array(anyBlock, { maxLength: 12 }),
});

/** A sound pcapng file. */
export const pcapng = fc.array(anySection, { minLength: 1, maxLength: 3 }).map((sections) =>
  joined(
    ...sections.flatMap(({ order, interfaces, blocks }) => [
      section(order),
      ...interfaces.map(({ linkType, ...more }) => interfaceBlock(linkType, order, more)),
      ...blocks.map(({ kind, frame, time, interfaceId, commented }) => {
        switch (kind) {
          case 'old':
            return oldPacketBlock(frame, 0, time, order);
          case 'simple': {
            const { snapLength } = interfaces[0];
            const cut = snapLength === 0 ? frame : frame.subarray(0, snapLength);
            return simplePacketBlock(cut, frame.length, order);
          }
          case 'statistics':
            return statisticsBlock(interfaceId, 1, 2, order);
          case 'unknown':
            return block(0x77, frame, order);
          case 'secrets':
            return block(10, new Uint8Array(8), order);
          default: {
            const options = commented ? option(1, text('a comment'), order) : new Uint8Array();
            const known = interfaceId % interfaces.length;
            return packetBlock(frame, order, { time, interfaceId: known, original: frame.length + 3, options });
          }
        }
      }),
    ]),
  ),
);

/** Any sound capture. */
export const soundCapture = fc.oneof(classicPcap, pcapng);
