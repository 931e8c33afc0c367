import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeMac } from '../../../daemon/keying/mikey-crypto.ts';
import { AWAITED_CAP, MikeyReceiver } from '../../../daemon/keying/mikey-receiver.ts';
import { buildVerification } from '../../../daemon/keying/mikey-sender.ts';
import { epochStateAt } from '../../../daemon/keyring/epoch-state.ts';
import { Keyring } from '../../../daemon/keyring/keyring.ts';
import { DEFAULT_MIKEY_PROFILE, Pmk } from '../../../daemon/keyring/pmk.ts';
import { parseMikey } from '../../../dissectors/keying/mikey.ts';
import { encodeMikey, extensionPayload, pgkExtensionData } from '../../../dissectors/keying/mikey-encode.ts';
import {
  flipped,
  GROUP,
  HOUR,
  heldKey,
  hexOf,
  keyringWith,
  message,
  NOW,
  once,
  pgk,
  pgkOctets,
  pmkOctets,
  RAND,
  receive,
} from './mikey-fixture.ts';

describe('a PGK delivered', () => {
  test('is in the keyring from then on', () => {
    const keyring = keyringWith();
    const result = once(message(), keyring);
    expect(result).toMatchObject({
      event: 'delivered',
      accepted: true,
      reason: null,
      findings: [],
      problem: null,
      macRight: true,
      messageTime: null,
    });
    expect(result.pmk).toBe(keyring.pmks[0]);
    expect(result.deliveries).toHaveLength(1);
    expect(result.deliveries[0]).toMatchObject({
      group: GROUP,
      pgkId: 44,
      notBefore: NOW,
      notAfter: NOW + 24 * HOUR,
      accepted: true,
      reason: null,
      outcome: 'added',
    });
    const [epoch] = keyring.epochs;
    expect(result.deliveries[0].epoch).toBe(epoch);
    expect(epoch).toMatchObject({ id: 44, notBefore: NOW, notAfter: NOW + 24 * HOUR });
    expect(hexOf(epoch.octets)).toBe(hexOf(pgkOctets()));
  });

  test('the built message is what reference 4.9 describes', () => {
    const octets = message();
    const { message: parsed, problem } = parseMikey(octets, 0, octets.length);
    expect(problem).toBeNull();
    expect(parsed?.header).toMatchObject({ dataType: 0, prf: 0, verify: true, csCount: 0, mapType: 1 });
    expect(parsed?.payloads.map((payload) => payload.kind)).toEqual(['t', 'rand', 'id', 'id', 'ext', 'kemac']);
    expect(parsed?.kemac).toMatchObject({ encryption: 1, macAlgorithm: 1 });
    expect(parsed?.extensions[0].extensionType).toBe(241);
    expect(hexOf(octets)).not.toContain(hexOf(pgkOctets()));
  });

  test.each([0, 1, 2])('under encryption %i', (encryption) => {
    for (const macAlgorithm of [1, 2]) {
      for (const notBefore of [null, NOW]) {
        const keyring = keyringWith();
        expect(once(message({ encryption, macAlgorithm }, { notBefore }), keyring).accepted).toBe(true);
        expect(hexOf(keyring.epochs[0].octets)).toBe(hexOf(pgkOctets()));
      }
    }
  });

  test('under PRF-HMAC-SHA-256, as the header says or as the keyring pins it', () => {
    const sha256 = { ...DEFAULT_MIKEY_PROFILE, prf: 'sha256' } as const;
    expect(once(message({ profile: sha256 })).accepted).toBe(true);
    expect(once(message({ profile: sha256 }), keyringWith([], { prf: 'sha256' })).accepted).toBe(true);
    expect(once(message(), keyringWith([], { prf: 'sha256' })).reason).toBe('mikey.mac_failed');
    expect(once(message({ profile: sha256 }), keyringWith([], { prf: 'sha1' })).reason).toBe('mikey.mac_failed');
  });

  test('with another extension type and key data type, as the keyring says', () => {
    for (const keyDataType of [0, 1, 2, 3]) {
      const profile = { ...DEFAULT_MIKEY_PROFILE, extensionType: 250, keyDataType };
      expect(once(message({ profile }), keyringWith([], profile)).accepted).toBe(true);
    }
    expect(once(message(), keyringWith([], { keyDataType: 2 }))).toMatchObject({
      accepted: false,
      reason: null,
      problem: 'no key data is of type 2',
    });
    expect(once(message(), keyringWith([], { extensionType: 250 })).problem).toContain('1 keys and 0 extensions');
  });

  test('KV null: valid from reception', () => {
    const keyring = keyringWith();
    once(message({}, { notBefore: null }), keyring, NOW + 1234.5);
    expect(keyring.epochs[0]).toMatchObject({ notBefore: NOW + 1234.5, notAfter: NOW + 24 * HOUR });
  });

  test('times keep their microseconds', () => {
    const keyring = keyringWith();
    once(message({}, { notBefore: NOW + 0.001, notAfter: NOW + HOUR + 999.999 }), keyring);
    expect(keyring.epochs[0].notBefore).toBe(NOW + 0.001);
    expect(keyring.epochs[0].notAfter).toBe(NOW + HOUR + 999.999);
  });

  test('for a group that is not in the keyring', () => {
    const keyring = keyringWith();
    expect(once(message({}, { group: 0xabcdef }), keyring).accepted).toBe(true);
    expect(keyring.groupById(0xabcdef)).toMatchObject({ assumed: true, algorithm: 2 });
  });

  test('several at once, each with its own outcome', () => {
    const keyring = keyringWith([heldKey({ id: 45, octets: pgkOctets(9) })]);
    const keys = [pgk(), pgk({ pgkId: 45, octets: pgkOctets(1) }), pgk({ pgkId: 46, octets: pgkOctets(2) })];
    const result = once(message({ keys }), keyring);
    expect(result).toMatchObject({ accepted: true, reason: 'mikey.material_conflict' });
    expect(result.deliveries.map((each) => [each.pgkId, each.accepted, each.reason])).toEqual([
      [44, true, null],
      [45, false, 'mikey.material_conflict'],
      [46, true, null],
    ]);
  });

  test.each([
    ['3 octets', Uint8Array.of(0x0a, 0x0b, 0x0c)],
    ['6 hex digits', Buffer.from('0a0b0c')],
  ])('to a UE that IDr names by its Layer-2 id in %s', (_, responder) => {
    expect(once(message({ responder }), keyringWith([], { idr: 'ue' })).accepted).toBe(true);
    expect(once(message({ responder })).reason).toBe('mikey.key_unknown');
  });

  test('with the second of two PMKs of one UE', () => {
    const base = keyringWith([], { idr: 'ue' });
    const older = new Pmk(Buffer.from('old'), new Uint8Array(32).fill(9), 0x0a0b0c, base.pmks[0].profile);
    const keyring = new Keyring({ groups: [], pmks: [older, ...base.pmks], lkh: [], managers: [] });
    const result = once(message({ responder: Buffer.from('0a0b0c') }), keyring);
    expect(result.accepted).toBe(true);
    expect(result.pmk).toBe(base.pmks[0]);
  });
});

test.each([0, 1, 2])(
  'the octets of the frame stay as they are, also in a Buffer that is used again (encryption %i)',
  (encryption) => {
    const frame = Buffer.from(message({ encryption }));
    const before = frame.toString('hex');
    const keyring = keyringWith();
    const receiver = new MikeyReceiver(keyring);
    expect(receiver.receive(frame, 0, frame.length, NOW).accepted).toBe(true);
    expect(frame.toString('hex')).toBe(before);
    const answer = buildVerification(frame, pmkOctets());
    frame.fill(0xff);
    expect(hexOf(keyring.epochs[0].octets)).toBe(hexOf(pgkOctets()));
    expect(receive(receiver, answer).accepted).toBe(true);
  },
);

describe('what is refused', () => {
  test('a PMK that nobody holds', () => {
    const keyring = keyringWith();
    const result = once(message({ responder: Buffer.from('pmk-2') }), keyring);
    expect(result).toMatchObject({ accepted: false, reason: 'mikey.key_unknown', macRight: null, pmk: null });
    expect(result.deliveries[0]).toMatchObject({ group: GROUP, pgkId: 44, accepted: false, epoch: null });
    expect(keyring.epochs).toHaveLength(0);
  });

  test('another PMK under the same id', () => {
    const keyring = keyringWith();
    const result = once(message({ pmk: new Uint8Array(32).fill(7) }), keyring);
    expect(result).toMatchObject({ accepted: false, reason: 'mikey.mac_failed', macRight: false });
    expect(keyring.epochs).toHaveLength(0);
  });

  test('no MAC at all', () => {
    const octets = message({ macAlgorithm: 1 });
    const { kemac } = parseMikey(octets, 0, octets.length).message ?? {};
    const bare = octets.slice(0, kemac?.mac.at);
    bare[bare.length - 1] = 0;
    expect(parseMikey(bare, 0, bare.length).problem).toBeNull();
    expect(once(bare)).toMatchObject({ accepted: false, reason: 'mikey.mac_failed' });
  });

  test('the same counter again, and a lower one', () => {
    const receiver = new MikeyReceiver(keyringWith());
    expect(receive(receiver, message({ timestamp: { counter: 5 } })).accepted).toBe(true);
    for (const counter of [5, 4, 0]) {
      expect(receive(receiver, message({ timestamp: { counter } }))).toMatchObject({
        accepted: false,
        reason: 'mikey.replay',
        macRight: true,
      });
    }
    expect(receive(receiver, message({ timestamp: { counter: 6 } })).accepted).toBe(true);
  });

  test('the same time again, and an earlier one', () => {
    const receiver = new MikeyReceiver(keyringWith());
    expect(receive(receiver, message({ timestamp: { time: NOW } })).accepted).toBe(true);
    expect(receive(receiver, message({ timestamp: { time: NOW } })).reason).toBe('mikey.replay');
    expect(receive(receiver, message({ timestamp: { time: NOW - 1 } })).reason).toBe('mikey.replay');
    expect(receive(receiver, message({ timestamp: { time: NOW + 0.001 } })).reason).toBeNull();
  });

  test('freshness is looked at before the MAC, and what is refused moves nothing', () => {
    const receiver = new MikeyReceiver(keyringWith());
    const forged = message({ timestamp: { counter: 900 }, pmk: new Uint8Array(32) });
    expect(receive(receiver, forged).reason).toBe('mikey.mac_failed');
    expect(receive(receiver, message({ timestamp: { counter: 6 } })).accepted).toBe(true);
    const late = message({ timestamp: { counter: 6 }, pmk: new Uint8Array(32) });
    expect(receive(receiver, late)).toMatchObject({ reason: 'mikey.replay', macRight: false });
  });

  test('counters of one PMK say nothing of another', () => {
    const [first] = keyringWith().pmks;
    const second = new Pmk(Buffer.from('pmk-2'), pmkOctets(), null, DEFAULT_MIKEY_PROFILE);
    const keyring = new Keyring({ groups: [], pmks: [first, second], lkh: [], managers: [] });
    const receiver = new MikeyReceiver(keyring);
    expect(receive(receiver, message()).accepted).toBe(true);
    expect(receive(receiver, message({ responder: Buffer.from('pmk-2') })).accepted).toBe(true);
  });

  test('other octets for a key that is held in that time', () => {
    const keyring = keyringWith([heldKey({ octets: pgkOctets(1) })]);
    const receiver = new MikeyReceiver(keyring);
    const result = receive(receiver, message());
    expect(result).toMatchObject({ accepted: false, reason: 'mikey.material_conflict', macRight: true });
    expect(hexOf(keyring.epochs[0].octets)).toBe(hexOf(pgkOctets(1)));
    // It was not accepted, so its counter is not the last accepted one.
    expect(receive(receiver, message({}, { pgkId: 45 })).accepted).toBe(true);
  });

  test('a PGK id that was destroyed', () => {
    const keyring = keyringWith([heldKey({ octets: null, destroyedAt: NOW })]);
    const result = once(message(), keyring);
    expect(result).toMatchObject({ accepted: false, reason: null, problem: 'the PGK id belongs to a destroyed key' });
    expect(result.deliveries[0]).toMatchObject({ outcome: 'destroyed', epoch: null });
  });

  test('payloads behind KEMAC, which no MAC covers', () => {
    const octets = message();
    const parsed = parseMikey(octets, 0, octets.length).message;
    if (parsed === null || parsed.kemac === null) throw new Error('the message is not what it was built as');
    const rest = parsed.payloads.map(({ type, at, end }) => ({ type, body: octets.slice(at + 1, end) }));
    const extension = extensionPayload(241, pgkExtensionData(GROUP, 45, 0n));
    const changed = encodeMikey({ ...parsed.header, payloads: [...rest, extension] });
    const { kemac } = parseMikey(changed, 0, changed.length).message ?? {};
    if (!kemac) throw new Error('the message lost its KEMAC');
    const source = { key: pmkOctets(), prf: 'sha1', csbId: parsed.header.csbId, rand: RAND } as const;
    changed.set(computeMac(1, source, [changed.subarray(0, kemac.mac.at)]), kemac.mac.at);
    expect(once(changed)).toMatchObject({ accepted: false, reason: null, macRight: true });
    expect(once(changed).problem).toContain('follow KEMAC');
  });

  test.each([
    ['a PGK of 16 octets', { octets: new Uint8Array(16).fill(3) }, 'not 16'],
    ['a window that ends before it begins', { notBefore: NOW + 2 * HOUR, notAfter: NOW + HOUR }, 'ends before'],
  ])('%s', (_, key, text) => {
    const result = once(message({}, key));
    expect(result).toMatchObject({ accepted: false, reason: null, macRight: true });
    expect(result.problem).toContain(text);
  });

  test('other kinds of MIKEY', () => {
    const header = { verify: false, prf: 0, csbId: 1, payloads: [] };
    for (const dataType of [2, 4, 26]) {
      expect(once(encodeMikey({ ...header, dataType })).reason).toBe('mikey.key_unknown');
    }
    expect(once(encodeMikey({ ...header, dataType: 6 }))).toMatchObject({ accepted: false, reason: null });
  });
});

describe('what is accepted and reported', () => {
  test.each([
    [-300_000, null],
    [-300_001, 'mikey.stale'],
    [300_000, null],
    [300_001, 'mikey.stale'],
  ])('a timestamp %i ms from capture time', (offset, reason) => {
    expect(once(message({ timestamp: { time: NOW + offset } }))).toMatchObject({
      accepted: true,
      reason,
      messageTime: NOW + offset,
    });
  });

  test('a counter is never stale', () => {
    expect(once(message({}, { notBefore: NOW - HOUR }), keyringWith(), NOW + 20 * HOUR).reason).toBeNull();
  });

  test.each([
    ['ends before the message', NOW - 1],
    ['ends with it', NOW],
  ])('a key that %s is held as an expired one', (_, notAfter) => {
    for (const notBefore of [null, NOW - HOUR]) {
      const keyring = keyringWith();
      const result = once(message({ timestamp: { time: NOW } }, { notBefore, notAfter }), keyring);
      expect(result).toMatchObject({ accepted: true, reason: 'mikey.expired_on_delivery' });
      expect(hexOf(keyring.epochs[0].octets)).toBe(hexOf(pgkOctets()));
      expect(epochStateAt(keyring.epochs[0], NOW + 1)).toBe('expired');
    }
  });

  test('expiry is measured by the time of the message, and by capture time where it has a counter', () => {
    const key = { notBefore: NOW - HOUR, notAfter: NOW + 60_000 };
    expect(once(message({ timestamp: { time: NOW } }, key), keyringWith(), NOW + 120_000).reason).toBeNull();
    expect(once(message({}, key), keyringWith(), NOW + 120_000).reason).toBe('mikey.expired_on_delivery');
  });

  test('the same key with a later end', () => {
    const keyring = keyringWith([heldKey()]);
    const result = once(message(), keyring);
    expect(result).toMatchObject({ accepted: true, reason: 'mikey.lifetime_extended' });
    expect(result.deliveries[0]).toMatchObject({ outcome: 'extended', epoch: keyring.epochs[0] });
    expect(keyring.epochs).toHaveLength(1);
    expect(epochStateAt(keyring.epochs[0], NOW + 2 * HOUR)).toBe('active');
  });

  test('the same key with the same end, and with an earlier one', () => {
    const same = keyringWith([heldKey({ notAfter: NOW + 24 * HOUR })]);
    expect(once(message(), same)).toMatchObject({ accepted: true, reason: null });
    const longer = keyringWith([heldKey({ notAfter: NOW + 48 * HOUR })]);
    expect(once(message(), longer)).toMatchObject({ accepted: true, reason: null });
    expect(epochStateAt(longer.epochs[0], NOW + 24 * HOUR)).toBe('expired');
  });

  test('a key that is taken back', () => {
    const keyring = keyringWith([heldKey()]);
    const result = once(message({}, { notBefore: null, notAfter: null }), keyring);
    expect(result).toMatchObject({ accepted: true, reason: 'mikey.expired_on_delivery' });
    expect(epochStateAt(keyring.epochs[0], NOW - 1)).toBe('active');
    expect(epochStateAt(keyring.epochs[0], NOW)).toBe('expired');
  });

  test('taking back a key that has ended extends nothing', () => {
    const keyring = keyringWith([heldKey({ notAfter: NOW - 1000 })]);
    const result = once(message({}, { notBefore: null, notAfter: null }), keyring);
    expect(result).toMatchObject({ accepted: true, reason: 'mikey.expired_on_delivery' });
    expect(result.deliveries[0].outcome).toBe('known');
  });

  test('several findings: the gravest is the reason', () => {
    const keyring = keyringWith([heldKey({ notAfter: NOW - 2000 })]);
    const late = message({ timestamp: { time: NOW - 400_000 } }, { notBefore: NOW - HOUR, notAfter: NOW - 1000 });
    expect(once(late, keyring).findings).toEqual(['mikey.lifetime_extended', 'mikey.stale']);
    // The same grade: the first in findings.md is.
    const expired = message({ timestamp: { time: NOW - 400_000 } }, { notAfter: NOW - 500_000, notBefore: NOW - HOUR });
    expect(once(expired)).toMatchObject({
      reason: 'mikey.stale',
      findings: ['mikey.stale', 'mikey.expired_on_delivery'],
    });
  });

  test('what refuses a key is the reason, and all else that holds of it is found too', () => {
    const keyring = keyringWith([heldKey({ octets: pgkOctets(1), notBefore: NOW - 2 * HOUR })]);
    const late = message({ timestamp: { time: NOW - 400_000 } }, { notBefore: NOW - HOUR, notAfter: NOW - 500_000 });
    expect(once(late, keyring)).toMatchObject({
      accepted: false,
      reason: 'mikey.material_conflict',
      findings: ['mikey.material_conflict', 'mikey.stale', 'mikey.expired_on_delivery'],
    });
  });
});

describe('the answer of the UE', () => {
  const request = message();

  function asked(): MikeyReceiver {
    const receiver = new MikeyReceiver(keyringWith());
    expect(receive(receiver, request).accepted).toBe(true);
    return receiver;
  }

  test.each([1, 2])('is verified, once (MAC algorithm %i)', (macAlgorithm) => {
    const receiver = asked();
    const answer = buildVerification(request, pmkOctets(), DEFAULT_MIKEY_PROFILE, macAlgorithm);
    const result = receive(receiver, answer, NOW + 100);
    expect(result).toMatchObject({ event: 'verified', accepted: true, reason: null, macRight: true });
    expect(result.deliveries[0]).toMatchObject({ group: GROUP, pgkId: 44, accepted: true });
    expect(receive(receiver, answer, NOW + 200)).toMatchObject({ accepted: false, reason: 'mikey.replay' });
  });

  test('with another PMK', () => {
    const answer = buildVerification(request, new Uint8Array(32));
    expect(receive(asked(), answer)).toMatchObject({ event: 'verified', accepted: false, reason: 'mikey.mac_failed' });
  });

  test('to a message with another timestamp', () => {
    const other = message({ timestamp: { counter: 6 } });
    expect(receive(asked(), buildVerification(other, pmkOctets())).reason).toBe('mikey.mac_failed');
  });

  test('to a message that was not seen, or did not ask', () => {
    const answer = buildVerification(request, pmkOctets());
    expect(once(answer)).toMatchObject({ event: 'verified', accepted: false, reason: null });
    expect(once(answer).problem).toContain('no accepted message');
    const quiet = new MikeyReceiver(keyringWith());
    receive(quiet, message({ verify: false }));
    expect(receive(quiet, answer).accepted).toBe(false);
    const stranger = buildVerification(message({ responder: Buffer.from('pmk-9') }), pmkOctets());
    expect(once(stranger)).toMatchObject({ accepted: false, reason: 'mikey.key_unknown' });
  });

  test('every bit of it counts', () => {
    const answer = buildVerification(request, pmkOctets());
    for (let bit = 0; bit < answer.length * 8; bit++) {
      expect(receive(asked(), flipped(answer, bit)).accepted).toBe(false);
    }
  });

  test('no more are awaited than the cap', () => {
    const receiver = new MikeyReceiver(keyringWith());
    const requests = Array.from({ length: AWAITED_CAP + 1 }, (_, i) =>
      message({ csbId: i, timestamp: { counter: i + 1 } }),
    );
    for (const each of requests) receive(receiver, each);
    expect(receiver.evictions).toBe(1);
    expect(receive(receiver, buildVerification(requests[0], pmkOctets())).accepted).toBe(false);
    expect(receive(receiver, buildVerification(requests[1], pmkOctets())).accepted).toBe(true);
  });
});

test('no result shows a key', () => {
  const result = once(message());
  const shown = JSON.stringify(result, (name, value) => (name === 'group' && typeof value === 'object' ? null : value));
  expect(shown).not.toContain([...pgkOctets()].slice(0, 5).join(','));
  expect(shown).not.toContain(`"3":${pgkOctets()[3]},"4":${pgkOctets()[4]}`);
  expect(shown).not.toContain('octets');
});

test('what is built and received is the same for any keys and times', () => {
  const octets = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const key = fc.record({
    group: fc.integer({ min: 0, max: 0xffffff }),
    pgkId: fc.integer({ min: 0, max: 255 }),
    octets,
    length: fc.integer({ min: 1, max: 1e9 }),
  });
  const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 5, selector: (each) => `${each.group}/${each.pgkId}` });
  const choices = fc.record({
    timestamp: fc.oneof(
      fc.record({ counter: fc.integer({ min: 0, max: 0xffff_ffff }) }),
      fc.record({ time: fc.integer({ min: NOW - 300_000, max: NOW + 300_000 }) }),
    ),
    csbId: fc.integer({ min: 0, max: 0xffff_ffff }),
    encryption: fc.constantFrom(0, 1, 2),
    macAlgorithm: fc.constantFrom(1, 2),
  });
  fc.assert(
    fc.property(keys, choices, octets, (list, chosen, rand) => {
      const delivered = list.map(({ length, ...each }) => ({
        ...each,
        notBefore: NOW,
        notAfter: NOW + 300_000 + length,
      }));
      const keyring = keyringWith();
      const result = once(message({ ...chosen, rand: rand.subarray(0, 16), keys: delivered }), keyring);
      expect(result).toMatchObject({ accepted: true, findings: [] });
      expect(
        keyring.epochs.map((epoch) => ({
          group: epoch.group.id,
          pgkId: epoch.id,
          octets: hexOf(epoch.octets),
          notBefore: epoch.notBefore,
          notAfter: epoch.notAfter,
        })),
      ).toEqual(delivered.map((each) => ({ ...each, octets: hexOf(each.octets) })));
    }),
  );
});
