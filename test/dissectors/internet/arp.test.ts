// ARP: what it says, what is cut, what is not ARP.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arpSender, decodeArp, describeArp, encodeArp, looksLikeArp } from '../../../dissectors/internet/arp.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const HARDWARE = octets('0200005e0001');
const SENDER = octets('a9fe0a0b');
const TARGET = octets('a9fe0a0c');
const NOBODY = new Uint8Array(6);

const request = encodeArp({
  operation: 1,
  senderHardware: HARDWARE,
  senderProtocol: SENDER,
  targetHardware: NOBODY,
  targetProtocol: TARGET,
});

describe('ARP', () => {
  test('a request is written as RFC 826 draws it and read again', () => {
    expect(Buffer.from(request).toString('hex')).toBe('00010800060400010200005e0001a9fe0a0b000000000000a9fe0a0c');
    const tree = new TreeRecorder();
    expect(decodeArp(request, 0, request.length, tree)).toBe(true);
    expect(tree.one('arp.opcode')).toBe(1);
    expect(tree.one('arp.src.hw_mac')).toEqual(HARDWARE);
    expect(tree.one('arp.dst.proto_ipv4')).toEqual(TARGET);
    expect(tree.all('arp.isprobe')).toEqual([]);
    expect(looksLikeArp(request, 0, 28)).toBe(true);
    expect(arpSender(request, 0, 28)).toEqual({ hardware: '0200005e0001', address: '169.254.10.11' });
  });

  test.each([
    [1, SENDER, TARGET, 'ARP who has 169.254.10.12, tell 169.254.10.11'],
    [1, new Uint8Array(4), TARGET, 'ARP probe for 169.254.10.12'],
    [1, SENDER, SENDER, 'ARP announcement of 169.254.10.11'],
    [2, SENDER, TARGET, 'ARP 169.254.10.11 is at 02:00:00:5e:00:01'],
    [8, SENDER, TARGET, 'ARP inverse request 169.254.10.11 > 169.254.10.12'],
    [99, SENDER, TARGET, 'ARP operation 99 169.254.10.11 > 169.254.10.12'],
  ])('operation %i is described', (operation, senderProtocol, targetProtocol, text) => {
    const packet = { operation, senderHardware: HARDWARE, senderProtocol, targetHardware: NOBODY, targetProtocol };
    expect(describeArp(encodeArp(packet), 0, 28)).toBe(text);
  });

  test('other address sizes are shown as octets', () => {
    const packet = encodeArp({
      operation: 2,
      senderHardware: octets('0a0b0c'),
      senderProtocol: new Uint8Array(16),
      targetHardware: octets('0d0e0f'),
      targetProtocol: new Uint8Array(16),
    });
    const tree = new TreeRecorder();
    expect(decodeArp(packet, 0, packet.length, tree)).toBe(true);
    expect(tree.one('arp.src.hw')).toEqual(octets('0a0b0c'));
    expect(describeArp(packet, 0, packet.length)).toBe('ARP reply');
    expect(looksLikeArp(packet, 0, packet.length)).toBe(false);
  });

  test('sizes of 255 and a cut packet are a problem, not an error', () => {
    const hostile = request.slice();
    hostile[4] = 255;
    hostile[5] = 255;
    const tree = new TreeRecorder();
    expect(decodeArp(hostile, 0, hostile.length, tree)).toBe(false);
    expect(tree.problems).toEqual(['arp.cut']);
    expect(tree.closed).toBe(true);
    expect(describeArp(request, 0, 27)).toBe('ARP, cut');
  });

  test('never throws, and says the same with and without a tree', () => {
    const near = fc.tuple(fc.nat(27), fc.nat(255)).map(([at, value]) => request.with(at, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), near), (bytes) => {
        const tree = new TreeRecorder();
        expect(decodeArp(bytes, 0, bytes.length, tree)).toBe(decodeArp(bytes, 0, bytes.length, null));
        expect(tree.closed).toBe(true);
        expect(describeArp(bytes, 0, bytes.length)).toMatch(/^ARP/);
      }),
    );
  });
});
