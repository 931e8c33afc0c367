// Records of the audit log that name keys: group, id, window, fingerprint. Never the key, nor an unkeyed hash of it.

import type { AuditEntry } from '../../audit/record.ts';
import { layer2IdText } from '../group.ts';
import { fingerprintText } from './listing.ts';
import type { Merged } from './merge-keyring.ts';
import type { VaultKey } from './vault-contents.ts';
import type { KeyInState } from './vault-keyring.ts';

/** We chose: keys named in one record. It stays below 48 KiB. */
const KEYS_A_RECORD = 256;

/** Records that say of keys what `type` says; `data` stands in each. */
export function keyEntries(
  type: string,
  keys: readonly KeyInState[],
  data: Readonly<Record<string, string>>,
): AuditEntry[] {
  return entriesOf(
    type,
    keys.map(({ group, key }) => ({ group: group.id, key })),
    data,
  );
}

/** Records of the keys that a merge added or restricted. */
export function mergedEntries({ added, restricted }: Pick<Merged, 'added' | 'restricted'>): AuditEntry[] {
  return [...entriesOf('key.imported', added, {}), ...entriesOf('key.restricted', restricted, {})];
}

function entriesOf(
  type: string,
  keys: readonly { readonly group: number; readonly key: VaultKey }[],
  data: Readonly<Record<string, string>>,
): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let at = 0; at < keys.length; at += KEYS_A_RECORD) {
    const named = keys.slice(at, at + KEYS_A_RECORD).map(({ group, key }) => ({
      group: layer2IdText(group),
      pgkId: key.id,
      notBefore: new Date(key.notBefore).toISOString(),
      notAfter: new Date(key.notAfter).toISOString(),
      fingerprint: fingerprintText(key.fingerprint),
    }));
    entries.push({ type, data: { ...data, keys: named } });
  }
  return entries;
}
