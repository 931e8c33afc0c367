// What `sidescope keys` prints. Never a key.

import type { ListedKeyRow } from '../daemon/engine-process/replay-use.ts';
import type { KeyOrder } from '../daemon/keyring/vault/transitions.ts';
import type { ImportCounts, SlotRow, VaultKeyRow } from '../daemon/keyring/vault.ts';
import { printable, printableJson } from '../dissectors/printable.ts';
import { aligned } from './columns.ts';

/** The keys as a table. */
export function keysText(rows: readonly ListedKeyRow[]): string {
  if (rows.length === 0) return 'the vault holds no PGK\n';
  const isReplayed = rows.some(({ replayed }) => replayed !== undefined);
  const fixed = ['group', 'name', 'pgk', 'state', 'from', 'until', 'days left', 'fingerprint', 'frames', 'octets'];
  const header = isReplayed ? [...fixed, 'replayed'] : fixed;
  const body = rows.map((row) => [
    row.group,
    row.groupName,
    String(row.pgkId),
    row.state,
    minute(row.notBefore),
    minute(row.notAfter),
    row.daysLeft === null ? '' : String(row.daysLeft),
    row.fingerprint,
    share(row.frames, row.frameBudget),
    share(row.octets, row.octetBudget),
    ...(isReplayed ? [String(row.replayed?.frames ?? 0)] : []),
  ]);
  return aligned(header, body);
}

/** The keys as one JSON object. */
export function keysJson(generation: number, rows: readonly ListedKeyRow[]): string {
  return `${printableJson({ v: 1, type: 'keys', generation, keys: rows }, 2)}\n`;
}

/** What an import came to. */
export function importText(name: string, counts: ImportCounts): string {
  const { added, restricted, known, groupsChanged, pmks, nodeKeys, managers } = counts;
  const parts = [`${added} added`, `${known} held before`];
  if (restricted > 0) parts.push(`${restricted} now more restricted`);
  if (groupsChanged > 0) parts.push(`${groupsChanged} groups new or changed`);
  const others = [
    [pmks, 'PMK'],
    [nodeKeys, 'node key'],
    [managers, 'manager'],
  ] as const;
  for (const [count, what] of others) if (count > 0) parts.push(`${count} ${what}${count === 1 ? '' : 's'} added`);
  return `${printable(name)}: ${parts.join(', ')}\n`;
}

const DONE: Readonly<Record<KeyOrder, string>> = {
  revoke: 'revoked',
  compromise: 'compromised',
  suspend: 'suspended',
  resume: 'resumed',
  destroy: 'destroyed',
};

/** What an order was carried out on. */
export function orderText(order: KeyOrder, rows: readonly VaultKeyRow[]): string {
  const lines = rows.map((row) => {
    return `${DONE[order]} ${row.group}/${row.pgkId}, fingerprint ${row.fingerprint}: it is ${row.state}\n`;
  });
  return lines.join('');
}

function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')}Z`;
}

/** Used of a budget, e.g. `1200 (0 %)`. */
function share(used: number, budget: number): string {
  return used === 0 ? '0' : `${used} (${Math.floor((used / budget) * 100)} %)`;
}

/** Who can open a vault. */
export function slotsText(slots: readonly SlotRow[]): string {
  return slots.map(({ id, kind, name }) => `slot ${id}: ${kind}${name === '' ? '' : ` ${printable(name)}`}\n`).join('');
}
