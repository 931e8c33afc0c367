// The message flow of one group as rows: what one sender says without a pause is one row, and changes of keys are rows of
// their own. Built in slices from the store, so that a million messages hold up no key, and no message is kept twice.

import { VERDICTS } from '../../daemon/events.ts';
import type { MessageStore } from './message-store.ts';

/** Constants we chose. */
/** Rows kept; above it the oldest half goes. */
export const FLOW_ROWS = 1 << 18;
/** Members that have a column; further senders share the last one. */
export const FLOW_MEMBERS = 256;
/** Streams that are open at a time; above it the one that was opened first is closed. */
const OPEN_STREAMS = 4096;
/** Messages looked at between two looks at the clock. */
const SLICE = 4096;
/** Longest pause inside a row by zoom step, in milliseconds; 0: every message is a row of its own. */
export const ZOOM_PAUSES = [0, 250, 1000, 5000, 30_000, 300_000] as const;
/** The step that a flow begins with: pauses of a talker are shorter. */
export const FIRST_ZOOM = 2;

/** Only messages under a key that may be used say that a group changed its key: a stale one says the contrary. */
const DECRYPTED = VERDICTS.indexOf('decrypted');

/** What a row is. */
export type FlowRowKind = 'messages' | 'pgk' | 'ptk';

/** One row. Ordinals are those of the store. */
export interface FlowRow {
  readonly kind: FlowRowKind;
  /** The first and the last message of it; for a change of keys the message that brought it, twice. */
  first: number;
  last: number;
  count: number;
  /** Octets of its SDUs. */
  octets: number;
  /** Capture time of the first and the last (ms since 1970). */
  readonly from: number;
  to: number;
  /** Place of the sender in `members`. */
  readonly member: number;
  readonly verdict: number;
  readonly pgkId: number;
  readonly ptkId: number;
  /** Names of protocols as the store has them. */
  readonly protocols: string;
  /** Place in SEVERITIES of the worst finding, or -1, and the message that raised it. */
  worst: number;
  worstAt: number;
  /** Of a change of keys: the id before; -1: none. */
  readonly before: number;
}

/** A sender. */
export interface FlowMember {
  readonly source: number;
  readonly name: string | null;
  pgkId: number;
  ptkId: number;
  messages: number;
}

/** See the head of the file. */
export class GroupFlow {
  readonly group: number;
  readonly zoom: number;
  readonly members: FlowMember[] = [];
  readonly #store: MessageStore;
  readonly #pause: number;
  readonly #memberOf = new Map<number, number>();
  readonly #open = new Map<string, FlowRow>();
  #rows: FlowRow[] = [];
  /** Rows that went, so that a cursor can follow. */
  dropped = 0;
  #next: number;
  /** PGK that the group is on: the one first used last. */
  #pgkId = -1;
  readonly #pgksSeen = new Set<number>();

  constructor(store: MessageStore, group: number, zoom: number = FIRST_ZOOM) {
    this.#store = store;
    this.group = group;
    this.zoom = zoom;
    this.#pause = ZOOM_PAUSES[zoom] ?? ZOOM_PAUSES[FIRST_ZOOM];
    this.#next = store.first;
  }

  get rows(): readonly FlowRow[] {
    return this.#rows;
  }

  /** Part of the store that was looked at, from 0 to 1. */
  get progress(): number {
    const { first, count } = this.#store;
    return count === first ? 1 : Math.min(1, (this.#next - first) / (count - first));
  }

  /**
   * Goes on through the store.
   *
   * @param until tells whether the time is up; asked now and then
   * @returns true where all of it has been looked at
   */
  advance(until: () => boolean): boolean {
    const store = this.#store;
    if (this.#next < store.first) this.#next = store.first;
    this.#forget();
    while (this.#next < store.count) {
      const end = Math.min(store.count, this.#next + SLICE);
      for (; this.#next < end; this.#next++) if (store.group(this.#next) === this.group) this.#take(this.#next);
      if (until()) break;
    }
    return this.#next >= store.count;
  }

  /** The row that a message is part of; the nearest one before it where it is of another group; -1 where there is none. */
  rowOf(ordinal: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows[middle].first <= ordinal) low = middle + 1;
      else high = middle;
    }
    const store = this.#store;
    if (!store.has(ordinal) || store.group(ordinal) !== this.group) return low - 1;
    const member = this.#memberOf.get(store.source(ordinal));
    for (let row = low - 1; row >= 0 && row > low - 512; row--) {
      const each = this.#rows[row];
      if (each.kind === 'messages' && each.member === member && each.last >= ordinal) return row;
    }
    return low - 1;
  }

  /** Messages of a row in order, `most` of them at most. */
  messagesOf(row: FlowRow, most: number): number[] {
    const store = this.#store;
    const ordinals: number[] = [];
    const { source } = this.members[row.member];
    for (let ordinal = Math.max(row.first, store.first); ordinal <= row.last && ordinals.length < most; ordinal++) {
      if (store.group(ordinal) !== this.group || store.source(ordinal) !== source) continue;
      if (store.verdict(ordinal) !== row.verdict || store.pgkId(ordinal) !== row.pgkId) continue;
      if (store.ptkId(ordinal) === row.ptkId && store.protocols(ordinal) === row.protocols) ordinals.push(ordinal);
    }
    return ordinals;
  }

  #take(ordinal: number): void {
    const store = this.#store;
    const time = store.time(ordinal);
    const verdict = store.verdict(ordinal);
    const pgkId = store.pgkId(ordinal);
    const ptkId = store.ptkId(ordinal);
    const at = this.#member(store.source(ordinal), ordinal);
    const member = this.members[at];
    member.messages++;
    if (pgkId >= 0 && verdict === DECRYPTED) this.#noteKeys(ordinal, at, pgkId, ptkId, time);
    const protocols = store.protocols(ordinal);
    const key = `${at} ${verdict} ${pgkId} ${ptkId} ${protocols}`;
    const open = this.#open.get(key);
    const worst = store.worst(ordinal);
    if (open !== undefined && this.#pause > 0 && time - open.to <= this.#pause && time >= open.from) {
      open.last = ordinal;
      open.count++;
      open.octets += store.length(ordinal);
      open.to = Math.max(open.to, time);
      if (worst > open.worst) {
        open.worst = worst;
        open.worstAt = ordinal;
      }
      return;
    }
    const row: FlowRow = {
      ...{ kind: 'messages', first: ordinal, last: ordinal, count: 1, octets: store.length(ordinal) },
      ...{ from: time, to: time, member: at, verdict, pgkId, ptkId, protocols, worst, worstAt: ordinal, before: -1 },
    };
    this.#add(row);
    this.#open.delete(key);
    this.#open.set(key, row);
    if (this.#open.size > OPEN_STREAMS) this.#open.delete(this.#open.keys().next().value as string);
  }

  /** A PGK that nobody of the group has used before, and a member that takes another PTK id. */
  #noteKeys(ordinal: number, at: number, pgkId: number, ptkId: number, time: number): void {
    const member = this.members[at];
    const change = (kind: 'pgk' | 'ptk', before: number): void => {
      this.#add({
        ...{ kind, first: ordinal, last: ordinal, count: 0, octets: 0, from: time, to: time, member: at },
        ...{ verdict: 0, pgkId, ptkId, protocols: '', worst: -1, worstAt: ordinal, before },
      });
    };
    if (!this.#pgksSeen.has(pgkId)) {
      this.#pgksSeen.add(pgkId);
      change('pgk', this.#pgkId);
      this.#pgkId = pgkId;
    } else if (member.pgkId === pgkId && member.ptkId !== ptkId && member.ptkId >= 0) change('ptk', member.ptkId);
    member.pgkId = pgkId;
    member.ptkId = ptkId;
  }

  #member(source: number, ordinal: number): number {
    const known = this.#memberOf.get(source);
    if (known !== undefined) return known;
    const at = this.members.length;
    if (at >= FLOW_MEMBERS) return FLOW_MEMBERS - 1;
    this.members.push({ source, name: this.#store.sourceName(ordinal), pgkId: -1, ptkId: -1, messages: 0 });
    this.#memberOf.set(source, at);
    return at;
  }

  #add(row: FlowRow): void {
    this.#rows.push(row);
    if (this.#rows.length <= FLOW_ROWS) return;
    const half = FLOW_ROWS >>> 1;
    this.#rows = this.#rows.slice(half);
    this.dropped += half;
  }

  /** Rows of messages that the store no longer keeps. */
  #forget(): void {
    const { first } = this.#store;
    let gone = 0;
    while (gone < this.#rows.length && this.#rows[gone].last < first) gone++;
    if (gone === 0) return;
    this.#rows = this.#rows.slice(gone);
    this.dropped += gone;
  }
}
