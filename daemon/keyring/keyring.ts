// The keys that this process holds: groups, their members and PGK epochs, the PMKs that MIKEY messages are opened with,
// node keys and group managers. Times are milliseconds since 1970 UTC as numbers, whole microseconds.

import { PGK_OCTETS, PgkPads } from '../../dissectors/security/kdf.ts';
import type { EpochStateName } from '../events.ts';
import { epochStateAt, epochStateNumberAt, isActiveState } from './epoch-state.ts';
import {
  type EpochDates,
  type Group,
  type GroupContents,
  HeldEpoch,
  HeldGroup,
  layer2IdText,
  type PgkEpoch,
  sameOctets,
} from './group.ts';
import { type EpochTerms, KeyRange } from './key-columns.ts';
import type { Pmk } from './pmk.ts';

// This file is the door of the room: whoever uses keys finds their types here.
export {
  type EarlierEnd,
  type EpochContents,
  type EpochDates,
  fingerprintOf,
  type Group,
  type GroupContents,
  layer2IdText,
  type Member,
  type PgkEpoch,
  type Protection,
  sameOctets,
} from './group.ts';
export { DEFAULT_MIKEY_PROFILE, type MikeyProfile, Pmk } from './pmk.ts';

// The specification says.

/** Octets of a PGK and of a PMK (TS 33.303 6.2.3.1). */
export const KEY_OCTETS = PGK_OCTETS;

// We chose.

/** Groups, keys and members that a keyring may hold, also with what arrives at run time. Above that: refused. */
export const GROUP_CAP = 65_536;
export const KEY_CAP = 1_048_576;
export const MEMBER_CAP = 1_048_576;

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

/** What a keyring is made from: checked by whoever read it (keyring-file.ts). */
export interface KeyringContents {
  readonly groups: Iterable<GroupContents>;
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
  /** Takes the key back: `notAfter` is not when it ends but when that was said, and never moves an end later. */
  readonly withdrawn?: boolean;
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

/** See the head of the file. */
export class Keyring {
  /**
   * What is asked about a key when it comes or its window moves, so that `PgkEpoch.forbidden` is right at once; null:
   * nobody keeps this keyring in step with a vault.
   */
  gate: ((epoch: PgkEpoch) => EpochStateName | null) | null = null;
  /**
   * The wall clock that a PGK which comes at run time has to be active at, milliseconds since 1970: else it keeps its place
   * and its dates, and nothing opens under it, as with the keys that a vault withholds. Null: nobody asks.
   */
  today: number | null = null;
  /** Octets of keys that came and are withheld: what is delivered again is compared with them. By serial. */
  readonly #withheld = new Map<number, Uint8Array>();
  #changes = 0;
  readonly #pmks: Pmk[];
  readonly #lkh: NodeKey[];
  readonly #managers: Manager[];
  readonly #groups: HeldGroup[] = [];
  readonly #epochs: HeldEpoch[] = [];
  readonly #byId = new Map<number, HeldGroup>();
  readonly #pads = new PgkPads();

  /** @throws RangeError where a group stands there twice or a cap is exceeded */
  constructor(contents: KeyringContents) {
    this.#pmks = [...contents.pmks];
    this.#lkh = [...contents.lkh];
    this.#managers = [...contents.managers];
    for (const each of contents.groups) {
      const group = this.#addGroup(each, false);
      this.#appendAll(group, each.keys);
    }
    if (this.#groups.length > GROUP_CAP || this.#epochs.length > KEY_CAP) throw new RangeError('too large a keyring');
  }

  /** Raised with every change of a group or a PGK: what somebody has derived from them may not hold any more. */
  get changes(): number {
    return this.#changes;
  }

  /** In order of arrival: what comes later is appended. */
  get pmks(): readonly Pmk[] {
    return this.#pmks;
  }

  /** In order of arrival. */
  get lkh(): readonly NodeKey[] {
    return this.#lkh;
  }

  /** In order of arrival. */
  get managers(): readonly Manager[] {
    return this.#managers;
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
    this.#changes++;
    const group = this.#byId.get(delivered.group);
    let same: HeldEpoch | null = null;
    for (const held of group?.keys ?? []) {
      if (held.id !== delivered.id) continue;
      const overlaps = delivered.notBefore < held.notAfter && held.notBefore < delivered.notAfter;
      const octets = held.octets ?? this.#withheld.get(held.serial) ?? null;
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
    const epoch = this.#append(home, { ...FRESH_KEY, ...delivered }, Uint8Array.from(delivered.octets), 0);
    home.sort();
    this.#withhold(epoch, delivered.octets);
    return { outcome: 'added', epoch };
  }

  /** PGKs that came at run time and are withheld, with the state that they are in today. */
  get withheld(): readonly { readonly group: number; readonly id: number; readonly state: EpochStateName }[] {
    const { today } = this;
    if (today === null) return [];
    return Array.from(this.#withheld.keys(), (serial) => {
      const epoch = this.#epochs[serial];
      return { group: epoch.group.id, id: epoch.id, state: epochStateAt(epoch, today) };
    });
  }

  /** Adds a group that the vault has now. @throws RangeError where it is there or the cap is reached */
  addGroup(contents: GroupContents): Group {
    if (this.#groups.length >= GROUP_CAP) throw new RangeError('too large a keyring');
    this.#changes++;
    return this.#addGroup(contents, false);
  }

  /** Gives a group another description: name, roster, addresses, policy. Its keys stay as they are. */
  describeGroup(group: Group, contents: Omit<GroupContents, 'id' | 'keys'>): void {
    this.#changes++;
    this.#groups[group.index].describe(contents, false);
  }

  /** Adds keys that the vault has now; their octets are kept, not copied. @throws RangeError where the cap is reached */
  addKeys(group: Group, keys: GroupContents['keys']): readonly PgkEpoch[] {
    if (this.#epochs.length + keys.length > KEY_CAP) throw new RangeError('too large a keyring');
    this.#changes++;
    this.#appendAll(this.#groups[group.index], keys);
    return this.#epochs.slice(this.#epochs.length - keys.length);
  }

  /** Copies the octets of a key. @returns false where it is destroyed */
  copyOctets(serial: number, into: Uint8Array, at: number): boolean {
    const epoch = this.#epochs[serial];
    if (!epoch.isHeld) return false;
    epoch.copyOctets(0, into, at);
    return true;
  }

  /** Sets the dates of a key; its octets are overwritten where it is destroyed now. */
  restate(epoch: PgkEpoch, dates: EpochDates): void {
    this.#changes++;
    const held = this.#epochs[epoch.serial];
    held.restate(dates);
    if (held.destroyedAt !== null) held.forget();
    held.group.sort();
  }

  /** Says which algorithm a key is used with. */
  useAlgorithm(epoch: PgkEpoch, algorithm: number): void {
    this.#changes++;
    this.#epochs[epoch.serial].useAlgorithm(algorithm);
  }

  /** Says which state on the wall clock forbids a key. */
  forbid(epoch: PgkEpoch, state: EpochStateName | null): void {
    this.#changes++;
    this.#epochs[epoch.serial].forbidden = state;
  }

  /** Adds PMKs, node keys and managers; their octets are kept, not copied. */
  addOthers(others: Omit<KeyringContents, 'groups'>): void {
    this.#pmks.push(...others.pmks);
    this.#lkh.push(...others.lkh);
    this.#managers.push(...others.managers);
  }

  /** Overwrites every PGK, PMK and node key. Nothing can be opened with this keyring afterwards. */
  wipe(): void {
    this.#changes++;
    for (const epoch of this.#epochs) epoch.forget();
    for (const octets of this.#withheld.values()) octets.fill(0);
    for (const pmk of this.pmks) pmk.octets.fill(0);
    for (const node of this.lkh) node.octets.fill(0);
  }

  #withhold(epoch: HeldEpoch, octets: Uint8Array): void {
    if (this.today === null || isActiveState(epochStateNumberAt(epoch, this.today))) return;
    this.#withheld.set(epoch.serial, Uint8Array.from(octets));
    epoch.forget();
  }

  #deliverAgain(held: HeldEpoch, delivered: DeliveredKey): AddedEpoch {
    if (delivered.notBefore < held.notBefore) {
      held.notBefore = delivered.notBefore;
      held.group.sort();
    }
    const before = held.notAfter;
    const notAfter = delivered.withdrawn === true ? Math.min(delivered.notAfter, before) : delivered.notAfter;
    if (notAfter === before) return { outcome: 'known', epoch: held };
    // What was judged before the delivery stays judged by the end that held then, also when it is judged again. A key
    // that comes to life a second time does so no earlier than the delivery says.
    const until = notAfter > before ? Math.max(delivered.at, delivered.notBefore) : delivered.at;
    const kept = held.earlierEnds.filter((end) => end.until < until);
    held.earlierEnds = [...kept, { until, notAfter: before }];
    held.notAfter = notAfter;
    held.forbidden = this.gate?.(held) ?? null;
    return { outcome: notAfter > before ? 'extended' : 'shortened', epoch: held };
  }

  #addGroup(contents: GroupContents, assumed: boolean): HeldGroup {
    if (this.#byId.has(contents.id)) throw new RangeError(`group ${layer2IdText(contents.id)} stands there twice`);
    const group = new HeldGroup(this.#groups.length, contents, assumed, this.#pads);
    this.#groups.push(group);
    this.#byId.set(contents.id, group);
    return group;
  }

  #appendAll(group: HeldGroup, keys: GroupContents['keys']): void {
    if (keys instanceof KeyRange) {
      for (let at = 0; at < keys.length; at++) {
        this.#append(group, keys.terms(at), keys.block(at), keys.octetsAt(at));
      }
    } else for (const key of keys) this.#append(group, key, key.octets, 0);
    group.sort();
  }

  #append(group: HeldGroup, terms: EpochTerms, octets: Uint8Array | null, at: number): HeldEpoch {
    const epoch = new HeldEpoch(group, this.#epochs.length, terms, octets, at);
    this.#epochs.push(epoch);
    group.keys.push(epoch);
    if (this.gate !== null) epoch.forbidden = this.gate(epoch);
    return epoch;
  }
}

/** A keyring that holds nothing. */
export function emptyKeyring(): Keyring {
  return new Keyring({ groups: [], pmks: [], lkh: [], managers: [] });
}

/** A group that is known only from a key delivered for it. Both LTE algorithms are mandatory; 128-EEA2 is the usual one. */
export const ASSUMED_GROUP: Omit<GroupContents, 'id'> = {
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
