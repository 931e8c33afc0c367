// The tables of `-z` as text.

import { VERDICTS, type Verdict } from '../daemon/events.ts';
import type { GroupRow } from '../daemon/statistics.ts';
import { formatMilliseconds } from '../daemon/time.ts';
import { aligned } from './columns.ts';

/** `-z groups`: a row a group, with messages by verdict. */
export function groupsTable(rows: readonly GroupRow[]): string {
  const used = VERDICTS.filter((verdict) => rows.some((row) => row.verdicts[verdict] !== undefined));
  const header = ['group', 'name', 'sources', 'messages', 'octets', ...used, 'first', 'last'];
  const body = rows.map((row) => [
    row.group,
    row.groupName ?? '',
    String(row.sources),
    String(row.messages),
    String(row.octets),
    ...used.map((verdict: Verdict) => String(row.verdicts[verdict] ?? 0)),
    formatMilliseconds(row.first),
    formatMilliseconds(row.last),
  ]);
  return aligned(header, body);
}
