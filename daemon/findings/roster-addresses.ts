// What the keyring says of addresses: which a member has, whose an address is, which group a multicast address belongs to.

import type { Group } from '../keyring/keyring.ts';
import { addressWord, isAddress } from './address.ts';

/** Asks the rosters. Nothing here grows with traffic. */
export class RosterAddresses {
  readonly #groups: readonly Group[];
  readonly #ipv4 = new Map<number, Group>();
  readonly #ipv6: { readonly address: Uint8Array; readonly group: Group }[] = [];
  #groupsSeen = 0;

  constructor(groups: readonly Group[]) {
    this.#groups = groups;
  }

  /** Groups changed: what was gathered of them is gathered anew. */
  forget(): void {
    this.#ipv4.clear();
    this.#ipv6.length = 0;
    this.#groupsSeen = 0;
  }

  /** Whether the roster lists an address for a source at some time; null where it lists none of that length. */
  lists(group: Group, source: number, time: number, bytes: Uint8Array, at: number, length: number): boolean | null {
    const { roster } = group;
    // Each of the first messages of a member asks, and of many members none finds its stay in a cache.
    if (!roster.hasAddresses) return null;
    let hasSome = false;
    for (let place = roster.find(source); roster.isOf(place, source); place++) {
      const stay = roster.stayAt(place);
      if (!roster.covers(stay, time)) continue;
      const listed = roster.lists(stay, bytes, at, length);
      if (listed === true) return true;
      if (listed === false) hasSome = true;
    }
    return hasSome ? false : null;
  }

  /** The member that the roster lists an address for, or null. */
  ownerOf(group: Group, time: number, bytes: Uint8Array, at: number, length: number): number | null {
    const { roster } = group;
    if (!roster.hasAddresses) return null;
    for (let stay = 0; stay < roster.length; stay++) {
      if (roster.covers(stay, time) && roster.lists(stay, bytes, at, length) === true) return roster.id(stay);
    }
    return null;
  }

  /** Another group than this that has an address as its multicast address, or null. */
  otherGroup(group: Group, bytes: Uint8Array, at: number, length: number): Group | null {
    if (this.#groupsSeen < this.#groups.length) this.#takeIn();
    if (length === 4) {
      if (bytes[at] >>> 4 !== 14) return null;
      const owner = this.#ipv4.get(addressWord(bytes, at));
      return owner === undefined || owner === group ? null : owner;
    }
    if (bytes[at] !== 0xff) return null;
    const found = this.#ipv6.find((entry) => isAddress(bytes, at, entry.address));
    return found === undefined || found.group === group ? null : found.group;
  }

  #takeIn(): void {
    for (; this.#groupsSeen < this.#groups.length; this.#groupsSeen++) {
      const group = this.#groups[this.#groupsSeen];
      for (const address of group.multicast) {
        if (address.length !== 4) this.#ipv6.push({ address, group });
        else if (!this.#ipv4.has(addressWord(address, 0))) this.#ipv4.set(addressWord(address, 0), group);
      }
    }
  }
}
