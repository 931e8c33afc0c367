// The tables of `-z` as text.

import { VERDICTS, type Verdict } from '../daemon/events.ts';
import type { FindingRow } from '../daemon/finding-statistics.ts';
import type { IntervalRow } from '../daemon/interval-statistics.ts';
import type { GroupRow, TalkerRow } from '../daemon/statistics.ts';
import { formatMilliseconds } from '../daemon/time.ts';
import { aligned } from './columns.ts';

type Counted = { readonly verdicts: Readonly<Partial<Record<Verdict, number>>> };

/** `-z groups`: a row a group, with messages by verdict. */
export function groupsTable(rows: readonly GroupRow[]): string {
  const used = usedVerdicts(rows);
  const header = ['group', 'name', 'sources', 'messages', 'octets', ...used, 'first', 'last'];
  const body = rows.map((row) => [
    row.group,
    row.groupName ?? '',
    String(row.sources),
    String(row.messages),
    String(row.octets),
    ...verdictCells(row, used),
    formatMilliseconds(row.first),
    formatMilliseconds(row.last),
  ]);
  return aligned(header, body);
}

/** `-z talkers`: a row a source of a group, the one with the most messages first. */
export function talkersTable(rows: readonly TalkerRow[]): string {
  const used = usedVerdicts(rows);
  const header = ['source', 'name', 'group', 'group name', 'messages', 'octets', ...used, 'first', 'last'];
  const body = rows.map((row) => [
    row.source,
    row.sourceName ?? '',
    row.group,
    row.groupName ?? '',
    String(row.messages),
    String(row.octets),
    ...verdictCells(row, used),
    formatMilliseconds(row.first),
    formatMilliseconds(row.last),
  ]);
  return aligned(header, body);
}

/** `-z io,SECONDS`: a row an interval in which there is a frame. */
export function intervalsTable(rows: readonly IntervalRow[]): string {
  const used = usedVerdicts(rows);
  const header = ['from', 'frames', 'octets', 'messages', ...used];
  const body = rows.map((row) => [
    row.from === null ? 'all others' : formatMilliseconds(row.from),
    String(row.frames),
    String(row.octets),
    String(row.messages),
    ...verdictCells(row, used),
  ]);
  return aligned(header, body);
}

/** `-z findings`: a row for what was found of a source in a group, the worst first. */
export function findingsTable(rows: readonly FindingRow[]): string {
  const header = ['finding', 'severity', 'group', 'source', 'count', 'first', 'last'];
  const body = rows.map((row) => [
    row.name,
    row.severity,
    row.others ? 'others' : (row.group ?? '-'),
    row.others ? 'others' : (row.source ?? '-'),
    String(row.count),
    row.first,
    row.last,
  ]);
  return aligned(header, body);
}

/** Verdicts that at least one row has. */
function usedVerdicts(rows: readonly Counted[]): Verdict[] {
  return VERDICTS.filter((verdict) => rows.some((row) => row.verdicts[verdict] !== undefined));
}

function verdictCells(row: Counted, used: readonly Verdict[]): string[] {
  return used.map((verdict) => String(row.verdicts[verdict] ?? 0));
}
