// Recordings of real transmitters: every frame accounted for, nothing that a device sent called malformed.

import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../testing/analyse.ts';
import { NO_SHARED, SHARED_CAPTURES, sharedFiles } from '../shared-captures.ts';

const AIR = 'over-the-air';

describe.skipIf(sharedFiles(AIR).length === 0)(`recordings of real devices (else: ${NO_SHARED})`, () => {
  const path = (name: string): string => join(SHARED_CAPTURES, AIR, `srsran_sidelink_${name}.pcap`);

  test('all 17 frames are accounted for', async () => {
    const { summary, messages } = await analyse(path('all'));
    expect(summary.frames).toBe(17);
    expect(summary.undecoded).toEqual({ 'crc-failed': 5, 'padding-only': 4, duplicate: 1, 'lost-reassembly': 1 });
    expect(summary.verdicts).toEqual({ clear: 5 });
    const frames = new Set(messages.flatMap((message) => message.frames ?? [message.frame]));
    const undecoded = Object.values(summary.undecoded).reduce((sum, count) => sum + count, 0);
    expect(frames.size + undecoded).toBe(17);
  });

  // README of the recordings: transmitter, source, destination, LCID, what is inside.
  test.each([
    ['qc9150', '72e066', 'aaaaaa', 3, [1], 'non-ip'],
    ['huawei', '000000', '000000', 1, [1], 'non-ip'],
    ['cmw500', '009c40', '00c350', 1, [1], 'non-ip'],
    ['uxm1', '0b8b03', '000001', 1, [1, 2], 'non-ip'],
    ['uxm3', 'cdc303', '000001', 1, [1], 'non-ip'],
  ])('%s', async (name, source, group, lcid, frames, sduType) => {
    const { messages } = await analyse(path(name));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ source, group, lcid, sduType, verdict: 'clear', pgkIndex: 0, ptkId: 0, sn: 0 });
    expect(messages[0].frames ?? [messages[0].frame]).toEqual(frames);
  });

  test('the CAM that comes in two RLC segments is the one that comes whole', async () => {
    const [segmented, whole] = await Promise.all([analyse(path('uxm1')), analyse(path('uxm3'))]);
    // The same station at two moments: the packets differ in their time stamps only.
    const texts = [segmented, whole].map(({ messages }) => messages[0].payload ?? '');
    expect(texts[0]).toHaveLength(texts[1].length);
    const differing = [...texts[0]].filter((digit, at) => digit !== texts[1][at]).length;
    expect(differing).toBeLessThan(40);
    expect(texts[0].slice(-200)).toBe(texts[1].slice(-200));
    expect(segmented.messages[0].protocols).toContain('geonw');
  });

  test('the tester that writes a length behind a padding subheader sends padding, not nonsense', async () => {
    expect((await analyse(path('uxm2'))).summary.undecoded).toEqual({ 'padding-only': 4 });
    expect((await analyse(path('uxm4'))).summary.undecoded).toEqual({ 'crc-failed': 5 });
  });

  test('the last segment of an SDU that began before the recording is lost, not malformed', async () => {
    expect((await analyse(path('uxm_pdu_test'))).summary.undecoded).toEqual({ 'lost-reassembly': 1 });
  });

  test('MIB-SL is recognised', async () => {
    expect((await analyse(path('slbch_cmw500'))).summary.undecoded).toEqual({ 'sl-bch': 1 });
  });

  test.each(sharedFiles('lte-uu').map((file) => [basename(file), file]))('no sidelink in %s', async (_name, file) => {
    const { summary } = await analyse(file);
    expect(summary.messages).toBe(0);
    expect(summary.undecoded).toEqual({ 'not-sidelink': summary.frames });
  });
});
