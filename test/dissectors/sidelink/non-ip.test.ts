// Non-IP SDUs: type octet, GeoNetworking and BTP above it, and devices that send no type octet.

import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeNonIp, describeNonIp, nonIpProtocols } from '../../../dissectors/sidelink/non-ip.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const RECORDED = '../shared/captures/over-the-air/srsran_sidelink_pdus.json';

const POSITION = '1400 0200005e0001 00000010 1f25f7ad 0644ec50 8003 0384';

/** A packet behind the type octet: basic header, common header of a type, extended header, payload. */
function packet(headerType: string, next: string, extended: string, payload: string): Uint8Array {
  const length = (octets(payload).length & 0xffff).toString(16).padStart(4, '0');
  return octets(`03 01 00 50 01 ${next}0 ${headerType} 00 80 ${length} 01 00 ${extended} ${payload}`);
}

const cam = packet('50', '2', `${POSITION} 00000000`, '07d10000 0202 0000002a ffff');

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  expect(decodeNonIp(bytes, 0, bytes.length, tree)).toBe(decodeNonIp(bytes, 0, bytes.length, null));
  expect(tree.closed).toBe(true);
  return tree;
}

describe('ETSI-ITS', () => {
  test('a CAM by single-hop broadcast is shown layer by layer', () => {
    const tree = show(cam);
    expect(tree.problems).toEqual([]);
    expect(tree.protocols).toEqual(['non-ip', 'geonw', 'btpb', 'its']);
    expect(tree.one('geonw.bh.lt')).toBe(1000);
    expect(tree.one('geonw.ch.htype')).toBe(0x50);
    expect(tree.one('geonw.ch.flags.mob')).toBe(1);
    expect(tree.one('geonw.src_pos.addr.type')).toBe(5);
    expect(tree.one('geonw.src_pos.addr.mid')).toEqual(octets('0200005e0001'));
    expect(tree.one('geonw.src_pos.lat')).toBe(0x1f25f7ad);
    expect([tree.one('geonw.src_pos.pai'), tree.one('geonw.src_pos.speed')]).toEqual([1, 3]);
    expect(tree.one('btpb.dstport')).toBe(2001);
    expect(tree.one('its.stationID')).toBe(42);
    expect(nonIpProtocols(cam, 0, cam.length)).toEqual(['non-ip', 'geonw', 'btpb']);
    expect(describeNonIp(cam, 0, cam.length)).toBe('ETSI-ITS GeoNetworking SHB 0200005e0001 BTP-B 2001 CAM');
  });

  const area = '0000000a fffffff6 0064 0032 005a 0000';
  const short = POSITION.slice(0, -10);
  test.each([
    ['10', '0', POSITION, 'beacon 0200005e0001'],
    ['20', '1', `0001 0000 ${POSITION} ${short}`, 'GUC 0200005e0001 BTP-A 2002 DENM'],
    ['32', '2', `0001 0000 ${POSITION} ${area}`, 'GAC 0200005e0001 BTP-B 2002 DENM'],
    ['40', '2', `0001 0000 ${POSITION} ${area}`, 'GBC 0200005e0001 BTP-B 2002 DENM'],
    ['51', '2', `0001 0000 ${POSITION}`, 'TSB 0200005e0001 BTP-B 2002 DENM'],
    ['60', '0', `0001 0000 ${POSITION} 14000200005e0002`, 'LS 0200005e0001'],
    ['61', '0', `0001 0000 ${POSITION} ${short}`, 'LS 0200005e0001'],
    ['00', '2', '', 'any BTP-B 2002 DENM'],
  ])('header type %s', (headerType, next, extended, text) => {
    const bytes = packet(headerType, next, extended, '07d20000');
    const tree = show(bytes);
    expect(tree.problems).toEqual([]);
    expect(describeNonIp(bytes, 0, bytes.length)).toBe(`ETSI-ITS GeoNetworking ${text}`);
    if (headerType === '40') expect(tree.one('geonw.gxc.longitude')).toBe(-10);
  });

  test.each([
    ['nothing behind the type', octets('03')],
    ['a common header that is cut', cam.slice(0, 9)],
    ['a payload beyond the SDU', cam.slice(0, -1)],
    ['an unknown header type', cam.with(6, 0x90)],
    ['an unknown version', cam.with(1, 0x91)],
    ['an unknown next header', cam.with(1, 0x05)],
  ])('%s is a problem', (_name, bytes) => {
    expect(show(bytes).problems).toEqual(['geonw.header']);
    expect(describeNonIp(bytes, 0, bytes.length)).toBe('ETSI-ITS GeoNetworking, damaged');
  });

  test('a secured packet is named and left alone', () => {
    const bytes = cam.with(1, 0x02);
    expect(show(bytes).problems).toEqual([]);
    expect(describeNonIp(bytes, 0, bytes.length)).toBe('ETSI-ITS GeoNetworking secured packet');
  });
});

describe('other families', () => {
  test.each([
    ['040004011b', 'Non-IP CCSA 4 octets', true],
    ['0100', 'Non-IP IEEE 1609 1 octets', true],
    ['0200', 'Non-IP ISO 1 octets', true],
    ['0a0a0a', 'Non-IP 3 octets, no type octet', false],
    ['', 'Non-IP 0 octets, no type octet', false],
    ['5468697320697320746578741b5b324a', 'Non-IP 16 octets, no type octet: This is text.[2J', false],
  ])('%s', (hex, text, typed) => {
    const bytes = octets(hex);
    expect(describeNonIp(bytes, 0, bytes.length)).toBe(text);
    expect(decodeNonIp(bytes, 0, bytes.length, null)).toBe(typed);
    expect(nonIpProtocols(bytes, 0, bytes.length)).toEqual(['non-ip']);
    show(bytes);
  });
});

test('never throws, and says only printable ASCII', () => {
  const near = fc.tuple(fc.nat(cam.length - 1), fc.nat(255)).map(([at, value]) => cam.with(at, value));
  const etsi = fc.uint8Array({ maxLength: 80 }).map((rest) => Uint8Array.of(3, 1, ...rest));
  fc.assert(
    fc.property(fc.oneof(near, etsi, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      show(bytes);
      expect(describeNonIp(bytes, 0, bytes.length)).toMatch(/^[\x20-\x7e]+$/);
      expect(nonIpProtocols(bytes, 0, bytes.length)[0]).toBe('non-ip');
    }),
  );
});

if (!existsSync(RECORDED)) console.warn(`recorded sidelink PDUs are not here (${RECORDED}): skipped`);

test.skipIf(!existsSync(RECORDED))('recorded V2X messages (else: ../shared is not beside the project)', () => {
  interface Pdu {
    readonly short: string;
    readonly sdus?: readonly { readonly pdcp?: { readonly payload_hex?: string } }[];
  }
  const { pdus }: { pdus: Pdu[] } = JSON.parse(readFileSync(RECORDED, 'utf8'));
  const texts = new Map<string, string>();
  for (const pdu of pdus) {
    for (const sdu of pdu.sdus ?? []) {
      const bytes = octets(sdu.pdcp?.payload_hex ?? '');
      if (bytes.length > 0) texts.set(pdu.short, describeNonIp(bytes, 0, bytes.length));
    }
  }
  expect(texts.get('uxm1')).toBe('ETSI-ITS GeoNetworking SHB 001561203775 BTP-B 2001 CAM');
  expect(texts.get('uxm3')).toBe(texts.get('uxm1'));
  expect(texts.get('huawei')).toBe('Non-IP CCSA 287 octets');
  expect(texts.get('cmw500')).toBe('Non-IP 50 octets, no type octet');
  expect(texts.get('qc9150')).toBe('Non-IP 187 octets, no type octet: Q...<1573740395986001>AB...');
});
