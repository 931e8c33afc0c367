// Copies of a keyring with octets of their own: what changes or wipes the one leaves the other as it is. Also as plain data
// for another thread of this process: it holds key octets, and goes over a message channel of this process and nowhere
// else.

import type { GroupContents } from './group.ts';
import { KeyColumns, KeyRange, type PlainKeys } from './key-columns.ts';
import { type Group, Keyring, type KeyringContents, NodeKey, Pmk } from './keyring.ts';
import type { MikeyProfile } from './pmk.ts';

/** What a message channel can copy (the structured clone algorithm knows no private members). */
export interface PlainKeyring {
  readonly groups: readonly Omit<GroupContents, 'keys'>[];
  /** Those of a group one behind the other, groups in their order. */
  readonly keys: PlainKeys;
  /** Keys of each group. */
  readonly counts: Uint32Array;
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
  /** `Keyring.today`. */
  readonly today: number | null;
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
    counts: Uint32Array.from(keyring.groups, ({ keys }) => keys.length),
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
    today: keyring.today,
    order: orderOf(keyring),
  };
}

/** A keyring of its own from a copy, which it leaves as it is; groups and keys have the same index and serial. */
export function keyringOf(copy: PlainKeyring): Keyring {
  const { order } = copy;
  const keys = { ...copy.keys, octets: copy.keys.octets.slice() };
  const keyring = new Keyring({
    groups: order === null ? groupsOf(copy, keys) : copy.groups.map((group) => ({ ...group, keys: [] })),
    pmks: copy.pmks.map(({ id, octets, member, profile }) => new Pmk(id, Uint8Array.from(octets), member, profile)),
    lkh: copy.lkh.map(({ group, node, version, octets }) => new NodeKey(group, node, version, Uint8Array.from(octets))),
    managers: copy.managers,
  });
  keyring.today = copy.today;
  if (order === null) return keyring;
  // Of each group, its next key in the columns.
  const next = new Uint32Array(copy.counts.length);
  for (let group = 1; group < next.length; group++) next[group] = next[group - 1] + copy.counts[group - 1];
  for (let serial = 0, end = 0; serial < order.length; serial = end) {
    const group = order[serial];
    while (end < order.length && order[end] === group) end++;
    keyring.addKeys(keyring.groups[group], new KeyRange(keys, next[group], end - serial));
    next[group] += end - serial;
  }
  return keyring;
}

/** Group by group: what a keyring is made from is gone before the next one is made. */
function* groupsOf({ groups, counts }: PlainKeyring, keys: PlainKeys): Generator<GroupContents> {
  let next = 0;
  for (const [index, group] of groups.entries()) {
    yield { ...group, keys: new KeyRange(keys, next, counts[index]) };
    next += counts[index];
  }
}

function orderOf({ epochs }: Keyring): Uint32Array | null {
  let inOrder = 1;
  while (inOrder < epochs.length && epochs[inOrder - 1].group.index <= epochs[inOrder].group.index) inOrder++;
  return inOrder >= epochs.length ? null : Uint32Array.from(epochs, ({ group }) => group.index);
}

function contentsOf(group: Group, rosters: boolean): Omit<GroupContents, 'keys'> {
  return {
    id: group.id,
    name: group.name === group.idText ? null : group.name,
    algorithm: group.algorithm,
    protection: group.protection,
    derivation: group.derivation,
    multicast: group.multicast.map((address) => address.slice()),
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
  const columns = new KeyColumns(keyring.epochs.length);
  for (const { keys } of keyring.groups) {
    for (const key of keys) columns.add(key, keyring.copyOctets(key.serial, columns.octets, columns.reserve()));
  }
  return columns;
}
