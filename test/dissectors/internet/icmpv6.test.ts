// ICMPv6: neighbour discovery and its options, listener discovery, checksums; and ICMP for IPv4.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeIcmp, describeIcmp, encodeIcmp } from '../../../dissectors/internet/icmp.ts';
import {
  decodeIcmpv6,
  describeIcmpv6,
  encodeIcmpv6,
  encodeNeighborOption,
  icmpv6ChecksumGood,
} from '../../../dissectors/internet/icmpv6.ts';
import { createIpCursor } from '../../../dissectors/internet/ip-cursor.ts';
import { decodeIpv6, encodeIpv6 } from '../../../dissectors/internet/ipv6.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const SOURCE = octets('fe80000000000000000000fffe0a0b0c');
const GROUP = octets('ff0200000000000000000001ff000001');
const TARGET = octets('fe800000000000000000000000000001');
const LINK = octets('0200005e0001');

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function message(type: number, body: Uint8Array): Uint8Array {
  return encodeIcmpv6(type, 0, body, SOURCE, GROUP);
}

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  const good = decodeIcmpv6(bytes, 0, bytes.length, null, tree);
  expect(good).toBe(decodeIcmpv6(bytes, 0, bytes.length, null, null));
  expect(tree.closed).toBe(true);
  return tree;
}

const solicitation = message(135, join(new Uint8Array(4), TARGET, encodeNeighborOption(1, LINK)));

describe('neighbour discovery', () => {
  test('a solicitation shows target and link-layer address', () => {
    const tree = show(solicitation);
    expect(tree.problems).toEqual([]);
    expect(tree.one('icmpv6.nd.ns.target_address')).toEqual(TARGET);
    expect(tree.one('icmpv6.opt.src_linkaddr')).toEqual(LINK);
    expect(describeIcmpv6(solicitation, 0, solicitation.length)).toBe(
      'ICMPv6 neighbor solicitation for fe80::1 from 02:00:00:5e:00:01',
    );
  });

  test('an advertisement shows its flags', () => {
    const bytes = message(136, join(octets('60000000'), TARGET, encodeNeighborOption(2, LINK)));
    const tree = show(bytes);
    expect(tree.one('icmpv6.nd.na.flag.r')).toBe(false);
    expect(tree.one('icmpv6.nd.na.flag.s')).toBe(true);
    expect(tree.one('icmpv6.nd.na.flag.o')).toBe(true);
    expect(tree.one('icmpv6.opt.target_linkaddr')).toEqual(LINK);
    expect(describeIcmpv6(bytes, 0, bytes.length)).toBe(
      'ICMPv6 neighbor advertisement of fe80::1 is at 02:00:00:5e:00:01',
    );
  });

  test('a router advertisement shows prefix, MTU, DNS servers', () => {
    const prefix = octets('40 c0 00015180 00003840 00000000 20010db8000000010000000000000000');
    const bytes = message(
      134,
      join(
        octets('40 80 0708 00000000 000003e8'),
        encodeNeighborOption(3, prefix),
        encodeNeighborOption(5, octets('0000000005dc')),
        encodeNeighborOption(25, join(octets('000000000e10'), TARGET, SOURCE)),
        encodeNeighborOption(200, octets('0102')),
      ),
    );
    const tree = show(bytes);
    expect(tree.problems).toEqual([]);
    expect(tree.one('icmpv6.nd.ra.flag.m')).toBe(true);
    expect(tree.one('icmpv6.nd.ra.router_lifetime')).toBe(1800);
    expect(tree.one('icmpv6.nd.ra.retrans_timer')).toBe(1000);
    expect(tree.one('icmpv6.opt.prefix.length')).toBe(64);
    expect(tree.one('icmpv6.opt.prefix.flag.a')).toBe(true);
    expect(tree.one('icmpv6.opt.prefix.valid_lifetime')).toBe(86400);
    expect(tree.one('icmpv6.opt.mtu')).toBe(1500);
    expect(tree.all('icmpv6.opt.rdnss')).toEqual([TARGET, SOURCE]);
    expect(describeIcmpv6(bytes, 0, bytes.length)).toBe('ICMPv6 router advertisement');
  });

  test('router solicitation and redirect are read', () => {
    expect(show(message(133, join(new Uint8Array(4), encodeNeighborOption(1, LINK)))).problems).toEqual([]);
    const redirect = show(message(137, join(new Uint8Array(4), TARGET, SOURCE)));
    expect(redirect.one('icmpv6.rd.na.destination_address')).toEqual(SOURCE);
  });

  test('an option of length 0 stops the walk', () => {
    const bytes = message(135, join(new Uint8Array(4), TARGET, octets('0100000000000000')));
    expect(show(bytes).problems).toEqual(['icmpv6.option']);
    expect(describeIcmpv6(bytes, 0, bytes.length)).toBe('ICMPv6 neighbor solicitation for fe80::1');
  });

  test('a message without its target is cut', () => {
    expect(show(message(135, new Uint8Array(10))).problems).toEqual(['icmpv6.cut']);
  });
});

describe('listener discovery', () => {
  test('a version 2 report shows its records', () => {
    const record = join(octets('04 01 0001'), GROUP, SOURCE, octets('deadbeef'));
    const bytes = message(143, join(octets('0000 0002'), record, octets('03 00 0000'), TARGET));
    const tree = show(bytes);
    expect(tree.problems).toEqual([]);
    expect(tree.all('icmpv6.mldr.mar.record_type')).toEqual([4, 3]);
    expect(tree.one('icmpv6.mldr.mar.source_address')).toEqual(SOURCE);
    expect(tree.one('icmpv6.mldr.mar.auxiliary_data')).toEqual(octets('deadbeef'));
    expect(describeIcmpv6(bytes, 0, bytes.length)).toBe('ICMPv6 MLDv2 report ff02::1:ff00:1 and 1 more');
  });

  test('queries are told apart by length, version 1 messages are read', () => {
    const query1 = message(130, join(octets('03e80000'), GROUP));
    expect(show(query1).one('icmpv6.mld.maximum_response_delay')).toBe(1000);
    const query2 = message(130, join(octets('03e80000'), GROUP, octets('0a7d0001'), SOURCE));
    const tree = show(query2);
    expect(tree.one('icmpv6.mld.flag.s')).toBe(true);
    expect(tree.one('icmpv6.mld.flag.qrv')).toBe(2);
    expect(tree.one('icmpv6.mld.source_address')).toEqual(SOURCE);
    const texts = [query1, query2, message(131, join(new Uint8Array(4), GROUP)), message(132, new Uint8Array(20))];
    expect(texts.map((bytes) => describeIcmpv6(bytes, 0, bytes.length))).toEqual([
      'ICMPv6 MLDv1 query ff02::1:ff00:1',
      'ICMPv6 MLDv2 query ff02::1:ff00:1',
      'ICMPv6 MLDv1 report ff02::1:ff00:1',
      'ICMPv6 MLDv1 done ::',
    ]);
  });

  test('record counts beyond the message are a problem', () => {
    expect(show(message(143, octets('0000ffff'))).problems).toEqual(['icmpv6.cut']);
    expect(show(message(130, join(octets('00000000'), GROUP, octets('0000ffff')))).problems).toEqual(['icmpv6.cut']);
  });
});

test('echo, errors, and the checksum over the IPv6 header', () => {
  const echo = message(128, octets('00070001aabb'));
  expect(describeIcmpv6(echo, 0, echo.length)).toBe('ICMPv6 echo request id 7 seq 1');
  expect(show(echo).one('icmpv6.echo.sequence_number')).toBe(1);
  const packet = encodeIpv6({ source: SOURCE, destination: GROUP, nextHeader: 58, payload: echo, hopLimit: 255 });
  const cursor = createIpCursor();
  decodeIpv6(packet, 0, packet.length, cursor, null);
  expect(icmpv6ChecksumGood(packet, 40, packet.length, cursor)).toBe(true);
  expect(decodeIcmpv6(packet, 40, packet.length, cursor, null)).toBe(true);
  packet[49] ^= 1;
  const tree = new TreeRecorder();
  expect(decodeIcmpv6(packet, 40, packet.length, cursor, tree)).toBe(false);
  expect(tree.problems).toEqual(['icmpv6.checksum']);
  expect(describeIcmpv6(message(2, octets('000005dc')), 0, 8)).toBe('ICMPv6 packet too big');
  expect(describeIcmpv6(message(99, octets('00000000')), 0, 8)).toBe('ICMPv6 type 99');
});

test('ICMPv6 never throws', () => {
  const typed = fc
    .tuple(fc.constantFrom(130, 131, 132, 133, 134, 135, 136, 137, 143), fc.uint8Array({ maxLength: 120 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest));
  const near = fc
    .tuple(fc.nat(solicitation.length - 1), fc.nat(255))
    .map(([at, value]) => solicitation.with(at, value));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), typed, near), (bytes) => {
      show(bytes);
      expect(describeIcmpv6(bytes, 0, bytes.length)).toMatch(/^ICMPv6/);
    }),
  );
});

describe('ICMP for IPv4', () => {
  test('echo and unreachable', () => {
    const echo = encodeIcmp(8, 0, 0x00070002, octets('aabbcc'));
    const tree = new TreeRecorder();
    expect(decodeIcmp(echo, 0, echo.length, tree)).toBe(true);
    expect([tree.one('icmp.ident'), tree.one('icmp.seq')]).toEqual([7, 2]);
    expect(describeIcmp(echo, 0, echo.length)).toBe('ICMP echo request id 7 seq 2');
    const tooBig = encodeIcmp(3, 4, 1400, octets('4500'));
    const second = new TreeRecorder();
    decodeIcmp(tooBig, 0, tooBig.length, second);
    expect(second.one('icmp.mtu')).toBe(1400);
    expect(describeIcmp(tooBig, 0, tooBig.length)).toBe('ICMP fragmentation needed');
    expect(describeIcmp(encodeIcmp(11, 0, 0, new Uint8Array(0)), 0, 8)).toBe('ICMP time-to-live exceeded');
    const redirect = new TreeRecorder();
    decodeIcmp(encodeIcmp(5, 1, 0x0a000001, new Uint8Array(0)), 0, 8, redirect);
    expect(redirect.one('icmp.redir_gw')).toEqual(octets('0a000001'));
  });

  test('a wrong checksum and a cut message are problems; nothing throws', () => {
    const tree = new TreeRecorder();
    expect(decodeIcmp(encodeIcmp(8, 0, 1, octets('aa')).with(8, 0xab), 0, 9, tree)).toBe(false);
    expect(tree.problems).toEqual(['icmp.checksum']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const any = new TreeRecorder();
        expect(decodeIcmp(bytes, 0, bytes.length, any)).toBe(decodeIcmp(bytes, 0, bytes.length, null));
        expect(describeIcmp(bytes, 0, bytes.length)).toMatch(/^ICMP/);
        expect(any.closed).toBe(true);
      }),
    );
  });
});
