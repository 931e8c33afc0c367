// The group manager on a vault whose PGKs were revoked, compromised or destroyed, or came from elsewhere.

import { describe, expect, test } from 'vitest';
import { GroupDesk, type GroupRequest, type PreparedOperation } from '../../../daemon/keying/group-desk.ts';
import { SCHEMES, type Scheme } from '../../../daemon/keying/group-state.ts';
import { DEFAULT_MIKEY_PROFILE, Keyring, Pmk } from '../../../daemon/keyring/keyring.ts';
import type { KeyOrder } from '../../../daemon/keyring/vault/transitions.ts';
import type { Vault } from '../../../daemon/keyring/vault.ts';
import { keyEntry, keyringOf, type World, withVault, worldWithVault } from '../vault/fixture.ts';
import { DAY, emptyState, policy, RATE, Ue } from './group-fixture.ts';
import { countingRandom, pmkIdOf, pmkOf } from './lkh-fixture.ts';
import { GROUP } from './mikey-fixture.ts';

/** A brigade: its group in a vault, and radios that hear every message. */
class Brigade {
  readonly world: World;
  readonly ues = new Map<number, Ue>();
  readonly #random = countingRandom(5);
  readonly #scheme: Scheme;

  constructor(scheme: Scheme, keys: readonly object[] = []) {
    this.#scheme = scheme;
    this.world = worldWithVault(keys);
    // The manager's seed is the first that is drawn.
    const state = { ...emptyState(), seed: countingRandom(5)(32) };
    for (const id of [1, 2, 3]) this.ues.set(id, new Ue(id, state));
  }

  run(wanted: Pick<GroupRequest, 'operation' | 'members'> & Partial<GroupRequest>): PreparedOperation {
    this.world.time.now += 1000;
    const { now } = this.world.time;
    const done = this.vault((vault) => {
      const desk = new GroupDesk(vault, this.#random);
      const pmks = [1, 2, 3].map((id) => new Pmk(pmkIdOf(id), pmkOf(id), id, DEFAULT_MIKEY_PROFILE));
      const given = new Keyring({ groups: [], pmks, lkh: [], managers: [] });
      const about = { group: GROUP, rate: RATE, reason: 'test', policy: policy(this.#scheme, { ahead: 0 }) };
      const prepared = desk.prepare({ ...about, ...wanted }, given);
      desk.commit();
      return prepared;
    });
    for (const { octets } of done.messages) for (const ue of this.ues.values()) ue.hear(octets, now + 500);
    return done;
  }

  vault<Result>(act: (vault: Vault) => Result): Result {
    return withVault(this.world, act);
  }

  order(order: KeyOrder, pgkId: number): void {
    this.world.time.now += 1000;
    this.vault((vault) => vault.order(order, [`f00001/${pgkId}`], 'test'));
  }

  /** Ids of the PGKs that a radio was given. */
  idsOf(id: number): number[] {
    return (
      this.ues
        .get(id)
        ?.held()
        .map((key) => key.id) ?? []
    );
  }

  /** Ids of the PGKs that a radio would use at a time. */
  usedBy(id: number, at: number): number[] {
    const held = this.ues.get(id)?.held() ?? [];
    return held.filter(({ notBefore, notAfter }) => notBefore <= at && at < notAfter).map((key) => key.id);
  }
}

describe.each(SCHEMES)('scheme %s', (scheme) => {
  test.each(['revoke', 'compromise'] as const)('what an order took back is given to nobody: %s', (order) => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order(order, 1);
    const { plan } = brigade.run({ operation: 'add', members: [3] });
    expect(plan.pgks.map(({ pgkId, change }) => `${pgkId} ${change}`)).toEqual(['1 shortened', '2 new']);
    const later = (plan.changeover ?? 0) + 1;
    expect([1, 2, 3].map((id) => brigade.usedBy(id, later))).toEqual([[2], [2], [2]]);
    expect(
      brigade.ues
        .get(3)
        ?.held()
        .map((key) => key.id),
    ).toEqual([2]);
    // Everybody was told: the next one who comes changes nothing.
    brigade.run({ operation: 'remove', members: [3], renews: scheme === 'lkh' });
    const again = brigade.run({ operation: 'add', members: [3] });
    expect(again.plan.pgks.filter(({ change }) => change === 'new')).toEqual([]);
  });

  test('a rotation ends what was taken back without overlap, and keeps the vault at its order', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order('compromise', 1);
    const { plan } = brigade.run({ operation: 'rotate', members: [] });
    expect(brigade.usedBy(1, (plan.changeover ?? 0) - 1)).toEqual([1]);
    expect(brigade.usedBy(1, plan.changeover ?? 0)).toEqual([2]);
    expect(brigade.vault((vault) => vault.list().map(({ state }) => state))).toEqual(['compromised', 'staged']);
  });

  test('what is suspended is given to nobody, and who joins meanwhile misses nothing when it is resumed', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order('suspend', 1);
    const { plan } = brigade.run({ operation: 'add', members: [3] });
    expect(plan.pgks.map(({ pgkId, change }) => `${pgkId} ${change}`)).toEqual(['1 shortened', '2 new']);
    expect(plan.warnings).toEqual([
      'PGK 1 is suspended, and ends for all with this: to go on with it, resume it first',
    ]);
    brigade.order('resume', 1);
    const later = (plan.changeover ?? 0) + 1;
    expect([1, 2, 3].map((id) => brigade.usedBy(id, later))).toEqual([[2], [2], [2]]);
    expect(brigade.idsOf(3)).toEqual([2]);
    // The rotation after it, which all hear, does not bring it either.
    brigade.run({ operation: 'rotate', members: [] });
    expect(brigade.idsOf(3)).toEqual([2, 3]);
  });

  test('what is suspended is not sent again until it is resumed', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2], policy: policy(scheme, { ahead: 1 }) });
    brigade.order('suspend', 1);
    const sent = (): number[] => {
      const { plan } = brigade.run({ operation: 'rotate', members: [2] });
      return plan.pgks.map(({ pgkId }) => pgkId);
    };
    expect(sent()).toEqual([2]);
    brigade.order('suspend', 2);
    const refused = expect.objectContaining({ code: 'group.no-pgk' });
    // A member of a tree is sent the keys of its path.
    if (scheme === 'individual') expect(sent).toThrow(refused);
    else expect(sent()).toEqual([]);
    brigade.order('resume', 1);
    brigade.order('resume', 2);
    expect(sent()).toEqual([1, 2]);
  });

  test('PGKs ahead are reckoned from what is suspended as well, which may come back', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order('suspend', 1);
    const { plan } = brigade.run({ operation: 'rotate', members: [], extend: true });
    expect(plan.pgks).toEqual([]);
    const { groups } = brigade.vault((vault) => new GroupDesk(vault).show());
    expect(groups[0].pgks).toMatchObject([{ pgkId: 1, isSuspended: true }]);
  });

  test('a rotation ends what is suspended without overlap', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order('suspend', 1);
    const { plan } = brigade.run({ operation: 'rotate', members: [] });
    expect(brigade.usedBy(1, plan.changeover ?? 0)).toEqual([2]);
  });

  test('members that use what was taken back are told by a rotation, not one by one', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    brigade.order('revoke', 1);
    const refused = expect.objectContaining({ code: 'group.must-rotate' });
    expect(() => brigade.run({ operation: 'rotate', members: [2] })).toThrow(refused);
    expect(() => brigade.run({ operation: 'rotate', members: [], extend: true })).toThrow(refused);
    brigade.run({ operation: 'rotate', members: [] });
    brigade.run({ operation: 'rotate', members: [2] });
    expect(brigade.usedBy(2, brigade.world.time.now + DAY)).toEqual([2]);
  });

  test('a destroyed PGK is gone from what the manager keeps, and hinders nothing', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    const octets = brigade.ues.get(1)?.held()[0].octets ?? new Uint8Array(0);
    const kept = (): boolean => brigade.vault((vault) => holds(vault.attachment('group-manager'), octets));
    expect(kept()).toBe(true);
    brigade.order('destroy', 1);
    expect(kept()).toBe(false);
    const added = brigade.run({ operation: 'add', members: [3] });
    expect(added.plan.pgks.map(({ pgkId, change }) => `${pgkId} ${change}`)).toEqual(['2 new']);
    expect(
      brigade.ues
        .get(3)
        ?.held()
        .map((key) => key.id),
    ).toEqual([2]);
    expect(added.plan.warnings).toEqual([
      'PGK 1 is destroyed, so nobody can be told that it ended: members may use it until 2026-05-10T02:00:01Z',
    ]);
    brigade.run({ operation: 'rotate', members: [] });
    brigade.run({ operation: 'remove', members: [2] });
    brigade.run({ operation: 'rotate', members: [1] });
    expect(brigade.vault((vault) => vault.list()[0])).toMatchObject({ pgkId: 1, state: 'destroyed' });
  });

  test('ids of PGKs that the vault has from elsewhere are passed over, and so are their indexes', () => {
    const brigade = new Brigade(scheme, [keyEntry(1, -2, 30), keyEntry(34, -2, 30), keyEntry(4, -9, 7)]);
    const made = brigade.run({ operation: 'create', members: [1, 2], algorithm: '128-EEA2' });
    expect(made.plan.pgks.map(({ pgkId }) => pgkId)).toEqual([3]);
    const rotated = brigade.run({ operation: 'rotate', members: [] });
    expect(rotated.plan.pgks.filter(({ change }) => change === 'new').map(({ pgkId }) => pgkId)).toEqual([4]);
    brigade.vault((vault) => vault.importKeyring(keyringOf([keyEntry(5, 0, 30)]), 'more.json'));
    const again = brigade.run({ operation: 'rotate', members: [] });
    expect(again.plan.pgks.filter(({ change }) => change === 'new').map(({ pgkId }) => pgkId)).toEqual([6]);
  });

  test('what an import ended in the vault does not get longer by a rotation', () => {
    const brigade = new Brigade(scheme);
    brigade.run({ operation: 'create', members: [1, 2] });
    const key = brigade.ues.get(1)?.held()[0];
    const { now } = brigade.world.time;
    const entry = {
      id: 1,
      key: Buffer.from(key?.octets ?? []).toString('hex'),
      notBefore: new Date(key?.notBefore ?? 0).toISOString(),
      notAfter: new Date(now + 60_000).toISOString(),
    };
    brigade.vault((vault) => vault.importKeyring(keyringOf([entry]), 'shorter.json'));
    brigade.run({ operation: 'rotate', members: [] });
    const [first] = brigade.vault((vault) => vault.list());
    expect(first).toMatchObject({ pgkId: 1, notAfter: new Date(now + 60_000).toISOString() });
  });
});

function holds(octets: Uint8Array | null, key: Uint8Array): boolean {
  return key.length > 0 && octets !== null && Buffer.from(octets).includes(Buffer.from(key));
}
