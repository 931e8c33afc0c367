// Who can read what after joins and removals: every member follows with what its receiver holds, and nobody else can, not
// even with every message and every key it ever had.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LkhTree } from '../../../daemon/keying/lkh.ts';
import { leafKey } from '../../../daemon/keying/lkh-crypto.ts';
import { rekeyOctets, splitUpdates } from '../../../daemon/keying/lkh-sender.ts';
import { nodeDepth, nodeName, nodeNumber } from '../../../dissectors/keying/lkh-rekey.ts';
import { Eavesdropper } from '../../reference/lkh-knowledge.ts';
import { countingRandom, Listener, memberKeyring, pmkOf, TestManager, wrappedIn } from './lkh-fixture.ts';
import { GROUP, hexOf } from './mikey-fixture.ts';

const MEMBERS = 9;

type Step = { readonly op: 'join' | 'leave'; readonly members: readonly number[]; readonly renew: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom('join' as const, 'leave' as const),
    members: fc.uniqueArray(fc.integer({ min: 1, max: MEMBERS }), { minLength: 1, maxLength: 3 }),
    renew: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10 },
);

describe('who knows what', () => {
  test.each([2, 4])('after any joins and removals, arity %d', (arity) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), steps, fc.integer(), (first, script, seed) => {
        play(arity, first, script, seed);
      }),
      { numRuns: 25 },
    );
  });
});

/** Plays a script with real messages; after each step compares receivers, brute force and the roster. */
function play(arity: number, first: number, script: readonly Step[], seed: number): void {
  const roster = new Set(Array.from({ length: first }, (_, i) => i + 1));
  const manager = new TestManager(arity, [...roster], seed);
  const listeners = new Map<number, Listener>();
  const known = new Map<number, Eavesdropper>();
  const pgks: string[] = [];
  const joinedHidden = new Map<number, number>();
  for (let member = 1; member <= MEMBERS; member++) {
    listeners.set(member, new Listener(memberKeyring(member)));
    known.set(member, new Eavesdropper());
  }
  const say = (message: Uint8Array): void => {
    for (const wrapped of wrappedIn(message)) for (const each of known.values()) each.hear(wrapped);
    for (const listener of listeners.values()) listener.hear(message);
  };
  const place = (member: number): void => {
    const { node, version } = manager.tree.leaf(member);
    known.get(member)?.learn(hexOf(leafKey(pmkOf(member), GROUP, node, version)) ?? '');
  };
  let pgkId = 1;
  const start = manager.pgk(pgkId);
  for (const member of roster) {
    place(member);
    say(manager.welcome(member, [start]));
  }
  pgks.push(hexOf(start.octets) ?? '');
  const check = (): void => {
    const latest = pgks.at(-1) ?? '';
    for (const [member, listener] of listeners) {
      const mine = known.get(member) ?? new Eavesdropper();
      const isMember = roster.has(member);
      expect(mine.knows(latest), `member ${member} by brute force, PGK ${pgkId}`).toBe(isMember);
      expect(listener.pgk(pgkId) === latest, `member ${member} by its receiver, PGK ${pgkId}`).toBe(isMember);
      const hiddenBefore = joinedHidden.get(member) ?? 0;
      for (const old of pgks.slice(0, hiddenBefore)) expect(mine.knows(old), 'a PGK from before it joined').toBe(false);
    }
  };
  check();
  for (const { op, members, renew } of script) {
    const wanted = members.filter((member) => roster.has(member) === (op === 'leave'));
    if (wanted.length === 0) continue;
    if (op === 'leave') {
      for (const member of wanted) roster.delete(member);
      const next = manager.pgk(++pgkId);
      const updates = manager.tree.remove(wanted);
      pgks.push(hexOf(next.octets) ?? '');
      if (roster.size > 0) say(manager.rekey(updates, [next]));
    } else {
      for (const member of wanted) {
        const next = manager.pgk(++pgkId);
        const updates = manager.tree.add(member, renew);
        if (roster.size > 0) say(manager.rekey(updates, [next]));
        roster.add(member);
        const isNew = known.get(member)?.isIgnorant === true;
        if (renew && isNew) joinedHidden.set(member, pgks.length);
        place(member);
        say(manager.welcome(member, [next]));
        pgks.push(hexOf(next.octets) ?? '');
      }
    }
    expect(manager.tree.size).toBe(roster.size);
    check();
  }
}

describe('the tree', () => {
  test.each([
    [10, 4, 7],
    [1000, 10, 19],
    [10_000, 14, 27],
  ])('of %d members is %d deep, and removing one costs at most %d encryptions', (size, depth, most) => {
    const members = Array.from({ length: size }, (_, i) => i + 1);
    const tree = LkhTree.build(2, members, sources());
    const depths = members.map((member) => nodeDepth(tree.leaf(member).node, 2));
    expect(Math.max(...depths)).toBe(depth);
    const deepest = members[depths.indexOf(depth)];
    const updates = tree.remove([deepest]);
    // RFC 2627 5.4.2: two for each level but the lowest, one there.
    expect(updates.reduce((sum, update) => sum + update.copies.length, 0)).toBe(most);
    expect(rekeyOctets(updates, 2, null)).toBeLessThan(2000);
  });

  test('is restored from its nodes, and goes on the same', () => {
    const members = [11, 12, 13, 14, 15];
    const tree = LkhTree.build(4, members, sources());
    tree.remove([12]);
    tree.add(16, true);
    const again = LkhTree.restore(4, tree.revision, tree.nodes(), sources());
    expect(again.nodes()).toEqual(tree.nodes());
    expect(again.path(16)).toEqual(tree.path(16));
    expect(again.add(17, false)).toHaveLength(tree.add(17, false).length);
    expect(() => LkhTree.restore(4, 0, tree.nodes(), sources())).toThrow(RangeError);
    expect(() => LkhTree.restore(4, tree.revision, tree.nodes().slice(1), sources())).toThrow(RangeError);
    expect(() => LkhTree.restore(2, tree.revision, tree.nodes(), sources())).toThrow(RangeError);
  });

  test('refuses a member twice and one that is not there', () => {
    const tree = LkhTree.build(2, [1, 2, 3], sources());
    expect(() => tree.add(2, false)).toThrow(RangeError);
    expect(() => tree.remove([9])).toThrow(RangeError);
    expect(tree.remove([1, 2, 3])).toEqual([]);
    expect(tree.size).toBe(0);
    expect(tree.add(4, true)).toHaveLength(1);
    expect(tree.leaf(4).member).toBe(4);
  });

  test('keeps joins balanced', () => {
    const tree = LkhTree.build(2, [1], sources());
    for (let member = 2; member <= 256; member++) tree.add(member, false);
    const depths = Array.from({ length: 256 }, (_, i) => nodeDepth(tree.leaf(i + 1).node, 2));
    expect(Math.max(...depths)).toBeLessThanOrEqual(9);
  });

  test('cuts what no datagram carries into several messages', () => {
    const members = Array.from({ length: 4096 }, (_, i) => i);
    const tree = LkhTree.build(2, members, sources());
    const updates = tree.remove(members.filter((member) => member % 3 === 0));
    const lists = splitUpdates(updates, 1);
    expect(lists.length).toBeGreaterThan(1);
    expect(lists.flat()).toEqual(updates);
    for (const list of lists) expect(rekeyOctets(list, 1, null)).toBeLessThanOrEqual(60_000);
  });
});

test('node names and numbers', () => {
  for (const arity of [2, 4]) {
    expect(nodeName(1, arity)).toBe('1');
    expect(nodeNumber('1', arity)).toBe(1);
    expect(nodeNumber(nodeName(arity * arity + 1, arity), arity)).toBe(arity * arity + 1);
  }
  expect(nodeNumber('1.0.1', 2)).toBe(5);
  expect(nodeNumber('1.2', 2)).toBeNull();
  expect(nodeNumber('2.0', 2)).toBeNull();
  expect(nodeDepth(2, 4)).toBe(-1);
  expect(nodeDepth(8, 4)).toBe(-1);
  expect(nodeDepth(0, 2)).toBe(-1);
});

function sources() {
  return { random: countingRandom(1), leafKey: (m: number, n: number, v: number) => leafKey(pmkOf(m), GROUP, n, v) };
}
