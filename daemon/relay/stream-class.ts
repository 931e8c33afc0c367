// Subscriptions that may see and want the same share one stream: its messages are built once, and each subscriber is sent
// the same octets. A subscriber that falls behind stays at its place in the list; a message is asked about again before it
// leaves, and built anew where a key was taken back meanwhile.

import { type Access, Form } from './access.ts';
import { decimalLength, writeDecimal } from './decimal.ts';
import type { GateCache } from './gate-cache.ts';
import { BATCH_OCTETS } from './protocol.ts';
import type { RecordBlock } from './record-block.ts';
import type { RecordFilter } from './record-fields.ts';
import type { RecordRing } from './record-ring.ts';
import type { KeyName, RecordTraits, RelayedEvent } from './relay-record.ts';

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
  note(traits: RecordTraits, access: Access): void {
    this.plain = true;
    const { key, track } = traits;
    if (key === null || access.viewOfRecord(traits) === 'forensic') return;
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
  /** The turn of the gate in which it was found that it may leave. */
  turn: number;
}

const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');
const SEQ = Buffer.from('{"seq":');
const RECORD = Buffer.from(',"record":');
const BRACE = 0x7d;

function opening(sid: number): Uint8Array {
  return Buffer.from(`{"type":"records","sid":${sid},"records":[`);
}

/** Puts elements together as one `records` message. */
export function recordsMessage(sid: number, items: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [opening(sid)];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(item);
  }
  parts.push(CLOSE);
  return Buffer.concat(parts);
}

/** Octets of a record as an element of a `records` message. */
function itemLength(seq: number, block: RecordBlock, row: number, form: Form): number {
  return SEQ.length + decimalLength(seq) + RECORD.length + block.textLength(row, form) + 1;
}

/** Whether a message may still leave as it is. Asked once in a turn of the gate, however many are sent it. */
function mayLeave(message: Message, gate: GateCache): boolean {
  if (!message.plain || message.turn === gate.turn) return true;
  if (!gate.plainAllowed || !message.keys.every(({ key, track }) => gate.mayUse(key, track))) return false;
  message.turn = gate.turn;
  return true;
}

/** Records that one message is made of: place, form and number of each. */
class Picked {
  readonly blocks: RecordBlock[] = [];
  readonly rows: number[] = [];
  readonly forms: Form[] = [];
  readonly seqs: number[] = [];
  /** Octets of the elements with the commas between them. */
  octets = 0;

  get count(): number {
    return this.rows.length;
  }

  add(block: RecordBlock, row: number, form: Form, seq: number, octets: number): void {
    this.octets += octets + (this.rows.length === 0 ? 0 : 1);
    this.blocks.push(block);
    this.rows.push(row);
    this.forms.push(form);
    this.seqs.push(seq);
  }

  /** The message, in octets of its own that hold nothing else. */
  message(sid: number): Uint8Array {
    const head = opening(sid);
    const octets = Buffer.allocUnsafeSlow(head.length + this.octets + CLOSE.length);
    octets.set(head);
    let at = head.length;
    for (let index = 0; index < this.rows.length; index++) {
      if (index > 0) octets[at++] = COMMA[0];
      octets.set(SEQ, at);
      at = writeDecimal(this.seqs[index], octets, at + SEQ.length);
      octets.set(RECORD, at);
      at += RECORD.length;
      const text = this.blocks[index].text(this.rows[index], this.forms[index]);
      octets.set(text, at);
      at += text.length;
      octets[at++] = BRACE;
    }
    octets.set(CLOSE, at);
    return octets;
  }
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

  /**
   * Builds messages of the records that came since.
   *
   * @param holdsBack where a full message was built, what is left over waits for the next call
   * @returns the new ones
   */
  advance(ring: RecordRing, gate: GateCache, holdsBack: boolean): readonly Batch[] {
    const begun = this.#batches.length;
    let from = this.next;
    let isFollowing = false;
    if (from < ring.first) {
      // More came at once than memory takes: whoever is here has a gap.
      this.#add(from, ring.first, ring.holding(ring.first)?.at ?? 0, null);
      from = ring.first;
    }
    while (from < ring.next) {
      const built = this.build(ring, from, ring.next, gate);
      if (built.message !== null) {
        if (holdsBack && isFollowing && built.to === ring.next) break;
        this.#add(from, built.to, built.at, built.message);
        isFollowing = true;
      }
      from = built.to;
    }
    this.next = from;
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
    gate: GateCache,
    most = BATCH_OCTETS,
  ): { readonly to: number; readonly at: number; readonly message: Message | null } {
    const picked = new Picked();
    const keys = new KeyUses();
    let at = 0;
    let seq = from;
    let isFull = false;
    while (seq < end && !isFull) {
      const held = ring.holding(seq);
      if (held === undefined) {
        seq++;
        continue;
      }
      const { block, first } = held;
      // Records of the same traits leave in the same form at this moment.
      const forms = block.parts.traits.map((traits) => this.access.formOf(traits, true, gate));
      const used = new Set<RecordTraits>();
      const blockEnd = Math.min(end, first + block.count);
      for (; seq < blockEnd; seq++) {
        const row = seq - first;
        const best = forms[block.parts.traitOf[row]];
        if (best === Form.none) continue;
        const form = block.hasPlain(row) ? best : Form.meta;
        if (this.#filter !== null && !this.#filter.test(block.event(row, form))) continue;
        const length = itemLength(seq, block, row, form);
        isFull = picked.count > 0 && picked.octets + length + 1 > most;
        if (isFull) break;
        if (picked.count === 0) at = held.at;
        picked.add(block, row, form, seq, length);
        if (form === Form.plain) used.add(block.traits(row));
      }
      for (const traits of used) keys.note(traits, this.access);
    }
    if (picked.count === 0) return { to: seq, at, message: null };
    const octets = picked.message(this.sid);
    const message = { octets, records: picked.count, keys: keys.list(), plain: keys.plain, turn: gate.turn };
    return { to: seq, at, message };
  }

  /** Whether a record passes the filter in this form. */
  passes(event: RelayedEvent): boolean {
    return this.#filter === null || this.#filter.test(event);
  }

  /** The message of a batch as it may leave now; null where its records are gone, or none of them is left. */
  messageOf(batch: Batch, ring: RecordRing, gate: GateCache): Message | null | 'gone' {
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
