// Evidence bits: the cumulative table of security A.2, each check by itself, and the fast sums against slow ones.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Evidence, NO_ADDRESSES, Shape } from '../../../daemon/engine/evidence.ts';
import { Check } from '../../../daemon/engine/evidence-checks.ts';
import { internetChecksum } from '../../../dissectors/internet/checksum.ts';

// Self-made packet of security D.3: IPv4, UDP 5000 to 5000, "PTT hello", to 239.255.0.1.
const PACKET = '45000025123400004011C48AA9FE0A0BEFFF00011388138800114C6B5054542068656C6C6F';
const GROUP = { of: [], ipv4: [0xefff0001], ipv6: [] };

function octets(hex: string): Uint8Array {
  // Padded to whole words, as the arena of deciphered SDUs is.
  const bytes = Buffer.from(hex, 'hex');
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  return padded;
}

function weigh(hex: string, sduType = 0, addresses = NO_ADDRESSES): Evidence {
  const evidence = new Evidence();
  evidence.weigh(octets(hex), null, 0, hex.length / 2, sduType, addresses);
  return evidence;
}

/** The packet with some octets replaced and, on request, the header checksum made right again. */
function bent(changes: Readonly<Record<number, number>>, mendHeader = true): string {
  const bytes = Buffer.from(PACKET, 'hex');
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  if (mendHeader) {
    bytes.writeUInt16BE(0, 10);
    bytes.writeUInt16BE(internetChecksum(bytes, 0, 20), 10);
  }
  return bytes.toString('hex');
}

describe('IPv4', () => {
  test('a whole UDP packet has 95 bits, with the group address 127', () => {
    expect(weigh(PACKET)).toMatchObject({ tenths: 950, failed: 0, shape: Shape.ipv4 });
    expect(weigh(PACKET, 0, GROUP)).toMatchObject({ tenths: 1270, headerTenths: 950 });
  });

  test.each([
    ['total length one too many', bent({ 3: 0x26 })],
    ['total length one too few', bent({ 3: 0x24 })],
    ['header checksum wrong', bent({ 11: 0x8b }, false)],
    ['header longer than the packet', bent({ 0: 0x4f })],
    ['header shorter than 20 octets', bent({ 0: 0x44 })],
    ['version 5', bent({ 0: 0x55 })],
  ])('a header with a failed check of its own gives no bits at all: %s', (_name, hex) => {
    expect(weigh(hex, 0, GROUP)).toMatchObject({ tenths: 0, headerTenths: 0, shape: Shape.none });
  });

  test('a flipped payload bit leaves the header standing: the mark of tampering', () => {
    const evidence = weigh(bent({ 30: 0x55 }));
    expect(evidence.headerTenths).toBe(630);
    expect(evidence.failed).toBe(1 << Check.udpChecksum);
  });

  test('a UDP length that does not fit fails', () => {
    expect(weigh(bent({ 25: 0x10 })).failed).toBe(1 << Check.udpLength);
  });

  test('a zero UDP checksum means not computed: one bit less', () => {
    expect(weigh(bent({ 26: 0, 27: 0 }))).toMatchObject({ tenths: 940, failed: 0 });
  });

  test('a fragment is known as one and loses the bits of flags and offset', () => {
    expect(weigh(bent({ 6: 0x20 }))).toMatchObject({ tenths: 480, fragment: true, failed: 0 });
    expect(weigh(bent({ 7: 0x01 }))).toMatchObject({ tenths: 480, fragment: true });
  });

  test('do not fragment is no fragment', () => {
    expect(weigh(bent({ 6: 0x40 }))).toMatchObject({ tenths: 950, fragment: false });
  });

  // The slow twin takes every check by itself, octet by octet: it is used where the octets do not stand on a word.
  test('in short, over words, it weighs as much as check by check, whatever was changed', () => {
    let usual = 0;
    let other = 0;
    const change = fc.record({ at: fc.nat({ max: 29 }), to: fc.nat({ max: 255 }) });
    const address = fc.constantFrom(NO_ADDRESSES, GROUP, { of: [], ipv4: [1, 0xefff0001], ipv6: [] });
    const port = fc.constantFrom(5000, 8809);
    const checksum = fc.constantFrom('right', 'right', 'right', 'wrong', 'none');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 90 }),
        fc.array(change, { maxLength: 2 }),
        fc.record({ port, checksum, address, mend: fc.boolean(), cut: fc.constantFrom(0, 0, 0, 1, 4) }),
        (payload, changes, { port, checksum, address, mend, cut }) => {
          const length = 28 + payload.length;
          const padded = new Uint8Array(4 + ((length + 3) & ~3)).fill(0xa5);
          const packet = padded.subarray(4, 4 + length);
          packet.set(Buffer.from(PACKET, 'hex').subarray(0, 28));
          packet.set(payload, 28);
          const view = new DataView(padded.buffer, 4);
          view.setUint16(2, length);
          view.setUint16(22, port);
          view.setUint16(24, length - 20);
          for (const { at, to } of changes) if (at < length) packet[at] = to;
          if (mend) {
            view.setUint16(10, 0);
            view.setUint16(10, internetChecksum(packet, 0, 20));
          }
          view.setUint16(26, 0);
          const pseudo = new Uint8Array(12 + packet.length - 20);
          pseudo.set(packet.subarray(12, 20));
          pseudo.set([0, 17, (length - 20) >>> 8, (length - 20) & 255], 8);
          pseudo.set(packet.subarray(20), 12);
          const right = internetChecksum(pseudo, 0, pseudo.length) || 0xffff;
          view.setUint16(26, checksum === 'right' ? right : checksum === 'wrong' ? right ^ 0x0100 : 0);
          const slow = new Evidence();
          const fast = new Evidence();
          // What an object weighed before leaves nothing behind.
          fast.weigh(octets(bent({ 6: 0x20, 30: 0x55 })), null, 0, PACKET.length / 2, 0, GROUP);
          slow.weigh(padded, null, 4, length - cut, 0, address);
          fast.weigh(padded, new Uint32Array(padded.buffer), 4, length - cut, 0, address);
          expect(fast).toEqual(slow);
          // The same with the sum that deciphering left.
          const sdu = packet.subarray(0, length - cut);
          const sum = sdu.reduce((halves, octet, i) => halves + octet * (i % 2 === 0 ? 1 : 256), 0);
          fast.weigh(padded, new Uint32Array(padded.buffer), 4, length - cut, 0, address, sum);
          expect(fast).toEqual(slow);
          if (slow.tenths >= 950 && slow.failed === 0) usual++;
          else other++;
        },
      ),
      { numRuns: 2000 },
    );
    expect(Math.min(usual, other)).toBeGreaterThan(200);
  });

  test('a message longer than a datagram can be is none', () => {
    const padded = new Uint8Array(0x1_0000 + 64);
    padded.set(Buffer.from(bent({ 2: 0, 3: 1 }), 'hex'));
    const evidence = new Evidence();
    evidence.weigh(padded, new Uint32Array(padded.buffer), 0, 0x1_0000, 0, NO_ADDRESSES);
    expect(evidence).toMatchObject({ tenths: 0, failed: 1 << Check.ipv4Length });
  });
});

describe('other bodies', () => {
  const IPV6_UDP =
    '6000000000111101fe80000000000000000000000000000aff0200000000000000000000000000011388138800110000' +
    '5054542068656c6c6f';

  function withUdpChecksum(hex: string): string {
    const bytes = Buffer.from(hex, 'hex');
    const pseudo = Buffer.concat([bytes.subarray(8, 40), Buffer.from([0, 0, 0, 17, 0, 0, 0, 17]), bytes.subarray(40)]);
    bytes.writeUInt16BE(internetChecksum(pseudo, 0, pseudo.length), 46);
    return bytes.toString('hex');
  }

  test('IPv6 with UDP has 57.4 bits', () => {
    expect(weigh(withUdpChecksum(IPV6_UDP))).toMatchObject({ tenths: 574, failed: 0, shape: Shape.ipv6 });
  });

  test('a zero UDP checksum is no checksum over IPv6', () => {
    expect(weigh(IPV6_UDP).failed).toBe(1 << Check.udpChecksum);
  });

  test('ARP has 63 bits', () => {
    const arp = '00010800060400010200000a0b0ca9fe0a0b000000000000a9fe0a0c';
    expect(weigh(arp, 1)).toMatchObject({ tenths: 630, failed: 0, shape: Shape.arp });
    expect(weigh(arp.replace('0604', '0804'), 1)).toMatchObject({ tenths: 0, shape: Shape.none });
  });

  test('random octets are never plausible', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 28, maxLength: 200 }), fc.nat(7), (bytes, sduType) => {
        const evidence = new Evidence();
        evidence.weigh(bytes, null, 0, bytes.length, sduType, GROUP);
        expect(evidence.tenths).toBeLessThan(550);
      }),
      { numRuns: 5000 },
    );
  });

  test('SDU types without checks give nothing', () => {
    for (const sduType of [3, 4, 5, 6, 7]) expect(weigh(PACKET, sduType).tenths).toBe(0);
  });
});
