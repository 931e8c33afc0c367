// Frames that between them hold what the sample captures do not: every field of every protocol that a frame can have.
// Made with the encoders; SDUs travel in the clear (PGK index and PTK id 0), so that no key is needed.

import { PcapWriter } from '../captures/formats/pcap-writer.ts';
import { encodeGsmtap2, encodeGsmtap3, GSMTAP_PORT } from '../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed, encodeMacLteUdp, RntiType } from '../dissectors/framing/mac-lte.ts';
import { encodePdcpLteUdp, PDCP_LTE_STRING } from '../dissectors/framing/pdcp-lte.ts';
import { encodeRlcLteUdp, RLC_LTE_STRING } from '../dissectors/framing/rlc-lte.ts';
import { encodeArp } from '../dissectors/internet/arp.ts';
import { EtherType, encodeEthernet } from '../dissectors/internet/ethernet.ts';
import { encodeIcmp } from '../dissectors/internet/icmp.ts';
import { encodeIcmpv6, encodeNeighborOption } from '../dissectors/internet/icmpv6.ts';
import { encodeIgmp } from '../dissectors/internet/igmp.ts';
import { encodeIpv4 } from '../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../dissectors/internet/ipv6.ts';
import { IpProtocol, LKH_PORT, MIKEY_PORT, MONP_PORT } from '../dissectors/internet/ports.ts';
import { encodeTcp } from '../dissectors/internet/tcp.ts';
import { encodeUdp } from '../dissectors/internet/udp.ts';
import { encodeLkhContents, LkhKind } from '../dissectors/keying/lkh-rekey.ts';
import {
  counterPayload,
  encodeKeyData,
  encodeMikey,
  errorPayload,
  extensionPayload,
  idPayload,
  idrPayload,
  kemacPayload,
  type PayloadToEncode,
  pgkExtensionData,
  policyPayload,
  randPayload,
  signPayload,
  timePayload,
  verificationPayload,
} from '../dissectors/keying/mikey-encode.ts';
import { CsIdMapType, Payload } from '../dissectors/keying/mikey-values.ts';
import { encodeExportedPdu } from '../dissectors/link/exported-pdu.ts';
import { encodeSll } from '../dissectors/link/sll.ts';
import { encodeMonp } from '../dissectors/media/monp.ts';
import { applicationBody, encodeRtcp, senderReportBody } from '../dissectors/media/rtcp.ts';
import { encodeRtp } from '../dissectors/media/rtp.ts';
import { encodeMibSl } from '../dissectors/sidelink/mib-sl.ts';
import { directCommunicationRequestBody, encodePc5Signalling } from '../dissectors/sidelink/pc5-signalling.ts';
import { encodePdcpSlrb, SduType } from '../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../dissectors/sidelink/sl-sch.ts';

/** A frame and the link type of its interface. */
export interface MadeFrame {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

const USER = 147;
const ETHERNET = 1;
const SLL = 113;
const SLL2 = 276;
const EXPORTED = 252;
const NOON = BigInt(Date.UTC(2026, 4, 1, 12)) * 1_000_000n;

const IP4 = { source: hex('a9fe0a0b'), destination: hex('efff0001') };
const IP6 = {
  source: hex('fe80000000000000000000fffe0a0b0c'),
  destination: hex('ff0200000000000000000001ff000001'),
};

/** Octets of hex digits; blanks are skipped. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replace(/\s+/g, ''), 'hex'));
}

/** Octets one behind the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

let sn = 0;

/** A frame whose SDU is in the clear. */
export function clearFrame(sdu: Uint8Array, sduType: number = SduType.ip): MadeFrame {
  sn++;
  const pdcp = encodePdcpSlrb({ sduType, pgkIndex: 0, ptkId: 0, sn, sdu });
  const rlc = encodeRlcUm({ fi: 0, sn: sn & 31, elements: [pdcp] });
  const mac = encodeSlSch({ version: 3, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] });
  return { linkType: USER, bytes: encodeMacLteFramed({ sfn: sn & 1023, crcStatus: 1 }, mac) };
}

function ipv4(protocol: number, payload: Uint8Array): MadeFrame {
  return clearFrame(encodeIpv4({ ...IP4, protocol, payload }));
}

function ipv6(nextHeader: number, payload: Uint8Array): MadeFrame {
  return clearFrame(encodeIpv6({ ...IP6, nextHeader, payload }));
}

/** A frame whose SDU is a UDP datagram in the clear. */
export function udpFrame(port: number, payload: Uint8Array): MadeFrame {
  const datagram = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses: IP4 });
  return ipv4(IpProtocol.udp, datagram);
}

/** A UDP datagram on Ethernet, beside the sidelink. */
function outside(port: number, payload: Uint8Array, vlans: readonly number[] = []): MadeFrame {
  const udp = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses: IP4 });
  const packet = encodeIpv4({ ...IP4, protocol: IpProtocol.udp, payload: udp });
  const mac = { destination: hex('01005e7f0001'), source: hex('020000000001') };
  return { linkType: ETHERNET, bytes: encodeEthernet({ ...mac, etherType: EtherType.ipv4, vlans, payload: packet }) };
}

function pieces(): MadeFrame[] {
  const whole = encodeUdp({
    sourcePort: 4242,
    destinationPort: 4242,
    payload: new Uint8Array(40).fill(7),
    addresses: IP4,
  });
  const head = encodeIpv4({
    ...IP4,
    protocol: 17,
    identification: 9,
    moreFragments: true,
    payload: whole.subarray(0, 24),
  });
  const tail = encodeIpv4({ ...IP4, protocol: 17, identification: 9, fragmentOffset: 24, payload: whole.subarray(24) });
  const fragment6 = (offset: number, payload: Uint8Array): MadeFrame =>
    ipv6(44, join(hex('1100'), hex(offset.toString(16).padStart(4, '0')), hex('00000007'), payload));
  return [clearFrame(head), clearFrame(tail), fragment6(1, whole.subarray(0, 24)), fragment6(24, whole.subarray(24))];
}

function neighbours(): MadeFrame[] {
  const icmp = (type: number, body: Uint8Array): MadeFrame =>
    ipv6(IpProtocol.icmpv6, encodeIcmpv6(type, 0, body, IP6.source, IP6.destination));
  const prefix = hex('40 c0 00015180 00003840 00000000 20010db8000000010000000000000000');
  const { source, destination } = IP6;
  const routerOptions = join(
    encodeNeighborOption(3, prefix),
    encodeNeighborOption(5, hex('0000000005dc')),
    encodeNeighborOption(25, join(hex('000000000e10'), source)),
    encodeNeighborOption(14, hex('010203040506')),
    encodeNeighborOption(200, hex('0102')),
  );
  const record = join(hex('04 01 0001'), destination, source, hex('deadbeef'));
  return [
    icmp(128, hex('0007 0001 aabb')),
    icmp(2, hex('000005dc 60')),
    icmp(4, hex('00000006 60')),
    icmp(133, join(hex('00000000'), encodeNeighborOption(1, hex('020000000001')))),
    icmp(134, join(hex('40 80 0708 00000000 000003e8'), routerOptions)),
    icmp(135, join(hex('00000000'), source, encodeNeighborOption(1, hex('020000000001')))),
    icmp(136, join(hex('60000000'), source, encodeNeighborOption(2, hex('020000000001')))),
    icmp(137, join(hex('00000000'), source, destination)),
    icmp(130, join(hex('03e80000'), destination)),
    icmp(130, join(hex('03e80000'), destination, hex('0a7d0001'), source)),
    icmp(131, join(hex('00000000'), destination)),
    icmp(143, join(hex('0000 0001'), record)),
  ];
}

function listeners(): MadeFrame[] {
  const igmp = (octets: Uint8Array): MadeFrame => ipv4(IpProtocol.igmp, octets);
  return [
    igmp(encodeIgmp(0x16, 0, IP4.destination)),
    igmp(encodeIgmp(0x12, 0, IP4.destination)),
    igmp(hex('11 64 0000 efff0001 0a7d0001 a9fe0a0b')),
    igmp(hex('22 00 0000 0000 0001 04 01 0001 efff0001 a9fe0a0b deadbeef')),
    igmp(hex('99 00 0000 efff0001')),
  ];
}

function media(): MadeFrame[] {
  const ssrc = 0x11223344;
  const block = hex('55667788 01000002 00000003 00000004 00000005 00000006');
  const described = join(hex('11223344 01 05'), new TextEncoder().encode('radio'), hex('00'));
  const reports = join(
    encodeRtcp({
      type: 200,
      count: 1,
      body: join(senderReportBody(ssrc, 0xe9_0000_0000_000000n, 1, 2, 3), block, hex('01020304')),
    }),
    encodeRtcp({ type: 202, count: 1, body: described }),
    encodeRtcp({ type: 203, count: 1, body: hex('11223344') }),
    encodeRtcp({ type: 204, count: 1, body: applicationBody(ssrc, 'MCPT', hex('0001')) }),
    encodeRtcp({ type: 205, count: 1, body: hex('11223344 55667788 00010000') }),
    // Padding: the last packet, its flag set by hand.
    hex('a1cb0002 11223344 00000004'),
  );
  const rtp = encodeRtp({
    payloadType: 0,
    sequence: 1,
    timestamp: 160,
    ssrc,
    payload: new Uint8Array(20).fill(0xff),
    csrc: [1, 2],
    extension: { profile: 0xbede, data: hex('10010203') },
    padding: 4,
  });
  return [udpFrame(5000, rtp), udpFrame(5001, reports), udpFrame(MONP_PORT, encodeMonp(1, 0x0102, hex('0304')))];
}

function pc5Signalling(): MadeFrame[] {
  const nonce = new Uint8Array(16).fill(5);
  const request = directCommunicationRequestBody({
    userInfoType: 1,
    userInfo: hex('0102030405060708'),
    ipConfig: 1,
    maximumInactivity: 600,
    nonce1: nonce,
    capabilities: 0xe0e0,
    msbSession: 0x12,
  });
  const optional = (tag: number, octets: number, lengthPrefixed = false) => ({
    tag,
    value: new Uint8Array(octets).fill(tag),
    lengthPrefixed,
  });
  const messages = [
    encodePc5Signalling(1, 1, request, [optional(17, 4), optional(25, 3), optional(22, 129), optional(3, 16)]),
    encodePc5Signalling(3, 1, hex('05')),
    encodePc5Signalling(4, 1, hex('00000009'), [optional(7, 4)]),
    encodePc5Signalling(6, 1, hex('01')),
    encodePc5Signalling(12, 1, join(hex('e0e0'), nonce, hex('2112')), [
      optional(16, 2),
      optional(18, 16),
      optional(24, 3, true),
      optional(23, 1, true),
    ]),
    encodePc5Signalling(13, 1, hex(''), [optional(15, 2)]),
    encodePc5Signalling(14, 1, hex('02'), [optional(10, 16), optional(9, 14)]),
    encodePc5Signalling(15, 1, join(hex('e0e0'), nonce, hex('12')), [optional(21, 1), optional(8, 8)]),
    encodePc5Signalling(18, 1, hex('04')),
    encodePc5Signalling(19, 1, hex(''), [optional(27, 8)]),
    encodePc5Signalling(8, 1, hex('aabb')),
  ];
  return messages.map((message) => clearFrame(message, SduType.pc5Signalling));
}

function vehicles(): MadeFrame[] {
  const position = hex('2000 001561203775 00000001 1c9c3800 05f5e100');
  const long = join(position, hex('8064 0384'));
  const btp = hex('07d1 0000 02 02 00000007 aabb');
  const packet = (headerType: number, extended: Uint8Array, next = 2, payload = btp): MadeFrame => {
    const common = join(hex(`${next}0`), Uint8Array.of(headerType), hex('02 80'), uint16(payload.length), hex('01 00'));
    return clearFrame(join(hex('03 11 00 1a 01'), common, extended, payload), SduType.nonIp);
  };
  const numbered = hex('0001 0000');
  return [
    packet(0x50, join(long, hex('00000000'))),
    packet(0x20, join(numbered, long, position), 1),
    packet(0x40, join(numbered, long, hex('1c9c3800 05f5e100 0064 0032 0000 0000'))),
    packet(0x60, join(numbered, long, hex('2000001561203775')), 0, hex('')),
    clearFrame(hex('03 12 00 1a 01 aabbcc'), SduType.nonIp),
    clearFrame(hex('02 aabbcc'), SduType.nonIp),
  ];
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 255);
}

function mikey(
  payloads: readonly PayloadToEncode[],
  map?: { count: number; type: number; octets: Uint8Array },
): MadeFrame {
  const sessions = map === undefined ? {} : { csCount: map.count, mapType: map.type, map: map.octets };
  return outside(MIKEY_PORT, encodeMikey({ dataType: 0, verify: true, prf: 0, csbId: 7, payloads, ...sessions }));
}

function keyManagement(): MadeFrame[] {
  const from = NOON;
  const to = NOON + 604_800_000_000_000n;
  const key = new Uint8Array(32).fill(7);
  const keys = encodeKeyData([
    { keyType: 1, key, salt: hex('01020304'), interval: { from, to } },
    { keyType: 2, key, spi: hex('aabbccdd') },
  ]);
  const one = Uint8Array.of(1);
  const policy = Array.from({ length: 21 }, (_, type) => ({ type, value: one }));
  const blob = (type: number, body: string): PayloadToEncode => ({ type, body: hex(body) });
  return [
    mikey(
      [
        timePayload(from),
        blob(Payload.tr, `01 02 00000001`),
        randPayload(new Uint8Array(16).fill(9)),
        blob(Payload.randr, '01 04 01020304'),
        idPayload(0, new TextEncoder().encode('alice@example')),
        idrPayload(2, 2, hex('706d6b2d31')),
        policyPayload(0, 0, [...policy, { type: 200, value: hex('0102') }]),
        extensionPayload(0, hex('aabb')),
        extensionPayload(1, new TextEncoder().encode('a=x')),
        extensionPayload(3, hex('00 0002 0102')),
        extensionPayload(241, pgkExtensionData(0xf00001, 40, to)),
        kemacPayload(0, keys, 1, new Uint8Array(20)),
      ],
      { count: 1, type: CsIdMapType.srtpId, octets: hex('00 11223344 00000001') },
    ),
    mikey(
      [
        counterPayload(3),
        blob(Payload.pke, '4002 0102'),
        blob(Payload.cert, '00 0002 0102'),
        blob(Payload.chash, `00 ${'11'.repeat(20)}`),
        blob(Payload.dh, `01 ${'22'.repeat(96)} 00`),
        blob(Payload.sakke, '01 01 0002 0102'),
        verificationPayload(1, new Uint8Array(20)),
        errorPayload(5),
        signPayload(0, hex('0102')),
      ],
      { count: 1, type: CsIdMapType.genericId, octets: hex('01 00 81 01 0002 aabb 02 ccdd') },
    ),
    outside(
      LKH_PORT,
      join(
        encodeLkhContents({
          kind: LkhKind.welcome,
          arity: 2,
          group: 0xf00001,
          issued: from,
          counter: 1,
          managerId: new Uint8Array(8).fill(3),
          pgkKeyVersion: 2,
          placement: { pmkId: hex('706d6b2d31'), node: 3, version: 1 },
          updates: [{ node: 1, version: 2, copies: [{ under: 0, version: 1, wrapped: new Uint8Array(40) }] }],
          pgks: [{ pgkId: 40, notBefore: from, notAfter: to, wrapped: new Uint8Array(40) }],
        }),
        new Uint8Array(64),
      ),
    ),
  ];
}

function framings(): MadeFrame[] {
  const pdcp = encodePdcpSlrb({ sduType: 0, pgkIndex: 0, ptkId: 0, sn: 1, sdu: new Uint8Array(30).fill(1) });
  const rlc = encodeRlcUm({ fi: 0, sn: 0, elements: [pdcp] });
  const mac = (version: number): Uint8Array =>
    encodeSlSch({ version, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] });
  const framed = (values: Parameters<typeof encodeMacLteFramed>[0], pdu: Uint8Array): MadeFrame => ({
    linkType: USER,
    bytes: encodeMacLteFramed(values, pdu),
  });
  const mib = { bandwidth: 3, tddConfiguration: 0, frameNumber: 272, subframeNumber: 0, inCoverage: true };
  const rlcTags = join(RLC_LTE_STRING, hex('02 02 05 03 00 04 01 05 0007 06 0005 07 0003 09 00 01'), rlc);
  const pdcpTags = join(PDCP_LTE_STRING, hex('00 02 00 02 10 03 00 04 01 05 01 06 0000 0d 0003 0e 0007 01'), pdcp);
  const packet = encodeIpv4({
    ...IP4,
    protocol: IpProtocol.tcp,
    payload: encodeTcp({ sourcePort: 9, destinationPort: 9, payload: hex('01') }),
  });
  const other = hex('0002 0001 0008 0102030405060708 0800');
  return [
    framed({ rnti: 1, ueid: 7, sfn: 1, retransmission: 2, crcStatus: 1, carrierId: 0, nbMode: 0 }, mac(1)),
    // A tag without a name of its own.
    { linkType: USER, bytes: hex('01 00 08 0b 01 00 01 00') },
    framed({ rntiType: RntiType.slBch }, encodeMibSl({ ...mib, v2x: false })),
    framed({ rntiType: RntiType.slBch }, encodeMibSl({ ...mib, v2x: true })),
    framed({ rntiType: 3 }, hex('0102')),
    framed({}, mac(2)),
    outside(9999, encodeMacLteUdp({}, mac(1)), [5]),
    outside(9999, encodeRlcLteUdp({ direction: 0, ueid: 7, channelType: 5, channelId: 3 }, rlc)),
    outside(9999, rlcTags),
    outside(9999, encodePdcpLteUdp({ direction: 0, channelId: 3, ueid: 7 }, pdcp)),
    outside(9999, pdcpTags),
    outside(GSMTAP_PORT, encodeGsmtap2({ type: 0x0f }, encodeMacLteFramed({}, mac(1)))),
    outside(GSMTAP_PORT, encodeGsmtap3({ type: 0x0403, metadata: hex('00010000') }, encodeMacLteFramed({}, mac(1)))),
    { linkType: ETHERNET, bytes: hex('01005e7f0001 020000000001 0004 01020304') },
    { linkType: SLL, bytes: encodeSll(1, EtherType.ipv4, packet) },
    { linkType: SLL, bytes: join(other, packet) },
    { linkType: SLL2, bytes: encodeSll(2, EtherType.ipv4, packet) },
    {
      linkType: EXPORTED,
      bytes: encodeExportedPdu({ heuristic: 'mac_lte_udp', originalFrame: 3 }, encodeMacLteUdp({}, mac(1))),
    },
    {
      linkType: EXPORTED,
      bytes: join(
        hex('00ff 0004 01020304'),
        encodeExportedPdu({ dissector: 'mac-lte-framed' }, encodeMacLteFramed({}, mac(3))),
      ),
    },
  ];
}

function packets(): MadeFrame[] {
  const options = join(
    hex('46000020'),
    hex('00000000 40fd0000'),
    IP4.source,
    IP4.destination,
    hex('94040000'),
    hex('01020304'),
  );
  const longArp = {
    operation: 1,
    senderHardware: hex('0a0b0c'),
    senderProtocol: hex('0102'),
    targetHardware: hex('0d0e0f'),
    targetProtocol: hex('0304'),
  };
  const probe = {
    operation: 1,
    senderHardware: hex('020000000001'),
    senderProtocol: hex('00000000'),
    targetHardware: hex('000000000000'),
    targetProtocol: IP4.source,
  };
  return [
    clearFrame(options),
    ipv6(0, join(hex('3b00 0000 0000 0000'), hex('01'))),
    clearFrame(encodeArp(longArp), SduType.arp),
    clearFrame(encodeArp(probe), SduType.arp),
    clearFrame(encodeArp({ ...probe, senderProtocol: IP4.source }), SduType.arp),
    ipv4(IpProtocol.icmp, encodeIcmp(8, 0, 0x00070001, hex('aa'))),
    ipv4(IpProtocol.icmp, encodeIcmp(3, 4, 1500, hex('45'))),
    ipv4(IpProtocol.icmp, encodeIcmp(5, 0, 0xa9fe0a0b, hex('45'))),
    ipv4(IpProtocol.icmp, encodeIcmp(11, 0, 0, hex('45'))),
    ipv4(IpProtocol.tcp, encodeTcp({ sourcePort: 80, destinationPort: 8080, payload: hex('0102') })),
    ipv4(253, hex('0102030405060708')),
    clearFrame(hex('0102'), 5),
  ];
}

/** An NR sidelink MAC PDU in the form that Wireshark reads from UDP: an SDU, a CSI report, padding. */
function newRadio(): MadeFrame[] {
  const pdu = Uint8Array.of(0x00, 0x0a, 0x0b, 0xf0, 4, 3, 1, 2, 3, 62, 0x55, 63, 0, 0);
  const context = Uint8Array.of(1, 0, 7, 2, 0x10, 0x01, 7, 0, 1, 0, 2, 1);
  return [outside(5000, join(new TextEncoder().encode('mac-nr'), context, pdu))];
}

/** All of them; the same at every call. */
export function everyFieldFrames(): MadeFrame[] {
  sn = 0;
  return [
    ...packets(),
    ...pieces(),
    ...neighbours(),
    ...listeners(),
    ...media(),
    ...pc5Signalling(),
    ...vehicles(),
    ...keyManagement(),
    ...framings(),
    ...newRadio(),
  ];
}

/** The octets of a pcap file, one frame a second from 2026-05-01T10:00:00Z on. */
export function captureOf(linkType: number, frames: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((piece) => parts.push(piece), { linkType });
  frames.forEach((frame, index) => {
    writer.frame(1_777_629_600 + index, 0, frame);
  });
  return join(...parts);
}

/** All frames as pcap files, one for each link type. */
export function everyFieldCaptures(): Map<number, Uint8Array> {
  const frames = everyFieldFrames();
  const linkTypes = [...new Set(frames.map((frame) => frame.linkType))];
  return new Map(
    linkTypes.map((linkType) => {
      const octets = frames.filter((frame) => frame.linkType === linkType).map((frame) => frame.bytes);
      return [linkType, captureOf(linkType, octets)];
    }),
  );
}
