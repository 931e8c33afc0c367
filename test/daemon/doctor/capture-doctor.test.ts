// The doctor on captures: those that are well, those that somebody labelled with the wrong keys, and those with one fault.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { FrameSource } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { type Diagnosis, isWrong } from '../../../daemon/doctor/diagnosis.ts';
import { examineCapture } from '../../../daemon/doctor/doctor.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import {
  interfaceBlock,
  joined,
  packetBlock,
  pcapHeader,
  pcapRecord,
  section,
  statisticsBlock,
} from '../../captures/capture-bytes.ts';
import { pieces } from '../../captures/read-all.ts';
import { NO_SHARED, SHARED_CAPTURES, sharedFiles } from '../../shared-captures.ts';

const NOW = Date.UTC(2026, 6, 1);
const LABELLED = join(SHARED_CAPTURES, 'labelled');
const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples');

interface LooseKey {
  id: number;
  key: string;
  notBefore: string;
  notAfter: string;
}
interface LooseKeyring {
  groups: { id: string; algorithm: string; derivation?: string; keys: LooseKey[] }[];
}

/** Looks at a capture in a folder, with its keyring after somebody got at it. */
async function examine(folder: string, spoil: (keyring: LooseKeyring) => void = () => {}): Promise<Diagnosis[]> {
  const name = existsSync(join(folder, 'capture.pcap')) ? 'capture.pcap' : 'capture.pcapng';
  const keyring = JSON.parse(readFileSync(join(folder, 'keyring.json'), 'utf8')) as LooseKeyring;
  spoil(keyring);
  return examineCapture(await openCapture(join(folder, name)), parseKeyring(JSON.stringify(keyring), 'k'), NOW);
}

const codes = (found: readonly Diagnosis[]): string[] => found.map(({ code }) => code);
const source = (octets: Uint8Array): FrameSource => frameSourceFromChunks(pieces(octets, 1000));
const withoutKeys = async (octets: Uint8Array) => examineCapture(source(octets), emptyKeyring(), NOW);

/** What an exported PDU holds behind its tags. */
function pduOf(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  let at = 0;
  while (view.getUint16(at) !== 0) at += 4 + view.getUint16(at + 2);
  return frame.subarray(at + 4);
}

/** Where the PDU of a mac-lte-framed record begins: behind tag 1. */
function payloadAt(record: Uint8Array): number {
  const octets: Readonly<Record<number, number>> = { 2: 2, 3: 2, 4: 2, 6: 1, 7: 1, 10: 1, 15: 1 };
  let at = 3;
  while (record[at] !== 1) at += 1 + octets[record[at]];
  return at + 1;
}

/** The first frames of a sample as mac-lte-framed records. */
async function sampleFrames(count: number): Promise<Uint8Array[]> {
  const capture = await openCapture(join(SAMPLES, 'clean', 'capture.pcapng'));
  const frames: Uint8Array[] = [];
  for (let batch = await capture.next(); batch !== null; batch = await capture.next()) {
    for (let row = 0; row < batch.count && frames.length < count; row++) {
      const frame = batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]);
      const record = batch.linkType[row] === 252 ? pduOf(frame) : frame;
      const isRecord = batch.linkType[row] === 147 || batch.linkType[row] === 252;
      // RNTI type 8: no broadcasts.
      if (isRecord && record[2] === 8 && record.length > 60) frames.push(record);
    }
  }
  await capture.close();
  return frames;
}

/** A pcap file of these frames. */
const pcap = (frames: readonly Uint8Array[], linkType: number, seconds = 1_770_000_000) =>
  joined(pcapHeader('little', { linkType }), ...frames.map((frame) => pcapRecord(frame, 'little', { seconds })));

describe('a sample that is well', () => {
  test('has nothing wrong', async () => {
    const found = await examine(join(SAMPLES, 'clean'));
    expect(codes(found)).toEqual(['capture.content']);
    expect(isWrong(found)).toBe(false);
  });

  test('says what keys would be needed where none are given', async () => {
    const found = await examineCapture(
      await openCapture(join(SAMPLES, 'clean', 'capture.pcapng')),
      emptyKeyring(),
      NOW,
    );
    expect(codes(found)).toEqual(['capture.content', 'keys.none-given']);
    expect(isWrong(found)).toBe(false);
  });
});

describe('the wrong keys for a labelled capture', () => {
  const folder = join(LABELLED, 'clean-eea2');
  const everyKey = (keyring: LooseKeyring, change: (key: LooseKey) => void): void => {
    for (const group of keyring.groups) group.keys.forEach(change);
  };

  test.for<[string, (keyring: LooseKeyring) => void, string, string]>([
    [
      'another algorithm',
      ({ groups }) => {
        for (const group of groups) group.algorithm = '128-EEA3';
      },
      'keys.other-algorithm',
      'but with 128-EEA2, derivation ts33303',
    ],
    [
      'another derivation',
      ({ groups }) => {
        for (const group of groups) group.derivation = 'direct';
      },
      'keys.other-algorithm',
      'but with 128-EEA2, derivation ts33303',
    ],
    [
      'wrong ids',
      (keyring) => {
        everyKey(keyring, (key) => {
          key.id = (key.id + 3) % 256;
        });
      },
      'keys.index-not-held',
      'use PGK index 15; held is PGK 114 (index 18)',
    ],
    [
      'wrong octets',
      (keyring) => {
        everyKey(keyring, (key) => {
          key.key = `00${key.key.slice(2)}`;
        });
      },
      'keys.wrong-key',
      'do not open, though a key with that index is held',
    ],
    [
      'other dates',
      (keyring) => {
        everyKey(keyring, (key) => {
          key.notBefore = '2027-01-01T00:00:00Z';
          key.notAfter = '2027-02-01T00:00:00Z';
        });
      },
      'keys.clock-skew',
      'before the first of the dates of every key held',
    ],
    [
      'other groups',
      ({ groups }) => {
        groups.forEach((group, at) => {
          group.id = `12345${at}`;
          for (const key of group.keys) key.key = `00${key.key.slice(2)}`;
        });
      },
      'keys.group-not-held',
      'whose keys are not held: 731e2e, ddcefd, ddce??; held are 123450, 123451',
    ],
  ])('%s', async ([_name, spoil, code, sentence], { skip }) => {
    if (!existsSync(folder)) skip(NO_SHARED);
    const found = await examine(folder, spoil);
    const fault = found.find((each) => each.code === code);
    expect(fault).toMatchObject({ level: 'fault' });
    expect(fault?.message).toContain(sentence);
    expect(fault?.advice).not.toBe('');
    expect(found[0].level).toBe('fault');
  });

  test('that are held under another id say so', async ({ skip }) => {
    if (!existsSync(folder)) skip(NO_SHARED);
    const found = await examine(folder, (keyring) => {
      everyKey(keyring, (key) => {
        key.id = (key.id + 3) % 256;
      });
    });
    expect(found[0].advice).toContain('its id in the keyring is wrong');
  });

  test.for<[string, string[]]>([
    ['clean-eea2', []],
    ['counters', []],
    ['epochs', ['keys.not-active']],
    ['forged', ['keys.some-do-not-open']],
    ['matrix', []],
    ['mikey', []],
    ['plaintext', []],
    ['replay', []],
    ['revoked', ['keys.withdrawn-in-use']],
    ['v2x', []],
  ])('none: %s with its own keyring has %j', async ([name, wrong], { skip }) => {
    if (!existsSync(folder)) skip(NO_SHARED);
    const found = await examine(join(LABELLED, name));
    expect(codes(found.filter(({ level }) => level !== 'note'))).toEqual(wrong);
  });
});

describe('a capture that is not read', () => {
  test('with the wrong link type: says which would fit', async () => {
    const frames = await sampleFrames(20);
    const found = await withoutKeys(pcap(frames, 9));
    expect(codes(found)).toEqual(['capture.link-type', 'capture.framing', 'capture.content']);
    expect(found[1].message).toContain('would be read as mac-lte-framed records');
    expect(found[1].advice).toContain('editcap -T user0');
  });

  test.each([
    [4, (frame: Uint8Array) => joined(new Uint8Array(4).fill(0xee), frame)],
    [33, (frame: Uint8Array) => joined(new Uint8Array(33).fill(0xee), frame)],
  ])('with a header of %i octets in front: says so', async (octets, wrap) => {
    const frames = await sampleFrames(20);
    const found = await withoutKeys(pcap(frames.map(wrap), 147));
    const framing = found.find(({ code }) => code === 'capture.framing');
    expect(framing?.message).toContain(`behind ${octets} octets of another header`);
    expect(framing?.advice).toContain(`editcap -C ${octets}`);
  });

  test('whose datagrams have no IP header, and whose PDUs have no context', async () => {
    const frames = await sampleFrames(20);
    const text = new TextEncoder().encode('mac-lte');
    const bare = await withoutKeys(
      pcap(
        frames.map((frame) => joined(text, frame)),
        200,
      ),
    );
    expect(bare.find(({ code }) => code === 'capture.framing')?.message).toContain('datagrams as they were in UDP');
    const pdus = frames.map((frame) => frame.subarray(payloadAt(frame)));
    const found = await withoutKeys(pcap(pdus, 200));
    expect(found.find(({ code }) => code === 'capture.framing')?.message).toContain('bare SL-SCH PDUs');
  });

  test('of GSMTAP on another port', async ({ skip }) => {
    const path = sharedFiles('wireshark-samples').find((file) => file.endsWith('/gsmtap.pcap'));
    if (path === undefined) return skip(NO_SHARED);
    const octets = readFileSync(path);
    // Each port 4729 becomes 4730, a checksum of 0 says that there is none.
    const moved = Buffer.from(octets.toString('latin1').replaceAll('\x12\x79', '\x12\x7a'), 'latin1');
    expect(moved.equals(octets)).toBe(false);
    const found = await withoutKeys(moved);
    const framing = found.find(({ code }) => code === 'capture.framing' || code === 'capture.no-sidelink');
    expect(framing).toMatchObject({ level: 'fault' });
    expect(`${framing?.message} ${framing?.advice}`).toMatch(/4729/);
  });

  test('of the other side of the radio', async ({ skip }) => {
    const path = sharedFiles('lte-uu')[0];
    if (path === undefined) return skip(NO_SHARED);
    const found = await examineCapture(await openCapture(path), emptyKeyring(), NOW);
    expect(codes(found)).toContain('capture.not-the-sidelink');
  });

  test('of something else altogether names the ports that are used', async () => {
    const udp = Uint8Array.from(Buffer.from('4500001e000040004011000000000000000000000035003500080000', 'hex'));
    const found = await withoutKeys(pcap([udp, udp, udp], 101));
    expect(codes(found)).toEqual(['capture.no-sidelink', 'capture.content']);
    expect(found[0].message).toBe('no frame is of the sidelink; UDP goes to port 53 (3)');
    expect(found[0].evidence.udpPorts).toEqual({ 53: 3 });
  });
});

describe('a capture with one fault', () => {
  test('is empty, cut or damaged', async () => {
    expect(await withoutKeys(pcapHeader())).toMatchObject([{ level: 'fault', code: 'capture.no-frames' }]);
    expect(await withoutKeys(new Uint8Array())).toMatchObject([{ level: 'fault', code: 'capture.empty' }]);
    const whole = pcap(await sampleFrames(3), 147);
    const cut = await withoutKeys(whole.subarray(0, whole.length - 5));
    expect(cut[0]).toMatchObject({ level: 'fault', code: 'capture.cut-record', evidence: { framesBefore: 2 } });
  });

  test('was cut by the snap length', async () => {
    const frames = await sampleFrames(10);
    const records = frames.map((frame) =>
      pcapRecord(frame.subarray(0, 40), 'little', { seconds: 1_770_000_000, original: frame.length }),
    );
    const found = await withoutKeys(joined(pcapHeader('little', { linkType: 147 }), ...records));
    expect(found[0]).toMatchObject({ code: 'capture.snap-length', evidence: { cutFrames: 10, shortestCut: 40 } });
  });

  test('lost frames', async () => {
    const [frame] = await sampleFrames(1);
    const time = 1_770_000_000_000_000n;
    const octets = joined(
      section(),
      interfaceBlock(147),
      packetBlock(frame, 'little', { time }),
      statisticsBlock(0, 5, 2),
    );
    expect((await withoutKeys(octets))[0]).toMatchObject({ code: 'capture.dropped', evidence: { dropped: 7 } });
  });

  test('has a clock that was not set, or is ahead', async () => {
    const frames = await sampleFrames(2);
    expect(codes(await withoutKeys(pcap(frames, 147, 12)))).toContain('capture.clock-not-set');
    expect(codes(await withoutKeys(pcap(frames, 147, NOW / 1000 + 3600)))).toContain('capture.from-the-future');
  });

  test('is of one frame that contradicts itself in two', async () => {
    const frames = await sampleFrames(4);
    const broken = frames.map((frame) => frame.slice(0, payloadAt(frame) + 4));
    const found = await withoutKeys(pcap([...frames, ...broken], 147));
    expect(found.find(({ code }) => code === 'capture.malformed')).toMatchObject({ level: 'fault' });
  });
});
