// Groups of a vault that nobody has described. A MIKEY message names a group and brings a PGK; which algorithm the group
// uses does not stand in it, so a group that is known from deliveries alone has an assumed one, until somebody tells.

import { ASSUMED_GROUP, layer2IdText } from '../keyring.ts';
import type { VaultGroup } from './vault-contents.ts';

/** Where a PGK comes from that was delivered in traffic, for the list. */
export const DELIVERED = 'delivered by MIKEY';

/** Whether all that is known of a group are PGKs that were delivered for it. */
export function isAssumed(group: VaultGroup): boolean {
  const { id, name, algorithm, protection, derivation, multicast, members, keys } = group;
  const isBare = name === layer2IdText(id) && multicast.length === 0 && members.length === 0;
  const isGuess =
    algorithm === ASSUMED_GROUP.algorithm &&
    protection === ASSUMED_GROUP.protection &&
    derivation === ASSUMED_GROUP.derivation;
  return isBare && isGuess && keys.length > 0 && keys.every(({ source }) => source === DELIVERED);
}
