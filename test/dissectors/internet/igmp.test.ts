// IGMP versions 1 to 3.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../dissectors/internet/checksum.ts';
import { decodeIgmp, describeIgmp, encodeIgmp, encodeIgmpReport } from '../../../dissectors/internet/igmp.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const GROUP = octets('efff0001');
const NOBODY = new Uint8Array(4);

function checked(hex: string): Uint8Array {
  const bytes = octets(hex);
  const checksum = internetChecksum(bytes, 0, bytes.length);
  return bytes.with(2, checksum >> 8).with(3, checksum & 0xff);
}

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  const good = decodeIgmp(bytes, 0, bytes.length, tree);
  expect(good).toBe(decodeIgmp(bytes, 0, bytes.length, null));
  expect(good).toBe(tree.problems.length === 0);
  expect(tree.closed).toBe(true);
  return tree;
}

describe('IGMP', () => {
  test.each([
    [encodeIgmp(0x12, 0, GROUP), 1, 'IGMPv1 membership report 239.255.0.1'],
    [encodeIgmp(0x16, 0, GROUP), 2, 'IGMPv2 membership report 239.255.0.1'],
    [encodeIgmp(0x17, 0, GROUP), 2, 'IGMPv2 leave group 239.255.0.1'],
    [encodeIgmp(0x11, 0, NOBODY), 1, 'IGMPv1 membership query 0.0.0.0'],
    [encodeIgmp(0x11, 100, GROUP), 2, 'IGMPv2 membership query 239.255.0.1'],
    [checked('11 64 0000 efff0001 0a 7d 0001 a9fe0a0b'), 3, 'IGMPv3 membership query 239.255.0.1'],
    [encodeIgmpReport([{ type: 4, group: GROUP, sources: [] }]), 3, 'IGMPv3 membership report 239.255.0.1'],
  ])('message %#', (bytes, version, text) => {
    expect(show(bytes).one('igmp.version')).toBe(version);
    expect(describeIgmp(bytes, 0, bytes.length)).toBe(text);
  });

  test('a version 3 query and report show sources', () => {
    const query = show(checked('11 64 0000 efff0001 0a 7d 0001 a9fe0a0b'));
    expect([query.one('igmp.s'), query.one('igmp.qrv'), query.one('igmp.qqic')]).toEqual([true, 2, 125]);
    expect(query.one('igmp.saddr')).toEqual(octets('a9fe0a0b'));
    const report = encodeIgmpReport([
      { type: 1, group: GROUP, sources: [octets('0a000001'), octets('0a000002')] },
      { type: 6, group: NOBODY, sources: [] },
    ]);
    const tree = show(report);
    expect(tree.all('igmp.record_type')).toEqual([1, 6]);
    expect(tree.all('igmp.saddr')).toHaveLength(2);
    expect(describeIgmp(report, 0, report.length)).toBe('IGMPv3 membership report 239.255.0.1 and 1 more');
  });

  test.each([
    ['wrong checksum', encodeIgmp(0x16, 0, GROUP).with(7, 9), 'igmp.checksum'],
    ['unknown type', encodeIgmp(0x99, 0, GROUP), 'igmp.type'],
    ['sources beyond the message', checked('11 64 0000 efff0001 0a 7d ffff'), 'igmp.cut'],
    ['records beyond the message', checked('22 00 0000 0000 ffff'), 'igmp.cut'],
    ['auxiliary data beyond the message', checked('22 00 0000 0000 0001 04 ff 0000 efff0001'), 'igmp.cut'],
    ['seven octets', octets('16000000efff00'), 'igmp.cut'],
  ])('%s is a problem', (_name, bytes, code) => expect(show(bytes).problems).toEqual([code]));

  test('never throws', () => {
    const typed = fc
      .tuple(fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22), fc.uint8Array({ maxLength: 60 }))
      .map(([type, rest]) => Uint8Array.of(type, ...rest));
    fc.assert(
      fc.property(fc.oneof(typed, fc.uint8Array({ maxLength: 30 })), (bytes) => {
        show(bytes);
        expect(describeIgmp(bytes, 0, bytes.length)).toMatch(/^IGMP/);
      }),
    );
  });
});
