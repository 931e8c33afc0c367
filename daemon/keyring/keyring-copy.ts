// A copy of a keyring with octets of its own: what changes or wipes the one leaves the other as it is.

import { Keyring, NodeKey, Pmk } from './keyring.ts';

/** Copies every group, key, PMK and node key. Ends of validity that a delivery replaced are not kept. */
export function copyOfKeyring(keyring: Keyring): Keyring {
  return new Keyring({
    groups: keyring.groups.map((group) => ({
      id: group.id,
      name: group.name,
      algorithm: group.algorithm,
      protection: group.protection,
      derivation: group.derivation,
      multicast: group.multicast,
      members: group.members,
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
    })),
    pmks: keyring.pmks.map((pmk) => new Pmk(pmk.id, Uint8Array.from(pmk.octets), pmk.member, pmk.profile)),
    lkh: keyring.lkh.map((node) => new NodeKey(node.group, node.node, node.version, Uint8Array.from(node.octets))),
    managers: keyring.managers,
  });
}
