// What the group manager knows: members with their PMKs, groups with their PGKs and key trees. Times are milliseconds since
// 1970 UTC.

import type { MikeyProfile } from '../keyring/keyring.ts';
import { layer2IdText } from '../keyring/keyring.ts';
import { noSuchGroup } from './group-error.ts';
import type { LkhTree } from './lkh.ts';

/** We chose: members of one group; the key tree of more would not fit the vault. Above: refused. */
export const GROUP_MEMBER_CAP = 200_000;

/** How PGKs reach the members: a MIKEY message each (TS 33.303 6.2.3.3), or one rekey message for all (RFC 2627 5.4). */
export const SCHEMES = ['individual', 'lkh'] as const;

/** One of `SCHEMES`. */
export type Scheme = (typeof SCHEMES)[number];

/** How a group's PGKs follow each other. */
export interface GroupPolicy {
  readonly scheme: Scheme;
  /** Children of a node of the key tree: 2 or 4. */
  readonly arity: number;
  /** From the beginning of one PGK to that of the next, ms. */
  readonly period: number;
  /** How long a PGK stays valid beyond the beginning of the next, ms. */
  readonly overlap: number;
  /** PGKs that members hold ahead of the one in use. */
  readonly ahead: number;
}

/** What became of a PGK by an order about the vault's key (`keys suspend`; `revoke`, `compromise`; `destroy`). */
export type PgkOrder = 'suspended' | 'taken-back' | 'destroyed';

/** When a PGK id is in use. */
export interface KeyWindow {
  readonly pgkId: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A PGK as it was given out. Nothing in here is changed in place. */
export interface ManagedPgk {
  /** Rises from PGK to PGK of a group. */
  readonly serial: number;
  readonly pgkId: number;
  /** 32 octets; zeros where it is destroyed. */
  readonly octets: Uint8Array;
  readonly notBefore: number;
  /** As members were told last. */
  readonly notAfter: number;
  /** As they were told first: whoever missed the later message holds it until then. */
  readonly firstNotAfter: number;
  /** When it was taken back before its time began; else null. */
  readonly withdrawnAt: number | null;
  /** Not kept with the state: the vault says it (vault-orders.ts). */
  readonly order: PgkOrder | null;
}

/** Somebody who can be a member of groups. */
export interface ManagedMember {
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  readonly name: string;
  readonly pmkId: Uint8Array;
  /** 32 octets. */
  readonly pmk: Uint8Array;
  readonly profile: MikeyProfile;
  /** IPv4 address, or null. */
  readonly address: Uint8Array | null;
  /** Timestamp of the last MIKEY message to it; 0: none yet. */
  counter: number;
}

/** Which PGKs somebody holds, by serial, both included. */
export interface HeldSerials {
  readonly first: number;
  readonly last: number;
}

/** A group. */
export interface ManagedGroup {
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  readonly name: string;
  /** Algorithm identity 0 to 3. */
  readonly algorithm: number;
  readonly policy: GroupPolicy;
  /** IPv4 multicast address that rekey messages go to, or null. */
  readonly multicast: Uint8Array | null;
  /** Serial of the first PGK that a member holds, by its Layer-2 id. */
  readonly members: Map<number, number>;
  /** Members that left and may still hold PGKs: serials of the first and the last. */
  readonly former: Map<number, HeldSerials>;
  /** In order of serial. PGKs that nobody can hold any more are forgotten. */
  pgks: readonly ManagedPgk[];
  /** PGKs of the group that the vault has from elsewhere. Not kept with the state: the vault says it. */
  foreign: readonly KeyWindow[];
  nextSerial: number;
  /** PGK id that is tried first for the next PGK. */
  nextPgkId: number;
  /** Null with the scheme `individual`. */
  readonly tree: LkhTree | null;
  /** Counter of the last rekey message; 0: none yet. */
  counter: number;
}

/** Everything. */
export interface GroupState {
  /** Name of the manager, and the seed of its Ed25519 key. */
  readonly managerName: string;
  readonly seed: Uint8Array;
  /** IDi of MIKEY messages. */
  readonly initiator: string;
  readonly members: Map<number, ManagedMember>;
  readonly groups: Map<number, ManagedGroup>;
}

/** PGKs that are valid, or will be, and that no order forbids: what members may be given. */
export function livePgks(group: ManagedGroup, now: number): ManagedPgk[] {
  return group.pgks.filter((pgk) => pgk.order === null && isHeldAt(pgk, now));
}

/** The same with those that are suspended: they may come back. */
export function lastingPgks(group: ManagedGroup, now: number): ManagedPgk[] {
  return group.pgks.filter((pgk) => (pgk.order === null || pgk.order === 'suspended') && isHeldAt(pgk, now));
}

/** PGKs that members hold as valid, or to come, and can be told the end of: also those that an order suspended or took back. */
export function endablePgks(group: ManagedGroup, now: number): ManagedPgk[] {
  return group.pgks.filter((pgk) => pgk.order !== 'destroyed' && isHeldAt(pgk, now));
}

/** PGKs that an order destroyed while members hold them as valid: nobody can be told that they ended. */
export function lostPgks(group: ManagedGroup, now: number): ManagedPgk[] {
  return group.pgks.filter((pgk) => pgk.order === 'destroyed' && isHeldAt(pgk, now));
}

/** Whether members go on using PGKs that an order took back: nobody told them, or they do until after the next one begins. */
export function mustRotate(group: ManagedGroup, now: number): boolean {
  return usesOrdered(group, now, 'taken-back');
}

/** The same of PGKs that are suspended: who comes now is not given them, and would miss them when they are resumed. */
export function usesSuspended(group: ManagedGroup, now: number): boolean {
  return usesOrdered(group, now, 'suspended');
}

function usesOrdered(group: ManagedGroup, now: number, order: PgkOrder): boolean {
  const starts = livePgks(group, now).map((pgk) => pgk.notBefore);
  const next = starts.length === 0 ? now : starts.reduce((first, start) => Math.min(first, start));
  const isUsed = (pgk: ManagedPgk): boolean => pgk.notAfter === pgk.firstNotAfter || pgk.notAfter > next;
  return endablePgks(group, now).some((pgk) => pgk.order === order && isUsed(pgk));
}

function isHeldAt(pgk: ManagedPgk, now: number): boolean {
  return pgk.withdrawnAt === null && pgk.notAfter > now;
}

/** PGKs that ended before the time that members were told first, and that these serials include. */
export function endedPgks(group: ManagedGroup, { first, last }: HeldSerials): ManagedPgk[] {
  return group.pgks.filter(
    (pgk) =>
      pgk.serial >= first &&
      pgk.serial <= last &&
      pgk.order !== 'destroyed' &&
      (pgk.withdrawnAt !== null || pgk.notAfter < pgk.firstNotAfter),
  );
}

/** The group. @throws GroupError `no-such-group` */
export function groupOf(state: GroupState, id: number): ManagedGroup {
  return state.groups.get(id) ?? noSuchGroup(id, [...state.groups.keys()]);
}

/** The member of the registry. Callers have checked that it is there. */
export function memberOf(state: GroupState, id: number): ManagedMember {
  const member = state.members.get(id);
  if (member === undefined) throw new RangeError(`member ${layer2IdText(id)} is not known`);
  return member;
}

/** Overwrites all keys. */
export function wipeGroupState(state: GroupState): void {
  state.seed.fill(0);
  for (const member of state.members.values()) member.pmk.fill(0);
  for (const group of state.groups.values()) {
    for (const pgk of group.pgks) pgk.octets.fill(0);
    group.tree?.wipe();
  }
}
