// What the epochs view has lines for: groups, under each its keys, under an unfolded key its PTK ids, and when the group has
// no key. Built anew only where something came or was unfolded.

import type { KeyDescription } from '../../daemon/inspection/contract.ts';
import { type GroupUse, hasUsed, type KeyUse, type MemberUse, type PtkUse } from './epoch-use.ts';
import type { GroupRow } from './group-table.ts';
import { coveredSpans, gapsBetween, type TimeSpan } from './key-cover.ts';
import { layer2Text } from './message-store.ts';
import type { Session } from './session.ts';

/** What every line has. */
interface LineBase {
  /** Names the line for as long as it is there. */
  readonly id: string;
  readonly row: GroupRow;
}

/** A line. `gap`: no key between two; `end`: of the last key, null where there is none. */
export type EpochLine = LineBase &
  (
    | { readonly kind: 'group' }
    | {
        readonly kind: 'key';
        readonly pgkId: number;
        /** Null: used, and not told of. */
        readonly key: KeyDescription | null;
        readonly use: KeyUse | undefined;
        /** Other keys of the group. */
        readonly others: () => readonly KeyDescription[];
        /** Members of the roster that used it. */
        readonly heard: () => number;
        /** Several keys of the group have this id: what was used is counted for all of them together. */
        readonly isAmbiguous: boolean;
      }
    | {
        readonly kind: 'ptk';
        readonly pgkId: number;
        readonly keyId: string;
        readonly ptk: PtkUse;
        readonly name: string;
      }
    | { readonly kind: 'gap'; readonly gap: TimeSpan }
    | { readonly kind: 'end'; readonly end: number | null }
  );

/**
 * Lines of all groups that have keys or were heard.
 *
 * @param isUnfolded says whether a line of a key is unfolded, by its id
 */
export function epochLines(session: Session, isUnfolded: (id: string) => boolean): EpochLine[] {
  return session.groups.rows().flatMap((row) => groupLines(session, row, isUnfolded));
}

function groupLines(session: Session, row: GroupRow, isUnfolded: (id: string) => boolean): EpochLine[] {
  const lines: EpochLine[] = [{ id: String(row.code), kind: 'group', row }];
  const use = session.epochUse.group(row.code);
  const names = namesOf(row, use?.members);
  const keys = [...(row.description?.keys ?? [])].sort((a, b) => a.notBefore - b.notBefore || a.pgkId - b.pgkId);
  const told = new Map<number, number>();
  for (const { pgkId } of keys) told.set(pgkId, (told.get(pgkId) ?? 0) + 1);
  const strays = [...(use?.keys.keys() ?? [])].filter((pgkId) => !told.has(pgkId));
  const wanted = [...keys.map((key) => ({ key, pgkId: key.pgkId })), ...strays.map((pgkId) => ({ key: null, pgkId }))];
  for (const { key, pgkId } of wanted) {
    const keyUse = use?.keys.get(pgkId);
    const id = `${row.code}/${pgkId}@${key?.notBefore ?? ''}`;
    lines.push({
      ...{ id, kind: 'key', row, pgkId, key, use: keyUse, isAmbiguous: (told.get(pgkId) ?? 0) > 1 },
      others: () => keys.filter((other) => other !== key),
      heard: () => heardOf(row, pgkId, use),
    });
    if (keyUse === undefined || !isUnfolded(id)) continue;
    for (const ptk of keyUse.ptks.values()) {
      const name = names.get(ptk.source) ?? layer2Text(ptk.source);
      lines.push({ id: `${id}/${ptk.source}/${ptk.ptkId}`, kind: 'ptk', row, pgkId, keyId: id, ptk, name });
    }
  }
  const covered = coveredSpans(keys);
  for (const gap of gapsBetween(covered)) lines.push({ id: `${row.code}/gap@${gap.from}`, kind: 'gap', row, gap });
  lines.push({ id: `${row.code}/end`, kind: 'end', row, end: covered.at(-1)?.to ?? null });
  return lines;
}

/** Names of members, by Layer-2 id: those of the roster, else those that messages had. */
export function namesOf(row: GroupRow, heard: ReadonlyMap<number, MemberUse> | undefined): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const { source, name } of heard?.values() ?? []) if (name !== null) names.set(source, name);
  for (const { id, name } of row.description?.members ?? []) names.set(id, name);
  return names;
}

function heardOf({ description }: GroupRow, pgkId: number, use: GroupUse | undefined): number {
  const roster = new Set(description?.members.map(({ id }) => id));
  return [...roster].filter((id) => hasUsed(use?.members.get(id), pgkId)).length;
}
