// Keys and groups as the parent may know them: names, dates, states; no octets.

import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Keyring, PgkEpoch } from '../keyring/keyring.ts';
import type { KeyName } from '../relay/relay-record.ts';
import type { GroupRow, KeyRow } from './engine-port.ts';

/** The name of a key, without its octets. */
export function keyNameOf(epoch: PgkEpoch): KeyName {
  return { group: epoch.group.idText, pgkId: epoch.id, notBefore: epoch.notBefore };
}

/**
 * The keys of several keyrings, each once: those of the first as they are there, of the others what was delivered to them
 * alone.
 *
 * @param now wall clock, milliseconds since 1970
 */
export function keyRows(keyrings: readonly Keyring[], now: number): KeyRow[] {
  const rows = new Map<string, KeyRow>();
  for (const keyring of keyrings) {
    for (const epoch of keyring.epochs) {
      const name = keyNameOf(epoch);
      const key = `${name.group}/${name.pgkId}/${name.notBefore}`;
      if (rows.has(key)) continue;
      const { notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt } = epoch;
      const dates = { notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
      rows.set(key, { ...name, ...dates, state: epochStateAt(epoch, now) });
    }
  }
  return [...rows.values()];
}

/** The groups of several keyrings, each once. A member that has none has no name. */
export function groupRows(keyrings: readonly Keyring[]): GroupRow[] {
  const rows = new Map<string, GroupRow>();
  for (const keyring of keyrings) {
    for (const { idText, name, members } of keyring.groups) {
      if (rows.has(idText)) continue;
      const named = members.map((member) => {
        const id = member.id.toString(16).padStart(6, '0');
        return { id, name: member.name === id ? null : member.name, from: member.from, until: member.until };
      });
      rows.set(idText, { group: idText, name, members: named });
    }
  }
  return [...rows.values()];
}

/** The key of a name, or null where the keyring has none. */
export function epochNamed(keyring: Keyring, { group, pgkId, notBefore }: KeyName): PgkEpoch | null {
  const home = keyring.groupById(Number.parseInt(group, 16));
  return home?.keys.find((key) => key.id === pgkId && key.notBefore === notBefore) ?? null;
}
