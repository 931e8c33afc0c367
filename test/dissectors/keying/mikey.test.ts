// MIKEY: published messages, messages of our own builders, and hostile octets.

import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeMikey, parseMikey, parsePgkExtension, timestampForIv } from '../../../dissectors/keying/mikey.ts';
import {
  counterPayload,
  encodeKeyData,
  encodeMikey,
  errorPayload,
  extensionPayload,
  idPayload,
  idrPayload,
  kemacPayload,
  pgkExtensionData,
  policyPayload,
  randPayload,
  signPayload,
  timePayload,
  verificationPayload,
} from '../../../dissectors/keying/mikey-encode.ts';
import { type MikeyPayload, parseKeyData } from '../../../dissectors/keying/mikey-payloads.ts';
import { dissectMikey } from '../../../dissectors/keying/mikey-tree.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const PUBLISHED = '../shared/captures/mikey/mikey_messages.json';
const NOON = BigInt(Date.UTC(2026, 4, 1, 12)) * 1_000_000n;
const WEEK = 7n * 86_400n * 1_000_000_000n;

/** The message of the suggested profile, with a MAC of zeros. */
function profileMessage(macAlgorithm = 1, macOctets = 20): Uint8Array {
  const key = { keyType: 0, key: new Uint8Array(32).fill(7), interval: { from: NOON, to: NOON + WEEK } };
  return encodeMikey({
    dataType: 0,
    verify: true,
    prf: 0,
    csbId: 0x11223344,
    payloads: [
      counterPayload(41),
      randPayload(new Uint8Array(16).fill(9)),
      idPayload(0, octets('706b6d66')),
      idPayload(2, octets('706d6b2d31')),
      extensionPayload(241, pgkExtensionData(0xf00001, 40, NOON + WEEK)),
      kemacPayload(1, encodeKeyData([key]), macAlgorithm, new Uint8Array(macOctets)),
    ],
  });
}

describe('parseMikey', () => {
  test('gives every part that unwrapping a PGK needs', () => {
    const bytes = profileMessage();
    const { message, problem } = parseMikey(bytes, 0, bytes.length);
    expect(problem).toBeNull();
    expect(message?.header).toMatchObject({ dataType: 0, verify: true, prf: 0, csbId: 0x11223344, mapType: 1 });
    expect(message?.payloads.map((payload) => payload.kind)).toEqual(['t', 'rand', 'id', 'id', 'ext', 'kemac']);
    expect(message?.timestamp?.counter).toBe(41);
    const slice = (range: { at: number; end: number } | undefined) =>
      Buffer.from(bytes.subarray(range?.at, range?.end)).toString('hex');
    expect(slice(message?.initiator?.id)).toBe('706b6d66');
    expect(slice(message?.responder?.id)).toBe('706d6b2d31');
    expect(slice(message?.rand?.rand)).toBe('09'.repeat(16));
    expect(message?.kemac?.mac).toEqual({ at: bytes.length - 20, end: bytes.length });
    expect(message?.macCoverage).toEqual({ at: 0, end: bytes.length - 20 });
    expect(message?.kemac?.keys).toEqual([]);
    const extension = message?.extensions[0];
    expect(extension && parsePgkExtension(bytes, extension)).toEqual({
      group: 0xf00001,
      pgkId: 40,
      notAfter: NOON + WEEK,
    });
    const timestamp = message?.timestamp;
    expect(timestamp && Buffer.from(timestampForIv(bytes, timestamp)).toString('hex')).toBe('0000000000000029');
  });

  test('reads a message that does not begin at octet 0, up to its end', () => {
    const bytes = profileMessage();
    const shifted = Uint8Array.of(1, 2, 3, ...bytes, 4);
    const { message, problem } = parseMikey(shifted, 3, 3 + bytes.length);
    expect(problem).toBeNull();
    expect(message?.macCoverage).toEqual({ at: 3, end: 3 + bytes.length - 20 });
  });

  test('reads payloads behind a KEMAC with a MAC of 32 octets', () => {
    const bytes = encodeMikey({
      dataType: 0,
      verify: false,
      prf: 1,
      csbId: 1,
      payloads: [
        timePayload(NOON),
        kemacPayload(1, new Uint8Array(36), 2, new Uint8Array(32)),
        extensionPayload(1, octets('6162')),
      ],
    });
    const { message, problem } = parseMikey(bytes, 0, bytes.length);
    expect(problem).toBeNull();
    expect(message?.kemac?.mac.end).toBe((message?.kemac?.mac.at ?? 0) + 32);
    expect(message?.timestamp?.time).toBe(NOON);
    expect(message?.extensions).toHaveLength(1);
  });

  test('reads all key data of a KEMAC without encryption', () => {
    const keys = encodeKeyData([
      { keyType: 2, key: new Uint8Array(30), spi: octets('0000002f') },
      { keyType: 1, key: new Uint8Array(16), salt: new Uint8Array(14), interval: { from: NOON, to: NOON + WEEK } },
      { keyType: 0, key: new Uint8Array(32) },
    ]);
    const bytes = encodeMikey({
      dataType: 0,
      verify: false,
      prf: 0,
      csbId: 1,
      payloads: [kemacPayload(0, keys, 0, new Uint8Array(0))],
    });
    const { message, problem } = parseMikey(bytes, 0, bytes.length);
    expect(problem).toBeNull();
    const found = message?.kemac?.keys ?? [];
    expect(found.map((key) => [key.keyType, key.validity.type])).toEqual([
      [2, 1],
      [1, 2],
      [0, 0],
    ]);
    expect(found[1].validity).toMatchObject({ fromTime: NOON, toTime: NOON + WEEK });
    expect(found[1].salt.end - found[1].salt.at).toBe(14);
    expect(parseKeyData(keys, 0, keys.length)).toMatchObject({ problem: null, keys: [{}, {}, {}] });
    expect(parseKeyData(keys, 0, keys.length - 1).problem?.code).toBe('mikey.cut');
  });

  test('knows IDi and IDr by role, by order, and in an answer', () => {
    const build = (dataType: number, payloads: Parameters<typeof encodeMikey>[0]['payloads']) => {
      const bytes = encodeMikey({ dataType, verify: false, prf: 0, csbId: 1, payloads });
      return parseMikey(bytes, 0, bytes.length).message;
    };
    const roles = build(0, [idrPayload(2, 0, octets('02')), idrPayload(1, 0, octets('01'))]);
    expect(roles?.initiator?.role).toBe(1);
    expect(roles?.responder?.role).toBe(2);
    const answer = build(1, [idPayload(0, octets('02')), verificationPayload(1, new Uint8Array(20))]);
    expect(answer?.initiator).toBeNull();
    expect(answer?.responder).not.toBeNull();
    expect(answer?.macCoverage?.end).toBe(answer?.verification?.mac.at);
    expect(build(0, [idPayload(0, octets('01'))])?.responder).toBeNull();
  });

  test.each([
    ['no header', '010005', 'mikey.header-cut'],
    ['another version', '02000580112233440001', 'mikey.version'],
    ['map beyond the message', '01000500112233440100', 'mikey.header-cut'],
    ['unknown map', '01000500112233440107', 'mikey.map-type'],
    ['payload missing', '01000500112233440001', 'mikey.cut'],
    ['unknown timestamp type', '01000500112233440001000900000000', 'mikey.timestamp-type'],
    ['unknown payload', '01006300112233440001000000', 'mikey.payload'],
    ['octets behind the end', '01000000112233440001ff', 'mikey.trailing'],
    ['RAND beyond the message', '01000b001122334400010010aa', 'mikey.cut'],
  ])('%s is %s', (_name, hex, code) => {
    const bytes = octets(hex);
    expect(parseMikey(bytes, 0, bytes.length).problem?.code).toBe(code);
  });

  test('stops at 64 payloads', () => {
    const payloads = Array.from({ length: 70 }, () => errorPayload(0));
    const bytes = encodeMikey({ dataType: 6, verify: false, prf: 0, csbId: 1, payloads });
    const { message, problem } = parseMikey(bytes, 0, bytes.length);
    expect(problem?.code).toBe('mikey.too-many');
    expect(message?.payloads).toHaveLength(64);
  });

  test('never throws, on any octets and on any damage to a message, and its ranges stay inside', () => {
    const whole = profileMessage();
    const damaged = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }).map((edits) => {
      const copy = whole.slice();
      for (const [at, value] of edits) copy[at] = value;
      return copy;
    });
    const header = octets('01000500112233440001');
    const behindHeader = fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(...header, ...rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged, behindHeader), fc.nat(300), (bytes, cutAt) => {
        const end = Math.min(cutAt, bytes.length);
        const { message } = parseMikey(bytes, 0, end);
        for (const payload of message?.payloads ?? []) {
          expect(payload.end).toBeLessThanOrEqual(end);
          expect(payload.end).toBeGreaterThan(payload.at);
        }
        const tree = new TreeRecorder();
        dissectMikey(bytes, 0, end, tree);
        expect(tree.closed).toBe(true);
        expect(describeMikey(bytes, 0, end)).toMatch(/^MIKEY/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('dissectMikey', () => {
  test('shows header, counter, extension and enciphered key data', () => {
    const bytes = profileMessage();
    const tree = new TreeRecorder();
    dissectMikey(bytes, 0, bytes.length, tree);
    expect(tree.problems).toEqual([]);
    expect(tree.one('mikey.csb_id')).toBe(0x11223344);
    expect(tree.one('mikey.v.set')).toBe(true);
    expect(tree.one('mikey.t.counter')).toBe(41);
    expect(tree.one('mikey.ext.pgk.group')).toBe(0xf00001);
    expect(tree.one('mikey.ext.pgk.not_after')).toBe(NOON + WEEK);
    expect(tree.one('mikey.id.data')).toBe('pkmf');
    expect(tree.all('mikey.key.data')).toEqual([]);
    expect(tree.closed).toBe(true);
  });

  test.each([
    ['a map beyond the message', '01000500112233440100', 'mikey.header-cut'],
    ['a map of unknown type', '01000500112233440107', 'mikey.map-type'],
  ])('shows what stands before %s', (_name, hex, code) => {
    const tree = new TreeRecorder();
    dissectMikey(octets(hex), 0, 10, tree);
    expect(tree.problems).toEqual([code]);
    expect(tree.one('mikey.type')).toBe(0);
    expect(tree.one('mikey.csb_id')).toBe(0x11223344);
    expect(tree.closed).toBe(true);
  });

  test('shows nothing of a header of another version', () => {
    const tree = new TreeRecorder();
    dissectMikey(octets('02000580112233440001'), 0, 10, tree);
    expect(tree.all('mikey.type')).toEqual([]);
  });

  test('shows policy parameters, signature and key validity', () => {
    const keys = encodeKeyData([
      { keyType: 3, key: new Uint8Array(16), salt: new Uint8Array(14), interval: { from: NOON, to: NOON + WEEK } },
    ]);
    const bytes = encodeMikey({
      dataType: 2,
      verify: false,
      prf: 0,
      csbId: 1,
      csCount: 1,
      mapType: 0,
      map: octets('00 cafebabe 00000001'),
      payloads: [
        policyPayload(0, 0, [
          { type: 0, value: Uint8Array.of(6) },
          { type: 20, value: Uint8Array.of(16) },
          { type: 99, value: Uint8Array.of(1, 2) },
        ]),
        kemacPayload(0, keys, 0, new Uint8Array(0)),
        signPayload(2, new Uint8Array(129)),
      ],
    });
    const tree = new TreeRecorder();
    dissectMikey(bytes, 0, bytes.length, tree);
    expect(tree.problems).toEqual([]);
    expect(tree.one('mikey.srtp_id.ssrc')).toBe(0xcafebabe);
    expect(tree.one('mikey.sp.encr_alg')).toBe(6);
    expect(tree.one('mikey.sp.aead_tag_len')).toBe(16);
    expect(tree.one('mikey.sp.patam.value')).toEqual(Uint8Array.of(1, 2));
    expect(tree.one('mikey.key.kv.from.time')).toBe(NOON);
    expect(tree.one('mikey.key.kv.to.time')).toBe(NOON + WEEK);
    expect(tree.one('mikey.sign.type')).toBe(2);
    expect(tree.one('mikey.sign.len')).toBe(129);
  });
});

test('an event names the chain', () => {
  const bytes = profileMessage();
  expect(describeMikey(bytes, 0, bytes.length)).toBe('MIKEY Pre-shared CSB 0x11223344: T RAND ID ID EXT KEMAC');
});

interface PublishedPayload {
  readonly payload?: string;
  readonly ts?: string;
  readonly ts_type?: number;
  readonly rand?: string;
  readonly id?: string;
  readonly id_role?: number;
  readonly policy_no?: number;
  readonly params?: string;
  readonly data?: string;
  readonly encr?: number;
  readonly mac_alg?: number;
  readonly ext_type?: number;
  readonly sed_len?: number;
  readonly stype?: number;
  readonly sign_len?: number;
}

/** What the published description says of a payload, and what ours says, in the same words. */
function compare(bytes: Uint8Array, expected: PublishedPayload, found: MikeyPayload): void {
  const hex = (range: { at: number; end: number }) => Buffer.from(bytes.subarray(range.at, range.end)).toString('hex');
  switch (expected.payload) {
    case 'T':
      expect(found).toMatchObject({ kind: 't', timestampType: expected.ts_type });
      if (found.kind === 't') expect(hex(found.value)).toBe(expected.ts);
      break;
    case 'RAND':
      if (found.kind !== 'rand') throw new Error(`RAND was read as ${found.kind}`);
      expect(hex(found.rand)).toBe(expected.rand);
      break;
    case 'IDR':
      if (found.kind !== 'id') throw new Error(`IDR was read as ${found.kind}`);
      expect(found.role).toBe(expected.id_role);
      expect([hex(found.id), Buffer.from(hex(found.id), 'hex').toString('latin1')]).toContain(expected.id);
      break;
    case 'SP':
      if (found.kind !== 'sp') throw new Error(`SP was read as ${found.kind}`);
      expect(found.policy).toBe(expected.policy_no);
      expect(hex({ at: found.at + 5, end: found.end })).toBe(expected.params);
      expect(found.parameters.length).toBeGreaterThan(5);
      break;
    case 'KEMAC':
      if (found.kind !== 'kemac') throw new Error(`KEMAC was read as ${found.kind}`);
      expect([found.encryption, found.macAlgorithm]).toEqual([expected.encr, expected.mac_alg]);
      expect(hex(found.data)).toBe(expected.data);
      expect(found.keys).toHaveLength(1);
      break;
    case 'GENEXT':
      if (found.kind !== 'ext') throw new Error(`extension was read as ${found.kind}`);
      expect(found.extensionType).toBe(expected.ext_type);
      break;
    case 'SAKKE':
      expect(found.kind).toBe('sakke');
      if (found.kind === 'sakke') expect(found.data.end - found.data.at).toBe(expected.sed_len);
      break;
    case 'SIGN':
      expect(found).toMatchObject({ kind: 'sign', number: expected.stype });
      if (found.kind === 'sign') expect(found.data.end - found.data.at).toBe(expected.sign_len);
      break;
    default:
      throw new Error(`the description names a payload ${expected.payload} that this test does not know`);
  }
}

if (!existsSync(PUBLISHED)) console.warn(`published MIKEY messages are not here (${PUBLISHED}): skipped`);

describe.skipIf(!existsSync(PUBLISHED))('published messages (else: ../shared is not beside the project)', () => {
  interface Published {
    readonly label: string;
    readonly hex: string;
    readonly parsed: { readonly CS_ID_map_type: number; readonly nCS: number; readonly chain: PublishedPayload[] };
  }
  const messages: Published[] = existsSync(PUBLISHED) ? JSON.parse(readFileSync(PUBLISHED, 'utf8')) : [];

  test('there are 25', () => expect(messages).toHaveLength(25));

  test.each(messages.map((message, index) => [index, message] as const))('message %i is read to its end', (_, it) => {
    const bytes = octets(it.hex);
    const { message, problem } = parseMikey(bytes, 0, bytes.length);
    expect(problem).toBeNull();
    expect(message?.end).toBe(bytes.length);
    expect(message?.header).toMatchObject({ mapType: it.parsed.CS_ID_map_type, csCount: it.parsed.nCS });
    const chain = it.parsed.chain.filter((entry) => entry.payload !== undefined);
    expect(message?.payloads).toHaveLength(chain.length);
    for (const [index, expected] of chain.entries()) {
      const found = message?.payloads[index];
      if (found !== undefined) compare(bytes, expected, found);
    }
    const tree = new TreeRecorder();
    dissectMikey(bytes, 0, bytes.length, tree);
    expect(tree.problems).toEqual([]);
    expect(tree.closed).toBe(true);
  });
});
