// The multicast addresses of a group in the form that evidence compares them.

import type { Group } from '../keyring/keyring.ts';
import { type GroupAddresses, NO_ADDRESSES } from './evidence.ts';

/** IPv4 addresses as 32-bit numbers, IPv6 addresses as 16 octets. */
export function groupAddresses(group: Group): GroupAddresses {
  const ipv4: number[] = [];
  const ipv6: Uint8Array[] = [];
  for (const address of group.multicast) {
    if (address.length === 4) ipv4.push(new DataView(address.buffer, address.byteOffset, 4).getUint32(0));
    else ipv6.push(address);
  }
  return { of: group.multicast, ipv4, ipv6 };
}

/** The addresses of each group, made when they are first asked for. */
export class AddressesByGroup {
  readonly #made: GroupAddresses[] = [];

  /** Anew where the group got other ones: groups come and change while the engine runs. */
  of(group: Group | null): GroupAddresses {
    if (group === null) return NO_ADDRESSES;
    const made = this.#made[group.index];
    if (made?.of === group.multicast) return made;
    const addresses = groupAddresses(group);
    this.#made[group.index] = addresses;
    return addresses;
  }
}
