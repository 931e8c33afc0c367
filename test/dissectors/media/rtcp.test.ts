// RTCP compound packets, MCPTT floor control in APP, and MONP.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMonp, describeMonp, encodeMonp, MONP_MESSAGES } from '../../../dissectors/media/monp.ts';
import {
  applicationBody,
  decodeRtcp,
  describeRtcp,
  encodeRtcp,
  looksLikeRtcp,
  senderReportBody,
} from '../../../dissectors/media/rtcp.ts';
import { nanosecondsToNtp } from '../../../dissectors/ntp.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const NOON = BigInt(Date.UTC(2026, 4, 1, 12)) * 1_000_000n;

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const senderReport = encodeRtcp({
  type: 200,
  count: 0,
  body: senderReportBody(0xcafebabe, nanosecondsToNtp(NOON), 160, 10, 1600),
});
const description = encodeRtcp({ type: 202, count: 1, body: octets('cafebabe 0105 6140622e63 00') });
const floor = encodeRtcp({ type: 204, count: 0x11, body: applicationBody(0xcafebabe, 'MCPT', octets('0002000a')) });

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  const good = decodeRtcp(bytes, 0, bytes.length, tree);
  expect(good).toBe(decodeRtcp(bytes, 0, bytes.length, null));
  expect(good).toBe(tree.problems.length === 0);
  expect(tree.closed).toBe(true);
  return tree;
}

describe('RTCP', () => {
  test('sender report and source description in one compound', () => {
    const bytes = join(senderReport, description);
    const tree = show(bytes);
    expect(tree.protocols).toEqual(['rtcp', 'rtcp']);
    expect(tree.one('rtcp.timestamp.ntp')).toBe(NOON);
    expect([tree.one('rtcp.sender.packetcount'), tree.one('rtcp.sender.octetcount')]).toEqual([10, 1600]);
    expect(tree.one('rtcp.sdes.text')).toBe('a@b.c');
    expect(describeRtcp(bytes, 0, bytes.length)).toBe('RTCP SR SDES');
    expect(looksLikeRtcp(bytes, 0, bytes.length, 5001, 5001)).toBe(true);
  });

  test('report blocks, BYE with a reason, feedback', () => {
    const block = octets('00000001 40 000102 00010002 00000003 00000004 00000005');
    const report = show(encodeRtcp({ type: 201, count: 1, body: join(octets('cafebabe'), block, octets('aabbccdd')) }));
    expect([report.one('rtcp.ssrc.fraction'), report.one('rtcp.ssrc.cum_nr')]).toEqual([0x40, 0x102]);
    expect(report.one('rtcp.profile-specific-extension')).toEqual(octets('aabbccdd'));
    const bye = show(encodeRtcp({ type: 203, count: 1, body: octets('cafebabe 03 627965') }));
    expect(bye.one('rtcp.sdes.text')).toBe('bye');
    const feedback = show(encodeRtcp({ type: 205, count: 1, body: octets('cafebabe 00000001 0001ffff') }));
    expect(feedback.one('rtcp.fci')).toEqual(octets('000000010001ffff'));
  });

  test('padding of the last packet is set apart', () => {
    const padded = encodeRtcp({ type: 203, count: 1, body: octets('cafebabe 00000004') }).with(0, 0xa1);
    expect(show(padded).one('rtcp.padding.count')).toBe(4);
  });

  test('MCPTT floor control is named', () => {
    expect(show(floor).one('rtcp.app.mcpt.message')).toBe('Floor Granted, to be acknowledged');
    expect(describeRtcp(floor, 0, floor.length)).toBe('RTCP APP MCPT Floor Granted, to be acknowledged');
    const other = encodeRtcp({ type: 204, count: 1, body: applicationBody(1, 'a\x1b[m', new Uint8Array(0)) });
    expect(describeRtcp(other, 0, other.length)).toBe('RTCP APP a.[m');
  });

  test.each([
    ['length beyond the payload', senderReport.slice(0, 24), 'rtcp.length'],
    ['version 0', floor.with(0, 0x11), 'rtcp.version'],
    ['report blocks that are not there', senderReport.with(0, 0x9f), 'rtcp.cut'],
    ['an item beyond its packet', description.with(9, 0xff), 'rtcp.cut'],
    ['a chunk without an end', encodeRtcp({ type: 202, count: 1, body: octets('cafebabe 0102 6161') }), 'rtcp.cut'],
    ['more chunks than there are', description.with(0, 0x82), 'rtcp.cut'],
    ['sources that are not there', encodeRtcp({ type: 203, count: 9, body: octets('cafebabe') }), 'rtcp.cut'],
    ['an APP without a name', encodeRtcp({ type: 204, count: 0, body: octets('cafebabe') }), 'rtcp.cut'],
    ['padding of 0', senderReport.with(0, 0xa0).with(27, 0), 'rtcp.padding'],
    ['nothing', new Uint8Array(0), 'rtcp.cut'],
  ])('%s is a problem', (_name, bytes, code) => expect(show(bytes).problems).toEqual([code]));

  test.each([
    ['RTP', floor.with(1, 0), 5001],
    ['octets behind the last packet', join(floor, octets('00')), 5001],
    ['a known port', floor, 5060],
    ['a system port', floor, 123],
  ])('%s does not look like it', (_name, bytes, port) => {
    expect(looksLikeRtcp(bytes, 0, bytes.length, port, port)).toBe(false);
  });

  test('never throws', () => {
    const near = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 5 }).map((edits) => {
      const copy = join(senderReport, description, floor);
      for (const [at, value] of edits) copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        show(bytes);
        expect(describeRtcp(bytes, 0, bytes.length)).toMatch(/^RTCP[\x20-\x7e]*$/);
        looksLikeRtcp(bytes, 0, bytes.length, 5001, 5001);
      }),
    );
  });
});

describe('MONP', () => {
  test('names the message and its call', () => {
    const bytes = encodeMonp(2, 0x0102, octets('01'));
    const tree = new TreeRecorder();
    expect(decodeMonp(bytes, 0, bytes.length, tree)).toBe(true);
    expect([tree.one('monp.message_type'), tree.one('monp.call_id')]).toEqual([2, 0x0102]);
    expect(describeMonp(bytes, 0, bytes.length)).toBe('MONP GROUP CALL ANNOUNCEMENT call 0x0102');
    expect(describeMonp(encodeMonp(17, null, octets('0102')), 0, 3)).toBe('MONP GROUP EMERGENCY ALERT');
    expect(MONP_MESSAGES.size).toBe(22);
  });

  test('a cut or unknown message is a problem; nothing throws', () => {
    const show = (bytes: Uint8Array) => {
      const tree = new TreeRecorder();
      expect(decodeMonp(bytes, 0, bytes.length, tree)).toBe(decodeMonp(bytes, 0, bytes.length, null));
      expect(tree.closed).toBe(true);
      return tree.problems;
    };
    expect(show(octets('0201'))).toEqual(['monp.cut']);
    expect(show(octets(''))).toEqual(['monp.cut']);
    expect(show(octets('63'))).toEqual(['monp.type']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        show(bytes);
        expect(describeMonp(bytes, 0, bytes.length)).toMatch(/^MONP/);
      }),
    );
  });
});
