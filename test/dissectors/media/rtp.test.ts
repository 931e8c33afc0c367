// RTP: fields, tail, and when a UDP payload is taken for it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeRtp,
  describeRtp,
  encodeRtp,
  isWellFormedRtp,
  looksLikeRtp,
  RTP_PAYLOAD_TYPES,
} from '../../../dissectors/media/rtp.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const plain = { payloadType: 0, sequence: 12, timestamp: 160, ssrc: 0xcafebabe, payload: octets('d5d5d5d5') };

describe('RTP', () => {
  test('a packet with everything is shown part by part', () => {
    const bytes = encodeRtp({
      ...plain,
      payloadType: 96,
      marker: true,
      csrc: [1, 2],
      extension: { profile: 0xbede, data: octets('0102030405060708') },
      padding: 4,
    });
    const tree = new TreeRecorder();
    expect(decodeRtp(bytes, 0, bytes.length, tree)).toBe(true);
    expect(tree.problems).toEqual([]);
    const values = ['version', 'padding', 'ext', 'cc', 'marker', 'p_type', 'seq', 'timestamp', 'ssrc'];
    expect(values.map((name) => tree.one(`rtp.${name}`))).toEqual([2, true, true, 2, true, 96, 12, 160, 0xcafebabe]);
    expect(tree.all('rtp.csrc.item')).toEqual([1, 2]);
    expect(tree.one('rtp.ext.profile')).toBe(0xbede);
    expect(tree.all('rtp.hdr_ext')).toEqual([0x01020304, 0x05060708]);
    expect(tree.one('rtp.payload')).toEqual(octets('d5d5d5d5'));
    expect(tree.one('rtp.padding.count')).toBe(4);
    expect(describeRtp(bytes, 0)).toBe('RTP type 96 seq 12');
  });

  test.each([
    [0, 'PCMU'],
    [3, 'GSM'],
    [8, 'PCMA'],
    [9, 'G722'],
    [18, 'G729'],
    [34, 'H263'],
    [20, 'type 20'],
    [127, 'type 127'],
  ])('payload type %i is %s', (payloadType, name) => {
    expect(describeRtp(encodeRtp({ ...plain, payloadType }), 0)).toBe(`RTP ${name} seq 12`);
  });

  test('there are 24 static payload types', () => expect(RTP_PAYLOAD_TYPES.size).toBe(24));

  test.each([
    ['header cut', octets('8000000c000000a0cafeba'), 'rtp.cut'],
    ['version 1', encodeRtp(plain).with(0, 0x40), 'rtp.version'],
    ['15 contributing sources that are not there', encodeRtp(plain).with(0, 0x8f), 'rtp.length'],
    ['extension of 65,535 words', octets('9000000c000000a0cafebabe bedeffff'), 'rtp.length'],
    ['padding of 0', encodeRtp({ ...plain, payload: octets('00') }).with(0, 0xa0), 'rtp.length'],
    ['padding longer than the payload', encodeRtp({ ...plain, payload: octets('09') }).with(0, 0xa0), 'rtp.length'],
  ])('%s is a problem', (_name, bytes, code) => {
    const tree = new TreeRecorder();
    expect(decodeRtp(bytes, 0, bytes.length, tree)).toBe(false);
    expect(decodeRtp(bytes, 0, bytes.length, null)).toBe(false);
    expect(tree.problems).toEqual([code]);
    expect(tree.closed).toBe(true);
  });
});

describe('a UDP payload is taken for RTP', () => {
  const looks = (bytes: Uint8Array, source = 5000, destination = 5000) =>
    looksLikeRtp(bytes, 0, bytes.length, source, destination);

  test('when all rules hold', () => expect(looks(encodeRtp(plain))).toBe(true));

  test.each([
    ['shorter than its header', encodeRtp(plain).slice(0, 11), 5000, 5000],
    ['another version', encodeRtp(plain).with(0, 0x00), 5000, 5000],
    ['a payload type nobody assigned', encodeRtp({ ...plain, payloadType: 50 }), 5000, 5000],
    ['what RTCP would show', encodeRtp(plain).with(1, 200), 5000, 5000],
    ['a system port', encodeRtp(plain), 5000, 123],
    ['a source port below 1024', encodeRtp(plain), 1000, 5000],
    ['a port known for something else', encodeRtp(plain), 5060, 5004],
    ['MONP', encodeRtp(plain), 8809, 8809],
    ['an extension that does not fit', encodeRtp(plain).with(0, 0x90).with(14, 0xff), 5000, 5000],
    ['an odd port with padding', encodeRtp({ ...plain, padding: 4 }), 5000, 5001],
  ])('but not %s', (_name, bytes, source, destination) => expect(looks(bytes, source, destination)).toBe(false));

  test('on an odd port only in its plainest form', () => expect(looks(encodeRtp(plain), 5001, 5001)).toBe(true));

  test('and then it is well formed, whatever the octets', () => {
    const near = fc.tuple(fc.nat(15), fc.nat(255)).map(([at, value]) => encodeRtp(plain).with(at, value));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 100 })), fc.nat(65_535), (bytes, port) => {
        if (looks(bytes, port, port)) expect(isWellFormedRtp(bytes, 0, bytes.length)).toBe(true);
        const tree = new TreeRecorder();
        expect(decodeRtp(bytes, 0, bytes.length, tree)).toBe(isWellFormedRtp(bytes, 0, bytes.length));
        expect(tree.closed).toBe(true);
      }),
    );
  });
});
