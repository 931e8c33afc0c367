// What each PGK of each group was used for, as it is heard: how much, by whom, when, under which PTK ids; and which key each
// member is on. Updated batch by batch. Only messages that opened under a key leave anything here, so that whoever holds none
// cannot make it grow.

import { VERDICTS } from '../../daemon/events.ts';
import { type MessageBatch, NO_NAME } from '../../daemon/inspection/contract.ts';

/** Constants we chose. */
/** Buckets of a density; what lasts longer gets wider ones. */
export const DENSITY_BUCKETS = 256;
/** Width of a bucket to begin with, in ms; it doubles as needed. */
export const FIRST_BUCKET_MS = 1000;
/** Members of a group that are told apart; messages of further ones count for their key alone. */
export const MEMBERS_TOLD_APART = 4096;
/** Pairs of a member and a PTK id kept of a key; further ones count under `otherPtks`. */
export const PTKS_PER_KEY = 512;

/** The end of any calendar (ECMA-262 21.4.1.1), in ms on either side of 1970: later time stamps count as it. */
const CALENDAR_MS = 8.64e15;

const PTK_IDS = 0x1_0000;
const DECRYPTED = VERDICTS.indexOf('decrypted');
const STALE = VERDICTS.indexOf('stale');

// The specification says (findings, terms).
/** A message that raised one of these did not open under the key that its record names, or does not count as opening. */
const NOT_OPENED: ReadonlySet<string> = new Set(['payload.tampered', 'payload.other_group_key']);

/**
 * Whether a message with this verdict opened under the key that its record names: of an unverifiable one it is the only key
 * that fits, of a forged one that which the context was proved with.
 *
 * @param verdict place in VERDICTS
 */
export function hasOpened(verdict: number): boolean {
  return verdict === DECRYPTED || verdict === STALE;
}

/** How many messages when, in buckets of equal width that begin at whole multiples of it. */
export class Density {
  /** Width of a bucket in ms. */
  width = FIRST_BUCKET_MS;
  /** Bucket n, counted from 1970, stands at n modulo DENSITY_BUCKETS: those from `low` to `high` have places of their own. */
  #counts = new Float64Array(DENSITY_BUCKETS);
  #low = Number.NaN;
  #high = Number.NaN;

  /** Counts one message. @param time ms since 1970 */
  note(time: number): void {
    const within = Math.max(-CALENDAR_MS, Math.min(CALENDAR_MS, time));
    let bucket = Math.floor(within / this.width);
    if (!(this.#low <= bucket && bucket <= this.#high)) {
      if (Number.isNaN(this.#low)) {
        this.#low = bucket;
        this.#high = bucket;
      }
      while (Math.max(this.#high, bucket) - Math.min(this.#low, bucket) >= DENSITY_BUCKETS) {
        this.#coarsen();
        bucket = Math.floor(within / this.width);
      }
      this.#low = Math.min(this.#low, bucket);
      this.#high = Math.max(this.#high, bucket);
    }
    this.#counts[place(bucket)]++;
  }

  /** Messages in the buckets that a span touches (ms since 1970, the end not included). */
  touched(from: number, to: number): number {
    const first = Math.max(this.#low, Math.floor(from / this.width));
    const last = Math.min(this.#high, Math.ceil(to / this.width) - 1);
    let sum = 0;
    for (let bucket = first; bucket <= last; bucket++) sum += this.#counts[place(bucket)];
    return sum;
  }

  #coarsen(): void {
    const wider = new Float64Array(DENSITY_BUCKETS);
    for (let bucket = this.#low; bucket <= this.#high; bucket++) {
      wider[place(Math.floor(bucket / 2))] += this.#counts[place(bucket)];
    }
    this.#counts = wider;
    this.width *= 2;
    this.#low = Math.floor(this.#low / 2);
    this.#high = Math.floor(this.#high / 2);
  }
}

function place(bucket: number): number {
  return ((bucket % DENSITY_BUCKETS) + DENSITY_BUCKETS) % DENSITY_BUCKETS;
}

/** A PTK id that a member used under a PGK. Times: ms since 1970. */
export interface PtkUse {
  readonly source: number;
  readonly ptkId: number;
  messages: number;
  first: number;
  last: number;
}

/** What a PGK was used for. Times: ms since 1970. */
export interface KeyUse {
  readonly pgkId: number;
  messages: number;
  /** Of these, those with the verdict `stale`. */
  stale: number;
  members: number;
  first: number;
  last: number;
  readonly density: Density;
  /** By member and PTK id, in order of first use. */
  readonly ptks: Map<number, PtkUse>;
  /** Messages of pairs beyond PTKS_PER_KEY. */
  otherPtks: number;
}

/** Which key a member is on: that of its newest message that opened. */
export interface MemberUse {
  readonly source: number;
  name: string | null;
  pgkId: number;
  ptkId: number;
  /** That message was `stale`: the key may not be used. */
  isStale: boolean;
  time: number;
  /** Bit n: PGK n was used. */
  readonly pgks: Uint32Array;
}

/** A message that opened under a key. Time: ms since 1970; the group by its code (contract.ts). */
export interface OpenedMessage {
  readonly group: number;
  readonly source: number;
  readonly sourceName: string | null;
  readonly time: number;
  readonly pgkId: number;
  readonly ptkId: number;
  readonly isStale: boolean;
}

/** What the keys of a group were used for. */
export class GroupUse {
  readonly keys = new Map<number, KeyUse>();
  readonly members = new Map<number, MemberUse>();
}

/** See the head of the file. */
export class EpochUse {
  readonly #groups = new Map<number, GroupUse>();
  readonly #names: string[] = [''];
  /** Grows whenever there is a group, key, member or PTK id that was not there before. */
  shape = 0;

  /** What is known of a group, by its code (contract.ts). */
  group(code: number): GroupUse | undefined {
    return this.#groups.get(code);
  }

  add(batch: MessageBatch): void {
    this.#names.push(...batch.names);
    const others = new Set(batch.raised.filter(({ name }) => NOT_OPENED.has(name)).map(({ row }) => row));
    for (let at = 0; at < batch.count; at++) {
      if (batch.pgkId[at] < 0 || !hasOpened(batch.verdict[at]) || others.has(at)) continue;
      const name = batch.sourceName[at];
      this.note({
        ...{
          group: batch.group[at],
          source: batch.source[at],
          sourceName: name === NO_NAME ? null : this.#names[name],
        },
        ...{ time: batch.time[at], pgkId: batch.pgkId[at], ptkId: batch.ptkId[at] },
        isStale: batch.verdict[at] === STALE,
      });
    }
  }

  /** Counts a message that opened under a key. */
  note({ group: code, source, sourceName, time, pgkId, ptkId, isStale }: OpenedMessage): void {
    const group = this.#obtain(this.#groups, code, () => new GroupUse());
    const key = this.#obtain(group.keys, pgkId, () => newKey(pgkId, time));
    key.messages++;
    if (isStale) key.stale++;
    key.first = Math.min(key.first, time);
    key.last = Math.max(key.last, time);
    key.density.note(time);
    if (!group.members.has(source) && group.members.size >= MEMBERS_TOLD_APART) return;
    const member = this.#obtain(group.members, source, () => newMember(source));
    if (!hasUsed(member, pgkId)) {
      member.pgks[pgkId >>> 5] |= 1 << (pgkId & 31);
      key.members++;
    }
    if (time >= member.time) {
      member.time = time;
      member.pgkId = pgkId;
      member.ptkId = ptkId;
      member.isStale = isStale;
      if (sourceName !== null) member.name = sourceName;
    }
    const pair = source * PTK_IDS + ptkId;
    if (!key.ptks.has(pair) && key.ptks.size >= PTKS_PER_KEY) {
      key.otherPtks++;
      return;
    }
    const ptk = this.#obtain(key.ptks, pair, () => ({ source, ptkId, messages: 0, first: time, last: time }));
    ptk.messages++;
    ptk.first = Math.min(ptk.first, time);
    ptk.last = Math.max(ptk.last, time);
  }

  #obtain<Value>(map: Map<number, Value>, key: number, make: () => Value): Value {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    this.shape++;
    return made;
  }
}

function newKey(pgkId: number, time: number): KeyUse {
  return {
    ...{ pgkId, messages: 0, stale: 0, members: 0, first: time, last: time, otherPtks: 0 },
    ...{ density: new Density(), ptks: new Map<number, PtkUse>() },
  };
}

function newMember(source: number): MemberUse {
  const pgks = new Uint32Array(8);
  return { source, name: null, pgkId: -1, ptkId: -1, isStale: false, time: Number.NEGATIVE_INFINITY, pgks };
}

/** Whether a member used a PGK. */
export function hasUsed(member: MemberUse | undefined, pgkId: number): boolean {
  return member !== undefined && (member.pgks[pgkId >>> 5] & (1 << (pgkId & 31))) !== 0;
}
