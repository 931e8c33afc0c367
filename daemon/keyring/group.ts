// One group: its members and its PGK epochs. Times are milliseconds since 1970 UTC as numbers, exact to a quarter of a
// microsecond.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Derivation, type PgkPads, PreparedPgk } from '../../dissectors/security/kdf.ts';
import { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../../dissectors/security/traffic-cipher.ts';
import type { EpochStateName } from '../events.ts';
import type { EpochTerms, KeyRange } from './key-columns.ts';
import { type Member, type MemberDraft, Roster, rosterOf } from './roster.ts';

export type { Member } from './roster.ts';

/** The specification says: bits of the PGK id that are seen on air, the PGK Index (TS 36.323 6.3.12). */
const INDEX_MASK = 31;
/** We chose: octets of a fingerprint. */
const FINGERPRINT_OCTETS = 8;

/** Whether plaintext in a group is a finding (interfaces 2). */
export type Protection = 'required' | 'optional' | 'none';

/** One group. */
export interface Group {
  /** Place in `Keyring.groups`; never changes. */
  readonly index: number;
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  /** The same in 6 hex digits. */
  readonly idText: string;
  readonly name: string;
  /** Algorithm identity 0 to 3 (TS 33.401 5.1.3.2). */
  readonly algorithm: number;
  readonly algorithmName: CipherAlgorithm;
  readonly protection: Protection;
  readonly derivation: Derivation;
  /** IP multicast addresses, 4 or 16 octets each. */
  readonly multicast: readonly Uint8Array[];
  readonly roster: Roster;
  /** The stays of the roster in the order of the file, as objects that are made anew whenever this is read. */
  readonly members: readonly Member[];
  /** In order of serial. */
  readonly keys: readonly PgkEpoch[];
  /** The same, in order of notBefore. */
  readonly keysByStart: readonly PgkEpoch[];
  /** The notBefore of each of `keysByStart`. */
  readonly starts: readonly number[];
  /** True where the group is known only from a delivered key: its algorithm, derivation and policy are assumptions. */
  readonly assumed: boolean;
  /** The stays of one member, in the same way; empty where it never was in the roster. */
  membersWithId(id: number): readonly Member[];
}

/** An end of validity that was replaced: it held for instants before `until`. */
export interface EarlierEnd {
  readonly until: number;
  readonly notAfter: number;
}

/** The dates that the state of a PGK follows from (epoch-state.ts). */
export interface EpochDates {
  readonly notBefore: number;
  /** First instant at which the key is no longer valid, as known last. */
  readonly notAfter: number;
  /** Ends that held before a delivery changed them, in order of `until`. */
  readonly earlierEnds: readonly EarlierEnd[];
  readonly revokedAt: number | null;
  readonly compromisedAt: number | null;
  readonly suspendedAt: number | null;
  readonly resumedAt: number | null;
  readonly destroyedAt: number | null;
}

/** One PGK of one group. Its octets show in no inspection and no JSON. */
export interface PgkEpoch extends EpochDates {
  readonly group: Group;
  /** PGK id, 0 to 255. */
  readonly id: number;
  /** PGK Index: the five low bits of the id. */
  readonly index5: number;
  /** Place in `Keyring.epochs`; never changes. */
  readonly serial: number;
  /** Algorithm identity 0 to 3: its own or the group's. */
  readonly algorithm: number;
  /** Whether it is not destroyed. */
  readonly isHeld: boolean;
  /** 32 octets, not to be changed or kept, a view that is made for each who asks; null where the key is destroyed. */
  readonly octets: Uint8Array | null;
  /** The same for deriving keys. */
  readonly prepared: PreparedPgk | null;
  /** 16 hex digits that name the key without giving it away (see `fingerprintOf`); null where it is destroyed. */
  readonly fingerprint: string | null;
  /**
   * The state on the wall clock that forbids to let plaintext under it out today, whatever the verdict; null where none
   * does. Only a keyring that somebody keeps in step with a vault has such keys (live-keyring.ts).
   */
  readonly forbidden: EpochStateName | null;
}

/** What a PGK is made from. `octets` is null exactly where `destroyedAt` is set. */
export interface EpochContents extends Omit<EpochDates, 'earlierEnds'> {
  readonly id: number;
  readonly octets: Uint8Array | null;
  /** Overrides the group's; null: the group's. */
  readonly algorithm: number | null;
}

/** What a group is made from. */
export interface GroupContents {
  readonly id: number;
  /** Null: the id. */
  readonly name: string | null;
  readonly algorithm: number;
  readonly protection: Protection;
  readonly derivation: Derivation;
  readonly multicast: readonly Uint8Array[];
  /** None: the roster is unknown. */
  readonly members: readonly Member[] | Roster;
  readonly keys: readonly EpochContents[] | KeyRange;
}

const NO_MEMBERS = rosterOf([]);
const NO_ENDS: readonly EarlierEnd[] = [];

/** 6 hex digits of a Layer-2 id. */
export function layer2IdText(id: number): string {
  return id.toString(16).padStart(6, '0');
}

/**
 * Names a PGK in listings and logs: the same in every run, so that two people can compare what they hold. HMAC keyed with
 * the PGK itself: whoever does not hold it learns nothing, because 256 random bits cannot be searched (a weak key can be,
 * but a weak key is lost anyway). The text keeps it apart from every derived key: the KDF's inputs begin with FC 0x4A or
 * 0x4B and are shorter (TS 33.303 A.3, A.4).
 */
export function fingerprintOf(octets: Uint8Array): string {
  const digest = createHmac('sha256', octets).update('sidescope fingerprint').digest();
  return digest.toString('hex', 0, FINGERPRINT_OCTETS);
}

/** Whether two keys are the same, in time that does not depend on where they differ. */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** An epoch as the keyring changes it; everybody else sees `PgkEpoch`. */
export class HeldEpoch extends PreparedPgk implements PgkEpoch {
  readonly group: HeldGroup;
  readonly id: number;
  readonly index5: number;
  readonly serial: number;
  /** What overrides the group's algorithm; null: nothing does. */
  ownAlgorithm: number | null;
  algorithm: number;
  notBefore: number;
  notAfter: number;
  earlierEnds: readonly EarlierEnd[] = NO_ENDS;
  revokedAt: number | null;
  compromisedAt: number | null;
  suspendedAt: number | null;
  resumedAt: number | null;
  destroyedAt: number | null;
  forbidden: EpochStateName | null = null;

  /** @param octets hold those of the key from octet `at` on; kept, not copied. Null: it is destroyed */
  constructor(group: HeldGroup, serial: number, contents: EpochTerms, octets: Uint8Array | null, at: number) {
    super(octets, at, group.pads, serial);
    this.group = group;
    this.serial = serial;
    this.id = contents.id;
    this.index5 = contents.id & INDEX_MASK;
    this.ownAlgorithm = contents.algorithm;
    this.algorithm = contents.algorithm ?? group.algorithm;
    this.notBefore = contents.notBefore;
    this.notAfter = contents.notAfter;
    this.revokedAt = contents.revokedAt;
    this.compromisedAt = contents.compromisedAt;
    this.suspendedAt = contents.suspendedAt;
    this.resumedAt = contents.resumedAt;
    this.destroyedAt = contents.destroyedAt;
  }

  get prepared(): PreparedPgk | null {
    return this.isHeld ? this : null;
  }

  get fingerprint(): string | null {
    const { octets } = this;
    return octets === null ? null : fingerprintOf(octets);
  }

  useAlgorithm(algorithm: number): void {
    this.ownAlgorithm = algorithm === this.group.algorithm ? null : algorithm;
    this.algorithm = algorithm;
  }

  restate(dates: EpochDates): void {
    const { notBefore, notAfter, earlierEnds } = dates;
    this.notBefore = notBefore;
    this.notAfter = notAfter;
    this.earlierEnds = earlierEnds;
    this.revokedAt = dates.revokedAt;
    this.compromisedAt = dates.compromisedAt;
    this.suspendedAt = dates.suspendedAt;
    this.resumedAt = dates.resumedAt;
    this.destroyedAt = dates.destroyedAt;
  }
}

/** A group as the keyring changes it; everybody else sees `Group`. */
export class HeldGroup implements Group {
  readonly index: number;
  readonly id: number;
  readonly idText: string;
  // What follows is filled by `describe`.
  name = '';
  algorithm = 0;
  algorithmName: CipherAlgorithm = CIPHER_ALGORITHMS[0];
  protection: Protection = 'required';
  derivation: Derivation = 'ts33303';
  multicast: readonly Uint8Array[] = [];
  roster = NO_MEMBERS;
  assumed = false;
  readonly keys: HeldEpoch[] = [];
  keysByStart: readonly HeldEpoch[] = this.keys;
  starts: readonly number[] = [];
  readonly #pads: PgkPads;

  /** @param pads for its keys, by serial */
  constructor(index: number, contents: GroupContents, assumed: boolean, pads: PgkPads) {
    this.index = index;
    this.#pads = pads;
    this.id = contents.id;
    this.idText = layer2IdText(contents.id);
    this.describe(contents, assumed);
  }

  /** What the group manager says of the group, for the first time or anew. Its keys are another matter. */
  describe(contents: Omit<GroupContents, 'id' | 'keys'>, assumed: boolean): void {
    this.name = contents.name ?? this.idText;
    this.algorithm = contents.algorithm;
    this.algorithmName = CIPHER_ALGORITHMS[contents.algorithm];
    this.protection = contents.protection;
    this.derivation = contents.derivation;
    this.multicast = contents.multicast;
    this.roster = rosterFrom(contents.members);
    this.assumed = assumed;
    for (const key of this.keys) key.algorithm = key.ownAlgorithm ?? contents.algorithm;
  }

  get members(): readonly Member[] {
    return this.roster.drafts().map(namedMember);
  }

  membersWithId(id: number): readonly Member[] {
    const stays: Member[] = [];
    for (let at = this.roster.find(id); this.roster.isOf(at, id); at++) {
      stays.push(namedMember(this.roster.draft(this.roster.stayAt(at))));
    }
    return stays;
  }

  get pads(): PgkPads {
    return this.#pads;
  }

  /** Keeps `keysByStart` and `starts` in order after keys were added or moved. */
  sort(): void {
    this.keysByStart = isSorted(this.keys) ? this.keys : [...this.keys].sort(byStart);
    this.starts = this.keysByStart.map(({ notBefore }) => notBefore);
  }
}

function byStart(a: HeldEpoch, b: HeldEpoch): number {
  return a.notBefore - b.notBefore || a.serial - b.serial;
}

/** Most files list keys so: to sort thousands of short lists makes more garbage than all that is kept of them. */
function isSorted(keys: readonly HeldEpoch[]): boolean {
  for (let at = 1; at < keys.length; at++) if (byStart(keys[at - 1], keys[at]) > 0) return false;
  return true;
}

/** Without members, the one that all groups without share. */
function rosterFrom(members: readonly Member[] | Roster): Roster {
  if (members instanceof Roster) return members;
  return members.length === 0 ? NO_MEMBERS : rosterOf(members);
}

/** A stay whose name the file did not give bears the id. */
function namedMember(draft: MemberDraft): Member {
  return { ...draft, name: draft.name ?? layer2IdText(draft.id) };
}
