// Copies of a keyring with octets of their own: what changes or wipes the one leaves the other as it is. Also as plain data
// for another thread of this process: it holds key octets, and goes over a message channel of this process and nowhere
// else.

import { type Group, Keyring, type KeyringContents, NodeKey, Pmk } from './keyring.ts';
import type { MikeyProfile } from './pmk.ts';

/** What a message channel can copy (the structured clone algorithm knows no private members). */
export interface PlainKeyring {
  readonly groups: KeyringContents['groups'];
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
  return keyringOf(plainKeyring(keyring));
}

/**
 * A keyring as it is now. Octets are copies: the original may be wiped.
 *
 * @param rosters whether members come along: two hundred thousand of them cost a second, and who only judges asks none
 */
export function plainKeyring(keyring: Keyring, rosters = true): PlainKeyring {
  return {
    groups: keyring.groups.map((group) => contentsOf(group, rosters)),
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
  const groups = copy.groups.map((group) => ({
    ...group,
    keys: group.keys.map((key) => ({ ...key, octets: key.octets === null ? null : Uint8Array.from(key.octets) })),
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

function contentsOf(group: Group, rosters: boolean): KeyringContents['groups'][number] {
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
    keys: group.keys.map((key) => ({
      id: key.id,
      octets: key.octets === null ? null : Uint8Array.from(key.octets),
      algorithm: key.algorithm,
      notBefore: key.notBefore,
      notAfter: key.notAfter,
      revokedAt: key.revokedAt,
      compromisedAt: key.compromisedAt,
      suspendedAt: key.suspendedAt,
      resumedAt: key.resumedAt,
      destroyedAt: key.destroyedAt,
    })),
  };
}
