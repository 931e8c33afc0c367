// The multicast addresses of a group in the form that evidence compares them.

import type { Group } from '../keyring/keyring.ts';
import type { GroupAddresses } from './evidence.ts';

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
