import { describe, expect, test } from 'vitest';
import { endAt, epochStateAt, usableAt } from '../../../daemon/keyring/epoch-state.ts';
import type { EpochContents } from '../../../daemon/keyring/group.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { lintKeys } from '../../../daemon/keyring/key-lint.ts';
import { type DeliveredKey, emptyKeyring, Keyring, type PgkEpoch } from '../../../daemon/keyring/keyring.ts';
import { keyringOf as keyringOfCopy, plainKeyring } from '../../../daemon/keyring/keyring-copy.ts';

const octets = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i * i * 7 + seed * 31 + 5) & 0xff);

function key(id: number, changes: Partial<EpochContents> = {}): EpochContents {
  const dates = { revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null };
  return { id, octets: octets(id), algorithm: null, notBefore: 1000, notAfter: 2000, ...dates, ...changes };
}

function keyringOf(groups: Readonly<Record<number, readonly EpochContents[]>>): Keyring {
  const contents = Object.entries(groups).map(([id, keys]) => ({
    id: Number(id),
    name: null,
    algorithm: 1,
    protection: 'required' as const,
    derivation: 'direct' as const,
    multicast: [],
    members: [],
    keys,
  }));
  return new Keyring({ groups: contents, pmks: [], lkh: [], managers: [] });
}

function delivery(changes: Partial<DeliveredKey> = {}): DeliveredKey {
  return { group: 0xf00001, id: 7, octets: octets(7), notBefore: 1000, notAfter: 2000, at: 1500, ...changes };
}

describe('a key that arrives at run time', () => {
  test('becomes a new epoch behind the others', () => {
    const keyring = keyringOf({ 15728641: [key(1), key(2)] });
    const before = keyring.epochs.map((epoch) => epoch.serial);
    const given = delivery({ octets: octets(7), notBefore: 500 });
    const { outcome, epoch } = keyring.addEpoch(given);
    expect(outcome).toBe('added');
    expect(epoch).toMatchObject({ serial: 2, id: 7, index5: 7, algorithm: 1, notBefore: 500, notAfter: 2000 });
    expect(keyring.epochs[2]).toBe(epoch);
    expect(keyring.epochs.slice(0, 2).map((each) => each.serial)).toEqual(before);
    expect(keyring.groups[0].keysByStart[0]).toBe(epoch);
    given.octets.fill(0);
    expect(epoch?.octets).toEqual(octets(7));
  });

  test('makes a group that nobody configured, on assumptions', () => {
    const keyring = emptyKeyring();
    const { epoch } = keyring.addEpoch(delivery());
    const group = keyring.groupById(0xf00001);
    expect(group).toMatchObject({ index: 0, name: 'f00001', algorithm: 2, protection: 'optional', assumed: true });
    expect(epoch?.group).toBe(group);
  });

  test('known already: nothing changes', () => {
    const keyring = keyringOf({ 15728641: [key(7)] });
    expect(keyring.addEpoch(delivery({ notBefore: 1400 })).outcome).toBe('known');
    expect(keyring.epochs).toHaveLength(1);
    expect(keyring.epochs[0]).toMatchObject({ notBefore: 1000, notAfter: 2000, earlierEnds: [] });
  });

  test('a later end counts from the delivery on, not before', () => {
    const keyring = keyringOf({ 15728641: [key(7)] });
    const { outcome, epoch } = keyring.addEpoch(delivery({ notBefore: 2500, notAfter: 9000, at: 2500 }));
    expect(outcome).toBe('extended');
    expect(epoch).toBe(keyring.epochs[0]);
    const held = keyring.epochs[0];
    expect(epochStateAt(held, 2200)).toBe('expired');
    expect(epochStateAt(held, 2499)).toBe('expired');
    expect(epochStateAt(held, 2500)).toBe('active');
    expect(epochStateAt(held, 9000)).toBe('expired');
  });

  test('an earlier end counts from the delivery on, not before', () => {
    const keyring = keyringOf({ 15728641: [key(7, { notAfter: 90_000 })] });
    expect(keyring.addEpoch(delivery({ notAfter: 2000, at: 50_000 })).outcome).toBe('shortened');
    const [held] = keyring.epochs;
    expect(usableAt(held, 49_999)).toBe('active');
    expect(usableAt(held, 50_000)).toBe('expired');
  });

  test('ends that change several times are kept in order', () => {
    const keyring = keyringOf({ 15728641: [key(7)] });
    keyring.addEpoch(delivery({ notAfter: 3000, at: 1600 }));
    keyring.addEpoch(delivery({ notAfter: 2500, at: 1700 }));
    keyring.addEpoch(delivery({ notAfter: 4000, at: 1800 }));
    const [held] = keyring.epochs;
    expect([1599, 1600, 1700, 1800].map((time) => endAt(held, time))).toEqual([2000, 3000, 2500, 4000]);
  });

  test('an earlier beginning is taken', () => {
    const keyring = keyringOf({ 15728641: [key(6, { notBefore: 1200 }), key(7, { notBefore: 1500 })] });
    keyring.addEpoch(delivery({ notBefore: 1100 }));
    expect(keyring.epochs[1].notBefore).toBe(1100);
    expect(keyring.groups[0].keysByStart.map((epoch) => epoch.id)).toEqual([7, 6]);
  });

  test('other octets in overlapping time are a conflict and change nothing', () => {
    const keyring = keyringOf({ 15728641: [key(7)] });
    expect(keyring.addEpoch(delivery({ octets: octets(8), notBefore: 1999, notAfter: 3000 }))).toEqual({
      outcome: 'conflict',
      epoch: null,
    });
    expect(keyring.epochs).toHaveLength(1);
    expect(keyring.addEpoch(delivery({ octets: octets(8), notBefore: 2000, notAfter: 3000 })).outcome).toBe('added');
  });

  test('a known key that would grow into another of its id is a conflict too', () => {
    const keyring = keyringOf({ 15728641: [key(7), key(7, { octets: octets(9), notBefore: 2000, notAfter: 3000 })] });
    expect(keyring.addEpoch(delivery({ notAfter: 2500 })).outcome).toBe('conflict');
  });

  test('nothing brings a destroyed key back', () => {
    const keyring = keyringOf({ 15728641: [key(7, { octets: null, destroyedAt: 1800 })] });
    expect(keyring.addEpoch(delivery())).toEqual({ outcome: 'destroyed', epoch: null });
    expect(keyring.addEpoch(delivery({ notBefore: 2000, notAfter: 3000 })).outcome).toBe('added');
  });

  test('a revoked key stays revoked', () => {
    const keyring = keyringOf({ 15728641: [key(7, { revokedAt: 1200 })] });
    expect(keyring.addEpoch(delivery({ notAfter: 9000 })).outcome).toBe('extended');
    expect(epochStateAt(keyring.epochs[0], 1600)).toBe('revoked');
  });
});

test('a group twice is refused', () => {
  const group = keyringOf({ 1: [] }).groups[0];
  const twice = {
    groups: [group, group].map((each) => ({ ...each, members: each.roster, keys: [] })),
    pmks: [],
    lkh: [],
    managers: [],
  };
  expect(() => new Keyring(twice)).toThrow(RangeError);
});

describe('the index', () => {
  const keyring = keyringOf({
    15728641: [key(39), key(7, { notBefore: 2000, notAfter: 3000 }), key(8, { octets: null, destroyedAt: 1 })],
    15728642: [key(71)],
    10485761: [key(32)],
  });
  const index = new KeyIndex(keyring);
  const ids = (epochs: readonly PgkEpoch[]) => epochs.map((epoch) => epoch.id);
  const group = (id: number) => {
    const found = keyring.groupById(id);
    if (found === undefined) throw new Error('no such group');
    return found;
  };

  test('groups by whole destination and by its 16 high bits', () => {
    expect(index.groupsFor(0xf00002, true)).toEqual([group(0xf00002)]);
    expect(index.groupsFor(0xf00003, true)).toEqual([]);
    expect(index.groupsFor(0xf00000, false).map((each) => each.idText)).toEqual(['f00001', 'f00002']);
    expect(index.groupsFor(0xb00000, false)).toEqual([]);
  });

  test('keys by group and index, in order of serial', () => {
    expect(ids(index.candidates(group(0xf00001), 7))).toEqual([39, 7]);
    expect(ids(index.candidates(group(0xf00002), 7))).toEqual([71]);
    expect(ids(index.candidates(group(0xf00002), 6))).toEqual([]);
    expect(ids(index.othersWithIndex(7))).toEqual([39, 7, 71]);
    expect(ids(index.othersWithIndex(0))).toEqual([32]);
    expect(index.epoch(1)).toBe(keyring.epochs[1]);
  });

  test('a destroyed key is known and not held', () => {
    expect(index.hasIndex(group(0xf00001), 8)).toBe(true);
    expect(index.candidates(group(0xf00001), 8)).toEqual([]);
    expect(index.othersWithIndex(8)).toEqual([]);
    expect(index.hasIndex(group(0xf00001), 31)).toBe(false);
  });

  test('no look-up makes a list', () => {
    expect(index.candidates(group(0xf00002), 6)).toBe(index.candidates(group(0xa00001), 9));
    expect(index.groupsFor(0xf00000, false)).toBe(index.groupsFor(0xf000ff, false));
    expect(index.groupsFor(0xf00002, true)).toBe(index.groupsFor(0xf00002, true));
  });

  test('grows with the keyring, in the lists that callers hold', () => {
    const held = index.candidates(group(0xf00001), 7);
    keyring.addEpoch(delivery({ id: 103, octets: octets(50) }));
    keyring.addEpoch(delivery({ group: 0xf000aa, id: 31, octets: octets(51) }));
    expect(ids(held)).toEqual([39, 7]);
    index.refresh();
    expect(ids(held)).toEqual([39, 7, 103]);
    expect(index.groupsFor(0xf00000, false)).toHaveLength(3);
    expect(index.hasIndex(group(0xf000aa), 31)).toBe(true);
  });

  test('agrees with a plain search for 2,000 groups of 8 keys, a million look-ups in good time', () => {
    const groups: Record<number, EpochContents[]> = {};
    for (let i = 0; i < 2000; i++)
      groups[(i * 8191) & 0xffffff] = Array.from({ length: 8 }, (_, j) => key((i + j * 5) & 0xff));
    const large = keyringOf(groups);
    const wide = new KeyIndex(large);
    for (let i = 0; i < large.groups.length; i += 37) {
      const each = large.groups[i];
      for (let n = 0; n < 32; n++) {
        expect(wide.candidates(each, n)).toEqual(each.keys.filter((epoch) => (epoch.id & 31) === n));
      }
      const near = large.groups.filter((other) => other.id >> 8 === each.id >> 8);
      expect(wide.groupsFor(each.id & 0xffff00, false)).toEqual(near);
    }
    let found = 0;
    const began = performance.now();
    for (let i = 0; i < 1_000_000; i++) {
      const destination = ((i % 2000) * 8191) & 0xffffff;
      for (const each of wide.groupsFor(destination, true)) found += wide.candidates(each, i & 31).length;
    }
    expect(found).toBeGreaterThan(100_000);
    // A second is twenty times what it takes: this guards against a search in the list of groups.
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('lint', () => {
  const counting = (from: number, step: number) => Uint8Array.from({ length: 32 }, (_, i) => from + i * step);

  test.each([
    ['one octet repeated', new Uint8Array(32).fill(0xab), 'is one octet repeated'],
    ['counting up', counting(250, 1), 'counts up'],
    ['counting down', counting(10, -1), 'counts down'],
  ])('weak: %s', (_, weak, text) => {
    const flaws = lintKeys(keyringOf({ 1: [key(5, { octets: weak }), key(6)] }));
    expect(flaws).toEqual([{ name: 'key.weak', group: '000001', pgkIds: [5], text: expect.stringContaining(text) }]);
  });

  test('not weak: a pattern that breaks at its last octet', () => {
    const almost = counting(0, 1);
    almost[31] = 32;
    expect(lintKeys(keyringOf({ 1: [key(5, { octets: almost })] }))).toEqual([]);
  });

  test('weak: equal in two groups', () => {
    const flaws = lintKeys(keyringOf({ 1: [key(5)], 2: [key(9, { octets: octets(5) })], 3: [key(10)] }));
    expect(flaws.map(({ name, group, pgkIds }) => ({ name, group, pgkIds }))).toEqual([
      { name: 'key.weak', group: '000001', pgkIds: [5] },
      { name: 'key.weak', group: '000002', pgkIds: [9] },
    ]);
    expect(flaws[1].text).toBe('PGK 9 has the same octets as PGK 5 of group 000001');
  });

  test('not weak: the same key twice in one group, at different times', () => {
    const again = key(6, { octets: octets(5), notBefore: 2000, notAfter: 3000 });
    expect(lintKeys(keyringOf({ 1: [key(5), again] }))).toEqual([]);
  });

  test('clash: overlapping keys with the same five low bits', () => {
    const keys = [
      key(1, { notBefore: 0, notAfter: 100 }),
      key(33, { notBefore: 10, notAfter: 20 }),
      key(65, { notBefore: 50, notAfter: 60 }),
      key(97, { notBefore: 100, notAfter: 200 }),
      key(2, { notBefore: 0, notAfter: 100 }),
    ];
    expect(lintKeys(keyringOf({ 1: keys }))).toEqual([
      { name: 'key.index_clash', group: '000001', pgkIds: [1, 33, 65], text: expect.stringContaining('PGK Index 1') },
    ]);
  });

  test.each([
    ['after one another', { notAfter: 1500 }, { notBefore: 1500 }],
    ['one revoked before the other begins', { revokedAt: 1200 }, { notBefore: 1500 }],
    ['one compromised before the other begins', { compromisedAt: 1200 }, { notBefore: 1500 }],
    ['one destroyed', { octets: null, destroyedAt: 5 }, {}],
  ])('no clash: %s', (_, first, second) => {
    expect(lintKeys(keyringOf({ 1: [key(1, first), key(33, second)] }))).toEqual([]);
  });

  test('clash: a PGK id whose five low bits are 0', () => {
    const flaws = lintKeys(keyringOf({ 1: [key(64), key(0, { notBefore: 2000, notAfter: 2001 })] }));
    expect(flaws).toEqual([
      { name: 'key.index_clash', group: '000001', pgkIds: [0, 64], text: expect.stringContaining('not ciphered') },
    ]);
  });
});

describe('a copy for another thread', () => {
  test('has the rosters, unless nobody asks for them', () => {
    const member = { id: 0x0a0b0c, name: 'Engine 71', addresses: [Uint8Array.of(10, 0, 0, 1)], from: null, until: 5 };
    const keyring = keyringOf({ 15728641: [key(1)] });
    const [group] = keyring.groups;
    keyring.describeGroup(group, { ...group, members: [member] });
    const members = (rosters: boolean) => keyringOfCopy(plainKeyring(keyring, rosters)).groups[0].members;
    expect(members(true)).toEqual([member]);
    expect(members(false)).toEqual([]);
    expect(keyringOfCopy(plainKeyring(keyring, false)).epochs.map(({ id }) => id)).toEqual([1]);
  });

  test('has every key as it is, with octets of its own', () => {
    const dates = { revokedAt: 1100, compromisedAt: 1200.25, suspendedAt: 1300, resumedAt: 1400, destroyedAt: null };
    const keyring = keyringOf({
      15728641: [key(1, dates), key(255, { algorithm: 3 }), key(7, { octets: null, destroyedAt: 1800 })],
      15728642: [],
      15728643: [key(2)],
    });
    const plain = plainKeyring(keyring);
    const copy = keyringOfCopy(plain);
    const said = (each: Keyring) =>
      each.epochs.map(({ group, octets: held, ...rest }) => ({ ...rest, group: group.id, held: held && [...held] }));
    const before = said(keyring);
    expect(said(copy)).toEqual(before.map((one) => ({ ...one, ownAlgorithm: one.algorithm })));
    plain.keys.octets.fill(0);
    keyring.wipe();
    expect(copy.epochs.map(({ octets: held }) => held?.length ?? null)).toEqual([32, 32, null, 32]);
    expect(copy.epochs[0].octets).toEqual(Uint8Array.from(before[0].held ?? []));
  });

  test('names every key by the same serial, also those that arrived between others', () => {
    const keyring = keyringOf({ 15728641: [key(1), key(2)], 15728642: [key(3)] });
    const named = (each: Keyring) => each.epochs.map(({ id, group, serial }) => `${serial}: ${id} of ${group.index}`);
    const copied = () => keyringOfCopy(structuredClone(plainKeyring(keyring)));
    expect(plainKeyring(keyring).order).toBeNull();
    expect(plainKeyring(keyring, false)).toEqual({
      ...plainKeyring(keyring),
      groups: plainKeyring(keyring).groups.map((group) => ({ ...group, members: [] })),
    });
    expect(named(copied())).toEqual(named(keyring));
    keyring.addEpoch(delivery({ group: 0xf00002, id: 8, octets: octets(8) }));
    keyring.addEpoch(delivery({ group: 0xf00001, id: 9, octets: octets(9) }));
    keyring.addEpoch(delivery({ group: 0xf00001, id: 10, octets: octets(10) }));
    keyring.addEpoch(delivery({ group: 0xf00003, id: 11, octets: octets(11) }));
    keyring.addEpoch(delivery({ group: 0xf00002, id: 12, octets: octets(12) }));
    expect(named(copied())).toEqual(named(keyring));
    expect(copied().epochs.map((epoch) => epoch.fingerprint)).toEqual(keyring.epochs.map((epoch) => epoch.fingerprint));
    expect(copied().groups.map(({ keysByStart }) => keysByStart.map(({ serial }) => serial))).toEqual(
      keyring.groups.map(({ keysByStart }) => keysByStart.map(({ serial }) => serial)),
    );
  });
});
