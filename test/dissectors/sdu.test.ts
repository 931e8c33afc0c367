// What a deciphered SDU holds, in one line and as layers.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeArp } from '../../dissectors/internet/arp.ts';
import { addFragment, createFragmentTable, fragmentOf } from '../../dissectors/internet/fragments.ts';
import { encodeIcmp } from '../../dissectors/internet/icmp.ts';
import { encodeIcmpv6 } from '../../dissectors/internet/icmpv6.ts';
import { encodeIgmp } from '../../dissectors/internet/igmp.ts';
import { createIpCursor } from '../../dissectors/internet/ip-cursor.ts';
import { decodeIpv4, encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../dissectors/internet/ipv6.ts';
import { encodeTcp } from '../../dissectors/internet/tcp.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import { counterPayload, encodeMikey } from '../../dissectors/keying/mikey-encode.ts';
import { encodeMonp } from '../../dissectors/media/monp.ts';
import { applicationBody, encodeRtcp } from '../../dissectors/media/rtcp.ts';
import { encodeRtp } from '../../dissectors/media/rtp.ts';
import { describeSdu, dissectSdu } from '../../dissectors/sdu.ts';
import { encodePc5Signalling } from '../../dissectors/sidelink/pc5-signalling.ts';
import { octets, TreeRecorder } from './tree-recorder.ts';

const SOURCE = octets('a9fe0a0b');
const GROUP = octets('efff0001');
const SOURCE6 = octets('fe80000000000000000000fffe0a0b0c');
const GROUP6 = octets('ff050000000000000000000000000007');

const rtp = encodeRtp({ payloadType: 0, sequence: 12, timestamp: 160, ssrc: 0xcafebabe, payload: new Uint8Array(20) });

function udp4(payload: Uint8Array, port = 5000): Uint8Array {
  const addresses = { source: SOURCE, destination: GROUP };
  const datagram = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses });
  return encodeIpv4({ ...addresses, protocol: 17, payload: datagram });
}

function udp6(payload: Uint8Array, port = 5000): Uint8Array {
  const addresses = { source: SOURCE6, destination: GROUP6 };
  const datagram = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses });
  return encodeIpv6({ ...addresses, nextHeader: 17, payload: datagram });
}

function ip4(protocol: number, payload: Uint8Array): Uint8Array {
  return encodeIpv4({ source: SOURCE, destination: GROUP, protocol, payload });
}

const arp = encodeArp({
  operation: 1,
  senderHardware: octets('0200005e0001'),
  senderProtocol: SOURCE,
  targetHardware: new Uint8Array(6),
  targetProtocol: octets('a9fe0a0c'),
});
const mikey = encodeMikey({ dataType: 0, verify: true, prf: 0, csbId: 1, payloads: [counterPayload(5)] });
const floor = encodeRtcp({ type: 204, count: 0, body: applicationBody(1, 'MCPT', new Uint8Array(0)) });
const cut = udp4(rtp).slice(0, 24);
const echo6 = encodeIcmpv6(128, 0, octets('00070001'), SOURCE6, GROUP6);

/** Summary, protocols, SDU type and SDU; the tree shows the same protocols unless a fifth member says other ones. */
const samples: readonly [string, string[], number, Uint8Array, string[]?][] = [
  ['169.254.10.11:5000 > 239.255.0.1:5000 RTP PCMU seq 12', ['ipv4', 'udp', 'rtp'], 0, udp4(rtp)],
  ['[fe80::ff:fe0a:b0c]:5000 > [ff05::7]:5000 RTP PCMU seq 12', ['ipv6', 'udp', 'rtp'], 0, udp6(rtp)],
  ['169.254.10.11:5001 > 239.255.0.1:5001 RTCP APP MCPT Floor Request', ['ipv4', 'udp', 'rtcp'], 0, udp4(floor, 5001)],
  [
    '169.254.10.11:8809 > 239.255.0.1:8809 MONP GROUP CALL PROBE call 0x0001',
    ['ipv4', 'udp', 'monp'],
    0,
    udp4(encodeMonp(1, 1, new Uint8Array(0)), 8809),
  ],
  [
    '169.254.10.11:2269 > 239.255.0.1:2269 MIKEY Pre-shared CSB 0x00000001: T',
    ['ipv4', 'udp', 'mikey'],
    0,
    udp4(mikey, 2269),
  ],
  [
    '169.254.10.11:5000 > 239.255.0.1:5000 UDP 9 octets',
    ['ipv4', 'udp'],
    0,
    udp4(new TextEncoder().encode('PTT hello')),
    ['ipv4', 'udp', 'data'],
  ],
  [
    '169.254.10.11:5353 > 239.255.0.1:5353 UDP MDNS 2 octets',
    ['ipv4', 'udp'],
    0,
    udp4(octets('0000'), 5353),
    ['ipv4', 'udp', 'data'],
  ],
  [
    '169.254.10.11 > 239.255.0.1 ICMP echo request id 0 seq 1',
    ['ipv4', 'icmp'],
    0,
    ip4(1, encodeIcmp(8, 0, 1, octets('aa'))),
  ],
  [
    '169.254.10.11 > 239.255.0.1 IGMPv2 membership report 239.255.0.1',
    ['ipv4', 'igmp'],
    0,
    ip4(2, encodeIgmp(0x16, 0, GROUP)),
  ],
  [
    'fe80::ff:fe0a:b0c > ff05::7 ICMPv6 echo request id 7 seq 1',
    ['ipv6', 'icmpv6'],
    0,
    encodeIpv6({ source: SOURCE6, destination: GROUP6, nextHeader: 58, payload: echo6 }),
  ],
  [
    '169.254.10.11:80 > 239.255.0.1:8080 TCP 3 octets',
    ['ipv4', 'tcp'],
    0,
    ip4(6, encodeTcp({ sourcePort: 80, destinationPort: 8080, payload: octets('010203') })),
    ['ipv4', 'tcp', 'data'],
  ],
  ['169.254.10.11 > 239.255.0.1 TCP header cut or contradicting itself', ['ipv4', 'tcp'], 0, ip4(6, octets('0102'))],
  ['169.254.10.11 > 239.255.0.1 IP protocol 253 1 octets', ['ipv4'], 0, ip4(253, octets('01')), ['ipv4', 'data']],
  ['ARP who has 169.254.10.12, tell 169.254.10.11', ['arp'], 1, arp],
  ['ARP who has 169.254.10.12, tell 169.254.10.11 (in an IP SDU)', ['arp'], 0, arp],
  ['PC5-S DIRECT_REKEYING_TRIGGER seq 2', ['pc5-s'], 2, encodePc5Signalling(17, 2, new Uint8Array(0))],
  ['Non-IP CCSA 1 octets', ['non-ip'], 3, octets('0400')],
  ['reserved SDU type 5, 2 octets', [], 5, octets('4500'), ['data']],
  ['IP SDU of 3 octets, neither version 4 nor 6 (ROHC, or not deciphered)', [], 0, octets('fd0102'), ['data']],
  ['IP SDU of 0 octets, neither version 4 nor 6 (ROHC, or not deciphered)', [], 0, octets(''), []],
  ['IPv4 header cut or contradicting itself, 2 octets', ['ipv4'], 0, octets('4500')],
  ['IPv6 header cut or contradicting itself, 1 octets', ['ipv6'], 0, octets('60')],
  ['169.254.10.11 > 239.255.0.1 UDP header cut or contradicting itself', ['ipv4', 'udp'], 0, cut],
];

describe('describeSdu and dissectSdu', () => {
  test.each(samples)('%s', (summary, protocols, sduType, sdu, shown = protocols) => {
    const around = Uint8Array.of(9, 9, 9, ...sdu, 9);
    expect(describeSdu(around, 3, sdu.length, sduType)).toEqual({ protocols, summary });
    const tree = new TreeRecorder();
    dissectSdu(around, 3, sdu.length, sduType, tree);
    expect(tree.protocols).toEqual(shown);
    expect(tree.closed).toBe(true);
  });

  test('descriptions of one chain share their list of protocols', () => {
    const first = describeSdu(udp4(rtp), 0, 60, 0);
    const second = describeSdu(udp4(rtp), 0, 60, 0);
    expect(first.protocols).toBe(second.protocols);
  });

  test('many endpoints do not mix up their text', () => {
    for (let index = 0; index < 5000; index++) {
      const source = Uint8Array.of(10, index >> 8, index & 0xff, 1);
      const payload = encodeUdp({ sourcePort: 5000 + (index & 7), destinationPort: 5000, payload: rtp });
      const sdu = encodeIpv4({ source, destination: GROUP, protocol: 17, payload });
      const expected = `10.${index >> 8}.${index & 0xff}.1:${5000 + (index & 7)} > 239.255.0.1:5000 RTP PCMU seq 12`;
      expect(describeSdu(sdu, 0, sdu.length, 0).summary).toBe(expected);
    }
  });

  test('octets behind the IP packet are shown', () => {
    const sdu = Uint8Array.of(...udp4(rtp), 1, 2);
    const tree = new TreeRecorder();
    dissectSdu(sdu, 0, sdu.length, 0, tree);
    expect(tree.protocols).toEqual(['ipv4', 'udp', 'rtp', 'data']);
    expect(tree.one('data.len')).toBe(2);
  });

  test('fragments are named, and shown whole once they are together', () => {
    const whole = encodeUdp({ sourcePort: 5000, destinationPort: 5000, payload: rtp });
    const fragment = (from: number, to: number, moreFragments: boolean) =>
      encodeIpv4({
        source: SOURCE,
        destination: GROUP,
        protocol: 17,
        payload: whole.slice(from, to),
        identification: 0x1234,
        fragmentOffset: from,
        moreFragments,
      });
    const [first, last] = [fragment(0, 16, true), fragment(16, whole.length, false)];
    const hosts = '169.254.10.11 > 239.255.0.1';
    expect(describeSdu(first, 0, first.length, 0)).toEqual({
      protocols: ['ipv4'],
      summary: `${hosts} UDP fragment id 0x1234 octets 0+16`,
    });
    expect(describeSdu(last, 0, last.length, 0).summary).toBe(`${hosts} UDP fragment id 0x1234 octets 16+24, the last`);

    const table = createFragmentTable();
    const cursor = createIpCursor();
    const results = [first, last].map((packet) => {
      decodeIpv4(packet, 0, packet.length, cursor, null);
      return addFragment(table, fragmentOf(packet, cursor, packet.length, '', 0));
    });
    const result = results[1];
    if (result.state !== 'whole') throw new Error(`the datagram is ${result.state}`);
    expect(describeSdu(last, 0, last.length, 0, result.payload)).toEqual({
      protocols: ['ipv4', 'udp', 'rtp'],
      summary: '169.254.10.11:5000 > 239.255.0.1:5000 RTP PCMU seq 12 (reassembled)',
    });
    const tree = new TreeRecorder();
    dissectSdu(last, 0, last.length, 0, tree, result.payload);
    expect(tree.protocols).toEqual(['ipv4', 'data', 'udp', 'rtp']);
    expect(tree.one('rtp.seq')).toBe(12);
    expect(tree.closed).toBe(true);
  });

  test('never throw; the summary is printable ASCII of at most 200 characters', () => {
    const near = fc
      .tuple(fc.nat(samples.length - 1), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }))
      .map(([which, edits]): [number, Uint8Array] => {
        const copy = samples[which][3].slice();
        for (const [at, value] of edits) if (copy.length > 0) copy[at % copy.length] = value;
        return [samples[which][2], copy];
      });
    const any = fc.tuple(fc.nat(7), fc.uint8Array({ maxLength: 300 }));
    const userPorts = fc
      .tuple(fc.constantFrom(2269, 8809, 5000, 5001), fc.uint8Array({ maxLength: 300 }))
      .map(([port, payload]): [number, Uint8Array] => [0, udp4(payload, port)]);
    fc.assert(
      fc.property(fc.oneof(near, any, userPorts), fc.nat(300), ([sduType, sdu], length) => {
        const there = Math.min(length, sdu.length);
        const { summary, protocols } = describeSdu(sdu, 0, there, sduType);
        expect(summary).toMatch(/^[\x20-\x7e]{1,200}$/);
        expect(describeSdu(sdu, 0, there, sduType)).toEqual({ summary, protocols });
        const tree = new TreeRecorder();
        dissectSdu(sdu, 0, there, sduType, tree);
        expect(tree.closed).toBe(true);
        describeSdu(sdu, 0, there, sduType, sdu);
        dissectSdu(sdu, 0, there, sduType, new TreeRecorder(), sdu);
      }),
      { numRuns: 1000 },
    );
  });
});
