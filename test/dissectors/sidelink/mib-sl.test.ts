// MIB-SL and MIB-SL-V2X, against recorded blocks.

import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMibSl, describeMibSl, encodeMibSl, readMibSl } from '../../../dissectors/sidelink/mib-sl.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const RECORDED = '../shared/captures/over-the-air/srsran_sidelink_slbch_cmw500.pcap';

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  expect(decodeMibSl(bytes, 0, bytes.length, tree)).toBe(decodeMibSl(bytes, 0, bytes.length, null));
  expect(tree.closed).toBe(true);
  return tree;
}

describe('MIB-SL', () => {
  test('a V2X block of a tester', () => {
    const bytes = octets('611000000000');
    expect(readMibSl(bytes, 0, 6)).toEqual({
      v2x: true,
      bandwidth: 3,
      tddConfiguration: 0,
      frameNumber: 272,
      subframeNumber: 0,
      inCoverage: false,
    });
    const tree = show(bytes);
    expect(tree.protocols).toEqual(['mib-sl-v2x']);
    expect(tree.one('lte-rrc.directFrameNumber_r14')).toBe(272);
    expect(describeMibSl(bytes, 0, 6)).toBe('MIB-SL-V2X n50 frame 272.0 out of coverage');
  });

  test('a block of release 12', () => {
    const bytes = octets('0a28780000');
    const tree = show(bytes);
    expect(tree.one('lte-rrc.sl_Bandwidth_r12')).toBe(0);
    expect(tree.one('lte-rrc.subframeAssignmentSL_r12')).toBe(2);
    expect(tree.one('lte-rrc.directFrameNumber_r12')).toBe(552);
    expect(tree.one('lte-rrc.directSubframeNumber_r12')).toBe(7);
    expect(tree.one('lte-rrc.inCoverage_r12')).toBe(true);
    expect(describeMibSl(bytes, 0, 5)).toBe('MIB-SL n6 frame 552.7 in coverage');
  });

  test.each([
    ['four octets', octets('0a287800'), ['mib-sl.length']],
    ['seven octets', new Uint8Array(7), ['mib-sl.length']],
    ['subframe 10', octets('0a28a00000'), ['mib-sl.subframe']],
    ['a spare bandwidth', octets('c000000000'), ['mib-sl.bandwidth']],
  ])('%s is a problem', (_name, bytes, codes) => expect(show(bytes).problems).toEqual(codes));

  test('what is written is read', () => {
    const block = fc.record({
      v2x: fc.boolean(),
      bandwidth: fc.nat(7),
      tddConfiguration: fc.nat(7),
      frameNumber: fc.nat(1023),
      subframeNumber: fc.nat(15),
      inCoverage: fc.boolean(),
    });
    fc.assert(
      fc.property(block, (mib) => {
        const bytes = encodeMibSl(mib);
        expect(readMibSl(bytes, 0, bytes.length)).toEqual(mib);
        show(bytes);
      }),
    );
  });
});

if (!existsSync(RECORDED)) console.warn(`the recorded SL-BCH block is not here (${RECORDED}): skipped`);

test.skipIf(!existsSync(RECORDED))(
  'the recorded capture ends in that block (else: ../shared is not beside the project)',
  () => {
    const capture = readFileSync(RECORDED);
    const block = capture.subarray(capture.length - 6);
    expect(Buffer.from(block).toString('hex')).toBe('611000000000');
    expect(show(block).problems).toEqual([]);
  },
);
