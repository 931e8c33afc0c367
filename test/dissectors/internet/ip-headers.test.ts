import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEthernet, EtherType, encodeEthernet } from '../../../dissectors/internet/ethernet.ts';
import { createIpCursor } from '../../../dissectors/internet/ip-cursor.ts';
import { decodeIpv4, encodeIpv4, ipv4ChecksumFits } from '../../../dissectors/internet/ipv4.ts';
import { decodeIpv6, encodeIpv6 } from '../../../dissectors/internet/ipv6.ts';
import {
  ChecksumStatus,
  createUdpCursor,
  decodeUdp,
  encodeUdp,
  udpChecksumStatus,
} from '../../../dissectors/internet/udp.ts';
import { Problem } from '../../../dissectors/problems.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const source4 = Uint8Array.of(169, 254, 10, 11);
const destination4 = Uint8Array.of(239, 255, 0, 1);
const source6 = octets('fe80 0000 0000 0000 0000 00ff fe0a 0b0c');
const destination6 = octets('ff02 0000 0000 0000 0000 0000 0000 0007');

function ipv4(bytes: Uint8Array, tree: TreeRecorder | null = null) {
  const cursor = createIpCursor();
  return { problem: decodeIpv4(bytes, 0, bytes.length, cursor, tree), cursor };
}

function ipv6(bytes: Uint8Array, tree: TreeRecorder | null = null) {
  const cursor = createIpCursor();
  return { problem: decodeIpv6(bytes, 0, bytes.length, cursor, tree), cursor };
}

describe('IPv4', () => {
  test('a header, octet by octet', () => {
    const packet = octets('45b8 0020 1234 4000 40 11 0000 a9fe0a0b efff0001 11112222 33334444');
    const { problem, cursor } = ipv4(packet);
    expect(problem).toBe(Problem.none);
    expect(cursor).toMatchObject({ version: 4, headerAt: 0, payloadAt: 20, payloadEnd: 32, protocol: 17, hops: 64 });
    expect(cursor).toMatchObject({ sourceAt: 12, destinationAt: 16, addressLength: 4, fragment: false });
    expect(ipv4ChecksumFits(packet, cursor)).toBe(false);
  });

  test('options belong to the header', () => {
    const { cursor } = ipv4(octets('46 00 001c 0000 0000 01 02 0000 01020304 05060708 94040000 16000000'));
    expect(cursor.payloadAt).toBe(24);
    expect(cursor.payloadEnd).toBe(28);
  });

  test('fragments are told, first and later ones', () => {
    const values = { source: source4, destination: destination4, protocol: 17, payload: new Uint8Array(16) };
    expect(ipv4(encodeIpv4({ ...values, moreFragments: true })).cursor).toMatchObject({
      fragment: true,
      moreFragments: true,
      fragmentOffset: 0,
    });
    expect(ipv4(encodeIpv4({ ...values, fragmentOffset: 1480 })).cursor).toMatchObject({
      fragment: true,
      moreFragments: false,
      fragmentOffset: 1480,
    });
  });

  const wrong: [string, string, Problem][] = [
    ['version 5', '55 00 0014 0000 0000 40 11 0000 01020304 05060708', Problem.ipHeader],
    ['header length 16', '44 00 0014 0000 0000 40 11 0000 01020304 05060708', Problem.ipHeader],
    ['total length less than the header', '45 00 0013 0000 0000 40 11 0000 01020304 05060708', Problem.ipHeader],
    ['cut', '45 00 0014 0000 0000 40 11 0000 01020304 050607', Problem.linkHeaderCut],
    ['options cut', '46 00 0018 0000 0000 40 11 0000 01020304 05060708', Problem.linkHeaderCut],
  ];
  test.each(wrong)('%s', (_name, hex, problem) => {
    const tree = new TreeRecorder();
    expect(ipv4(octets(hex), tree).problem).toBe(problem);
    expect(tree.problems).toHaveLength(1);
    expect(tree.closed).toBe(true);
  });

  test('the tree', () => {
    const tree = new TreeRecorder();
    ipv4(encodeIpv4({ source: source4, destination: destination4, protocol: 17, payload: new Uint8Array(8) }), tree);
    expect(tree.one('ip.src')).toEqual(source4);
    expect(tree.one('ip.dst')).toEqual(destination4);
    expect(tree.one('ip.len')).toBe(28);
    expect(tree.one('ip.checksum.status')).toBe(1);
    expect(tree.closed).toBe(true);
  });
});

describe('IPv6', () => {
  test('fixed header', () => {
    const payload = new Uint8Array(9);
    const packet = encodeIpv6({ source: source6, destination: destination6, nextHeader: 17, payload, hopLimit: 255 });
    expect(ipv6(packet)).toMatchObject({
      problem: Problem.none,
      cursor: { version: 6, payloadAt: 40, payloadEnd: 49, protocol: 17, hops: 255, sourceAt: 8, destinationAt: 24 },
    });
  });

  const extended = (nextHeader: number, hex: string) =>
    encodeIpv6({ source: source6, destination: destination6, nextHeader, payload: octets(hex) });

  test('extension headers are passed over', () => {
    const packet = extended(0, '3c00 050200000000 1101 0000000000000000000000000000 aabb');
    expect(ipv6(packet)).toMatchObject({ problem: Problem.none, cursor: { protocol: 17, payloadAt: 64 } });
  });

  test('an authentication header counts in words of four', () => {
    const packet = extended(51, `1104 ${'00'.repeat(22)} aabb`);
    expect(ipv6(packet)).toMatchObject({ problem: Problem.none, cursor: { protocol: 17, payloadAt: 64 } });
  });

  test('a first fragment is followed, a later one is not', () => {
    expect(ipv6(extended(44, '1100 0001 12345678 aabb')).cursor).toMatchObject({
      fragment: true,
      moreFragments: true,
      protocol: 17,
      identification: 0x12345678,
    });
    expect(ipv6(extended(44, '0000 0010 12345678 aabb')).cursor).toMatchObject({
      fragment: true,
      fragmentOffset: 16,
      protocol: 0,
      payloadAt: 48,
    });
  });

  test('damage', () => {
    expect(ipv6(octets('60000000')).problem).toBe(Problem.linkHeaderCut);
    expect(ipv6(new Uint8Array(40).fill(0x50)).problem).toBe(Problem.ipHeader);
    expect(ipv6(extended(0, '11ff 0000')).problem).toBe(Problem.ipHeader);
    expect(ipv6(extended(0, '3c00 000000000000'.repeat(17))).problem).toBe(Problem.ipHeader);
  });

  test('the tree shows each extension header', () => {
    const tree = new TreeRecorder();
    ipv6(extended(0, '2c00 050200000000 1100 0001 12345678 aabb'), tree);
    expect(tree.all('ipv6.ext.nxt')).toEqual([44, 17]);
    expect(tree.one('ipv6.fraghdr.ident')).toBe(0x12345678);
    expect(tree.one('ipv6.dst')).toEqual(destination6);
    expect(tree.closed).toBe(true);
  });
});

describe('UDP', () => {
  test('the checksum, word by word', () => {
    const addresses = { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) };
    const made = encodeUdp({ sourcePort: 53, destinationPort: 53, payload: octets('616263646566'), addresses });
    const packet = encodeIpv4({ ...addresses, protocol: 17, payload: made });
    expect(Buffer.from(made.subarray(6, 8)).toString('hex')).toBe(slowChecksum(packet));
  });

  function slowChecksum(packet: Uint8Array): string {
    const words = [...packet.subarray(12, 20), 0, 17, 0, 14, ...packet.subarray(20, 26), ...packet.subarray(28, 34)];
    let sum = 0;
    for (let index = 0; index < words.length; index += 2) sum += words[index] * 256 + words[index + 1];
    while (sum >= 65536) sum = (sum % 65536) + Math.floor(sum / 65536);
    return (65535 - sum).toString(16).padStart(4, '0');
  }

  const datagrams = fc.record({
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.nat(0xffff),
    payload: fc.uint8Array({ maxLength: 200 }),
  });

  test('what is encoded is found again, checksum and all, over IPv4 and IPv6', () => {
    fc.assert(
      fc.property(datagrams, fc.boolean(), fc.nat(200), (values, six, at) => {
        const addresses = six
          ? { source: source6, destination: destination6 }
          : { source: source4, destination: destination4 };
        const payload = encodeUdp({ ...values, addresses });
        const packet = six
          ? encodeIpv6({ ...addresses, nextHeader: 17, payload })
          : encodeIpv4({ ...addresses, protocol: 17, payload });
        const ip = createIpCursor();
        const decode = six ? decodeIpv6 : decodeIpv4;
        expect(decode(packet, 0, packet.length, ip, null)).toBe(Problem.none);
        if (!six) expect(ipv4ChecksumFits(packet, ip)).toBe(true);
        const udp = createUdpCursor();
        expect(decodeUdp(packet, ip.payloadAt, packet.length, ip, udp, null)).toBe(Problem.none);
        expect(udp).toMatchObject({ sourcePort: values.sourcePort, destinationPort: values.destinationPort });
        expect(packet.slice(udp.payloadAt, udp.payloadEnd)).toEqual(values.payload);
        expect(udpChecksumStatus(packet, packet.length, ip, udp)).toBe(ChecksumStatus.good);
        packet[ip.payloadAt + (at % payload.length)] ^= 0x10;
        if (at % payload.length < 4) {
          expect(udpChecksumStatus(packet, packet.length, ip, udp)).toBe(ChecksumStatus.bad);
        }
        expect(udpChecksumStatus(packet, packet.length - 1, ip, udp)).not.toBe(ChecksumStatus.good);
      }),
      { numRuns: 300 },
    );
  });

  test('a length less than the header, and a cut header', () => {
    const udp = createUdpCursor();
    expect(decodeUdp(octets('0001 0002 0007 0000'), 0, 8, null, udp, null)).toBe(Problem.ipHeader);
    expect(decodeUdp(octets('0001 0002 0008 00'), 0, 7, null, udp, null)).toBe(Problem.linkHeaderCut);
    expect(decodeUdp(octets('0001 0002 0000 0000 aa'), 0, 9, null, udp, null)).toBe(Problem.none);
    expect(udp.payloadEnd).toBe(9);
  });
});

describe('Ethernet', () => {
  const values = { destination: octets('01005e7f0001'), source: octets('020000000001'), payload: octets('aabb') };
  const decode = (bytes: Uint8Array, tree: TreeRecorder | null = null) => {
    const cursor = { etherType: -1, payloadAt: -1 };
    return { whole: decodeEthernet(bytes, 0, bytes.length, cursor, tree), cursor };
  };

  test.each([[[]], [[5]], [[100, 7]]])('VLAN tags %j', (vlans: number[]) => {
    const tree = new TreeRecorder();
    const { cursor } = decode(encodeEthernet({ ...values, etherType: EtherType.ipv6, vlans }), tree);
    expect(cursor).toEqual({ etherType: EtherType.ipv6, payloadAt: 14 + 4 * vlans.length });
    expect(tree.all('vlan.id')).toEqual(vlans);
    expect(tree.one('eth.src')).toEqual(values.source);
    expect(tree.closed).toBe(true);
  });

  test('a length is no EtherType; a cut header or tag is told', () => {
    expect(decode(encodeEthernet({ ...values, etherType: 46 })).cursor.etherType).toBe(0);
    expect(decode(new Uint8Array(13)).whole).toBe(false);
    expect(decode(octets('01005e7f0001 020000000001 8100 0005 08')).whole).toBe(false);
  });
});
