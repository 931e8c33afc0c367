// Re-framing: whatever carried a MAC PDU, what is written is its context and PDU, octet by octet, as an exported PDU.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CUSTOM_BLOCK_LINKTYPE } from '../../../captures/frame-batch.ts';
import { reframe } from '../../../daemon/export/reframe.ts';
import { encodeGsmtap2, encodeGsmtap3 } from '../../../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed, MAC_LTE_STRING } from '../../../dissectors/framing/mac-lte.ts';
import { encodePdcpLteUdp } from '../../../dissectors/framing/pdcp-lte.ts';
import { encodeRlcLteUdp } from '../../../dissectors/framing/rlc-lte.ts';
import { EtherType, encodeEthernet } from '../../../dissectors/internet/ethernet.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../../dissectors/internet/ipv6.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { encodeExportedPdu } from '../../../dissectors/link/exported-pdu.ts';
import { encodeSll } from '../../../dissectors/link/sll.ts';
import { createWalkTable, walkBatch } from '../../../dissectors/walk.ts';
import { batchOf, type TestFrame, walkOne } from '../../dissectors/walk-frames.ts';

const V4 = { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) };
const V6 = { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) };

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function packet(payload: Uint8Array, destinationPort = 9999): Uint8Array {
  const udp = encodeUdp({ sourcePort: 1, destinationPort, payload, addresses: V4 });
  return encodeIpv4({ ...V4, protocol: 17, payload: udp });
}

function packet6(payload: Uint8Array): Uint8Array {
  const udp = encodeUdp({ sourcePort: 1, destinationPort: 2, payload, addresses: V6 });
  return encodeIpv6({ ...V6, nextHeader: 17, payload: udp });
}

function ethernet(payload: Uint8Array): Uint8Array {
  const padding = new Uint8Array(Math.max(0, 46 - payload.length));
  const behind = joined(payload, padding, Uint8Array.of(9, 9, 9, 9));
  const stations = { destination: new Uint8Array(6), source: new Uint8Array(6) };
  return encodeEthernet({ ...stations, etherType: EtherType.ipv4, payload: behind });
}

/** Every way in which a `mac-lte-framed` record comes, with its link type. Ethernet has padding and a checksum behind. */
const WAYS: Readonly<Record<string, (framed: Uint8Array) => TestFrame>> = {
  'user link': (framed) => ({ linkType: 147, bytes: framed }),
  srsRAN: (framed) => {
    const payload = joined(MAC_LTE_STRING, framed);
    return { linkType: 149, bytes: encodeUdp({ sourcePort: 0xbeef, destinationPort: 0xdead, payload }) };
  },
  'raw IP': (framed) => ({ linkType: 101, bytes: packet(joined(MAC_LTE_STRING, framed)) }),
  'raw IPv6': (framed) => ({ linkType: 229, bytes: packet6(joined(MAC_LTE_STRING, framed)) }),
  Ethernet: (framed) => ({ linkType: 1, bytes: ethernet(packet(joined(MAC_LTE_STRING, framed))) }),
  'Linux cooked': (framed) => ({
    linkType: 113,
    bytes: encodeSll(1, EtherType.ipv4, packet(joined(MAC_LTE_STRING, framed))),
  }),
  'GSMTAP 2': (framed) => ({ linkType: 101, bytes: packet(encodeGsmtap2({ type: 0x0f }, framed), 4729) }),
  'GSMTAP 3': (framed) => ({ linkType: 101, bytes: packet(encodeGsmtap3({ type: 0x0400 }, framed), 4729) }),
  'exported heuristic': (framed) => ({
    linkType: 252,
    bytes: encodeExportedPdu({ heuristic: 'mac_lte_udp' }, joined(MAC_LTE_STRING, framed)),
  }),
  'exported IP': (framed) => ({
    linkType: 252,
    bytes: encodeExportedPdu({ dissector: 'ip' }, packet(joined(MAC_LTE_STRING, framed))),
  }),
};

function reframed(frame: TestFrame): ReturnType<typeof reframe> {
  // Not the first row, so that a wrong row shows.
  const batch = batchOf([{ linkType: 147, bytes: Uint8Array.of(1) }, frame]);
  const walk = createWalkTable(2);
  walkBatch(batch, walk);
  return reframe(batch, 1, walk);
}

const bits = (count: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** count - 1 });

const context = fc.record(
  {
    radioType: fc.constantFrom(1, 2),
    direction: fc.constantFrom(0, 1, 2),
    rntiType: fc.integer({ min: 0, max: 10 }),
    rnti: bits(16),
    ueid: bits(16),
    sfn: bits(10),
    subframe: bits(4),
    retransmission: bits(8),
    crcStatus: bits(3),
    carrierId: bits(3),
    nbMode: bits(1),
  },
  { requiredKeys: [] },
);

describe('a MAC PDU in any framing', () => {
  test.each(Object.entries(WAYS))('%s', (_name, frameOf) => {
    fc.assert(
      fc.property(context, fc.uint8Array({ minLength: 1, maxLength: 300 }), (values, pdu) => {
        const framed = encodeMacLteFramed(values, pdu);
        // The twin: another encoder of exported PDUs around the octets that went in.
        const bytes = encodeExportedPdu({ dissector: 'mac-lte-framed', originalFrame: 2 }, framed);
        expect(reframed(frameOf(framed))).toEqual({ linkType: 252, bytes, original: bytes.length });
      }),
      { numRuns: 60 },
    );
  });

  test('what is read again is the same PDU, cut or whole', () => {
    const pdu = fc.uint8Array({ minLength: 12, maxLength: 120 });
    const ways = fc.constantFrom(...Object.values(WAYS).filter((way) => way !== WAYS.Ethernet));
    fc.assert(
      fc.property(ways, pdu, fc.nat(), (frameOf, octets, cutAt) => {
        octets[0] = 0x10;
        const whole = frameOf(encodeMacLteFramed({ crcStatus: 1, ueid: 7 }, octets));
        const missing = cutAt % octets.length;
        const bytes = whole.bytes.subarray(0, whole.bytes.length - missing);
        const before = walkOne(bytes, whole.linkType, whole.bytes.length);
        const written = reframed({ ...whole, bytes, original: whole.bytes.length });
        const after = walkOne(written?.bytes ?? bytes, written?.linkType ?? 0, written?.original);
        const relative = (frame: typeof before): object => ({
          ...frame,
          framing: 0,
          pduAt: 0,
          problemAt: frame.problem === 'none' ? 0 : frame.problemAt - frame.pduAt,
          elements: frame.elements.map((element) => ({ ...element, at: element.at - frame.pduAt })),
        });
        expect(written?.linkType).toBe(252);
        expect(relative(after)).toEqual(relative(before));
        expect(after.pduLength - after.pduAvailable).toBe(missing);
      }),
      { numRuns: 300 },
    );
  });
});

describe('other frames', () => {
  const mac = encodeMacLteFramed({}, Uint8Array.of(0x10, 1, 2, 3, 4, 5, 3, 9, 9, 9));
  const rlc = encodeRlcLteUdp({ channelId: 3 }, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  const pdcp = encodePdcpLteUdp({ channelId: 3 }, Uint8Array.of(7, 0, 1, 0, 5, 1, 2, 3));
  const srs = (payload: Uint8Array): Uint8Array => encodeUdp({ sourcePort: 1, destinationPort: 2, payload });

  test.each([
    ['exported already', 252, encodeExportedPdu({ dissector: 'mac-lte-framed', column: 'X' }, mac)],
    ['RLC over IP', 101, packet(rlc)],
    ['PDCP over Ethernet', 1, ethernet(packet(pdcp))],
    ['MIB-SL in GSMTAP', 101, packet(encodeGsmtap2({ type: 0x0d, subType: 12 }, Uint8Array.of(1, 2, 3, 4, 5)), 4729)],
    ['a context with an unknown tag', 147, Uint8Array.of(1, 0, 8, 0x7f, 1, 2, 3)],
    ['a context that is cut', 147, Uint8Array.of(1, 0, 8, 2, 0)],
    ['no sidelink', 101, packet(Uint8Array.of(1, 2, 3))],
    ['an unknown link type', 9, Uint8Array.of(1, 2, 3)],
    ['no octets', 147, new Uint8Array(0)],
    ['a record that would grow beyond its cap', 147, joined(mac, new Uint8Array(262_144 - mac.length))],
  ])('%s: kept as it is', (_name, linkType, bytes) => {
    expect(reframed({ linkType, bytes, original: bytes.length + 5 })).toEqual({
      linkType,
      bytes,
      original: bytes.length + 5,
    });
  });

  test.each([
    ['RLC', srs(rlc), 'rlc_lte_udp', rlc],
    ['PDCP', srs(pdcp), 'pdcp_lte_udp', pdcp],
  ])(
    '%s on a user link, which Wireshark takes for something else: for its heuristic',
    (_name, bytes, heuristic, pdu) => {
      const written = reframed({ linkType: 149, bytes });
      expect(written).toMatchObject({
        linkType: 252,
        bytes: encodeExportedPdu({ heuristic, originalFrame: 2 }, pdu),
      });
      expect(walkOne(written?.bytes ?? bytes, 252)).toMatchObject({ outcome: 'data' });
    },
  );

  test('a row that is no frame is not written', () => {
    expect(reframed({ linkType: CUSTOM_BLOCK_LINKTYPE, bytes: mac })).toBeNull();
  });
});
