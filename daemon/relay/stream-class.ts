// Subscriptions that may see and want the same share one stream: its messages are built once, and each subscriber is sent
// the same octets. A subscriber that falls behind stays at its place in the list; a message is asked about again before it
// leaves, and built anew where a key was taken back meanwhile.

import { type Access, Form, type Gate } from './access.ts';
import { BATCH_OCTETS } from './protocol.ts';
import type { RecordFilter } from './record-fields.ts';
import type { RecordRing } from './record-ring.ts';
import type { KeyName, RelayedEvent, RelayRecord } from './relay-record.ts';

/** A key under which plaintext stands in a message, and the track whose clock counts. */
export interface KeyUse {
  readonly key: KeyName;
  readonly track: number;
}

/** The keys that stand behind one message, each once. */
export class KeyUses {
  readonly #uses = new Map<string, KeyUse>();
  /** Whether there is plaintext in the message at all. */
  plain = false;

  /** Notes plaintext of a record. Under the view `forensic` no key must be usable. */
  note(record: RelayRecord, access: Access): void {
    this.plain = true;
    const { key, track } = record;
    if (key === null || access.viewOfEvent(record.event) === 'forensic') return;
    const name = `${key.group} ${key.pgkId} ${key.notBefore} ${track}`;
    if (!this.#uses.has(name)) this.#uses.set(name, { key, track });
  }

  list(): KeyUse[] {
    return [...this.#uses.values()];
  }
}

/** One message of records. */
export interface Batch {
  /** Place in the stream: rises by one. */
  readonly serial: number;
  /** Sequence numbers looked at: `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly octets: number;
  /** Records and octets of the stream before this one. */
  readonly recordsBefore: number;
  readonly octetsBefore: number;
  /** When its oldest record came, by the fan-out's clock. */
  readonly at: number;
  /** Null where memory was needed elsewhere: built again when somebody wants it. */
  message: Message | null;
}

/** Octets of a message and what makes them secret. */
export interface Message {
  readonly octets: Uint8Array;
  readonly records: number;
  /** Keys that must be usable when it leaves; those of the view `forensic`, which needs none, are not among them. */
  readonly keys: readonly KeyUse[];
  /** Whether there is plaintext in it. */
  readonly plain: boolean;
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');

/** Puts elements together as one `records` message. */
export function recordsMessage(sid: number, items: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`{"type":"records","sid":${sid},"records":`), OPEN];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(item);
  }
  parts.push(CLOSE);
  return Buffer.concat(parts);
}

/** Whether a message may still leave as it is. */
export function mayLeave(message: Message, gate: Gate): boolean {
  if (!message.plain) return true;
  return gate.plainAllowed && message.keys.every(({ key, track }) => gate.mayUse(key, track));
}

/** See the head of the file. */
export class StreamClass {
  readonly sid: number;
  readonly access: Access;
  readonly #filter: RecordFilter | null;
  /** In order of `serial`, without holes. */
  #batches: Batch[] = [];
  #nextSerial = 0;
  #records = 0;
  #octets = 0;
  /** Records below this number have been looked at. */
  next = 0;
  /** Subscriptions that follow it live. */
  live = 0;
  /** Subscriptions of it, live or not. */
  members = 0;

  constructor(sid: number, access: Access, filter: RecordFilter | null) {
    this.sid = sid;
    this.access = access;
    this.#filter = filter;
  }

  /** Serial that the next message gets. */
  get nextSerial(): number {
    return this.#nextSerial;
  }

  /** Records and octets that wait for somebody at this serial. */
  waiting(serial: number): { readonly records: number; readonly octets: number } {
    const batch = this.batch(serial);
    if (batch === null) return { records: 0, octets: 0 };
    return { records: this.#records - batch.recordsBefore, octets: this.#octets - batch.octetsBefore };
  }

  /** The message of this serial, or null where it is to come or gone. */
  batch(serial: number): Batch | null {
    return this.#batches[serial - (this.#batches[0]?.serial ?? 0)] ?? null;
  }

  /** Builds messages of the records that came since. @returns the new ones */
  advance(ring: RecordRing, gate: Gate): readonly Batch[] {
    const begun = this.#batches.length;
    let from = this.next;
    if (from < ring.first) {
      // More came at once than memory takes: whoever is here has a gap.
      this.#add(from, ring.first, ring.at(ring.first)?.at ?? 0, null);
      from = ring.first;
    }
    while (from < ring.next) {
      const built = this.build(ring, from, ring.next, gate);
      if (built.message !== null) this.#add(from, built.to, built.at, built.message);
      from = built.to;
    }
    this.next = ring.next;
    return this.#batches.slice(begun);
  }

  #add(from: number, to: number, at: number, message: Message | null): void {
    const records = message?.records ?? 0;
    const octets = message?.octets.length ?? 0;
    const totals = { recordsBefore: this.#records, octetsBefore: this.#octets };
    this.#batches.push({
      serial: this.#nextSerial++,
      from,
      to,
      records,
      octets,
      ...totals,
      at,
      message,
    });
    this.#records += records;
    this.#octets += octets;
  }

  /**
   * One message of records `from` to before `end`, of up to `most` octets.
   *
   * @returns null for the message where none of the records is for this class; `to`: where it stopped
   */
  build(
    ring: RecordRing,
    from: number,
    end: number,
    gate: Gate,
    most = BATCH_OCTETS,
  ): { readonly to: number; readonly at: number; readonly message: Message | null } {
    const items: Uint8Array[] = [];
    const keys = new KeyUses();
    let octets = 0;
    let at = 0;
    let seq = from;
    for (; seq < end && octets < most; seq++) {
      const entry = ring.at(seq);
      if (entry === undefined) continue;
      const form = this.access.formOf(entry.record, gate);
      if (form === Form.none) continue;
      if (this.#filter !== null && !this.#filter.test(entry.event(form))) continue;
      const item = entry.item(form);
      if (octets > 0 && octets + item.length > most) break;
      if (items.length === 0) at = entry.at;
      items.push(item);
      octets += item.length + 1;
      if (form === Form.plain) keys.note(entry.record, this.access);
    }
    if (items.length === 0) return { to: seq, at, message: null };
    const octetsOfAll = recordsMessage(this.sid, items);
    return {
      to: seq,
      at,
      message: { octets: octetsOfAll, records: items.length, keys: keys.list(), plain: keys.plain },
    };
  }

  /** Whether a record passes the filter in this form. */
  passes(event: RelayedEvent): boolean {
    return this.#filter === null || this.#filter.test(event);
  }

  /** The message of a batch as it may leave now; null where its records are gone, or none of them is left. */
  messageOf(batch: Batch, ring: RecordRing, gate: Gate): Message | null | 'gone' {
    const { message } = batch;
    if (message !== null && mayLeave(message, gate)) return message;
    if (batch.from < ring.first) {
      // Without its plaintext nothing is left to build it from.
      return 'gone';
    }
    // All of it, even where the words for withheld plaintext are longer than the plaintext was.
    const built = this.build(ring, batch.from, batch.to, gate, Number.POSITIVE_INFINITY);
    batch.message = built.message;
    return built.message;
  }

  /** Forgets messages before a serial. */
  forget(serial: number): void {
    const count = Math.min(Math.max(0, serial - (this.#batches[0]?.serial ?? 0)), this.#batches.length);
    for (const batch of this.#batches.splice(0, count)) batch.message = null;
  }
}
