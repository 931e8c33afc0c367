// What `-z findings` prints: the finding records of a capture counted by name, severity, group and source.

import { type FindingEvent, SEVERITIES, type Severity } from './events.ts';

/**
 * We chose: rows for single sources and groups. Above it, what is new is counted in one row a name and severity, without
 * group and source: there are no more of those than the catalogue has names times severities.
 */
export const FINDING_ROW_CAP = 1 << 14;

/** One row. */
export interface FindingRow {
  readonly name: string;
  readonly severity: Severity;
  /** 6 hex digits as in the records; null where the finding names none, and in the rows above the cap. */
  readonly group: string | null;
  readonly source: string | null;
  /** Occurrences. */
  readonly count: number;
  /** RFC 3339, as in the records: the first and the last occurrence. */
  readonly first: string;
  readonly last: string;
  /** Whether this row stands for sources and groups above the cap. */
  readonly others: boolean;
}

type Counted = { -readonly [Key in keyof FindingRow]: FindingRow[Key] };

/** Counts records as they come. Of a live feed only the folded ones may be counted. */
export class FindingStatistics {
  readonly #cap: number;
  readonly #rows = new Map<string, Counted>();

  /** @param cap rows for single sources and groups */
  constructor(cap: number = FINDING_ROW_CAP) {
    this.#cap = cap;
  }

  note(event: FindingEvent): void {
    const row = this.#rowOf(event);
    const last = event.lastTime ?? event.time;
    row.count += event.count;
    if (instant(event.time) < instant(row.first)) row.first = event.time;
    if (instant(last) > instant(row.last)) row.last = last;
  }

  /** The worst first; what is equally bad in order of its first occurrence. */
  rows(): FindingRow[] {
    const severity = (row: FindingRow): number => SEVERITIES.indexOf(row.severity);
    return [...this.#rows.values()].sort(
      (a, b) => severity(b) - severity(a) || compare(instant(a.first), instant(b.first)) || compare(a.name, b.name),
    );
  }

  #rowOf(event: FindingEvent): Counted {
    const { name, severity, group, source } = event;
    const key = `${name} ${severity} ${group} ${source}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const full = this.#rows.size >= this.#cap;
    const common = full ? this.#rows.get(`${name} ${severity}`) : undefined;
    if (common !== undefined) return common;
    const place = full ? { group: null, source: null } : { group, source };
    const row = { name, severity, ...place, count: 0, first: event.time, last: event.time, others: full };
    this.#rows.set(full ? `${name} ${severity}` : key, row);
    return row;
  }
}

/** Times of interfaces with 6 and 9 fraction digits compare as text without their `Z`. */
function instant(time: string): string {
  return time.slice(0, -1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
