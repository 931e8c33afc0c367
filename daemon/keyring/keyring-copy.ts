// Copies of a keyring with octets of their own: what changes or wipes the one leaves the other as it is. Also as plain data
// for another thread of this process: it holds key octets, and goes over a message channel of this process and nowhere
// else.

import type { EpochContents, GroupContents } from './group.ts';
import { type Group, KEY_OCTETS, Keyring, type KeyringContents, NodeKey, type PgkEpoch, Pmk } from './keyring.ts';
import type { MikeyProfile } from './pmk.ts';

/** The dates of a key that a copy has. */
const DATES = [
  ...(['notBefore', 'notAfter', 'revokedAt', 'compromisedAt'] as const),
  ...(['suspendedAt', 'resumedAt', 'destroyedAt'] as const),
] as const;

/** The keys of all groups, those of one behind those of the other: a channel takes ten times as long for objects. */
interface PlainKeys {
  /** Keys of each group. */
  readonly counts: Uint32Array;
  readonly ids: Uint8Array;
  readonly algorithms: Uint8Array;
  /** 1 where the octets are held; `KEY_OCTETS` of each. */
  readonly held: Uint8Array;
  readonly octets: Uint8Array<ArrayBuffer>;
  /** Those of a key one behind the other, in the order of `DATES`; NaN where there is none. */
  readonly dates: Float64Array;
}

/** What a message channel can copy (the structured clone algorithm knows no private members). */
export interface PlainKeyring {
  readonly groups: readonly Omit<GroupContents, 'keys'>[];
  readonly keys: PlainKeys;
  readonly pmks: readonly {
    readonly id: Uint8Array;
    readonly octets: Uint8Array;
    readonly member: number | null;
    readonly profile: MikeyProfile;
  }[];
  readonly lkh: readonly {
    readonly group: number;
    readonly node: string;
    readonly version: number;
    readonly octets: Uint8Array;
  }[];
  readonly managers: KeyringContents['managers'];
  /**
   * Group index by serial of each key; null where the keys of the first group come first, then those of the next. Serials
   * are what threads name keys by.
   */
  readonly order: Uint32Array | null;
}

/** Copies every group, key, PMK and node key. Ends of validity that a delivery replaced are not kept. */
export function copyOfKeyring(keyring: Keyring): Keyring {
  const plain = plainKeyring(keyring);
  const copy = keyringOf(plain);
  plain.keys.octets.fill(0);
  return copy;
}

/**
 * A keyring as it is now. Octets are copies: the original may be wiped.
 *
 * @param rosters whether members come along: two hundred thousand of them cost a second, and who only judges asks none
 */
export function plainKeyring(keyring: Keyring, rosters = true): PlainKeyring {
  return {
    groups: keyring.groups.map((group) => contentsOf(group, rosters)),
    keys: plainKeys(keyring),
    pmks: keyring.pmks.map(({ id, octets, member, profile }) => ({
      id: Uint8Array.from(id),
      octets: Uint8Array.from(octets),
      member,
      profile: { ...profile },
    })),
    lkh: keyring.lkh.map(({ group, node, version, octets }) => ({
      group,
      node,
      version,
      octets: Uint8Array.from(octets),
    })),
    managers: keyring.managers.map(({ name, publicKey }) => ({ name, publicKey: Uint8Array.from(publicKey) })),
    order: orderOf(keyring),
  };
}

/** A keyring of its own from a copy, which it leaves as it is; groups and keys have the same index and serial. */
export function keyringOf(copy: PlainKeyring): Keyring {
  const { order } = copy;
  let next = 0;
  const groups = copy.groups.map((group, index) => ({
    ...group,
    keys: Array.from({ length: copy.keys.counts[index] }, () => keyAt(copy.keys, next++)),
  }));
  const keyring = new Keyring({
    groups: order === null ? groups : groups.map((group) => ({ ...group, keys: [] })),
    pmks: copy.pmks.map(({ id, octets, member, profile }) => new Pmk(id, Uint8Array.from(octets), member, profile)),
    lkh: copy.lkh.map(({ group, node, version, octets }) => new NodeKey(group, node, version, Uint8Array.from(octets))),
    managers: copy.managers,
  });
  if (order === null) return keyring;
  const taken = new Uint32Array(groups.length);
  for (let serial = 0, end = 0; serial < order.length; serial = end) {
    const group = order[serial];
    while (end < order.length && order[end] === group) end++;
    const first = taken[group];
    taken[group] += end - serial;
    keyring.addKeys(keyring.groups[group], groups[group].keys.slice(first, taken[group]));
  }
  return keyring;
}

function orderOf(keyring: Keyring): Uint32Array | null {
  const order = Uint32Array.from(keyring.epochs, ({ group }) => group.index);
  return order.every((group, serial) => serial === 0 || group >= order[serial - 1]) ? null : order;
}

function contentsOf(group: Group, rosters: boolean): Omit<GroupContents, 'keys'> {
  return {
    id: group.id,
    name: group.name === group.idText ? null : group.name,
    algorithm: group.algorithm,
    protection: group.protection,
    derivation: group.derivation,
    multicast: group.multicast.map((address) => Uint8Array.from(address)),
    members: (rosters ? group.members : []).map(({ id, name, addresses, from, until }) => ({
      id,
      name,
      addresses: addresses.map((address) => Uint8Array.from(address)),
      from,
      until,
    })),
  };
}

function plainKeys(keyring: Keyring): PlainKeys {
  const counts = Uint32Array.from(keyring.groups, ({ keys }) => keys.length);
  const all = keyring.epochs.length;
  const plain = {
    counts,
    ids: new Uint8Array(all),
    algorithms: new Uint8Array(all),
    held: new Uint8Array(all),
    octets: new Uint8Array(all * KEY_OCTETS),
    dates: new Float64Array(all * DATES.length),
  };
  let next = 0;
  for (const { keys } of keyring.groups) for (const key of keys) put(plain, next++, key);
  return plain;
}

function put({ ids, algorithms, held, octets, dates }: PlainKeys, at: number, key: PgkEpoch): void {
  ids[at] = key.id;
  algorithms[at] = key.algorithm;
  if (key.octets !== null) {
    held[at] = 1;
    octets.set(key.octets, at * KEY_OCTETS);
  }
  for (let i = 0; i < DATES.length; i++) dates[at * DATES.length + i] = key[DATES[i]] ?? Number.NaN;
}

/** A key of a copy, with octets of its own. */
function keyAt({ ids, algorithms, held, octets, dates }: PlainKeys, at: number): EpochContents {
  const first = at * DATES.length;
  const dateAt = (i: number): number | null => (Number.isNaN(dates[first + i]) ? null : dates[first + i]);
  return {
    id: ids[at],
    octets: held[at] === 1 ? octets.slice(at * KEY_OCTETS, (at + 1) * KEY_OCTETS) : null,
    algorithm: algorithms[at],
    notBefore: dates[first],
    notAfter: dates[first + 1],
    revokedAt: dateAt(2),
    compromisedAt: dateAt(3),
    suspendedAt: dateAt(4),
    resumedAt: dateAt(5),
    destroyedAt: dateAt(6),
  };
}
