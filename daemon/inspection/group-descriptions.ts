// What a keyring says of groups, for whoever looks at an analysis. No key is among it.

import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { GroupDescription } from './contract.ts';

/**
 * All groups, in the order of the keyring.
 *
 * @param time milliseconds since 1970 UTC at which the states of the keys are taken
 */
export function groupDescriptions(keyring: Keyring, time: number): GroupDescription[] {
  return keyring.groups.map((group) => ({
    id: group.id,
    name: group.name === group.idText ? null : group.name,
    members: group.members.map(({ id, name, from, until }) => ({ id, name, from, until })),
    keys: group.keys.map((key) => ({
      pgkId: key.id,
      notBefore: key.notBefore,
      notAfter: key.notAfter,
      state: epochStateAt(key, time),
      revokedAt: key.revokedAt,
      compromisedAt: key.compromisedAt,
      suspendedAt: key.suspendedAt,
      resumedAt: key.resumedAt,
      destroyedAt: key.destroyedAt,
    })),
  }));
}
