import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeGsmtap2, encodeGsmtap3 } from '../../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed, encodeMacLteUdp } from '../../dissectors/framing/mac-lte.ts';
import { encodePdcpLteUdp } from '../../dissectors/framing/pdcp-lte.ts';
import { encodeRlcLteUdp } from '../../dissectors/framing/rlc-lte.ts';
import { EtherType, encodeEthernet } from '../../dissectors/internet/ethernet.ts';
import { encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../dissectors/internet/ipv6.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import { encodeExportedPdu } from '../../dissectors/link/exported-pdu.ts';
import { encodeSll } from '../../dissectors/link/sll.ts';
import { LINK_TYPES } from '../../dissectors/registry.ts';
import { encodePdcpSlrb } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../dissectors/sidelink/sl-sch.ts';
import { createWalkTable, describeFrame, walkBatch } from '../../dissectors/walk.ts';
import { MAX_ELEMENTS } from '../../dissectors/walk-columns.ts';
import { TreeRecorder } from './tree-recorder.ts';
import { batchOf, readTable, type TestFrame } from './walk-frames.ts';

const linkTypes = fc.constantFrom(...LINK_TYPES.map(({ linkType }) => linkType), 0, 105, 0xffff);

const elements = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 });
const rlcPdu = fc.record({ fi: fc.nat(3), sn: fc.nat(31), elements }).map(encodeRlcUm);
const pdcpPdu = fc
  .record({ sduType: fc.nat(7), pgkIndex: fc.nat(31), ptkId: fc.nat(3), sn: fc.nat(9), sdu: fc.uint8Array() })
  .map(encodePdcpSlrb);
const macPdu = fc
  .record({
    version: fc.constantFrom(1, 2, 3),
    source: fc.nat(0xffffff),
    destination: fc.nat(0xffffff),
    sdus: fc.array(fc.record({ lcid: fc.nat(30), sdu: rlcPdu }), { maxLength: 4 }),
    size: fc.nat(200),
  })
  .map(encodeSlSch);
const context = fc.record({
  rntiType: fc.constantFrom(8, 8, 8, 7, 3),
  rnti: fc.nat(0xffff),
  crcStatus: fc.constantFrom(1, 1, 0),
});
const framed = fc.tuple(context, macPdu).map(([values, pdu]) => encodeMacLteFramed(values, pdu));
const payload = fc.oneof(
  fc.tuple(context, macPdu).map(([values, pdu]) => encodeMacLteUdp(values, pdu)),
  rlcPdu.map((pdu) => encodeRlcLteUdp({ channelId: 3 }, pdu)),
  pdcpPdu.map((pdu) => encodePdcpLteUdp({ channelId: 3 }, pdu)),
  framed.map((record) => encodeGsmtap2({ type: 0x0f }, record)),
  framed.map((record) => encodeGsmtap3({ type: 0x0400 }, record)),
);
const udp = fc
  .tuple(fc.constantFrom(4729, 2269, 9999), payload)
  .map(([destinationPort, octets]) => encodeUdp({ sourcePort: 1, destinationPort, payload: octets }));
const four = new Uint8Array(4);
const sixteen = new Uint8Array(16);
const six = new Uint8Array(6);
const packet = fc.oneof(
  udp.map((octets) => encodeIpv4({ source: four, destination: four, protocol: 17, payload: octets })),
  udp.map((octets) => encodeIpv6({ source: sixteen, destination: sixteen, nextHeader: 17, payload: octets })),
);
const etherType = (octets: Uint8Array) => (octets[0] >> 4 === 4 ? EtherType.ipv4 : EtherType.ipv6);
const on =
  (linkType: number) =>
  (bytes: Uint8Array): TestFrame => ({ bytes, linkType });

const goodFrame: fc.Arbitrary<TestFrame> = fc.oneof(
  framed.map(on(147)),
  udp.map(on(149)),
  packet.map(on(101)),
  packet.map((octets) =>
    on(1)(encodeEthernet({ destination: six, source: six, etherType: etherType(octets), payload: octets })),
  ),
  packet.map((octets) => on(113)(encodeSll(1, etherType(octets), octets))),
  packet.map((octets) => on(276)(encodeSll(2, etherType(octets), octets))),
  framed.map((octets) => on(252)(encodeExportedPdu({ dissector: 'mac-lte-framed' }, octets))),
);

/** A frame with some octets overwritten, cut or lengthened, and a length on the wire that may differ. */
const bentFrame = fc
  .tuple(goodFrame, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(400), fc.nat(50))
  .map(([frame, changes, keep, more]): TestFrame => {
    const bytes = frame.bytes.slice(0, keep);
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return {
      bytes,
      linkType: frame.linkType,
      original: Math.max(bytes.length, frame.bytes.length) + (more < 40 ? 0 : more),
    };
  });
const anyFrame = fc
  .tuple(linkTypes, fc.uint8Array({ maxLength: 120 }), fc.nat(200))
  .map(([linkType, bytes, original]): TestFrame => ({ bytes, linkType, original }));

function checkFrames(frames: readonly TestFrame[]): void {
  const batch = batchOf(frames);
  const table = createWalkTable(1);
  walkBatch(batch, table);
  const rows = readTable(table, batch.offset, batch.count);
  let first = 0;
  rows.forEach((row, index) => {
    const captured = frames[index].bytes.length;
    const original = Math.max(captured, frames[index].original ?? captured);
    expect(table.frames.firstElement[index]).toBe(first);
    first += row.elements.length;
    expect(row.elements.length).toBeLessThanOrEqual(MAX_ELEMENTS);
    expect(row.problemAt).toBeLessThanOrEqual(original);
    expect(row.pduAt + row.pduLength).toBeLessThanOrEqual(original);
    expect(row.pduAvailable).toBeLessThanOrEqual(row.pduLength);
    expect(row.pduAt + row.pduAvailable).toBeLessThanOrEqual(captured);
    expect(row.payloadAt + row.payloadLength).toBeLessThanOrEqual(captured);
    if (row.outcome === 'data') expect(row.elements.length).toBeGreaterThan(0);
    if (row.outcome === 'malformed') expect(row.problem).not.toBe('none');
    let last = 0;
    for (const element of row.elements) {
      expect(element.at).toBeGreaterThanOrEqual(last);
      last = element.at + element.length;
      expect(element.length).toBeGreaterThan(0);
      expect(last).toBeLessThanOrEqual(original);
      expect(element.available).toBe(Math.max(0, Math.min(element.length, captured - element.at)));
      expect(element.flags.includes('c')).toBe(element.available < element.length);
    }
  });
  expect(table.elements.count).toBe(first);
}

/** The tree of a frame closes, keeps to its octets (the recorder throws otherwise) and leaves the same columns. */
function checkTree(frame: TestFrame): void {
  const tree = new TreeRecorder();
  const original = frame.original ?? frame.bytes.length;
  const shown = describeFrame(frame.bytes, original, frame.linkType, tree);
  expect(tree.closed).toBe(true);
  for (const field of tree.fields) expect(field.at + field.length).toBeLessThanOrEqual(frame.bytes.length);
  const fast = createWalkTable(1);
  const batch = batchOf([frame]);
  walkBatch(batch, fast);
  const [row] = readTable(shown, [0], 1);
  if (row.problem !== 'none') expect(tree.problems).toContain(row.problem);
  expect([row]).toEqual(readTable(fast, batch.offset, 1));
}

describe('nothing that a capture holds', () => {
  test('makes the walk throw, loop or leave the frame', () => {
    fc.assert(fc.property(fc.array(fc.oneof(bentFrame, anyFrame), { maxLength: 6 }), checkFrames), { numRuns: 3000 });
  });

  test('makes the tree throw, stay open or tell another story than the columns', () => {
    fc.assert(fc.property(fc.oneof(bentFrame, anyFrame), checkTree), { numRuns: 5000 });
  });

  test('cut at every octet', () => {
    fc.assert(
      fc.property(goodFrame, (frame) => {
        for (let count = 0; count <= frame.bytes.length; count++) {
          const bytes = frame.bytes.slice(0, count);
          for (const original of [count, frame.bytes.length]) checkTree({ ...frame, bytes, original });
        }
        checkFrames([frame]);
      }),
      { numRuns: 30 },
    );
  });
});
