import { describe, expect, test } from 'vitest';
import { encodeGsmtap2, encodeGsmtap3 } from '../../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed, encodeMacLteUdp } from '../../dissectors/framing/mac-lte.ts';
import { encodePdcpLteUdp } from '../../dissectors/framing/pdcp-lte.ts';
import { encodeRlcLteUdp } from '../../dissectors/framing/rlc-lte.ts';
import { EtherType, encodeEthernet } from '../../dissectors/internet/ethernet.ts';
import { encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../dissectors/internet/ipv6.ts';
import { encodeTcp } from '../../dissectors/internet/tcp.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import { encodeExportedPdu } from '../../dissectors/link/exported-pdu.ts';
import { encodeSll } from '../../dissectors/link/sll.ts';
import { PROBLEMS, Problem } from '../../dissectors/problems.ts';
import { LINK_TYPES, PROTOCOLS_BY_FRAMING, WALK_PROTOCOLS } from '../../dissectors/registry.ts';
import { encodePdcpSlrb } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../dissectors/sidelink/sl-sch.ts';
import { createWalkTable, describeFrame, walkBatch, walkFrame } from '../../dissectors/walk.ts';
import { Framing } from '../../dissectors/walk-table.ts';
import { octets, TreeRecorder } from './tree-recorder.ts';
import { batchOf, type TestFrame, walkFrames, walkOne } from './walk-frames.ts';

const source = Uint8Array.of(10, 0, 0, 1);
const destination = Uint8Array.of(239, 255, 0, 7);
const pdcp = encodePdcpSlrb({ sduType: 0, pgkIndex: 7, ptkId: 1, sn: 5, sdu: new Uint8Array(40).fill(0x45) });
const rlc = encodeRlcUm({ fi: 0, sn: 9, elements: [pdcp] });
const mac = encodeSlSch({ version: 1, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] });
const framed = encodeMacLteFramed({ rnti: 1, ueid: 7, sfn: 100, subframe: 2, crcStatus: 1, carrierId: 0 }, mac);
const macUdp = encodeMacLteUdp({ rnti: 1 }, mac);

const datagram = (payload: Uint8Array, port = 9999) =>
  encodeUdp({ sourcePort: 40000, destinationPort: port, payload, addresses: { source, destination } });
const packet = (payload: Uint8Array, port = 9999) =>
  encodeIpv4({ source, destination, protocol: 17, payload: datagram(payload, port) });
const ethernet = (payload: Uint8Array, etherType: number = EtherType.ipv4, vlans: number[] = []) =>
  encodeEthernet({ destination: new Uint8Array(6), source: new Uint8Array(6), etherType, vlans, payload });
const packet6 = (payload: Uint8Array) => {
  const addresses = { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) };
  const udp = encodeUdp({ sourcePort: 1, destinationPort: 2, payload, addresses });
  return encodeIpv6({ ...addresses, nextHeader: 17, payload: udp });
};
const srsRan = encodeUdp({ sourcePort: 0xbeef, destinationPort: 0xdead, payload: macUdp });

describe('every way to one and the same PDU', () => {
  const ways: [string, number, Uint8Array, Framing][] = [
    ['mac-lte-framed on DLT 147', 147, framed, Framing.macLteFramed],
    ['mac-lte-framed on DLT 162', 162, framed, Framing.macLteFramed],
    ['srsRAN on DLT 149', 149, srsRan, Framing.macLteUdp],
    ['Ethernet', 1, ethernet(packet(macUdp)), Framing.macLteUdp],
    ['Ethernet with two VLAN tags', 1, ethernet(packet(macUdp), EtherType.ipv4, [5, 6]), Framing.macLteUdp],
    ['Ethernet, IPv6', 1, ethernet(packet6(macUdp), EtherType.ipv6), Framing.macLteUdp],
    ['raw IP 101', 101, packet(macUdp), Framing.macLteUdp],
    ['raw IP 12', 12, packet(macUdp), Framing.macLteUdp],
    ['raw IP 14, IPv6', 14, packet6(macUdp), Framing.macLteUdp],
    ['raw IPv4 228', 228, packet(macUdp), Framing.macLteUdp],
    ['raw IPv6 229', 229, packet6(macUdp), Framing.macLteUdp],
    ['Linux cooked', 113, encodeSll(1, EtherType.ipv4, packet(macUdp)), Framing.macLteUdp],
    ['Linux cooked 2', 276, encodeSll(2, EtherType.ipv4, packet(macUdp)), Framing.macLteUdp],
    ['exported mac-lte-framed', 252, encodeExportedPdu({ dissector: 'mac-lte-framed' }, framed), Framing.macLteFramed],
    [
      'exported, with frame number and column',
      252,
      encodeExportedPdu({ dissector: 'mac-lte-framed', originalFrame: 7, column: 'PROSE' }, framed),
      Framing.macLteFramed,
    ],
    ['exported heuristic', 252, encodeExportedPdu({ heuristic: 'mac_lte_udp' }, macUdp), Framing.macLteUdp],
    ['exported ip', 252, encodeExportedPdu({ dissector: 'ip' }, packet(macUdp)), Framing.macLteUdp],
    ['exported ipv6', 252, encodeExportedPdu({ dissector: 'ipv6' }, packet6(macUdp)), Framing.macLteUdp],
    ['GSMTAP 2', 101, packet(encodeGsmtap2({ type: 0x0f }, framed), 4729), Framing.gsmtap2],
    ['GSMTAP 3', 101, packet(encodeGsmtap3({ type: 0x0400 }, framed), 4729), Framing.gsmtap3],
    [
      'GSMTAP 3 with metadata',
      101,
      packet(encodeGsmtap3({ type: 0x0400, metadata: new Uint8Array(12) }, framed), 4729),
      Framing.gsmtap3,
    ],
  ];
  test.each(ways)('%s', (_name, linkType, bytes, framing) => {
    const frame = walkOne(bytes, linkType);
    const pduAt = bytes.length - mac.length;
    expect(frame).toMatchObject({
      outcome: 'data',
      problem: 'none',
      framing,
      version: 1,
      source: '0a0b0c',
      destination: 'f00000',
      pduAt,
      pduLength: mac.length,
      pduAvailable: mac.length,
    });
    expect(frame.elements).toEqual([
      { lcid: 3, sn: 9, at: bytes.length - pdcp.length, length: pdcp.length, available: pdcp.length, flags: 'sef' },
    ]);
    expect(PROTOCOLS_BY_FRAMING[framing].at(-1)).toBe('pdcp-slrb');

    const tree = new TreeRecorder();
    describeFrame(bytes, bytes.length, linkType, tree);
    expect(tree.closed).toBe(true);
    expect(tree.problems).toEqual([]);
    expect(tree.protocols.slice(-4)).toEqual(['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb']);
    expect(tree.one('slrb.pgk-index')).toBe(7);
    expect(tree.one('slrb.ptk-id')).toBe(1);
    expect(tree.one('slrb.sn')).toBe(5);
  });
});

describe('below MAC', () => {
  test.each([
    ['DRB', 5, 3],
    ['unknown channel type', 9, 3],
  ])('rlc-lte, %s', (_name, channelType, channelId) => {
    const bytes = packet(encodeRlcLteUdp({ direction: 0, ueid: 7, channelType, channelId }, rlc));
    const frame = walkOne(bytes, 101);
    expect(frame).toMatchObject({ outcome: 'data', framing: Framing.rlcLteUdp, version: 0, source: '000000' });
    expect(frame.elements).toMatchObject([{ lcid: 3, sn: 9, length: pdcp.length, flags: 'sef' }]);
  });

  test('rlc-lte without channel type', () => {
    expect(walkOne(packet(encodeRlcLteUdp({}, rlc)), 101).elements).toMatchObject([{ lcid: 0 }]);
  });

  test.each([
    ['MTCH', { channelType: 8 }],
    ['SRB', { channelType: 4 }],
    ['10-bit SN', { snLength: 10 }],
    ['acknowledged mode', { mode: 4 }],
    ['predefined data', { mode: 8 }],
  ])('rlc-lte, %s is not sidelink', (_name, values) => {
    expect(walkOne(packet(encodeRlcLteUdp(values, rlc)), 101)).toMatchObject({
      outcome: 'not-sidelink',
      elements: [],
    });
  });

  test('pdcp-lte with a 16-bit SN', () => {
    const frame = walkOne(packet(encodePdcpLteUdp({ channelId: 4, ueid: 7 }, pdcp)), 101);
    expect(frame).toMatchObject({ outcome: 'data', framing: Framing.pdcpLteUdp, version: 0 });
    expect(frame.elements).toMatchObject([{ lcid: 4, sn: 0, length: pdcp.length, flags: 'sefw' }]);
  });

  test.each([
    ['12-bit SN', { snLength: 12 }],
    ['no header', { noHeader: 1 }],
    ['signalling', { plane: 1 }],
  ])('pdcp-lte, %s is not sidelink', (_name, values) => {
    expect(walkOne(packet(encodePdcpLteUdp(values, pdcp)), 101).outcome).toBe('not-sidelink');
  });
});

describe('outcomes', () => {
  const tcp = (port: number, payload: Uint8Array) =>
    encodeIpv4({
      source,
      destination,
      protocol: 6,
      payload: encodeTcp({ sourcePort: 5, destinationPort: port, payload }),
    });
  const badRlc = encodeRlcLteUdp({}, new Uint8Array(0));
  const cases: [string, number, Uint8Array, object][] = [
    ['link type 105', 105, framed, { outcome: 'unknown-linktype' }],
    ['link type 146', 146, framed, { outcome: 'unknown-linktype' }],
    ['link type 163', 163, framed, { outcome: 'unknown-linktype' }],
    ['row of no frame', 0xffff, framed, { outcome: 'unknown-linktype' }],
    ['C-RNTI', 147, encodeMacLteFramed({ rntiType: 3 }, mac), { outcome: 'not-sidelink' }],
    ['C-RNTI, unknown tag', 147, octets('010003 7f 01'), { outcome: 'not-sidelink' }],
    ['SL-BCH', 147, encodeMacLteFramed({ rntiType: 7 }, octets('611000000000')), { outcome: 'sl-bch', pduLength: 6 }],
    ['CRC failed', 147, encodeMacLteFramed({ crcStatus: 0 }, mac), { outcome: 'crc-failed', elements: [], version: 0 }],
    ['CRC high code rate', 147, encodeMacLteFramed({ crcStatus: 2 }, mac), { outcome: 'crc-failed' }],
    ['no CRC status', 147, encodeMacLteFramed({}, mac), { outcome: 'data' }],
    [
      'direction 2, RNTI out of range',
      147,
      encodeMacLteFramed({ direction: 2, rnti: 0xffff }, mac),
      { outcome: 'data' },
    ],
    ['unknown tag', 147, octets('010008 7f 01 02'), { problem: 'framing.unknown-tag', problemAt: 3, framing: 1 }],
    ['tag cut', 147, octets('010008 02 00'), { outcome: 'malformed', problem: 'framing.cut', problemAt: 3 }],
    ['no payload tag', 147, octets('010008 07 01'), { outcome: 'malformed', problem: 'framing.cut', problemAt: 5 }],
    ['predefined data', 147, octets('010008 05 01 01 aabb'), { outcome: 'not-sidelink' }],
    ['empty PDU', 147, octets('010008 01'), { outcome: 'malformed', problem: 'mac.empty' }],
    ['NAS on DLT 148', 148, octets('0741 0108 0920 1111'), { outcome: 'not-sidelink' }],
    ['S1AP on DLT 150', 150, octets('0011 0025 0000 0400'), { outcome: 'not-sidelink' }],
    ['nothing on DLT 147', 147, new Uint8Array(0), { outcome: 'not-sidelink' }],
    [
      'srsRAN, NR',
      149,
      encodeUdp({ sourcePort: 1, destinationPort: 2, payload: octets('6d61632d6e7201') }),
      { outcome: 'not-sidelink' },
    ],
    ['ARP', 1, ethernet(new Uint8Array(28), EtherType.arp), { outcome: 'not-sidelink' }],
    ['TCP', 101, tcp(80, octets('aabb')), { outcome: 'not-sidelink' }],
    ['DNS', 101, packet(octets('aabb'), 53), { outcome: 'not-sidelink' }],
    ['empty Ethernet', 1, new Uint8Array(0), { outcome: 'malformed', problem: 'link.header-cut' }],
    ['IP cut', 101, packet(macUdp).subarray(0, 19), { outcome: 'malformed', problem: 'link.header-cut' }],
    ['not IP', 101, octets('00112233'), { outcome: 'not-sidelink' }],
    [
      'UDP length 7',
      101,
      encodeIpv4({ source, destination, protocol: 17, payload: octets('0001000200070000') }),
      { problem: 'ip.header', problemAt: 20 },
    ],
    [
      'fragment',
      101,
      encodeIpv4({ source, destination, protocol: 17, payload: datagram(macUdp), moreFragments: true }),
      { outcome: 'not-sidelink' },
    ],
    ['MIKEY', 101, packet(octets('01000500'), 2269), { outcome: 'key-management', payloadAt: 28, payloadLength: 4 }],
    [
      'MIKEY in TCP',
      101,
      tcp(2269, octets('01000500')),
      { outcome: 'key-management', payloadAt: 40, payloadLength: 4 },
    ],
    ['TCP to the MIKEY port without octets', 101, tcp(2269, new Uint8Array(0)), { outcome: 'not-sidelink' }],
    [
      'exported MIKEY',
      252,
      encodeExportedPdu({ dissector: 'mikey' }, octets('0100')),
      { outcome: 'key-management', payloadAt: 16, payloadLength: 2 },
    ],
    ['exported NAS', 252, encodeExportedPdu({ dissector: 'nas-eps' }, framed), { outcome: 'not-sidelink' }],
    [
      'exported, cut',
      252,
      octets('000c 0010 6d61'),
      { outcome: 'malformed', problem: 'link.header-cut', problemAt: 0 },
    ],
    [
      'GSMTAP 2, SL-BCH',
      101,
      packet(encodeGsmtap2({ type: 0x0d, subType: 12 }, octets('0a28')), 4729),
      { outcome: 'sl-bch', pduLength: 2 },
    ],
    [
      'GSMTAP 2, SL-BCH of V2X',
      101,
      packet(encodeGsmtap2({ type: 0x0d, subType: 13 }, octets('0a28')), 4729),
      { outcome: 'sl-bch' },
    ],
    [
      'GSMTAP 2, other RRC',
      101,
      packet(encodeGsmtap2({ type: 0x0d, subType: 2 }, octets('0a28')), 4729),
      { outcome: 'not-sidelink' },
    ],
    ['GSMTAP 2, unframed MAC', 101, packet(encodeGsmtap2({ type: 0x0e }, mac), 4729), { outcome: 'not-sidelink' }],
    ['GSMTAP 3, PDCP', 101, packet(encodeGsmtap3({ type: 0x0402 }, pdcp), 4729), { outcome: 'not-sidelink' }],
    [
      'GSMTAP 2, header beyond',
      101,
      packet(octets('02ff 0f 00 00000000 00000000 00000000'), 4729),
      { outcome: 'malformed', problem: 'framing.cut' },
    ],
    [
      'rlc-lte, unknown tag',
      101,
      packet(octets('726c632d6c7465 02 7f')),
      { outcome: 'malformed', problem: 'framing.unknown-tag' },
    ],
    ['rlc-lte, empty', 101, packet(badRlc), { outcome: 'malformed', problem: 'rlc.header-cut' }],
    ['pdcp-lte, cut', 101, packet(octets('706463702d6c7465 00 02')), { outcome: 'malformed', problem: 'framing.cut' }],
    [
      'pdcp-lte, empty',
      101,
      packet(encodePdcpLteUdp({}, new Uint8Array(0))),
      { outcome: 'malformed', problem: 'pdcp.header-cut' },
    ],
  ];
  test.each(cases)('%s', (_name, linkType, bytes, expected) => {
    expect(walkOne(bytes, linkType)).toMatchObject(expected);
    const tree = new TreeRecorder();
    const shown = describeFrame(bytes, bytes.length, linkType, tree);
    expect(tree.closed).toBe(true);
    expect(
      shown.frames.problem[0] === Problem.none || tree.problems.includes(PROBLEMS[shown.frames.problem[0]].code),
    ).toBe(true);
  });

  test('a frame whose CRC failed is still shown', () => {
    const bytes = encodeMacLteFramed({ crcStatus: 0 }, mac);
    const tree = new TreeRecorder();
    const shown = describeFrame(bytes, bytes.length, 147, tree);
    expect(tree.one('mac-lte.slsch.src-l2-id')).toBe(0x0a0b0c);
    expect(shown.elements.count).toBe(0);
    expect(shown.frames.source[0]).toBe(0);
  });

  test('tags stand in any order', () => {
    const bytes = octets(
      `010008 0a00 0701 0b03aabbcc 10 01 00010002 0f00 02 0001 01 ${Buffer.from(mac).toString('hex')}`,
    );
    expect(walkOne(bytes, 147)).toMatchObject({ outcome: 'data', source: '0a0b0c' });
  });
});

describe('lengths bound each other', () => {
  test('Ethernet padding is not part of the PDU', () => {
    const short = encodeSlSch({ version: 1, source: 1, destination: 0, sdus: [{ lcid: 1, sdu: octets('00aa') }] });
    const bytes = new Uint8Array(80);
    const frame = ethernet(packet(encodeMacLteUdp({}, short)));
    bytes.set(frame);
    expect(walkOne(bytes, 1)).toMatchObject({ outcome: 'data', pduLength: short.length });
  });

  test('a UDP length that claims more than the packet is bounded by it', () => {
    const bytes = packet(macUdp);
    bytes[24] = 0xff;
    expect(walkOne(bytes, 101)).toMatchObject({ outcome: 'data', pduLength: mac.length });
  });

  test('an IP length of 0 leaves the end to the frame, captured or not', () => {
    const bytes = packet(macUdp);
    bytes.fill(0, 2, 4);
    bytes.fill(0, 24, 26);
    expect(walkOne(bytes, 101)).toMatchObject({ outcome: 'data', pduLength: mac.length });
    expect(walkOne(bytes, 101, bytes.length + 10)).toMatchObject({ pduLength: mac.length + 10 });
  });
});

describe('the snap length', () => {
  const cutAt = (count: number) => walkOne(framed.subarray(0, count), 147, framed.length);
  const macAt = framed.length - mac.length;

  test('elements keep their length and say what is there', () => {
    const frame = cutAt(framed.length - 10);
    expect(frame).toMatchObject({ outcome: 'data', pduLength: mac.length, pduAvailable: mac.length - 10 });
    expect(frame.elements).toMatchObject([{ length: pdcp.length, available: pdcp.length - 10, flags: 'sefc' }]);
  });

  test('in UDP the lengths come from the headers', () => {
    const bytes = ethernet(packet(macUdp));
    const frame = walkOne(bytes.subarray(0, bytes.length - 30), 1, bytes.length);
    expect(frame.elements).toMatchObject([{ length: pdcp.length, available: pdcp.length - 30, flags: 'sefc' }]);
  });

  test.each([
    ['in the context', 8, 3],
    ['in front of the MAC PDU', macAt, macAt],
    ['in the SL-SCH subheader', macAt + 3, macAt],
    ['in front of the subheaders', macAt + 6, macAt + 6],
    ['in front of the RLC header', macAt + 7, macAt + 7],
  ])('%s it is told from damage', (_name, count, problemAt) => {
    const expected = { outcome: 'malformed', problem: 'capture.snap-cut', elements: [] };
    expect(cutAt(count)).toMatchObject(count === 8 ? expected : { ...expected, problemAt });
  });

  test('an element of which nothing was captured has no octets', () => {
    expect(cutAt(macAt + 8).elements).toMatchObject([{ length: pdcp.length, available: 0, flags: 'sefc' }]);
  });

  test('an Ethernet frame cut in its headers', () => {
    const bytes = ethernet(packet(macUdp));
    for (const count of [10, 20, 36]) {
      expect(walkOne(bytes.subarray(0, count), 1, bytes.length)).toMatchObject({
        outcome: 'malformed',
        problem: 'capture.snap-cut',
      });
    }
  });
});

describe('tables', () => {
  const many = (count: number): TestFrame[] =>
    Array.from({ length: count }, (_, index) => ({
      bytes: index % 2 === 0 ? framed : encodeMacLteFramed({ rntiType: 3 }, mac),
      linkType: 147,
    }));

  test('are emptied for each batch and grow with it', () => {
    const table = createWalkTable(1);
    expect(walkFrames(many(40), table).filter(({ outcome }) => outcome === 'data')).toHaveLength(20);
    expect(table.elements.count).toBe(20);
    expect(walkFrames(many(3), table).map(({ outcome }) => outcome)).toEqual(['data', 'not-sidelink', 'data']);
    expect(table.elements.count).toBe(2);
  });

  test('do not change with where the batch is split', () => {
    const frames = [...many(9), { bytes: ethernet(packet(macUdp)), linkType: 1 }, { bytes: srsRan, linkType: 149 }];
    const whole = walkFrames(frames);
    expect(frames.flatMap((frame) => walkFrames([frame]))).toEqual(whole);
  });

  test('a frame is described while it is walked', () => {
    const batch = batchOf(many(2));
    const table = createWalkTable(2);
    walkBatch(batch, table);
    const tree = new TreeRecorder();
    walkFrame(batch, 0, table, tree);
    expect(tree.one('mac-lte.slsch.src-l2-id')).toBe(0x0a0b0c);
    expect(tree.fields.find(({ name }) => name === 'mac-lte.rnti-type')?.at).toBe(2);
  });
});

describe('declarations', () => {
  test('fields of one name agree in type, and have a text and a clause', () => {
    const types = new Map<string, string>();
    for (const protocol of WALK_PROTOCOLS) {
      for (const field of Object.values(protocol.fields)) {
        expect(types.get(field.name) ?? field.type, field.name).toBe(field.type);
        types.set(field.name, field.type);
        expect(field.about, field.name).toMatch(/^[A-Z].*\.$/);
        expect(field.clause, field.name).not.toBe('');
      }
    }
  });

  test('link types and problems are told apart', () => {
    expect(new Set(LINK_TYPES.map(({ linkType }) => linkType)).size).toBe(LINK_TYPES.length);
    expect(new Set(PROBLEMS.map(({ code }) => code)).size).toBe(PROBLEMS.length);
    expect(PROBLEMS).toHaveLength(Object.keys(Problem).length);
  });
});
