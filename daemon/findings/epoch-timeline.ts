// What the keys of each group did over time (`-z epochs`): windows and use, who moved to a new key and who did not, where
// keys overlap, where none is valid, when the last one ends, and how long a removed member can still read. Plain data.

import { MessageFlag, type MessageTable, NONE } from '../engine/message-table.ts';
import { grown, SlotTable } from '../engine/slot-table.ts';
import type { EpochStateName } from '../events.ts';
import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Group, Keyring, PgkEpoch } from '../keyring/keyring.ts';
import { memberName } from '../keyring/member-name.ts';

/** We chose: (source, PGK) pairs remembered; above it the one silent for longest is forgotten, and counted. */
const PAIR_CAP = 1 << 16;

/** A span of time, milliseconds since 1970; `to` is the first instant outside. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A source that used keys of a group. */
export interface EpochSource {
  readonly source: string;
  readonly name: string | null;
}

/** One PGK. */
export interface EpochLine {
  readonly pgkId: number;
  readonly fingerprint: string | null;
  readonly state: EpochStateName;
  /** notBefore to notAfter. */
  readonly window: Span;
  /** Where it was good to use: the window less revocation, compromise and suspension. */
  readonly good: readonly Span[];
  /** First to last message, or null where it was not used. */
  readonly used: Span | null;
  readonly messages: number;
  /** Sources that used it. */
  readonly users: readonly EpochSource[];
  /** Sources that used it or a later key. */
  readonly moved: readonly EpochSource[];
  /** Sources heard behind its first use, that used earlier keys alone. */
  readonly stayed: readonly EpochSource[];
}

/** Two keys that were good at the same time. */
export interface EpochOverlap extends Span {
  readonly earlier: number;
  readonly later: number;
}

/** A member that left, and what it can still read. */
export interface RemovedMember extends EpochSource {
  /** When it left. */
  readonly left: number;
  /** End of the last key that it had for sure: those that began before it left. Null: it has none that is good. */
  readonly readsUntil: number | null;
  /** End of the last key that is held, where later keys were provisioned before it left; else equal. */
  readonly mayReadUntil: number | null;
  /** PGK ids that began after it left. */
  readonly laterPgkIds: readonly number[];
  /** Whether it was heard under one of them. */
  readonly usedLater: boolean;
}

/** One group. */
export interface GroupTimeline {
  readonly group: string;
  readonly groupName: string | null;
  /** In order of notBefore. */
  readonly epochs: readonly EpochLine[];
  readonly overlaps: readonly EpochOverlap[];
  /** Spans between the first beginning and the last end in which no key is good. */
  readonly gaps: readonly Span[];
  /** When the last key that is held ends, or null where none is held; of those that were revoked before they began nothing. */
  readonly lastEnd: number | null;
  readonly removed: readonly RemovedMember[];
}

/** Gathers use while messages pass. */
export class EpochTimeline {
  readonly #keyring: Keyring;
  readonly #pairs: SlotTable;
  #source = new Uint32Array(0);
  #serial = new Uint32Array(0);
  #first = new Float64Array(0);
  #last = new Float64Array(0);
  #messages = new Float64Array(0);

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#pairs = new SlotTable(PAIR_CAP, (capacity) => {
      this.#source = grown(this.#source, capacity);
      this.#serial = grown(this.#serial, capacity);
      this.#first = grown(this.#first, capacity);
      this.#last = grown(this.#last, capacity);
      this.#messages = grown(this.#messages, capacity);
    });
  }

  /** Pairs forgotten so far. */
  get evictions(): number {
    return this.#pairs.evictions;
  }

  /** A judged message. */
  note(table: MessageTable, row: number): void {
    const serial = table.epoch[row];
    if (serial === NONE || (table.flags[row] & MessageFlag.opened) === 0) return;
    const time = table.time[row];
    const obtained = this.#pairs.obtain(table.source[row], serial, 0);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0) {
      this.#source[slot] = table.source[row];
      this.#serial[slot] = serial;
      this.#first[slot] = time;
      this.#messages[slot] = 0;
    }
    this.#last[slot] = time;
    this.#messages[slot]++;
  }

  /**
   * The time lines of all groups that have keys, in the order of the keyring.
   *
   * @param time milliseconds since 1970 at which states are taken: that of the last frame
   */
  groups(time: number): GroupTimeline[] {
    const bySerial = this.#bySerial();
    return this.#keyring.groups
      .filter((group) => group.keys.length > 0)
      .map((group) => timeline(group, bySerial, time));
  }

  #bySerial(): Map<number, Use[]> {
    const uses = new Map<number, Use[]>();
    for (let slot = 0; slot < this.#pairs.size; slot++) {
      const use: Use = {
        source: this.#source[slot],
        first: this.#first[slot],
        last: this.#last[slot],
        messages: this.#messages[slot],
      };
      const list = uses.get(this.#serial[slot]);
      if (list === undefined) uses.set(this.#serial[slot], [use]);
      else list.push(use);
    }
    return uses;
  }
}

/** What one source did with one key. */
interface Use {
  readonly source: number;
  readonly first: number;
  readonly last: number;
  readonly messages: number;
}

function timeline(group: Group, bySerial: ReadonlyMap<number, readonly Use[]>, time: number): GroupTimeline {
  const keys = group.keysByStart;
  const uses = keys.map((key) => bySerial.get(key.serial) ?? []);
  const epochs = keys.map((key, place) => epochLine(group, key, place, uses, time));
  const held = keys.filter((key) => key.octets !== null);
  return {
    group: group.idText,
    groupName: group.name === group.idText ? null : group.name,
    epochs,
    overlaps: overlaps(held),
    gaps: gaps(held.flatMap(goodSpans)),
    lastEnd: lastEnd(held.filter(everBegins)),
    removed: removedMembers(group, held, bySerial),
  };
}

function epochLine(
  group: Group,
  key: PgkEpoch,
  place: number,
  uses: readonly (readonly Use[])[],
  time: number,
): EpochLine {
  const own = uses[place];
  const used = own.length === 0 ? null : spanOf(own);
  const movedIds = new Set(uses.slice(place).flatMap((list) => list.map(({ source }) => source)));
  const stayedIds = new Set<number>();
  if (used !== null) {
    for (const list of uses.slice(0, place)) {
      for (const use of list) if (use.last >= used.from && !movedIds.has(use.source)) stayedIds.add(use.source);
    }
  }
  return {
    pgkId: key.id,
    fingerprint: key.fingerprint,
    state: epochStateAt(key, time),
    window: { from: key.notBefore, to: key.notAfter },
    good: goodSpans(key),
    used,
    messages: own.reduce((sum, { messages }) => sum + messages, 0),
    users: named(group, new Set(own.map(({ source }) => source)), time),
    moved: named(group, used === null ? [] : movedIds, time),
    stayed: named(group, stayedIds, time),
  };
}

function spanOf(uses: readonly Use[]): Span {
  return { from: Math.min(...uses.map(({ first }) => first)), to: Math.max(...uses.map(({ last }) => last)) };
}

function named(group: Group, sources: Iterable<number>, time: number): EpochSource[] {
  return [...sources]
    .sort((a, b) => a - b)
    .map((source) => ({ source: source.toString(16).padStart(6, '0'), name: memberName(group, source, time) }));
}

/** First instant at which a key is no longer good: its end, or when it was revoked or compromised before. */
function goodUntil(key: PgkEpoch): number {
  const never = Number.POSITIVE_INFINITY;
  return Math.max(key.notBefore, Math.min(key.notAfter, key.revokedAt ?? never, key.compromisedAt ?? never));
}

/** False where it was taken back before its time: nobody is meant to send under it, ever. */
function everBegins(key: PgkEpoch): boolean {
  return goodUntil(key) > key.notBefore;
}

function goodSpans(key: PgkEpoch): Span[] {
  const whole = { from: key.notBefore, to: goodUntil(key) };
  if (key.suspendedAt === null) return filled([whole]);
  const before = { from: whole.from, to: Math.min(whole.to, key.suspendedAt) };
  if (key.resumedAt === null) return filled([before]);
  return filled([before, { from: Math.max(whole.from, key.resumedAt), to: whole.to }]);
}

function filled(spans: readonly Span[]): Span[] {
  return spans.filter(({ from, to }) => from < to);
}

/** Each key against the one that begins next. */
function overlaps(keys: readonly PgkEpoch[]): EpochOverlap[] {
  const found: EpochOverlap[] = [];
  for (let i = 1; i < keys.length; i++) {
    const from = Math.max(keys[i].notBefore, keys[i - 1].notBefore);
    const to = Math.min(goodUntil(keys[i]), goodUntil(keys[i - 1]));
    if (from < to) found.push({ earlier: keys[i - 1].id, later: keys[i].id, from, to });
  }
  return found;
}

function gaps(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const found: Span[] = [];
  let end = Number.NaN;
  for (const { from, to } of sorted) {
    if (from > end) found.push({ from: end, to: from });
    end = Number.isNaN(end) ? to : Math.max(end, to);
  }
  return found;
}

function removedMembers(
  group: Group,
  held: readonly PgkEpoch[],
  bySerial: ReadonlyMap<number, readonly Use[]>,
): RemovedMember[] {
  const found: RemovedMember[] = [];
  for (const id of new Set(group.members.map((member) => member.id))) {
    const stays = group.membersWithId(id);
    if (stays.some((stay) => stay.until === null)) continue;
    const left = Math.max(...stays.map((stay) => stay.until ?? 0));
    const had = held.filter((key) => key.notBefore < left && goodUntil(key) > left);
    const beyond = held.filter((key) => key.notBefore >= left);
    const later = beyond.filter(everBegins);
    const readsUntil = lastEnd(had);
    found.push({
      source: id.toString(16).padStart(6, '0'),
      name: memberName(group, id, left),
      left,
      readsUntil,
      mayReadUntil: lastEnd([...had, ...later]),
      laterPgkIds: later.map((key) => key.id),
      usedLater: beyond.some((key) => bySerial.get(key.serial)?.some(({ source }) => source === id) === true),
    });
  }
  return found;
}

function lastEnd(keys: readonly PgkEpoch[]): number | null {
  return keys.length === 0 ? null : Math.max(...keys.map(goodUntil));
}
