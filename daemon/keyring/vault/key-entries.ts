// Records of the audit log that name keys: group, id, window, fingerprint. Never the key, nor an unkeyed hash of it.

import type { AuditEntry } from '../../audit/record.ts';
import { layer2IdText } from '../group.ts';
import { fingerprintText } from './listing.ts';
import type { Merged } from './merge-keyring.ts';
import type { VaultKey } from './vault-contents.ts';
import type { KeyInState } from './vault-keyring.ts';

// We chose.

/** Keys named in one record. It stays below 48 KiB. */
const KEYS_A_RECORD = 256;
/** Keys that records of something done again and again name one by one. Above: groups with numbers of keys. */
const KEYS_ONE_BY_ONE = 1024;

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

/** The same for what is done again and again: many keys are told as groups with numbers of keys. */
export function briefEntries(
  type: string,
  keys: readonly KeyInState[],
  data: Readonly<Record<string, string>>,
): AuditEntry[] {
  if (keys.length <= KEYS_ONE_BY_ONE) return keyEntries(type, keys, data);
  const counts = new Map<number, number>();
  for (const { group } of keys) counts.set(group.id, (counts.get(group.id) ?? 0) + 1);
  const groups = Array.from(counts, ([group, count]) => ({ group: layer2IdText(group), keys: count }));
  const entries: AuditEntry[] = [];
  for (let at = 0; at < groups.length; at += KEYS_A_RECORD) {
    entries.push({ type, data: { ...data, groups: groups.slice(at, at + KEYS_A_RECORD) } });
  }
  return entries;
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
