// The group manager: makes groups, adds and removes members, and replaces PGKs. Each operation changes the state in memory
// and gives a plan and the messages that carry it out; whoever keeps the state saves it before a message leaves, and throws
// it away where an operation is refused or only planned.

import type { MikeyProfile } from '../keyring/keyring.ts';
import { layer2IdText } from '../keyring/keyring.ts';
import { GroupError } from './group-error.ts';
import { type BuiltMessage, type Delivery, GroupMessenger } from './group-messenger.ts';
import {
  endablePgks,
  endedPgks,
  GROUP_MEMBER_CAP,
  type GroupPolicy,
  type GroupState,
  groupOf,
  type KeyWindow,
  livePgks,
  lostPgks,
  type ManagedGroup,
  type ManagedPgk,
  mustRotate,
  usesSuspended,
} from './group-state.ts';
import { shapeOf, treeSources } from './group-tree.ts';
import { LkhTree, type RandomOctets } from './lkh.ts';
import { endPgks, extendPgks, forgetPgks, type Renewal, renewPgks } from './pgk-windows.ts';
import {
  type Exposure,
  exposureOf,
  type GroupOperation,
  type PlannedPgk,
  plannedPgk,
  type RekeyPlan,
} from './rekey-plan.ts';

// We chose.

/** PGKs ahead of the one in use: a removal replaces all of them, and 31 indexes must do for both. */
const AHEAD_MOST = 14;
/** Added to the time that messages take, and rounded up to whole seconds: clocks of radios are not exact. */
const CHANGEOVER_MARGIN = 5_000;
const SECOND = 1000;
/** Bounds of a policy, ms. */
const PERIOD_LEAST = 60_000;
const PERIOD_MOST = 366 * 86_400_000;

/** A group to make. */
export interface GroupToCreate {
  readonly id: number;
  readonly name: string;
  /** Algorithm identity 0 to 3. */
  readonly algorithm: number;
  readonly policy: GroupPolicy;
  /** IPv4 multicast address, 4 octets, or null. */
  readonly multicast: Uint8Array | null;
  readonly members: readonly MemberToAdd[];
  /** PGKs of the group that are there already, from elsewhere. */
  readonly foreign: readonly KeyWindow[];
}

/** Somebody who becomes a member. */
export interface MemberToAdd {
  readonly id: number;
  readonly name: string;
  /** Null: as the manager knows it already. */
  readonly pmk: { readonly id: Uint8Array; readonly octets: Uint8Array; readonly profile: MikeyProfile } | null;
  /** IPv4 address, 4 octets, or null. */
  readonly address: Uint8Array | null;
}

/** The world, and how messages travel. */
export interface GroupSurroundings {
  readonly random: RandomOctets;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Bits a second of the bearer. */
  readonly rate: number;
  /** Milliseconds until new PGKs come into use; absent: as long as the messages take, and 5 s. */
  readonly changeover?: number;
}

/** What an operation comes to. */
export interface GroupOutcome {
  readonly plan: RekeyPlan;
  readonly messages: readonly BuiltMessage[];
  /** PGKs that are new or whose end has changed. */
  readonly changed: readonly ManagedPgk[];
}

/** See the head of the file. */
export class GroupManager {
  readonly #state: GroupState;
  readonly #around: GroupSurroundings;
  readonly #messenger: GroupMessenger;

  constructor(state: GroupState, surroundings: GroupSurroundings) {
    this.#state = state;
    this.#around = surroundings;
    this.#messenger = new GroupMessenger(state, surroundings);
  }

  /**
   * Makes a group: every member gets the first PGKs.
   *
   * @throws GroupError `already-there`, `bad-policy`, `no-pmk`, `already-member`, `too-large`
   */
  create(wanted: GroupToCreate): GroupOutcome {
    const { now, random } = this.#around;
    const text = layer2IdText(wanted.id);
    if (this.#state.groups.has(wanted.id)) {
      throw new GroupError('already-there', `group ${text} is there already`, 'Use `sidescope group add` or `rotate`');
    }
    checkPolicy(wanted.policy);
    const ids = this.#register(wanted.members, new Map());
    const { id, name, algorithm, policy, multicast, foreign } = wanted;
    const group: ManagedGroup = {
      ...{ id, name, algorithm, policy, multicast },
      ...{ members: new Map(), former: new Map(), pgks: [], foreign, nextSerial: 1, nextPgkId: 1, counter: 0 },
      tree: policy.scheme === 'lkh' ? this.#newTree(id, policy.arity, ids) : null,
    };
    for (const member of ids) group.members.set(member, 1);
    const { added } = renewPgks(group, now, now, 0, random);
    this.#state.groups.set(id, group);
    const deliveries = ids.map((member): Delivery => ({ member, pgks: added }));
    const shape = group.tree ?? shapeOf(group, ids);
    const costs = [this.#messenger.individualCost(deliveries), this.#messenger.treeCost(shape, [], 0, deliveries)];
    const messages =
      group.tree === null
        ? this.#messenger.mikey(group, deliveries)
        : this.#messenger.welcomes(group, group.tree, deliveries);
    return this.#outcome('create', group, messages, costs, { added, ended: [] }, added, now, []);
  }

  /**
   * Adds members. Those who were there before hear of it only where PGKs change, or a key tree has to grow. PGKs that an
   * order suspended or took back are given to nobody: then the group gets new ones, too, and all members have the same.
   *
   * @param hidePast gives the group new PGKs first, so that the new members cannot read what was sent before
   * @throws GroupError `no-such-group`, `already-member`, `no-pmk`, `too-large`, `no-index`
   */
  add(groupId: number, wanted: readonly MemberToAdd[], hidePast: boolean): GroupOutcome {
    const { now, random } = this.#around;
    const group = groupOf(this.#state, groupId);
    forgetPgks(group, now);
    const before = [...group.members.keys()];
    const ids = this.#register(wanted, group.members);
    if (before.length + ids.length > GROUP_MEMBER_CAP) throw tooLarge(group);
    const shape = group.tree ?? shapeOf(group, before);
    // One rekey message for each: the next one builds on it.
    const updates = ids.map((member) => shape.add(member, hidePast));
    // Their leaves follow from their PMKs, also where one of them was moved by the next.
    for (const member of ids) shape.seat(member);
    const isForbidden = mustRotate(group, now) || usesSuspended(group, now);
    const needsNew = hidePast || livePgks(group, now).length === 0 || isForbidden;
    let renewal: Renewal = { added: [], ended: [] };
    let changeover: number | null = null;
    if (needsNew) {
      const most = group.policy.ahead + 1 + endablePgks(group, now).length;
      const sizes = this.#messenger.latencyBound(group, before, updates.flat(), most);
      changeover = this.#changeover(sizes);
      renewal = renewPgks(group, now, changeover, 0, random);
    }
    const given = needsNew ? renewal.added : livePgks(group, now);
    const joining = ids.map((member): Delivery => {
      // Who comes back may hold PGKs that ended while it was away, and would go on sending under them.
      const formerly = group.former.get(member);
      const ended = formerly === undefined ? [] : endedPgks(group, formerly).filter((pgk) => !given.includes(pgk));
      group.former.delete(member);
      group.members.set(member, given[0].serial);
      return { member, pgks: ended.length === 0 ? given : [...given, ...ended] };
    });
    const told = needsNew ? this.#toldTo(group, before, renewal) : [];
    const all = needsNew ? this.#sharedChanges(group, before, renewal) : [];
    const grown = updates.filter((list) => list.length > 0);
    const heard = grown.length === 0 && all.length > 0 ? [[]] : grown;
    const costs = [
      this.#messenger.individualCost([...told, ...joining]),
      this.#messenger.treeCost(shape, before.length === 0 ? [] : heard, all.length, joining),
    ];
    let messages: BuiltMessage[];
    if (group.tree === null) messages = this.#messenger.mikey(group, [...told, ...joining]);
    else {
      const rekeys = before.length === 0 ? [] : this.#messenger.rekeys(group, group.tree, heard, all);
      messages = [...rekeys, ...this.#messenger.welcomes(group, group.tree, joining)];
    }
    const exposure = ids.flatMap((member) => pastOf(member, given, now, hidePast));
    return this.#outcome('add', group, messages, costs, renewal, given, changeover, exposure);
  }

  /**
   * Removes members and, unless told otherwise, gives the others new PGKs that come into use when all of them can have
   * heard of it.
   *
   * @param rotate false: removed members only get no further PGKs (TS 33.303), and read on until theirs end
   * @throws GroupError `no-such-group`, `not-a-member`, `must-rotate`, `no-index`
   */
  remove(groupId: number, leaving: readonly number[], rotate: boolean): GroupOutcome {
    const { now, random } = this.#around;
    const group = groupOf(this.#state, groupId);
    forgetPgks(group, now);
    const ids = [...new Set(leaving)];
    for (const id of ids) this.#mustBeMember(group, id);
    if (!rotate && group.tree !== null) {
      throw new GroupError(
        'must-rotate',
        `group ${layer2IdText(groupId)} has a key tree, out of which nobody is taken without new keys`,
        'Leave out --no-rotate',
      );
    }
    const before = [...group.members.keys()];
    const held = ids.map((id) => ({ first: group.members.get(id) ?? 0, last: group.nextSerial - 1 }));
    const shape = group.tree ?? shapeOf(group, before);
    const updates = shape.remove(ids);
    for (const [index, id] of ids.entries()) {
      group.members.delete(id);
      group.former.set(id, held[index]);
    }
    const left = [...group.members.keys()];
    let renewal: Renewal = { added: [], ended: [] };
    let changeover: number | null = null;
    // Nobody is left to send under them, and whoever comes next gets new ones.
    if (left.length === 0) endPgks(group, now, now, 0, 0);
    else if (rotate) {
      const most = group.policy.ahead + 1 + endablePgks(group, now).length;
      changeover = this.#changeover(this.#messenger.latencyBound(group, left, updates, most));
      renewal = renewPgks(group, now, changeover, 0, random);
    }
    const told = renewal.added.length === 0 ? [] : this.#toldTo(group, left, renewal);
    const all = this.#sharedChanges(group, left, renewal);
    const lists = told.length === 0 ? [] : [updates];
    const costs = [this.#messenger.individualCost(told), this.#messenger.treeCost(shape, lists, all.length, [])];
    const messages =
      group.tree === null ? this.#messenger.mikey(group, told) : this.#messenger.rekeys(group, group.tree, lists, all);
    const exposure = ids.flatMap((id, index) => exposureOf(group, id, held[index], now));
    const outcome = this.#outcome(
      'remove',
      group,
      messages,
      costs,
      renewal,
      livePgks(group, now),
      changeover,
      exposure,
    );
    return { ...outcome, plan: { ...outcome.plan, elsewhere: this.#elsewhere(ids, groupId) } };
  }

  /**
   * Gives a group new PGKs. The old ones stay valid for the group's overlap, so that whoever hears late loses nothing.
   *
   * @throws GroupError `no-such-group`, `no-members`, `no-index`
   */
  rotate(groupId: number): GroupOutcome {
    const { now, random } = this.#around;
    const group = this.#groupWithMembers(groupId);
    const members = [...group.members.keys()];
    const most = group.policy.ahead + 1 + endablePgks(group, now).length;
    const changeover = this.#changeover(this.#messenger.latencyBound(group, members, [], most));
    const renewal = renewPgks(group, now, changeover, group.policy.overlap, random);
    return this.#tell(group, members, renewal, changeover);
  }

  /** Gives a group PGKs ahead, as many as its policy says, and replaces none. @throws as `rotate`, `must-rotate` */
  extend(groupId: number): GroupOutcome {
    const group = this.#groupWithMembers(groupId);
    this.#mustNotRotate(group);
    const renewal = extendPgks(group, this.#around.now, this.#around.random);
    return this.#tell(group, [...group.members.keys()], renewal, null);
  }

  /**
   * Sends members again what they should hold: for one that was out of reach. Of PGKs that are suspended nothing.
   *
   * @throws GroupError `no-such-group`, `no-members`, `not-a-member`, `must-rotate`, `no-pgk`
   */
  resend(groupId: number, wanted: readonly number[]): GroupOutcome {
    const { now } = this.#around;
    const group = this.#groupWithMembers(groupId);
    const ids = [...new Set(wanted)];
    for (const id of ids) this.#mustBeMember(group, id);
    this.#mustNotRotate(group);
    const live = livePgks(group, now);
    const deliveries = ids.map((member): Delivery => {
      const first = group.members.get(member) ?? 0;
      // What ended while it did not hear is told again too: it would go on sending under that.
      const ended = endedPgks(group, { first, last: group.nextSerial });
      return { member, pgks: [...live.filter((pgk) => pgk.serial >= first && !ended.includes(pgk)), ...ended] };
    });
    // A message without a PGK has keys of the tree, or nothing.
    const without = deliveries.find(({ pgks }) => pgks.length === 0);
    if (group.tree === null && without !== undefined) throw noPgk(group, without.member);
    const shape = group.tree ?? shapeOf(group, [...group.members.keys()]);
    for (const id of ids) shape.replaceLeaf(id);
    const costs = [this.#messenger.individualCost(deliveries), this.#messenger.treeCost(shape, [], 0, deliveries)];
    const { tree } = group;
    const messages =
      tree === null ? this.#messenger.mikey(group, deliveries) : this.#messenger.welcomes(group, tree, deliveries);
    return this.#outcome('rotate', group, messages, costs, { added: [], ended: [] }, live, null, []);
  }

  #tell(group: ManagedGroup, members: readonly number[], renewal: Renewal, changeover: number | null): GroupOutcome {
    const { now } = this.#around;
    const told = renewal.added.length === 0 ? [] : this.#toldTo(group, members, renewal);
    const all = this.#sharedChanges(group, members, renewal);
    const lists = told.length === 0 ? [] : [[]];
    const shape = group.tree ?? shapeOf(group, members);
    const costs = [this.#messenger.individualCost(told), this.#messenger.treeCost(shape, lists, all.length, [])];
    const messages =
      group.tree === null ? this.#messenger.mikey(group, told) : this.#messenger.rekeys(group, group.tree, lists, all);
    return this.#outcome('rotate', group, messages, costs, renewal, livePgks(group, now), changeover, []);
  }

  #outcome(
    operation: GroupOperation,
    group: ManagedGroup,
    messages: readonly BuiltMessage[],
    costs: RekeyPlan['costs'],
    { added, ended }: Renewal,
    given: readonly ManagedPgk[],
    changeover: number | null,
    exposure: readonly Exposure[],
  ): GroupOutcome {
    const { now } = this.#around;
    const { scheme } = group.policy;
    const cost = this.#messenger.costOfMessages(scheme, messages);
    const kept = given.filter((pgk) => !added.includes(pgk) && !ended.some((each) => each.serial === pgk.serial));
    const pgks: PlannedPgk[] = [
      ...kept.map((pgk) => plannedPgk(pgk, 'kept')),
      ...ended.map((pgk) => plannedPgk(pgk, pgk.withdrawnAt === null ? 'shortened' : 'withdrawn')),
      ...added.map((pgk) => plannedPgk(pgk, 'new')),
    ];
    const plan: RekeyPlan = {
      ...{ operation, group: group.id, scheme, at: now, changeover, members: group.members.size },
      messages: this.#messenger.planned(messages),
      ...{ cost, costs, pgks, exposure, elsewhere: [] },
      warnings: warningsFor(group, { added, ended }, now),
    };
    return { plan, messages, changed: [...added, ...ended] };
  }

  /** What each member is told of a renewal: never of a PGK that it does not hold. */
  #toldTo(group: ManagedGroup, members: readonly number[], { added, ended }: Renewal): Delivery[] {
    // One list for all that are told the same.
    const lists = new Map<number, ManagedPgk[]>();
    return members.map((member) => {
      const first = group.members.get(member) ?? 0;
      const pgks = lists.get(first) ?? [...added, ...ended.filter((pgk) => pgk.serial >= first)];
      lists.set(first, pgks);
      return { member, pgks };
    });
  }

  /** What a message for all may hold: no PGK that one of them does not hold. */
  #sharedChanges(group: ManagedGroup, members: readonly number[], { added, ended }: Renewal): ManagedPgk[] {
    const first = members.reduce((latest, member) => Math.max(latest, group.members.get(member) ?? 0), 0);
    return [...added, ...ended.filter((pgk) => pgk.serial >= first)];
  }

  #changeover(latency: number): number {
    const { now, changeover } = this.#around;
    const after = changeover ?? latency + CHANGEOVER_MARGIN;
    return Math.ceil((now + after) / SECOND) * SECOND;
  }

  #newTree(group: number, arity: number, members: readonly number[]): LkhTree {
    return LkhTree.build(arity, members, treeSources(this.#state, group, this.#around.random));
  }

  /** Takes people into the registry. @throws GroupError `no-pmk`, `already-member`, `too-large` */
  #register(wanted: readonly MemberToAdd[], members: ReadonlyMap<number, number>): number[] {
    const ids = new Set<number>();
    for (const { id, name, pmk, address } of wanted) {
      const text = layer2IdText(id);
      if (members.has(id) || ids.has(id)) {
        throw new GroupError('already-member', `${text} is a member already`, 'Name every member once');
      }
      ids.add(id);
      const known = this.#state.members.get(id);
      if (known === undefined && pmk === null) {
        const hint = 'Give a keyring with an entry in "pmks" whose "member" is this id';
        throw new GroupError('no-pmk', `no PMK of member ${text} is known`, hint);
      }
      if (pmk === null) continue;
      // A PMK that was replaced begins to count anew, and time keeps it above what was.
      this.#state.members.set(id, {
        ...{ id, name, address: address ?? known?.address ?? null, counter: known?.counter ?? 0 },
        ...{ pmkId: Uint8Array.from(pmk.id), pmk: Uint8Array.from(pmk.octets), profile: pmk.profile },
      });
    }
    if (ids.size > GROUP_MEMBER_CAP) {
      throw new GroupError('too-large', `${ids.size} members are too many`, `A group has at most ${GROUP_MEMBER_CAP}`);
    }
    return [...ids];
  }

  #groupWithMembers(id: number): ManagedGroup {
    const group = groupOf(this.#state, id);
    forgetPgks(group, this.#around.now);
    if (group.members.size > 0) return group;
    throw new GroupError('no-members', `group ${layer2IdText(id)} has no members`, 'Add one: it gets new PGKs');
  }

  #mustBeMember(group: ManagedGroup, id: number): void {
    if (group.members.has(id)) return;
    const message = `${layer2IdText(id)} is not a member of group ${layer2IdText(group.id)}`;
    throw new GroupError('not-a-member', message, '`sidescope group show` lists the members');
  }

  /** Members use a PGK that an order took back: what tells them is new PGKs. */
  #mustNotRotate(group: ManagedGroup): void {
    if (!mustRotate(group, this.#around.now)) return;
    const text = `members of group ${layer2IdText(group.id)} use a PGK that was taken back`;
    throw new GroupError('must-rotate', text, '`sidescope group rotate` gives them new ones');
  }

  #elsewhere(ids: readonly number[], except: number): RekeyPlan['elsewhere'] {
    const found: { member: number; group: number }[] = [];
    for (const group of this.#state.groups.values()) {
      if (group.id === except) continue;
      for (const member of ids) if (group.members.has(member)) found.push({ member, group: group.id });
    }
    return found;
  }
}

/** What a new member can read of what was sent before it came. */
function pastOf(member: number, given: readonly ManagedPgk[], now: number, hidePast: boolean): Exposure[] {
  if (hidePast) return [];
  return given
    .filter((pgk) => pgk.notBefore < now)
    .map((pgk) => ({ member, pgkId: pgk.pgkId, from: pgk.notBefore, until: now, unreached: now }));
}

function warningsFor(group: ManagedGroup, { added, ended }: Renewal, now: number): string[] {
  const warnings = lostPgks(group, now).map(({ pgkId, notAfter }) => {
    const until = `${new Date(notAfter).toISOString().slice(0, 19)}Z`;
    return `PGK ${pgkId} is destroyed, so nobody can be told that it ended: members may use it until ${until}`;
  });
  for (const { pgkId, order } of ended) {
    if (order !== 'suspended') continue;
    warnings.push(`PGK ${pgkId} is suspended, and ends for all with this: to go on with it, resume it first`);
  }
  for (const pgk of added) {
    const other = group.pgks.find(
      (each) =>
        each.serial < pgk.serial && (each.pgkId & 31) === (pgk.pgkId & 31) && pgk.notBefore < each.firstNotAfter,
    );
    if (other === undefined) continue;
    warnings.push(`PGK ${pgk.pgkId} has the index of PGK ${other.pgkId}: who missed its end has to try both`);
  }
  return warnings;
}

/** @throws GroupError `bad-policy` */
function checkPolicy({ period, overlap, ahead }: GroupPolicy): void {
  const wrong =
    period < PERIOD_LEAST || period > PERIOD_MOST
      ? 'a PGK is used for 1 minute to 366 days'
      : overlap < 0 || overlap > period
        ? 'the overlap is not between 0 and the period'
        : ahead > AHEAD_MOST || ahead < 0
          ? `0 to ${AHEAD_MOST} PGKs can be given ahead`
          : null;
  if (wrong !== null) throw new GroupError('bad-policy', wrong, 'Change --period, --overlap or --ahead');
}

function noPgk(group: ManagedGroup, member: number): GroupError {
  const message = `group ${layer2IdText(group.id)} has no PGK that ${layer2IdText(member)} may use today`;
  const hint = '`sidescope keys resume` lifts a suspension, `sidescope group rotate` gives a new one';
  return new GroupError('no-pgk', message, hint);
}

function tooLarge(group: ManagedGroup): GroupError {
  const message = `group ${layer2IdText(group.id)} would have too many members`;
  return new GroupError('too-large', message, `A group has at most ${GROUP_MEMBER_CAP}`);
}
