// A receiver of rekey messages takes what the manager signed, once, and says why it takes nothing else.

import { describe, expect, test } from 'vitest';
import { unwrapKey, wrapKey } from '../../../daemon/keying/key-wrap.ts';
import { isSignatureRight, leafKey, managerPrivateKey } from '../../../daemon/keying/lkh-crypto.ts';
import { buildRekey } from '../../../daemon/keying/lkh-sender.ts';
import { Keyring, NodeKey } from '../../../daemon/keyring/keyring.ts';
import { nodeName, parseLkhRekey } from '../../../dissectors/keying/lkh-rekey.ts';
import { Listener, memberKeyring, PUBLIC, pmkOf, SIGNER, TestManager } from './lkh-fixture.ts';
import { flipped, GROUP, HOUR, hexOf, NOW } from './mikey-fixture.ts';

const ALL = [1, 2, 3, 4, 5];

/** A manager, and a member that was welcomed. */
function scene() {
  const manager = new TestManager(2, ALL);
  const member = new Listener(memberKeyring(3));
  const first = manager.pgk(1);
  member.hear(manager.welcome(3, [first]));
  return { manager, member, first };
}

/** The same, and a rekey that the member has not heard yet. */
function removal() {
  const { manager, member, first } = scene();
  const second = manager.pgk(2);
  return { manager, member, first, second, rekey: manager.rekey(manager.tree.remove([5]), [second]) };
}

describe('takes', () => {
  test('a welcome, then a rekey', () => {
    const { member, first, second, rekey } = removal();
    expect(member.pgk(1)).toBe(hexOf(first.octets));
    const result = member.hear(rekey);
    expect(result).toMatchObject({
      event: 'delivered',
      accepted: true,
      reason: null,
      macRight: true,
      messageTime: NOW,
    });
    expect(result.deliveries).toMatchObject([
      { group: GROUP, pgkId: 2, notBefore: NOW, notAfter: NOW + HOUR, accepted: true, outcome: 'added' },
    ]);
    expect(member.pgk(2)).toBe(hexOf(second.octets));
  });

  test('a rekey with node keys of the keyring alone', () => {
    const { manager } = scene();
    const lkh = manager.tree.path(2).map(({ node, version, key }) => {
      return new NodeKey(GROUP, nodeName(node, 2), version, key.slice());
    });
    const keyring = new Keyring({ groups: [], pmks: [], lkh, managers: [{ name: 'Chief 1', publicKey: PUBLIC }] });
    const member = new Listener(keyring);
    const third = manager.pgk(3);
    expect(member.hear(manager.rekey(manager.tree.remove([1]), [third])).accepted).toBe(true);
    expect(member.pgk(3)).toBe(hexOf(third.octets));
    // Keys that were replaced are gone, also from memory.
    expect(member.receiver.nodeKeys).toBe(lkh.length);
    member.receiver.wipe();
    expect(member.receiver.nodeKeys).toBe(0);
    expect(hexOf(lkh[0].octets)).toBe(hexOf(manager.tree.leaf(2).key));
  });

  test('node keys that come ahead of the PGK', () => {
    const { manager, member } = scene();
    const updates = manager.tree.remove([4]);
    const ahead = member.hear(manager.rekey(updates.slice(0, -1), []));
    expect(ahead).toMatchObject({ accepted: true, reason: null, deliveries: [] });
    const pgk = manager.pgk(9);
    // The rest builds on what came ahead, or the member could not follow.
    expect(member.hear(manager.rekey(updates.slice(-1), [pgk])).accepted).toBe(true);
    expect(member.pgk(9)).toBe(hexOf(pgk.octets));
  });

  test.each([
    ['stale', { time: NOW + 300_001 }, {}, 'mikey.stale'],
    ['an expired PGK', {}, { notBefore: NOW - HOUR, notAfter: NOW }, 'mikey.expired_on_delivery'],
    ['a withdrawn PGK', {}, { notAfter: null }, 'mikey.expired_on_delivery'],
    ['within 300 s', { time: NOW + 300_000 }, {}, null],
  ])('and reports: %s', (_, heard: { time?: number }, changes, reason) => {
    const { manager, member } = scene();
    const result = member.hear(manager.rekey(manager.tree.remove([5]), [manager.pgk(7, changes)]), heard.time);
    expect(result).toMatchObject({ accepted: true, reason, deliveries: [{ pgkId: 7, accepted: true, reason }] });
  });

  test('a later end is reported, an earlier one is not', () => {
    const { manager, member, first } = scene();
    const longer = manager.rekey([], [{ ...first, notAfter: NOW + 2 * HOUR }]);
    const shorter = manager.rekey([], [{ ...first, notAfter: NOW + 1000 }]);
    const withdrawn = manager.rekey([], [{ ...first, notAfter: null }]);
    expect(member.hear(longer)).toMatchObject({ accepted: true, reason: 'mikey.lifetime_extended' });
    expect(member.hear(shorter)).toMatchObject({
      accepted: true,
      reason: null,
      deliveries: [{ outcome: 'shortened' }],
    });
    expect(member.hear(withdrawn)).toMatchObject({ accepted: true, deliveries: [{ outcome: 'shortened' }] });
    expect(member.keyring.groupById(GROUP)?.keys[0].notAfter).toBe(NOW);
  });
});

describe('refuses', () => {
  test('a message with any bit changed, for the right reason', () => {
    const { rekey } = removal();
    const message = parseLkhRekey(rekey, 0, rekey.length).message;
    expect(message).not.toBeNull();
    const reasons = new Map<string, number>();
    for (let bit = 0; bit < rekey.length * 8; bit++) {
      // Octets 29 to 36 name the manager's key; of the rest, one bit an octet is enough to go through every field.
      const octet = bit >> 3;
      if (octet > 40 && bit % 8 !== octet % 8) continue;
      const { member } = bit % 64 === 0 ? removal() : shared;
      const altered = flipped(rekey, bit);
      const result = member.hear(altered);
      expect(result.accepted, `bit ${bit}`).toBe(false);
      expect(member.pgk(2)).toBeNull();
      const inManager = octet >= 29 && octet < 37;
      const counter = parseLkhRekey(altered, 0, altered.length).message?.counter ?? Number.POSITIVE_INFINITY;
      const isReadable = parseLkhRekey(altered, 0, altered.length).problem === null;
      const expected = !isReadable
        ? null
        : inManager
          ? 'mikey.key_unknown'
          : counter <= 1
            ? 'mikey.replay'
            : 'mikey.mac_failed';
      expect(result.reason, `bit ${bit}`).toBe(expected);
      if (expected === null) expect(result.problem).not.toBeNull();
      reasons.set(expected ?? 'unreadable', (reasons.get(expected ?? 'unreadable') ?? 0) + 1);
    }
    expect([...reasons.keys()].sort()).toEqual(['mikey.key_unknown', 'mikey.mac_failed', 'mikey.replay', 'unreadable']);
    // What was refused left no trace: the true message is still taken.
    expect(shared.member.hear(rekey).accepted).toBe(true);
  });

  const shared = removal();

  test('every truncation, and octets behind the end', () => {
    const { member, rekey } = removal();
    for (let length = 0; length < rekey.length; length++) {
      const result = member.hear(rekey.subarray(0, length));
      expect(result.accepted).toBe(false);
      expect(result.problem).not.toBeNull();
    }
    expect(member.hear(new Uint8Array([...rekey, 0])).problem).toMatch(/octets follow the signature/);
    expect(member.hear(rekey).accepted).toBe(true);
  });

  test('the same message twice, and an older one', () => {
    const { manager, member, rekey } = removal();
    const next = manager.rekey([], [manager.pgk(3)]);
    expect(member.hear(next).accepted).toBe(false);
    expect(member.hear(rekey)).toMatchObject({ accepted: false, reason: 'mikey.replay', macRight: true });
    const second = removal();
    expect(second.member.hear(second.rekey).accepted).toBe(true);
    expect(second.member.hear(second.rekey).reason).toBe('mikey.replay');
  });

  test('a message that a member made with the node keys it knows', () => {
    const { manager, member } = scene();
    const { arity, root } = manager.tree;
    const insider = managerPrivateKey(new Uint8Array(32).fill(9));
    const pgks = [manager.pgk(2)];
    const message = { group: GROUP, arity, issued: NOW, counter: 50, placement: null, updates: [], pgkKey: root, pgks };
    const forged = buildRekey(message, { ...SIGNER, privateKey: insider });
    expect(member.hear(forged)).toMatchObject({ accepted: false, reason: 'mikey.mac_failed', macRight: false });
    expect(member.hear(buildRekey(message, SIGNER)).accepted).toBe(true);
  });

  test('what follows a rekey that it missed, until a welcome brings it back', () => {
    const { manager, member, rekey } = removal();
    expect(rekey.length).toBeGreaterThan(0);
    const pgk = manager.pgk(3);
    const next = manager.rekey(manager.tree.remove([1]), [pgk]);
    expect(member.hear(next)).toMatchObject({ accepted: false, reason: 'mikey.key_unknown', macRight: true });
    manager.tree.replaceLeaf(3);
    expect(member.hear(manager.welcome(3, [pgk])).accepted).toBe(true);
    expect(member.pgk(3)).toBe(hexOf(pgk.octets));
  });

  test('what it has no keys for: a removed member, another manager, no keyring', () => {
    const { manager, rekey } = removal();
    const removed = new Listener(memberKeyring(5));
    expect(removed.hear(rekey)).toMatchObject({ accepted: false, reason: 'mikey.key_unknown', macRight: true });
    const stranger = new Listener(new Keyring({ groups: [], pmks: [], lkh: [], managers: [] }));
    expect(stranger.hear(rekey)).toMatchObject({ accepted: false, reason: 'mikey.key_unknown', macRight: null });
    expect(stranger.hear(manager.welcome(1, [])).reason).toBe('mikey.key_unknown');
  });

  test('another key under the same PGK id', () => {
    const { manager, member } = scene();
    const other = manager.rekey([], [manager.pgk(1)]);
    expect(member.hear(other)).toMatchObject({ accepted: false, reason: 'mikey.material_conflict' });
  });
});

describe('the cryptography', () => {
  test('AES-256 key wrap of RFC 3394 4.6', () => {
    const kek = Uint8Array.from({ length: 32 }, (_, i) => i);
    const key = new Uint8Array(Buffer.from('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f', 'hex'));
    const wrapped = wrapKey(kek, key);
    expect(hexOf(wrapped)).toBe('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21');
    expect(hexOf(unwrapKey(kek, wrapped))).toBe(hexOf(key));
    for (let bit = 0; bit < wrapped.length * 8; bit++) expect(unwrapKey(kek, flipped(wrapped, bit))).toBeNull();
    expect(unwrapKey(kek, wrapped.subarray(1))).toBeNull();
  });

  test('a leaf key differs by PMK, group, node and version', () => {
    const keys = [
      leafKey(pmkOf(1), GROUP, 4, 1),
      leafKey(pmkOf(2), GROUP, 4, 1),
      leafKey(pmkOf(1), GROUP + 1, 4, 1),
      leafKey(pmkOf(1), GROUP, 5, 1),
      leafKey(pmkOf(1), GROUP, 4, 2),
    ];
    expect(new Set(keys.map(hexOf)).size).toBe(keys.length);
    expect(hexOf(leafKey(pmkOf(1), GROUP, 4, 1))).toBe(hexOf(keys[0]));
  });

  test('Ed25519 of RFC 8032 7.1, and public keys that are none', () => {
    const key = Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex');
    const signature = Buffer.from(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      'hex',
    );
    expect(isSignatureRight(Uint8Array.of(0x72), key, signature)).toBe(true);
    expect(isSignatureRight(Uint8Array.of(0x73), key, signature)).toBe(false);
    expect(isSignatureRight(Uint8Array.of(0x72), new Uint8Array(31), signature)).toBe(false);
    expect(isSignatureRight(Uint8Array.of(0x72), new Uint8Array(32).fill(0xff), signature)).toBe(false);
  });
});
