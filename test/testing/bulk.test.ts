// The bulk writer copies and patches records; here each message is read back the slow way, layer by layer.

import { describe, expect, test } from 'vitest';
import { addToChecksum, foldChecksum, internetChecksum, pseudoHeaderSum } from '../../dissectors/internet/checksum.ts';
import { ALGORITHM_ID, type CipherAlgorithm, decipher } from '../../dissectors/security/algorithm.ts';
import { derivePek, PreparedPgk } from '../../dissectors/security/kdf.ts';
import { analyse } from '../../testing/analyse.ts';
import { type BulkOptions, writeBulkCapture } from '../../testing/bulk.ts';
import { octetsOf } from '../../testing/text-forms.ts';

interface Keyring {
  readonly groups: readonly {
    readonly id: string;
    readonly multicast: readonly string[];
    readonly members: readonly { readonly id: string; readonly addresses: readonly string[] }[];
    readonly keys: readonly { readonly id: number; readonly key: string }[];
  }[];
}

function bulk(options: BulkOptions): { capture: Buffer; keyring: Keyring } {
  const pieces: Uint8Array[] = [];
  const { keyring, octets } = writeBulkCapture((piece) => pieces.push(piece), options);
  const capture = Buffer.concat(pieces);
  expect(capture.length).toBe(octets);
  return { capture, keyring: keyring as unknown as Keyring };
}

interface Read {
  readonly micros: number;
  readonly source: number;
  readonly ptkId: number;
  readonly sn: number;
  readonly rlcSn: number;
  readonly sdu: Buffer;
}

function read(capture: Buffer, keyring: Keyring, algorithm: CipherAlgorithm, octets: number): Read[] {
  const messages: Read[] = [];
  for (let at = 24; at < capture.length; ) {
    const captured = capture.readUInt32LE(at + 8);
    const micros = capture.readUInt32LE(at) * 1_000_000 + capture.readUInt32LE(at + 4);
    const frame = capture.subarray(at + 16, at + 16 + captured);
    at += 16 + captured;
    const sduAt = frame.length - octets;
    const pdcpAt = sduAt - 5;
    const macAt = pdcpAt - 1 - 7;
    const source = frame.readUIntBE(macAt + 1, 3);
    const high = frame.readUInt16BE(macAt + 4);
    const group = keyring.groups.find(({ id }) => Number.parseInt(id, 16) >> 8 === high)!;
    const key = group.keys.find(({ id }) => (id & 31) === (frame[pdcpAt] & 31))!;
    const ptkId = frame.readUInt16BE(pdcpAt + 1);
    const sn = frame.readUInt16BE(pdcpAt + 3);
    const pek = new Uint8Array(16);
    derivePek(
      new PreparedPgk(octetsOf(key.key)),
      'ts33303',
      source,
      ptkId,
      Number.parseInt(group.id, 16),
      ALGORITHM_ID[algorithm],
      pek,
    );
    const lcid = frame[macAt + 6] & 31;
    const sdu = Buffer.from(decipher(algorithm, pek, ptkId * 65_536 + sn, lcid, 0, frame.subarray(sduAt)));
    messages.push({ micros, source, ptkId, sn, rlcSn: frame[pdcpAt - 1] & 31, sdu });
  }
  return messages;
}

function isGood(sdu: Buffer): boolean {
  const udp = pseudoHeaderSum(sdu, 12, 16, 4, 17, sdu.length - 20);
  return (
    internetChecksum(sdu, 0, 20) === 0 &&
    sdu.readUInt16BE(2) === sdu.length &&
    sdu.readUInt16BE(24) === sdu.length - 20 &&
    foldChecksum(addToChecksum(udp, sdu, 20, sdu.length)) === 0
  );
}

describe('writeBulkCapture', () => {
  test.each<[CipherAlgorithm & BulkOptions['algorithm'], number]>([
    ['128-EEA1', 120],
    ['128-EEA2', 121],
    ['128-EEA3', 201],
  ])('every message under %s opens and its checksums hold', (algorithm, octets) => {
    const { capture, keyring } = bulk({ messages: 500, senders: 30, groups: 4, pgksPerGroup: 3, algorithm, octets });
    const messages = read(capture, keyring, algorithm, octets);
    expect(messages).toHaveLength(500);
    expect(messages.filter(({ sdu }) => !isGood(sdu))).toEqual([]);
  });

  test('counters, times and RTP run on from message to message of a radio, across pieces and a wrap', () => {
    // One radio, so that the 65,535 counter values of a PTK run out.
    const { capture, keyring } = bulk({ messages: 80_000, senders: 1, groups: 1, octets: 48 });
    const messages = read(capture, keyring, '128-EEA2', 48);
    let wraps = 0;
    for (let i = 1; i < messages.length; i++) {
      const [before, now] = [messages[i - 1], messages[i]];
      const wrapped = before.sn === 0xffff;
      if (wrapped) wraps++;
      const ok =
        now.sn === (wrapped ? 1 : before.sn + 1) &&
        now.ptkId === before.ptkId + (wrapped ? 1 : 0) &&
        now.rlcSn === ((before.rlcSn + 1) & 31) &&
        now.micros - before.micros === 20_000 &&
        now.sdu.readUInt16BE(30) === ((before.sdu.readUInt16BE(30) + 1) & 0xffff) &&
        isGood(now.sdu);
      if (!ok) expect({ message: i, before, now }).toBeNull();
    }
    expect(wraps).toBeGreaterThan(0);
  });

  test('radios without a held key are as many as asked for, and their messages do not open', () => {
    const { capture, keyring } = bulk({ messages: 40, senders: 40, groups: 3, unknownKeyShare: 0.25 });
    const good = read(capture, keyring, '128-EEA2', 120).filter(({ sdu }) => isGood(sdu));
    expect(good).toHaveLength(30);
  });

  test('fresh PTK ids: no two messages of a radio share one', () => {
    const { capture, keyring } = bulk({ messages: 300, senders: 3, groups: 1, freshPtkIds: true });
    const messages = read(capture, keyring, '128-EEA2', 120);
    expect(new Set(messages.map(({ source, ptkId }) => `${source} ${ptkId}`)).size).toBe(300);
    expect(messages.filter(({ sdu }) => !isGood(sdu))).toEqual([]);
  });

  test('a reader opens every message and finds nothing', async () => {
    const { capture, keyring } = bulk({ messages: 4000, senders: 50, groups: 4, pgksPerGroup: 2 });
    const { summary, findings } = await analyse(capture, { keyring: { ...keyring } });
    expect(summary).toMatchObject({ frames: 4000, verdicts: { decrypted: 4000 }, undecoded: {} });
    expect(findings).toEqual([]);
  });

  test('the same options give the same octets, another seed gives others', () => {
    const options = { messages: 100, senders: 10, groups: 2 };
    expect(bulk(options).capture.equals(bulk(options).capture)).toBe(true);
    expect(bulk(options).capture.equals(bulk({ ...options, seed: 'other' }).capture)).toBe(false);
  });

  test.each<[string, Partial<BulkOptions>]>([
    ['octets', { octets: 12 }],
    ['senders', { senders: 0 }],
    ['groups', { groups: 2001 }],
    ['pgksPerGroup', { pgksPerGroup: 32 }],
    ['messages', { messages: -1 }],
    ['unknownKeyShare', { unknownKeyShare: 1.5 }],
  ])('%s out of range writes nothing', (name, wrong) => {
    const pieces: Uint8Array[] = [];
    expect(() => writeBulkCapture((piece) => pieces.push(piece), { messages: 1, ...wrong })).toThrow(name);
    expect(pieces).toEqual([]);
  });
});
