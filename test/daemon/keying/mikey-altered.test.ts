import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MikeyReceiver } from '../../../daemon/keying/mikey-receiver.ts';
import { parseMikey } from '../../../dissectors/keying/mikey.ts';
import { flipped, hexOf, keyringWith, message, NOW, once, receive } from './mikey-fixture.ts';

describe('a message of which one bit was altered', () => {
  /** Octets of parts that only carry a value: altering them leaves the message readable. */
  function valuesOf(octets: Uint8Array): Map<string, readonly [number, number]> {
    const parsed = parseMikey(octets, 0, octets.length).message;
    if (!parsed?.timestamp || !parsed.rand || !parsed.initiator || !parsed.responder || !parsed.kemac) {
      throw new Error('the message is not what it was built as');
    }
    const { timestamp, rand, initiator, responder, kemac, extensions } = parsed;
    return new Map([
      ['CSB id', [4, 8]],
      ['T', [timestamp.value.at, timestamp.value.end]],
      ['RAND', [rand.rand.at, rand.rand.end]],
      ['IDi', [initiator.id.at, initiator.id.end]],
      ['IDr', [responder.id.at, responder.id.end]],
      ['EXT', [extensions[0].data.at, extensions[0].data.end]],
      ['key data', [kemac.data.at, kemac.data.end]],
      ['MAC', [kemac.mac.at, kemac.mac.end]],
    ]);
  }

  test.each([
    ['AES-CM-128, HMAC-SHA-1', {}],
    ['AES-KW-128, HMAC-SHA-256', { encryption: 2, macAlgorithm: 2 }],
    ['NULL, HMAC-SHA-1', { encryption: 0 }],
    ['NTP-UTC', { timestamp: { time: NOW } }],
  ])('is refused for the right reason, wherever it was: %s', (_, changes) => {
    const octets = message(changes);
    const values = [...valuesOf(octets)];
    for (let bit = 0; bit < octets.length * 8; bit++) {
      const keyring = keyringWith();
      const result = once(flipped(octets, bit), keyring);
      expect(result.accepted).toBe(false);
      expect(keyring.epochs).toHaveLength(0);
      const part = values.find(([, [at, end]]) => bit >> 3 >= at && bit >> 3 < end)?.[0];
      const said = `${part ?? 'structure'}: ${result.reason}`;
      if (part === 'IDr') expect(said).toBe('IDr: mikey.key_unknown');
      else if (part !== undefined && part !== 'key data') expect(said).toBe(`${part}: mikey.mac_failed`);
      else if (result.reason === null) expect(result.problem).not.toBeNull();
      else expect(['mikey.mac_failed', 'mikey.key_unknown']).toContain(result.reason);
    }
  });

  test('after the true one: a replay where its time went back, else a failed MAC', () => {
    const receiver = new MikeyReceiver(keyringWith());
    const octets = message({ timestamp: { counter: 0x0f0f } });
    receive(receiver, octets);
    const at = valuesOf(octets).get('T')?.[0] ?? 0;
    for (let bit = at * 8; bit < at * 8 + 32; bit++) {
      const altered = flipped(octets, bit);
      const counter = new DataView(altered.buffer).getUint32(at);
      expect(receive(receiver, altered).reason).toBe(counter > 0x0f0f ? 'mikey.mac_failed' : 'mikey.replay');
    }
    for (const part of ['RAND', 'EXT', 'key data', 'MAC']) {
      const first = valuesOf(octets).get(part)?.[0] ?? 0;
      expect(receive(receiver, flipped(octets, first * 8))).toMatchObject({ reason: 'mikey.replay', macRight: false });
    }
  });

  test('is nothing to fall over: cut anywhere, or anything at all', () => {
    const octets = message();
    for (let length = 0; length < octets.length; length++) {
      expect(once(octets.slice(0, length))).toMatchObject({ accepted: false, reason: null });
    }
    const receiver = new MikeyReceiver(keyringWith());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: octets.length }), (noise, keep) => {
        const mixed = Uint8Array.from([...octets.subarray(0, keep), ...noise]);
        if (hexOf(mixed) !== hexOf(octets)) expect(receive(receiver, mixed).accepted).toBe(false);
      }),
    );
  });
});
