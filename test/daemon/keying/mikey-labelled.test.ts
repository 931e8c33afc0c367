import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MikeyReceiver } from '../../../daemon/keying/mikey-receiver.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { parseMikey } from '../../../dissectors/keying/mikey.ts';
import { slowPek, slowPtk } from '../../reference/kdf.ts';
import { NO_SHARED, SHARED_CAPTURES } from '../../shared-captures.ts';

const FOLDER = join(SHARED_CAPTURES, 'labelled', 'mikey');

interface Frame {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly octets: Uint8Array;
}

/** Packets of a little-endian pcapng with microseconds, read by hand. */
function framesOf(file: Uint8Array): Frame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Frame[] = [];
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== 6) continue;
    const time = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 16, true);
    const length = view.getUint32(at + 20, true);
    frames.push({ time: time / 1000, octets: file.slice(at + 28, at + 28 + length) });
  }
  return frames;
}

interface ExpectedMessage {
  readonly frame: number;
  readonly pgkId: number;
  readonly source: string;
  readonly ptkId: number;
  readonly sn: number;
  readonly lcid: number;
  readonly sha256: string;
}

describe('the labelled MIKEY capture', () => {
  test('is there, with what is expected of it', (context) => {
    context.skip(!existsSync(FOLDER), NO_SHARED);
    expect(readdirSync(FOLDER)).toEqual(expect.arrayContaining(['capture.pcapng', 'expected.json', 'keyring.json']));
  });
  if (!existsSync(FOLDER)) return;
  const read = (name: string): Buffer => readFileSync(join(FOLDER, name));
  const frames = framesOf(Uint8Array.from(read('capture.pcapng')));
  const { messages } = JSON.parse(read('expected.json').toString()) as { messages: ExpectedMessage[] };
  const delivery = frames[15];
  // Ethernet, IPv4 without options, UDP.
  const at = 14 + 20 + 8;
  const fresh = () => parseKeyring(read('keyring.json'), 'keyring.json');

  test('frame 16 delivers PGK 44, which opens the messages behind it', () => {
    const keyring = fresh();
    const receiver = new MikeyReceiver(keyring);
    const result = receiver.receive(delivery.octets, at, delivery.octets.length, delivery.time);
    expect(result).toMatchObject({ event: 'delivered', accepted: true, reason: null, problem: null });
    expect(result.deliveries).toHaveLength(1);
    const epoch = keyring.epochs[1];
    expect(result.deliveries[0].epoch).toBe(epoch);
    expect(epoch).toMatchObject({ id: 44, index5: 12, serial: 1, group: keyring.groupById(0x34eff8) });

    const later = messages.filter((message) => message.pgkId === 44);
    expect(later).toHaveLength(15);
    for (const message of later) {
      const source = Number.parseInt(message.source, 16);
      const pek = slowPek(slowPtk(epoch.octets ?? new Uint8Array(), source, message.ptkId, 0x34eff8), 2);
      // MAC-LTE context of 17 octets, SL-SCH header 6, one subheader 1, RLC 1, PDCP 5.
      const data = frames[message.frame - 1].octets.subarray(17 + 6 + 1 + 1 + 5);
      const counter = new Uint8Array(16);
      const view = new DataView(counter.buffer);
      view.setUint16(0, message.ptkId);
      view.setUint16(2, message.sn);
      counter[4] = message.lcid << 3;
      const plain = createCipheriv('aes-128-ctr', pek, counter).update(data);
      expect(createHash('sha256').update(plain).digest('hex')).toBe(message.sha256);
    }
  });

  test('its copy is a replay', () => {
    const receiver = new MikeyReceiver(fresh());
    receiver.receive(delivery.octets, at, delivery.octets.length, delivery.time);
    const copy = receiver.receive(delivery.octets, at, delivery.octets.length, delivery.time + 1000);
    expect(copy).toMatchObject({ accepted: false, reason: 'mikey.replay', macRight: true });
  });

  test('without its PMK it is unknown, and says what it claims to carry', () => {
    const keyring = parseKeyring('{"format":"sidescope-keyring/1","groups":[]}', 'empty');
    const receiver = new MikeyReceiver(keyring);
    const result = receiver.receive(delivery.octets, at, delivery.octets.length, delivery.time);
    expect(result).toMatchObject({ accepted: false, reason: 'mikey.key_unknown' });
    expect(result.deliveries[0]).toMatchObject({ group: 0x34eff8, pgkId: 44, accepted: false });
  });

  test('with any bit altered it is refused', () => {
    const parsed = parseMikey(delivery.octets, at, delivery.octets.length).message;
    const identity = parsed?.responder?.id ?? { at: 0, end: 0 };
    for (let bit = at * 8; bit < delivery.octets.length * 8; bit++) {
      const altered = delivery.octets.slice();
      altered[bit >> 3] ^= 1 << (bit & 7);
      const keyring = fresh();
      const result = new MikeyReceiver(keyring).receive(altered, at, altered.length, delivery.time);
      expect(result.accepted).toBe(false);
      expect(keyring.epochs).toHaveLength(1);
      if (bit >> 3 >= identity.at && bit >> 3 < identity.end) expect(result.reason).toBe('mikey.key_unknown');
      if (parsed?.kemac && bit >> 3 >= parsed.kemac.mac.at) expect(result.reason).toBe('mikey.mac_failed');
    }
  });
});

const PUBLISHED = join(SHARED_CAPTURES, 'mikey', 'mikey_messages.json');

describe('published messages that no PMK of ours opens', () => {
  test('are there, each with octets', (context) => {
    context.skip(!existsSync(PUBLISHED), NO_SHARED);
    expect(readFileSync(PUBLISHED, 'utf8')).toContain('"hex"');
  });
  if (!existsSync(PUBLISHED)) return;
  const published = JSON.parse(readFileSync(PUBLISHED, 'utf8')) as { label: string; hex: string }[];
  test('are unknown or unreadable, and nothing else', () => {
    expect(published.length).toBeGreaterThan(20);
    const keyring = parseKeyring('{"format":"sidescope-keyring/1","groups":[]}', 'empty');
    for (const { hex } of published) {
      const octets = Uint8Array.from(Buffer.from(hex, 'hex'));
      const result = new MikeyReceiver(keyring).receive(octets, 0, octets.length, 0);
      expect(result.accepted).toBe(false);
      if (result.problem === null) expect(result.reason).toBe('mikey.key_unknown');
      else expect(result.reason).toBeNull();
    }
    expect(keyring.epochs).toHaveLength(0);
  });
});
