// What the vault knows of managed groups and the group manager did not bring about: orders about their PGKs, and PGKs that
// came from elsewhere. The vault is asked whenever the state is loaded, so that the two cannot come to differ.

import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Keyring, PgkEpoch } from '../keyring/keyring.ts';
import type { GroupState, KeyWindow, ManagedPgk, PgkOrder } from './group-state.ts';

/**
 * Brings a state up to what the vault says.
 *
 * @param keyring of the vault; octets are not looked at
 * @param now wall clock, milliseconds since 1970
 */
export function takeVaultOrders(state: GroupState, keyring: Keyring, now: number): void {
  for (const group of state.groups.values()) {
    const epochs = new Map((keyring.groupById(group.id)?.keys ?? []).map((epoch) => [nameOf(epoch), epoch]));
    group.pgks = group.pgks.map((pgk) => {
      const name = nameOf({ id: pgk.pgkId, notBefore: pgk.notBefore });
      const epoch = epochs.get(name);
      epochs.delete(name);
      return epoch === undefined ? pgk : ordered(pgk, orderOf(epoch, now));
    });
    group.foreign = foreignWindows([...epochs.values()]);
  }
}

/** Ids and windows of PGKs that are not the manager's own. */
export function foreignWindows(epochs: readonly PgkEpoch[]): KeyWindow[] {
  return epochs.map(({ id, notBefore, notAfter }) => ({ pgkId: id, notBefore, notAfter }));
}

function ordered(pgk: ManagedPgk, order: PgkOrder | null): ManagedPgk {
  // A vault from before destroying reached this state.
  if (order === 'destroyed') pgk.octets.fill(0);
  return { ...pgk, order };
}

function orderOf(epoch: PgkEpoch, now: number): PgkOrder | null {
  const { destroyedAt, revokedAt, compromisedAt } = epoch;
  if (destroyedAt !== null) return 'destroyed';
  if ([revokedAt, compromisedAt].some((at) => at !== null && at <= now)) return 'taken-back';
  return epochStateAt(epoch, now) === 'suspended' ? 'suspended' : null;
}

/** As in the vault: PGK ids come round again, so the beginning is part of the name. */
function nameOf({ id, notBefore }: Pick<PgkEpoch, 'id' | 'notBefore'>): string {
  return `${id}/${notBefore}`;
}
