// Takes what a keyring file or a sealed export holds into the contents of a vault. Nothing is loosened on the way: a window
// gets no longer, a revocation is not forgotten, a destroyed key does not come back. All or nothing.

import { CIPHER_ALGORITHMS } from '../../../dissectors/security/traffic-cipher.ts';
import { type Group, layer2IdText, type PgkEpoch } from '../group.ts';
import { type Keyring, NodeKey } from '../keyring.ts';
import { Pmk } from '../pmk.ts';
import { isAssumed } from './assumed-group.ts';
import { copyOf, equalOctets, hmacSha256 } from './sealing.ts';
import {
  compareKeys,
  FINGERPRINT_OCTETS,
  VAULT_GROUP_CAP,
  VAULT_KEY_CAP,
  type VaultContents,
  type VaultGroup,
  type VaultKey,
} from './vault-contents.ts';
import { VaultError } from './vault-error.ts';

/** A key that came in, or one that was held and is now more restricted. */
export interface MergedKey {
  readonly group: number;
  readonly key: VaultKey;
}

/** What a merge came to. */
export interface Merged {
  readonly contents: VaultContents;
  readonly added: readonly MergedKey[];
  /** Held before, now with an earlier end, a revocation or the like. */
  readonly restricted: readonly MergedKey[];
  /** Held before just so. */
  readonly known: number;
  /** Groups that are new or whose name, roster, addresses or policy changed. */
  readonly groupsChanged: readonly number[];
}

/** We chose: characters of a source that are kept; UTF-8 makes at most four octets of each. */
const SOURCE_CHARACTERS = 64;

/** The dates that only ever restrict a key. */
const RESTRICTIONS = ['revokedAt', 'compromisedAt'] as const;

/**
 * Names a PGK in lists and in the audit log: HMAC-SHA-256 under a key of the vault, so that not even a guessed key can be
 * looked for without the vault (reference security B.6).
 */
export function vaultFingerprint(fingerprintKey: Uint8Array, material: Uint8Array): Uint8Array {
  return hmacSha256(fingerprintKey, material).slice(0, FINGERPRINT_OCTETS);
}

/** `PGK 39 of group f00001`. */
export function keyText(group: number, id: number): string {
  return `PGK ${id} of group ${layer2IdText(group)}`;
}

/**
 * Merges a keyring into the contents of a vault; octets are copied.
 *
 * @param source where it comes from, for the list
 * @param now wall clock
 * @throws VaultError `conflicting-key`, `duplicate-key`, `window`, `transition`, `too-large`
 */
export function mergeKeyring(contents: VaultContents, keyring: Keyring, source: string, now: number): Merged {
  const groups = new Map(contents.groups.map((group) => [group.id, group]));
  const shown = [...source].slice(0, SOURCE_CHARACTERS).join('');
  const result = { added: [] as MergedKey[], restricted: [] as MergedKey[], known: 0, groupsChanged: [] as number[] };
  for (const group of keyring.groups) {
    const held = groups.get(group.id);
    const merged = mergeGroup(held, group, contents.secrets.fingerprint, shown, now, result);
    if (held === undefined || !sameDescription(held, merged)) result.groupsChanged.push(group.id);
    groups.set(group.id, merged);
  }
  const all = [...groups.values()].sort((a, b) => a.id - b.id);
  checkCaps(all);
  const freshPmks = keyring.pmks.map((pmk) => new Pmk(pmk.id, copyOf(pmk.octets), pmk.member, pmk.profile));
  const pmks = mergeBy(contents.pmks, freshPmks, (pmk) => Buffer.from(pmk.id).toString('hex'), samePmk, 'PMK');
  const nodeName = (node: NodeKey): string => `${node.group}/${node.node}/${node.version}`;
  const freshNodes = keyring.lkh.map((node) => new NodeKey(node.group, node.node, node.version, copyOf(node.octets)));
  const lkh = mergeBy(contents.lkh, freshNodes, nodeName, (a, b) => equalOctets(a.octets, b.octets), 'node key');
  const managers = mergeBy(
    contents.managers,
    keyring.managers,
    (manager) => manager.name,
    (a, b) => equalOctets(a.publicKey, b.publicKey),
    'manager',
  );
  return { ...result, contents: { ...contents, groups: all, pmks, lkh, managers } };
}

/** What has come in so far. */
interface Tally {
  readonly added: MergedKey[];
  readonly restricted: MergedKey[];
  known: number;
}

function mergeGroup(
  held: VaultGroup | undefined,
  group: Group,
  fingerprintKey: Uint8Array,
  source: string,
  now: number,
  tally: Tally,
): VaultGroup {
  const { id, name, algorithm, protection, derivation, multicast, members } = group;
  const isTold = held !== undefined && isAssumed(held);
  if (held !== undefined && !isTold && (held.algorithm !== algorithm || held.derivation !== derivation)) {
    const [ours, theirs] = [held, group].map((each) => `${CIPHER_ALGORITHMS[each.algorithm]}, ${each.derivation}`);
    const message = `group ${group.idText} is ${ours} in the vault and ${theirs} in ${source}`;
    throw new VaultError('conflicting-key', message, 'Make the two agree: radios of one group use one algorithm');
  }
  const byId = new Map<number, VaultKey[]>();
  const byFingerprint = new Map<string, VaultKey>();
  const keys = new Set(isTold ? withAlgorithms(held.keys, group, fingerprintKey) : (held?.keys ?? []));
  const note = (key: VaultKey): void => {
    keys.add(key);
    const sharing = byId.get(key.id);
    if (sharing === undefined) byId.set(key.id, [key]);
    else sharing.push(key);
    byFingerprint.set(hex(key.fingerprint), key);
  };
  for (const key of keys) note(key);
  for (const epoch of group.keys) {
    const fresh = toVaultKey(epoch, fingerprintKey, source, now);
    const same = fresh.material === null ? tombstoned(fresh, byId) : byFingerprint.get(hex(fresh.fingerprint));
    if (same === undefined) {
      refuseOverlap(id, fresh, byId.get(fresh.id) ?? []);
      note(fresh);
      tally.added.push({ group: id, key: fresh });
      continue;
    }
    const key = restricted(id, same, fresh, now);
    if (key === same) {
      tally.known += 1;
      continue;
    }
    keys.delete(same);
    byId.set(
      key.id,
      (byId.get(key.id) ?? []).filter((each) => each !== same),
    );
    note(key);
    tally.restricted.push({ group: id, key });
  }
  const named = name === group.idText && held !== undefined ? held.name : name;
  const roster = members.length > 0 ? members : (held?.members ?? []);
  const addresses = multicast.length > 0 ? multicast : (held?.multicast ?? []);
  const description = { id, name: named, algorithm, protection, derivation, multicast: addresses, members: roster };
  return { ...description, keys: [...keys].sort(compareKeys) };
}

/** Keys whose algorithm was assumed, with the one that is told now: their own where they are named, else the group's. */
function withAlgorithms(keys: readonly VaultKey[], group: Group, fingerprintKey: Uint8Array): VaultKey[] {
  const own = new Map<string, number>();
  for (const { octets, algorithm } of group.keys) {
    if (octets !== null) own.set(hex(vaultFingerprint(fingerprintKey, octets)), algorithm);
  }
  return keys.map((key) => ({ ...key, algorithm: own.get(hex(key.fingerprint)) ?? group.algorithm }));
}

function toVaultKey(epoch: PgkEpoch, fingerprintKey: Uint8Array, source: string, now: number): VaultKey {
  const { id, notBefore, notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt, octets } = epoch;
  if (notAfter <= notBefore) {
    throw new VaultError('window', `PGK ${id} ends before it begins`, 'Correct notBefore and notAfter');
  }
  return {
    id,
    algorithm: epoch.algorithm,
    ...{ notBefore, notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt },
    addedAt: now,
    source,
    fingerprint: octets === null ? new Uint8Array(FINGERPRINT_OCTETS) : vaultFingerprint(fingerprintKey, octets),
    material: octets === null ? null : copyOf(octets),
  };
}

/** The held key that a key destroyed elsewhere is: same id, same window. */
function tombstoned(fresh: VaultKey, byId: ReadonlyMap<number, VaultKey[]>): VaultKey | undefined {
  return byId.get(fresh.id)?.find((key) => key.notBefore === fresh.notBefore && key.notAfter === fresh.notAfter);
}

function refuseOverlap(group: number, fresh: VaultKey, held: readonly VaultKey[]): void {
  const other = held.find((key) => fresh.notBefore < key.notAfter && key.notBefore < fresh.notAfter);
  if (other === undefined) return;
  const what = other.material === null ? 'a destroyed key with that id' : 'another key with that id';
  throw new VaultError(
    'conflicting-key',
    `${keyText(group, fresh.id)} from ${fresh.source} is valid at the same time as ${what} in the vault`,
    'Give the new key an id of its own; a message could not say which of the two is meant',
  );
}

/** The held key with what the other source restricts; the same object where that is nothing. */
function restricted(group: number, held: VaultKey, fresh: VaultKey, now: number): VaultKey {
  const name = keyText(group, held.id);
  if (held.material === null && fresh.material !== null) {
    throw new VaultError('transition', `${name} is destroyed: import is refused`, 'Give the group a new PGK');
  }
  if (held.id !== fresh.id) {
    throw new VaultError(
      'duplicate-key',
      `${keyText(group, fresh.id)} from ${fresh.source} has the same octets as PGK ${held.id} of that group`,
      'One PGK has one id; correct the keyring or make a new key',
    );
  }
  if (fresh.notBefore !== held.notBefore || fresh.notAfter > held.notAfter) {
    throw new VaultError(
      'window',
      `${name} has another window in ${fresh.source}, and a window never gets longer or moves`,
      'Give the group a new PGK for the time to come',
    );
  }
  let key = held;
  if (fresh.notAfter < key.notAfter) key = { ...key, notAfter: fresh.notAfter };
  for (const member of RESTRICTIONS) {
    const [known, told] = [key[member], fresh[member]];
    if (told !== null && (known === null || told < known)) key = { ...key, [member]: told };
  }
  if (isNewSuspension(key, fresh, now)) {
    key = { ...key, suspendedAt: fresh.suspendedAt, resumedAt: fresh.resumedAt };
  }
  if (fresh.material === null && key.material !== null) {
    key = { ...key, destroyedAt: fresh.destroyedAt ?? now, material: null };
  }
  return key;
}

/** Whether the other source suspends a key that is not: not where it only does not know that the key was resumed since. */
function isNewSuspension(held: VaultKey, { suspendedAt, resumedAt }: VaultKey, now: number): boolean {
  if (suspendedAt === null || (resumedAt !== null && resumedAt <= now)) return false;
  return held.suspendedAt === null || (held.resumedAt !== null && suspendedAt > held.resumedAt);
}

function sameDescription(a: VaultGroup, b: VaultGroup): boolean {
  const text = (group: VaultGroup): string => {
    const { keys: _keys, ...description } = group;
    return JSON.stringify(description, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value));
  };
  return text(a) === text(b);
}

function checkCaps(groups: readonly VaultGroup[]): void {
  const keys = groups.reduce((sum, group) => sum + group.keys.length, 0);
  if (groups.length <= VAULT_GROUP_CAP && keys <= VAULT_KEY_CAP) return;
  const message = `the vault would hold ${groups.length} groups and ${keys} keys; ${VAULT_GROUP_CAP} and ${VAULT_KEY_CAP} fit`;
  throw new VaultError('too-large', message, 'Keep groups in several vaults, and destroy keys whose time is over');
}

function samePmk(a: Pmk, b: Pmk): boolean {
  return equalOctets(a.octets, b.octets) && a.member === b.member;
}

/** Entries of both lists, by name; where both have one, that which came last. */
function mergeBy<Value>(
  held: readonly Value[],
  fresh: readonly Value[],
  nameOf: (value: Value) => string,
  same: (a: Value, b: Value) => boolean,
  what: string,
): Value[] {
  const byName = new Map(held.map((value) => [nameOf(value), value]));
  for (const value of fresh) {
    const known = byName.get(nameOf(value));
    if (known !== undefined && !same(known, value)) {
      const message = `the vault holds another ${what} of the same name`;
      throw new VaultError('conflicting-key', message, `Give the new ${what} a name of its own`);
    }
    byName.set(nameOf(value), value);
  }
  return [...byName.values()];
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
