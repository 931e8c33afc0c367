// The newest records, in memory once for all subscribers: what the live stream, slow subscribers and subscribers that
// catch up are served from. Each record is turned into octets once a form, whoever gets it.

import { Form, type Gate } from './access.ts';
import type { RelayedEvent, RelayRecord } from './relay-record.ts';

// We chose: what is kept. What no queue waits for is kept for a moment only, for those who come from the journal: objects
// that live long are what the collector of garbage works on. A queue holds 2 s at most. Above any of these the oldest
// records go; who still wanted them has a gap, or reads them from the journal.
const FRESH_MILLISECONDS = 300;
const RING_MILLISECONDS = 3000;
const RING_RECORDS = 131_072;
const RING_OCTETS = 128 * 1024 * 1024;
/** Octets that a record takes beside its text, by estimate. */
const RECORD_OVERHEAD = 512;

/** One record and its encodings. */
export class RingEntry {
  record: RelayRecord;
  readonly at: number;
  /** By estimate, without encodings. */
  readonly octets: number;
  #meta: Uint8Array | null = null;
  #plain: Uint8Array | null = null;

  constructor(record: RelayRecord, at: number) {
    this.record = record;
    this.at = at;
    this.octets = RECORD_OVERHEAD + (record.plain?.payload?.length ?? 0);
  }

  /** The event as it leaves in this form. */
  event(form: Form): RelayedEvent {
    const { event, plain } = this.record;
    // Members of the plain part replace those of the same name.
    return form === Form.plain && plain !== null ? { ...event, ...plain } : event;
  }

  /** One element of a `records` message. */
  item(form: Form): Uint8Array {
    const known = form === Form.plain ? this.#plain : this.#meta;
    if (known !== null) return known;
    const item = encodeItem(this.record.seq, this.event(form));
    if (form === Form.plain) this.#plain = item;
    else this.#meta = item;
    return item;
  }

  /** Forgets the plain part where its key may not be used any more. @returns whether it did */
  strip(gate: Gate): boolean {
    const { key, track, plain } = this.record;
    if (plain === null || key === null || gate.mayUse(key, track)) return false;
    this.record = { ...this.record, plain: null };
    this.#plain = null;
    return true;
  }
}

/** One element of a `records` message. */
export function encodeItem(seq: number, record: RelayedEvent): Uint8Array {
  return Buffer.from(`{"seq":${seq},"record":${JSON.stringify(record)}}`);
}

/** See the head of the file. Sequence numbers rise by one. */
export class RecordRing {
  #entries: RingEntry[] = [];
  #start = 0;
  #octets = 0;
  /** Number that the next record has. */
  #next: number;
  /** Queues wait for this record and later ones; never moves back, for no subscription does. */
  #needed = 0;

  /** @param head number of the newest record so far */
  constructor(head: number) {
    this.#next = head + 1;
  }

  /** Number of the oldest record here; `next` where there is none. */
  get first(): number {
    return this.#next - (this.#entries.length - this.#start);
  }

  get next(): number {
    return this.#next;
  }

  /** The record of this number, or undefined. */
  at(seq: number): RingEntry | undefined {
    return seq < this.first ? undefined : this.#entries[this.#start + (seq - this.first)];
  }

  /** Takes records. Numbers that were left out (which no journal does) make everything before them old. */
  append(records: readonly RelayRecord[], now: number): void {
    for (const record of records) {
      if (record.seq !== this.#next) {
        if (record.seq < this.#next) continue;
        this.#drop(this.#entries.length - this.#start);
        this.#next = record.seq;
      }
      const entry = new RingEntry(record, now);
      this.#entries.push(entry);
      this.#octets += entry.octets;
      this.#next++;
    }
  }

  /** Says which record queues wait for at the earliest. */
  needFrom(seq: number): void {
    this.#needed = seq;
  }

  /** Lets old records go. Call when streams have taken what is new: a record must not grow old before it is seen. */
  trim(now: number): void {
    let count = 0;
    let octets = this.#octets;
    const held = this.#entries.length - this.#start;
    const { first } = this;
    for (; count < held; count++) {
      const entry = this.#entries[this.#start + count];
      const fits = held - count <= RING_RECORDS && octets <= RING_OCTETS;
      const lasts = first + count >= this.#needed ? RING_MILLISECONDS : FRESH_MILLISECONDS;
      if (fits && now - entry.at <= lasts) break;
      octets -= entry.octets;
    }
    this.#drop(count);
  }

  /** Forgets plaintext that may not leave any more. @returns how many records lost theirs */
  strip(gate: Gate): number {
    let stripped = 0;
    for (let index = this.#start; index < this.#entries.length; index++) {
      if (this.#entries[index].strip(gate)) stripped++;
    }
    return stripped;
  }

  #drop(count: number): void {
    for (let index = this.#start; index < this.#start + count; index++) this.#octets -= this.#entries[index].octets;
    this.#start += count;
    // What was let go is in memory until the list is cut: not for long, and not at every call.
    if (this.#start > 1024 && this.#start * 4 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }
}
