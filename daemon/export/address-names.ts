// Names for the name-resolution blocks of a written capture: groups by their multicast addresses, members by theirs.

import type { WrittenName } from '../../captures/formats/pcapng-writer.ts';
import { printable } from '../../dissectors/printable.ts';
import type { Keyring } from '../keyring/keyring.ts';

/**
 * One name for each address of the keyring, in its order. An address that several groups or members have bears all their
 * names. Characters that a terminal obeys are escaped.
 */
export function addressNames(keyring: Keyring): WrittenName[] {
  const found = new Map<string, { readonly address: Uint8Array; readonly names: Set<string> }>();
  const note = (address: Uint8Array, name: string): void => {
    if (name === '') return;
    const key = address.join('.');
    const held = found.get(key);
    if (held === undefined) found.set(key, { address, names: new Set([printable(name)]) });
    else held.names.add(printable(name));
  };
  for (const group of keyring.groups) {
    for (const address of group.multicast) note(address, group.name);
    for (const member of group.members) {
      for (const address of member.addresses) note(address, member.name);
    }
  }
  return Array.from(found.values(), ({ address, names }) => ({ address, name: [...names].join(' / ') }));
}
