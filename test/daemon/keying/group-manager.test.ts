// Operations of the group manager with real messages and listening members: who holds what afterwards, what the plan said
// of it, and what is refused.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroupError } from '../../../daemon/keying/group-error.ts';
import { GroupManager, type GroupOutcome } from '../../../daemon/keying/group-manager.ts';
import { groupOf, livePgks, SCHEMES, type Scheme } from '../../../daemon/keying/group-state.ts';
import { decodeGroupState, encodeGroupState } from '../../../daemon/keying/group-state-codec.ts';
import { bearerTime } from '../../../daemon/keying/rekey-plan.ts';
import { parseLkhRekey } from '../../../dissectors/keying/lkh-rekey.ts';
import { DAY, newMember, RATE, World } from './group-fixture.ts';
import { countingRandom } from './lkh-fixture.ts';
import { GROUP, HOUR, hexOf } from './mikey-fixture.ts';

const PEOPLE = 8;

type Step = { readonly op: string; readonly members: readonly number[]; readonly wait: number };

const script: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'hide', 'remove', 'remove', 'rotate', 'extend', 'resend'),
    members: fc.uniqueArray(fc.integer({ min: 1, max: PEOPLE }), { minLength: 1, maxLength: 3 }),
    wait: fc.constantFrom(0, 10_000, HOUR, 3 * DAY, 40 * DAY),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('after any operations', () => {
  test.each(SCHEMES)('members hold what they should, and nobody else does: %s', (scheme) => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 2),
        script,
        (seed, first, ahead, steps) => {
          const world = new World(seed, PEOPLE);
          const members = Array.from({ length: first }, (_, i) => i + 1);
          world.now = check(world, world.create(scheme, members, { ahead, arity: seed % 2 === 0 ? 2 : 4 }));
          for (const step of steps) {
            world.now += step.wait;
            const outcome = carryOut(world, step);
            if (outcome !== null) world.now = check(world, world.say(outcome));
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

function carryOut(world: World, { op, members }: Step): GroupOutcome | null {
  const { manager } = world;
  const inGroup = groupOf(world.state, GROUP).members;
  const outside = members.filter((id) => !inGroup.has(id));
  const inside = members.filter((id) => inGroup.has(id));
  if (op === 'add' || op === 'hide') {
    for (const id of outside) if (world.ues.get(id)?.held().length !== 0) world.returned.add(id);
    return outside.length === 0 ? null : manager.add(GROUP, outside.map(newMember), op === 'hide');
  }
  if (inGroup.size === 0) return null;
  if (op === 'rotate') return manager.rotate(GROUP);
  if (op === 'extend') return manager.extend(GROUP);
  if (inside.length === 0) return null;
  if (op === 'remove') return manager.remove(GROUP, inside, true);
  try {
    return manager.resend(GROUP, inside);
  } catch (error) {
    // All have ended, and nobody makes a message with nothing in it.
    expect(error).toMatchObject({ code: 'group.no-pgk' });
    expect(livePgks(groupOf(world.state, GROUP), world.now)).toEqual([]);
    return null;
  }
}

/** @returns when all messages are through, whole milliseconds */
function check(world: World, outcome: GroupOutcome): number {
  const group = groupOf(world.state, GROUP);
  const { plan, messages } = outcome;
  // The plan is what was made, to the octet, and the cost of the group's own scheme is the one that was reckoned.
  expect(plan.messages.map((message) => message.octets)).toEqual(messages.map((message) => message.octets.length));
  expect(plan.cost.octets).toBe(messages.reduce((sum, message) => sum + message.octets.length, 0));
  expect(plan.cost.messages).toBe(messages.length);
  expect(plan.costs.find((cost) => cost.scheme === plan.scheme)).toEqual(plan.cost);
  expect(plan.costs.map((cost) => cost.scheme)).toEqual(['individual', 'lkh']);
  // No two PGKs that are valid at the same time look the same on air, and none looks like plaintext.
  // A withdrawal holds from when its message was issued, which is while the messages go out.
  const heard = Math.ceil(world.now + plan.cost.latency);
  const live = livePgks(group, heard);
  for (const pgk of live) {
    expect(pgk.pgkId & 31).not.toBe(0);
    for (const other of live) {
      const isApart = pgk === other || pgk.notBefore >= other.notAfter || other.notBefore >= pgk.notAfter;
      if (!isApart) expect(pgk.pgkId & 31).not.toBe(other.pgkId & 31);
    }
  }
  if (group.members.size > 0) expect(live.length).toBeGreaterThanOrEqual(outcome.changed.length > 0 ? 1 : 0);
  for (const [id, ue] of world.ues) {
    const first = group.members.get(id);
    const held = ue.held().filter((key) => key.notAfter > heard);
    if (first !== undefined) {
      const should = live.filter((pgk) => pgk.serial >= first);
      const windows = (keys: readonly { notBefore: number; notAfter: number; octets: Uint8Array | null }[]) =>
        keys.map((key) => `${hexOf(key.octets)} ${key.notBefore} ${key.notAfter}`).sort();
      expect(windows(held), `member ${id} after ${plan.operation}`).toEqual(expect.arrayContaining(windows(should)));
      // Who was a member before may hold more, but nothing that the group has taken back.
      expect(windows(live)).toEqual(expect.arrayContaining(windows(held)));
      if (!world.returned.has(id)) expect(windows(held)).toEqual(windows(should));
    } else {
      for (const pgk of outcome.changed.filter((each) =>
        plan.pgks.some((p) => p.pgkId === each.pgkId && p.change === 'new'),
      )) {
        expect(
          ue.held().some((key) => hexOf(key.octets) === hexOf(pgk.octets)),
          `${id} is no member`,
        ).toBe(false);
      }
    }
  }
  const saved = encodeGroupState(world.state);
  const again = decodeGroupState(saved, countingRandom());
  expect(Buffer.compare(encodeGroupState(again), saved)).toBe(0);
  return heard;
}

describe.each(SCHEMES)('a removal, %s', (scheme: Scheme) => {
  test('says what the removed member goes on reading, and until when', () => {
    const world = new World(1, 6);
    world.create(scheme, [1, 2, 3, 4], { ahead: 2 });
    world.create('individual', [3, 5], {}, GROUP + 1);
    world.now += DAY;
    const before = livePgks(groupOf(world.state, GROUP), world.now);
    const { plan } = world.say(world.manager.remove(GROUP, [3], true));
    expect(plan.changeover).toBeGreaterThanOrEqual(world.now + plan.cost.latency);
    expect((plan.changeover ?? 0) % 1000).toBe(0);
    const changeover = plan.changeover ?? 0;
    expect(plan.exposure).toEqual([
      { member: 3, pgkId: 1, from: world.now, until: changeover, unreached: before[0].firstNotAfter },
      { member: 3, pgkId: 2, from: before[1].notBefore, until: null, unreached: before[1].firstNotAfter },
      { member: 3, pgkId: 3, from: before[2].notBefore, until: null, unreached: before[2].firstNotAfter },
    ]);
    expect(plan.pgks.map((pgk) => pgk.change)).toEqual(['shortened', 'withdrawn', 'withdrawn', 'new', 'new', 'new']);
    expect(plan.elsewhere).toEqual([{ member: 3, group: GROUP + 1 }]);
    // Who reads what: the removed one has only what it had, the others change over together.
    expect(
      world.ues
        .get(3)
        ?.held()
        .map((key) => key.id),
    ).toEqual([1, 2, 3]);
    for (const id of [1, 2, 4]) {
      const held =
        world.ues
          .get(id)
          ?.held()
          .filter((key) => key.notAfter > changeover) ?? [];
      expect(held.map((key) => key.id)).toEqual([4, 5, 6]);
    }
  });

  test('a member out of reach reads on with the others that did not hear, and is brought back', () => {
    const world = new World(2, 4);
    world.create(scheme, [1, 2, 3, 4]);
    const { changed } = world.say(world.manager.remove(GROUP, [4], true), [2]);
    const fresh = changed.find((pgk) => pgk.serial > 2);
    const holds = (id: number) =>
      world.ues
        .get(id)
        ?.held()
        .some((key) => hexOf(key.octets) === hexOf(fresh?.octets));
    expect([holds(1), holds(2), holds(3), holds(4)]).toEqual([true, false, true, false]);
    world.now += HOUR;
    world.say(world.manager.resend(GROUP, [2]));
    expect(holds(2)).toBe(true);
    world.say(world.manager.rotate(GROUP));
    const last = groupOf(world.state, GROUP).pgks.at(-1);
    expect(
      world.ues
        .get(2)
        ?.held()
        .some((key) => hexOf(key.octets) === hexOf(last?.octets)),
    ).toBe(true);
  });

  test('of everybody leaves a group without PGKs in use', () => {
    const world = new World(3, 2);
    world.create(scheme, [1, 2]);
    expect(world.manager.remove(GROUP, [1, 2], true).messages).toEqual([]);
    expect(() => world.manager.rotate(GROUP)).toThrow(GroupError);
    const back = world.say(world.manager.add(GROUP, [newMember(1)], true));
    expect(back.messages).toHaveLength(1);
    expect(world.ues.get(1)?.held().at(-2)?.notBefore).toBe(back.plan.changeover);
  });
});

describe('adding', () => {
  test.each(SCHEMES)('with the past open and hidden, %s', (scheme) => {
    const world = new World(4, 4);
    world.create(scheme, [1, 2]);
    world.now += HOUR;
    const open = world.say(world.manager.add(GROUP, [newMember(3)], false));
    expect(open.plan.exposure).toEqual([
      { member: 3, pgkId: 1, from: world.now - HOUR, until: world.now, unreached: world.now },
    ]);
    expect(open.plan.changeover).toBeNull();
    expect(world.ues.get(3)?.held()).toHaveLength(2);
    world.now += HOUR;
    const hidden = world.say(world.manager.add(GROUP, [newMember(4)], true));
    expect(hidden.plan.exposure).toEqual([]);
    const kept = world.ues.get(4)?.held() ?? [];
    expect(kept.map((key) => key.notBefore)).toEqual([hidden.plan.changeover, (hidden.plan.changeover ?? 0) + 7 * DAY]);
    // A rotation soon after must not give the old PGK to who came later.
    world.say(world.manager.rotate(GROUP));
    expect(
      world.ues
        .get(4)
        ?.held()
        .some((key) => key.id === 1),
    ).toBe(false);
  });
});

test.each(SCHEMES)('an old PGK that ends sooner still is not told to who came after it, %s', (scheme) => {
  const world = new World(11, 4);
  const managerWith = (changeover: number) => {
    return new GroupManager(world.state, { random: world.random, now: world.now, rate: RATE, changeover });
  };
  world.create(scheme, [1, 2, 3]);
  const [old] = groupOf(world.state, GROUP).pgks;
  world.say(managerWith(60_000).add(GROUP, [newMember(4)], true));
  const { changed } = world.say(managerWith(10_000).remove(GROUP, [3], true));
  // A MIKEY message can tell the others alone; a message for all leaves the old PGK the end that it has.
  expect(changed.some((pgk) => pgk.serial === old.serial)).toBe(scheme === 'individual');
  const end = groupOf(world.state, GROUP).pgks.find((pgk) => pgk.serial === old.serial)?.notAfter;
  expect(
    world.ues
      .get(1)
      ?.held()
      .find((key) => key.id === old.pgkId)?.notAfter,
  ).toBe(end);
  const holds = (id: number) =>
    world.ues
      .get(id)
      ?.held()
      .some((key) => hexOf(key.octets) === hexOf(old.octets));
  expect([holds(1), holds(4)]).toEqual([true, false]);
});

describe('PGK ids', () => {
  test('thirty rotations an hour apart never meet an index that may be held', () => {
    const world = new World(5, 1);
    world.create('individual', [1], { ahead: 0 });
    for (let turn = 0; turn < 30; turn++) {
      world.now += HOUR;
      const { plan } = world.say(world.manager.rotate(GROUP));
      expect(plan.warnings).toEqual([]);
    }
    const { pgks } = groupOf(world.state, GROUP);
    expect(new Set(pgks.map((pgk) => pgk.pgkId & 31)).size).toBe(31);
    // The next one has to take an index of a PGK that has ended, and says so.
    world.now += 3 * HOUR;
    const { plan } = world.say(world.manager.rotate(GROUP));
    expect(plan.warnings).toHaveLength(1);
    expect(
      world.ues
        .get(1)
        ?.held()
        .filter((key) => key.notAfter > world.now),
    ).toHaveLength(2);
  });

  test('31 that are all valid leave no index', () => {
    const world = new World(6, 1);
    world.create('individual', [1], { ahead: 14, period: DAY, overlap: DAY });
    const rotate = () => {
      for (let turn = 0; turn < 40; turn++) world.manager.rotate(GROUP);
    };
    expect(rotate).toThrow(/no PGK index left/);
  });
});

describe('refuses', () => {
  const world = new World(7, 3);
  world.create('lkh', [1, 2]);
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['a group twice', 'group.already-there', () => world.create('lkh', [1])],
    ['a group nobody made', 'group.no-such-group', () => world.manager.rotate(GROUP + 5)],
    ['a member twice', 'group.already-member', () => world.manager.add(GROUP, [newMember(1)], false)],
    ['a stranger', 'group.not-a-member', () => world.manager.remove(GROUP, [3], true)],
    ['no PMK', 'group.no-pmk', () => world.manager.add(GROUP, [{ ...newMember(3), pmk: null }], false)],
    ['a tree without new keys', 'group.must-rotate', () => world.manager.remove(GROUP, [1], false)],
    ['too many ahead', 'group.bad-policy', () => world.create('lkh', [1], { ahead: 15 }, GROUP + 1)],
    ['a period of nothing', 'group.bad-policy', () => world.create('lkh', [1], { period: 0 }, GROUP + 1)],
    [
      'an overlap beyond the period',
      'group.bad-policy',
      () => world.create('lkh', [1], { overlap: 8 * DAY }, GROUP + 1),
    ],
  ];
  test.each(cases)('%s', (_, code, act) => {
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

test('without rotation a removed member reads on until its PGKs end', () => {
  const world = new World(8, 3);
  world.create('individual', [1, 2, 3], { ahead: 2 });
  const { plan, messages } = world.manager.remove(GROUP, [2], false);
  expect(messages).toEqual([]);
  expect(plan.changeover).toBeNull();
  expect(plan.exposure.map((each) => each.until)).toEqual(plan.exposure.map((each) => each.unreached));
  expect(Math.max(...plan.exposure.map((each) => each.until ?? 0))).toBe(world.now + 3 * 7 * DAY + 2 * HOUR);
  expect(groupOf(world.state, GROUP).members.has(2)).toBe(false);
});

test('a MIKEY counter never falls, not even when the state was lost', () => {
  const world = new World(9, 1);
  world.create('individual', [1]);
  world.now += HOUR;
  world.say(world.manager.rotate(GROUP));
  const lost = new World(10, 0);
  lost.now = world.now + HOUR;
  const again = lost.create('individual', [1]);
  expect(world.ues.get(1)?.hear(again.messages[0].octets, lost.now).reason).not.toBe('mikey.replay');
});

test('a rekey message is issued when the bearer gets to it', () => {
  const world = new World(12, 0);
  const { messages, plan } = world.create('lkh', [1, 2, 3]);
  const issued = messages.map(({ octets }) => parseLkhRekey(octets, 0, octets.length).message?.issued);
  const before = [0, plan.messages[0].through, plan.messages[1].through].map((each) => Math.floor(world.now + each));
  expect(issued).toEqual(before.map((each) => BigInt(each) * 1_000_000n));
});

test('time on the bearer counts IP and UDP headers', () => {
  expect(bearerTime(1000, 2, RATE)).toBeCloseTo(((1000 + 56) * 8) / 100, 9);
});
