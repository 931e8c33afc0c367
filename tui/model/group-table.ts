// Groups as they are heard: how much each sends, who is heard, what was said of its messages. Updated batch by batch.

import { type FindingEvent, SEVERITIES, VERDICTS } from '../../daemon/events.ts';
import {
  type GroupDescription,
  GroupForm,
  type KeyDescription,
  type MessageBatch,
} from '../../daemon/inspection/contract.ts';
import { hasOpened } from './epoch-use.ts';
import { groupIdText } from './message-store.ts';

/** Constants we chose. */
/** Groups that have a row; an attacker chooses every id, and above it messages are counted under `others`. */
export const GROUP_ROWS = 1024;
/** Sources counted of one group; above it further ones are not told apart. */
const SOURCES_COUNTED = 4096;
/** Seconds of the sparkline. */
export const RATE_SECONDS = 60;
/** Seconds over which messages/s is taken. */
const RATE_OVER = 10;

/** One row. */
export class GroupRow {
  /** Group code (contract.ts). */
  readonly code: number;
  readonly idText: string;
  name: string | null = null;
  /** Roster and keys, where the group is known. */
  description: GroupDescription | null = null;
  messages = 0;
  octets = 0;
  /** Messages by verdict. */
  readonly verdicts = new Float64Array(VERDICTS.length);
  /** Layer-2 ids heard. */
  readonly sources = new Set<number>();
  /** Capture time of the first and the last message; NaN before one. */
  first = Number.NaN;
  last = Number.NaN;
  /** PGK id that the last message opened under, or -1. */
  lastPgkId = -1;
  /** Place in SEVERITIES of the worst finding, or -1, and its name. */
  worst = -1;
  worstName = '';
  findings = 0;
  readonly #perSecond = new Float64Array(RATE_SECONDS);
  /** Second (since 1970) of the newest count. */
  #second = Number.NaN;

  constructor(code: number) {
    this.code = code;
    this.idText = groupIdText(code);
  }

  /** Counts one message. */
  note(time: number, source: number, octets: number, verdict: number, pgkId: number): void {
    this.messages++;
    this.octets += octets;
    this.verdicts[verdict]++;
    if (this.sources.size < SOURCES_COUNTED) this.sources.add(source);
    if (!(this.first <= time)) this.first = time;
    if (!(this.last >= time)) this.last = time;
    if (pgkId >= 0 && hasOpened(verdict)) this.lastPgkId = pgkId;
    this.#count(Math.floor(time / 1000));
  }

  /** Messages in each of the last 60 s before an instant (ms since 1970), the oldest first. */
  sparkline(now: number): number[] {
    const end = Math.floor(now / 1000);
    return Array.from({ length: RATE_SECONDS }, (_, index) => this.#at(end - RATE_SECONDS + 1 + index));
  }

  /** Messages a second, over the last 10 s before an instant. */
  rate(now: number): number {
    const end = Math.floor(now / 1000);
    let sum = 0;
    for (let second = end - RATE_OVER + 1; second <= end; second++) sum += this.#at(second);
    return sum / RATE_OVER;
  }

  #at(second: number): number {
    return second > this.#second || second <= this.#second - RATE_SECONDS ? 0 : this.#perSecond[mod(second)];
  }

  #count(second: number): void {
    if (Number.isNaN(this.#second)) this.#second = second;
    if (second > this.#second) {
      const gone = Math.min(RATE_SECONDS, second - this.#second);
      for (let step = 1; step <= gone; step++)
        this.#perSecond[mod(this.#second + step + (second - this.#second - gone))] = 0;
      this.#second = second;
    }
    if (second > this.#second - RATE_SECONDS) this.#perSecond[mod(second)]++;
  }
}

function mod(second: number): number {
  return ((second % RATE_SECONDS) + RATE_SECONDS) % RATE_SECONDS;
}

/** All groups, in the order in which they were told of or heard. */
export class GroupTable {
  readonly #rows = new Map<number, GroupRow>();
  /** Messages of groups beyond GROUP_ROWS. */
  others = 0;
  /** Capture time of the newest message of any group (ms since 1970); NaN before one. */
  now = Number.NaN;

  /** All rows. */
  rows(): GroupRow[] {
    return [...this.#rows.values()];
  }

  /** How many there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** The row of a group code. */
  row(code: number): GroupRow | undefined {
    return this.#rows.get(code);
  }

  /** What the keyring says of groups. */
  describe(groups: readonly GroupDescription[]): void {
    for (const group of groups) {
      const row = this.#obtain(group.id);
      if (row === null) continue;
      row.description = group;
      row.name = group.name;
    }
  }

  add(batch: MessageBatch): void {
    let row: GroupRow | null = null;
    let code = -1;
    for (let at = 0; at < batch.count; at++) {
      if (batch.group[at] !== code) {
        code = batch.group[at];
        row = this.#obtain(code);
      }
      const time = batch.time[at];
      if (!(this.now >= time)) this.now = time;
      if (row === null) this.others++;
      else row.note(time, batch.source[at], batch.length[at], batch.verdict[at], batch.pgkId[at]);
    }
  }

  /** A message of a group was judged anew. @param before,verdict places in VERDICTS */
  correct(code: number, before: number, verdict: number, pgkId: number): void {
    const row = this.#rows.get(code);
    if (row === undefined) return;
    row.verdicts[before]--;
    row.verdicts[verdict]++;
    if (pgkId >= 0 && hasOpened(verdict)) row.lastPgkId = pgkId;
  }

  /** A finding, told for the first time. */
  finding(event: FindingEvent): void {
    if (event.group === null) return;
    const row = [...this.#rows.values()].find((each) => each.idText === event.group);
    if (row === undefined) return;
    row.findings++;
    const severity = SEVERITIES.indexOf(event.severity);
    if (severity <= row.worst) return;
    row.worst = severity;
    row.worstName = event.name;
  }

  #obtain(code: number): GroupRow | null {
    const known = this.#rows.get(code);
    if (known !== undefined) return known;
    if (this.#rows.size >= GROUP_ROWS) return null;
    const row = new GroupRow(code);
    this.#rows.set(code, row);
    return row;
  }
}

/**
 * The key that a group's row shows: the one its last message opened under, else the active one that ends first, else none.
 */
export function currentKey(row: GroupRow): KeyDescription | null {
  const keys = row.description?.keys ?? [];
  const used = keys.filter((key) => key.pgkId === row.lastPgkId).at(-1);
  if (used !== undefined) return used;
  const active = keys.filter((key) => key.state === 'active' || key.state === 'overlap');
  return active.sort((a, b) => a.notAfter - b.notAfter)[0] ?? keys.at(-1) ?? null;
}

/** True for a group of which only a part of the id is known. */
export function isPartialGroup(code: number): boolean {
  return code >>> 24 !== GroupForm.whole;
}
