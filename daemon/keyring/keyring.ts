// The keys that this process holds: groups, their members and PGK epochs, the PMKs that MIKEY messages are opened with,
// node keys and group managers. Times are milliseconds since 1970 UTC as numbers, exact to a quarter of a microsecond.

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Derivation } from '../../dissectors/security/kdf.ts';
import { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../../dissectors/security/traffic-cipher.ts';

// The specification says.

/** Octets of a PGK and of a PMK (TS 33.303 6.2.3.1). */
export const KEY_OCTETS = 32;
/** Bits of the PGK id that are seen on air: the PGK Index (TS 36.323 6.3.12). */
const INDEX_MASK = 31;

// We chose.

/** Groups, keys and members that a keyring may hold, also with what arrives at run time. Above that: refused. */
export const GROUP_CAP = 65_536;
export const KEY_CAP = 1_048_576;
export const MEMBER_CAP = 1_048_576;
/** Octets of a fingerprint. */
const FINGERPRINT_OCTETS = 8;

/** Whether plaintext in a group is a finding (interfaces 2). */
export type Protection = 'required' | 'optional' | 'none';

/** One stay of a member in a group. */
export interface Member {
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  readonly name: string;
  /** IP addresses, 4 or 16 octets each. */
  readonly addresses: readonly Uint8Array[];
  /** From this instant on; null: always was. */
  readonly from: number | null;
  /** Until before this instant; null: still is. */
  readonly until: number | null;
}

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
  /** Empty: the roster is unknown. */
  readonly members: readonly Member[];
  /** In order of serial. */
  readonly keys: readonly PgkEpoch[];
  /** The same, in order of notBefore. */
  readonly keysByStart: readonly PgkEpoch[];
  /** True where the group is known only from a delivered key: its algorithm, derivation and policy are assumptions. */
  readonly assumed: boolean;
  /** The stays of one member, in order of the file; empty where it never was in the roster. */
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
  /** 32 octets, not to be changed or kept; null where the key is destroyed. */
  readonly octets: Uint8Array | null;
  /** The same for HMAC, made on first use. */
  readonly secret: KeyObject | null;
  /** 16 hex digits that name the key without giving it away (see `fingerprintOf`); null where it is destroyed. */
  readonly fingerprint: string | null;
}

/** What the standards leave open about MIKEY messages of one PMK (interfaces 2). */
export interface MikeyProfile {
  /** PRF for every message, whatever its header says; null: as the header says. */
  readonly prf: 'sha1' | 'sha256' | null;
  /** Type of the general extension that names group, PGK id and end of validity. */
  readonly extensionType: number;
  /** Type of the key data that holds the PGK (RFC 3830 6.13): 0 TGK, 1 TGK+SALT, 2 TEK, 3 TEK+SALT. */
  readonly keyDataType: number;
  /** Whether IDr carries the PMK id or the identity of the UE. */
  readonly idr: 'pmk-id' | 'ue';
}

/** The profile at the end of captures/labelled/README.md. */
export const DEFAULT_MIKEY_PROFILE: MikeyProfile = { prf: null, extensionType: 241, keyDataType: 0, idr: 'pmk-id' };

/** A key shared by one UE and the key management function. */
export class Pmk {
  readonly id: Uint8Array;
  /** Layer-2 id of the UE, or null where nobody said. */
  readonly member: number | null;
  readonly profile: MikeyProfile;
  readonly #octets: Uint8Array;

  /** @param octets 32 octets; kept, not copied */
  constructor(id: Uint8Array, octets: Uint8Array, member: number | null, profile: MikeyProfile) {
    this.id = id;
    this.member = member;
    this.profile = profile;
    this.#octets = octets;
  }

  /** 32 octets, not to be changed or kept. */
  get octets(): Uint8Array {
    return this.#octets;
  }
}

/** A node key of a logical key hierarchy. */
export class NodeKey {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly node: string;
  readonly version: number;
  readonly #octets: Uint8Array;

  /** @param octets 32 octets; kept, not copied */
  constructor(group: number, node: string, version: number, octets: Uint8Array) {
    this.group = group;
    this.node = node;
    this.version = version;
    this.#octets = octets;
  }

  /** 32 octets, not to be changed or kept. */
  get octets(): Uint8Array {
    return this.#octets;
  }
}

/** Somebody whose signature a multicast rekey must bear. */
export interface Manager {
  readonly name: string;
  /** Ed25519 public key, 32 octets. */
  readonly publicKey: Uint8Array;
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
  readonly members: readonly Member[];
  readonly keys: readonly EpochContents[];
}

/** What a keyring is made from: checked by whoever read it (keyring-file.ts). */
export interface KeyringContents {
  readonly groups: readonly GroupContents[];
  readonly pmks: readonly Pmk[];
  readonly lkh: readonly NodeKey[];
  readonly managers: readonly Manager[];
}

/** A PGK that arrived at run time. */
export interface DeliveredKey {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly id: number;
  /** 32 octets; copied. */
  readonly octets: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** When it arrived. A changed end counts from here on. */
  readonly at: number;
}

/**
 * What a delivered key did: `added` as a new epoch; `known` already, with the same end; its end moved later (`extended`)
 * or earlier (`shortened`). Not taken: `conflict` (same group and id, other octets, overlapping validity), `destroyed`
 * (the id belongs to a destroyed key in that time: nothing brings it back), `full` (a cap is reached).
 */
export type AddOutcome = 'added' | 'known' | 'extended' | 'shortened' | 'conflict' | 'destroyed' | 'full';

/** What became of a delivered key, and the epoch that now holds it; null where it was not taken. */
export interface AddedEpoch {
  readonly outcome: AddOutcome;
  readonly epoch: PgkEpoch | null;
}

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

class HeldEpoch implements PgkEpoch {
  readonly group: HeldGroup;
  readonly id: number;
  readonly index5: number;
  readonly serial: number;
  readonly algorithm: number;
  notBefore: number;
  notAfter: number;
  earlierEnds: readonly EarlierEnd[] = [];
  readonly revokedAt: number | null;
  readonly compromisedAt: number | null;
  readonly suspendedAt: number | null;
  readonly resumedAt: number | null;
  readonly destroyedAt: number | null;
  #octets: Uint8Array | null;
  #secret: KeyObject | null = null;

  constructor(group: HeldGroup, serial: number, contents: EpochContents) {
    this.group = group;
    this.serial = serial;
    this.id = contents.id;
    this.index5 = contents.id & INDEX_MASK;
    this.algorithm = contents.algorithm ?? group.algorithm;
    this.notBefore = contents.notBefore;
    this.notAfter = contents.notAfter;
    this.revokedAt = contents.revokedAt;
    this.compromisedAt = contents.compromisedAt;
    this.suspendedAt = contents.suspendedAt;
    this.resumedAt = contents.resumedAt;
    this.destroyedAt = contents.destroyedAt;
    this.#octets = contents.octets;
  }

  get octets(): Uint8Array | null {
    return this.#octets;
  }

  get secret(): KeyObject | null {
    if (this.#secret === null && this.#octets !== null) this.#secret = createSecretKey(this.#octets);
    return this.#secret;
  }

  get fingerprint(): string | null {
    return this.#octets === null ? null : fingerprintOf(this.#octets);
  }

  wipe(): void {
    this.#octets?.fill(0);
    this.#octets = null;
    this.#secret = null;
  }
}

class HeldGroup implements Group {
  readonly index: number;
  readonly id: number;
  readonly idText: string;
  readonly name: string;
  readonly algorithm: number;
  readonly algorithmName: CipherAlgorithm;
  readonly protection: Protection;
  readonly derivation: Derivation;
  readonly multicast: readonly Uint8Array[];
  readonly members: readonly Member[];
  readonly keys: HeldEpoch[] = [];
  readonly keysByStart: HeldEpoch[] = [];
  readonly assumed: boolean;
  readonly #stays = new Map<number, Member[]>();

  constructor(index: number, contents: GroupContents, assumed: boolean) {
    this.index = index;
    this.id = contents.id;
    this.idText = layer2IdText(contents.id);
    this.name = contents.name ?? this.idText;
    this.algorithm = contents.algorithm;
    this.algorithmName = CIPHER_ALGORITHMS[contents.algorithm];
    this.protection = contents.protection;
    this.derivation = contents.derivation;
    this.multicast = contents.multicast;
    this.members = contents.members;
    this.assumed = assumed;
    for (const member of contents.members) {
      const stays = this.#stays.get(member.id);
      if (stays === undefined) this.#stays.set(member.id, [member]);
      else stays.push(member);
    }
  }

  membersWithId(id: number): readonly Member[] {
    return this.#stays.get(id) ?? NO_MEMBERS;
  }

  /** Keeps `keysByStart` in order after keys were added or moved. */
  sort(): void {
    this.keysByStart.sort((a, b) => a.notBefore - b.notBefore || a.serial - b.serial);
  }
}

const NO_MEMBERS: readonly Member[] = [];

/** See the head of the file. */
export class Keyring {
  readonly pmks: readonly Pmk[];
  readonly lkh: readonly NodeKey[];
  readonly managers: readonly Manager[];
  readonly #groups: HeldGroup[] = [];
  readonly #epochs: HeldEpoch[] = [];
  readonly #byId = new Map<number, HeldGroup>();

  /** @throws RangeError where a group stands there twice or a cap is exceeded */
  constructor(contents: KeyringContents) {
    this.pmks = contents.pmks;
    this.lkh = contents.lkh;
    this.managers = contents.managers;
    for (const each of contents.groups) {
      const group = this.#addGroup(each, false);
      for (const key of each.keys) this.#append(group, key);
      group.sort();
    }
    if (this.#groups.length > GROUP_CAP || this.#epochs.length > KEY_CAP) throw new RangeError('too large a keyring');
  }

  /** All groups, by index; groups of delivered keys are appended. */
  get groups(): readonly Group[] {
    return this.#groups;
  }

  /** All PGKs, by serial; delivered ones are appended. */
  get epochs(): readonly PgkEpoch[] {
    return this.#epochs;
  }

  /** The group with this Layer-2 id. */
  groupById(id: number): Group | undefined {
    return this.#byId.get(id);
  }

  /**
   * Takes a PGK that arrived at run time (TS 33.303 6.2.3.3). A group that nobody configured is added with 128-EEA2,
   * plaintext permitted, and marked `assumed`. Delivered again, a known key keeps its revocation and the like; its
   * beginning can only move earlier.
   */
  addEpoch(delivered: DeliveredKey): AddedEpoch {
    const group = this.#byId.get(delivered.group);
    let same: HeldEpoch | null = null;
    for (const held of group?.keys ?? []) {
      if (held.id !== delivered.id) continue;
      const overlaps = delivered.notBefore < held.notAfter && held.notBefore < delivered.notAfter;
      const octets = held.octets;
      if (octets === null) {
        if (overlaps) return { outcome: 'destroyed', epoch: null };
      } else if (sameOctets(octets, delivered.octets)) {
        if (same === null || held.notAfter >= same.notAfter) same = held;
      } else if (overlaps) return { outcome: 'conflict', epoch: null };
    }
    if (same !== null) return this.#deliverAgain(same, delivered);
    if (this.#epochs.length >= KEY_CAP) return { outcome: 'full', epoch: null };
    if (group === undefined && this.#groups.length >= GROUP_CAP) return { outcome: 'full', epoch: null };
    const home = group ?? this.#addGroup({ ...ASSUMED_GROUP, id: delivered.group }, true);
    const epoch = this.#append(home, { ...FRESH_KEY, ...delivered, octets: Uint8Array.from(delivered.octets) });
    home.sort();
    return { outcome: 'added', epoch };
  }

  /** Overwrites every PGK, PMK and node key. Nothing can be opened with this keyring afterwards. */
  wipe(): void {
    for (const epoch of this.#epochs) epoch.wipe();
    for (const pmk of this.pmks) pmk.octets.fill(0);
    for (const node of this.lkh) node.octets.fill(0);
  }

  #deliverAgain(held: HeldEpoch, delivered: DeliveredKey): AddedEpoch {
    if (delivered.notBefore < held.notBefore) {
      held.notBefore = delivered.notBefore;
      held.group.sort();
    }
    const before = held.notAfter;
    if (delivered.notAfter === before) return { outcome: 'known', epoch: held };
    // What was judged before the delivery stays judged by the end that held then, also when it is judged again. A key
    // that comes to life a second time does so no earlier than the delivery says.
    const until = delivered.notAfter > before ? Math.max(delivered.at, delivered.notBefore) : delivered.at;
    const kept = held.earlierEnds.filter((end) => end.until < until);
    held.earlierEnds = [...kept, { until, notAfter: before }];
    held.notAfter = delivered.notAfter;
    return { outcome: delivered.notAfter > before ? 'extended' : 'shortened', epoch: held };
  }

  #addGroup(contents: GroupContents, assumed: boolean): HeldGroup {
    if (this.#byId.has(contents.id)) throw new RangeError(`group ${layer2IdText(contents.id)} stands there twice`);
    const group = new HeldGroup(this.#groups.length, contents, assumed);
    this.#groups.push(group);
    this.#byId.set(contents.id, group);
    return group;
  }

  #append(group: HeldGroup, contents: EpochContents): HeldEpoch {
    const epoch = new HeldEpoch(group, this.#epochs.length, contents);
    this.#epochs.push(epoch);
    group.keys.push(epoch);
    group.keysByStart.push(epoch);
    return epoch;
  }
}

/** A keyring that holds nothing. */
export function emptyKeyring(): Keyring {
  return new Keyring({ groups: [], pmks: [], lkh: [], managers: [] });
}

/** A group that is known only from a key delivered for it. Both LTE algorithms are mandatory; 128-EEA2 is the usual one. */
const ASSUMED_GROUP: Omit<GroupContents, 'id'> = {
  name: null,
  algorithm: 2,
  protection: 'optional',
  derivation: 'ts33303',
  multicast: [],
  members: [],
  keys: [],
};

const FRESH_KEY = {
  algorithm: null,
  revokedAt: null,
  compromisedAt: null,
  suspendedAt: null,
  resumedAt: null,
  destroyedAt: null,
} as const;

/** Whether two keys are the same, in time that does not depend on where they differ. */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
