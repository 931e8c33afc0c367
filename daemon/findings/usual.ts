// The usual message: one that opened as the last of its context did, whose counter is one further, under the same key
// within the same window, from the same addresses, with the next packet of the same RTP stream. No rule can have anything
// to say of it, so it is only written down where the rules look later. What it leaves behind is what the rules leave
// behind when they look at it one by one, which is what happens to every other message (watch.ts); a test holds both equal.

import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../engine/message-table.ts';
import { ADDRESS_CHECKS, type BindingWatch } from './binding.ts';
import type { ContextColumns } from './contexts.ts';
import type { CounterWatch } from './counter.ts';
import type { KeyWatch } from './key.ts';
import { type Members, Place } from './members.ts';
import type { Observed } from './observed.ts';
import { RTP_CHECKS, type RtpSources } from './rtp-sources.ts';

/**
 * We chose: contexts whose last message is remembered, a power of two, 80 octets each. Two whose slots are so far apart
 * take turns in one place, and are then looked at by every rule.
 */
const CONTEXTS = 1 << 14;
/** We chose: messages of a context from which on it is worth while to remember one. */
const FIRST_MESSAGES = 2;

const LAST_DEFINED_TYPE = 3;
const CHECKS = ADDRESS_CHECKS | RTP_CHECKS;
/** Flags that no rule asks for. */
const SILENT_FLAGS = MessageFlag.plaintextShown | MessageFlag.fragment | MessageFlag.indexHeld;

// What is remembered, in 32-bit words: what the message must have in common with the last one, then where the rules keep
// what they know of it.
const STAMP = 0;
const CONTEXT = 1;
const SENDER = 2;
const RECEIVER = 3;
const HEADER = 4;
const FLAGS = 5;
const GROUP = 6;
const KEY = 7;
const PASSED = 8;
const STREAM = 9;
const TALKER = 10;
const MEMBER = 11;
const OWNER = 12;
const ADDRESS = 13;
const STRIDE = 16;

/** Who keeps what a usual message changes. */
export interface UsualParts {
  readonly contexts: ContextColumns;
  readonly members: Members;
  readonly keys: KeyWatch;
  readonly counters: CounterWatch;
  readonly bindings: BindingWatch;
  readonly rtp: RtpSources;
}

/** See the head of the file. */
export class UsualMessages {
  readonly #parts: UsualParts;
  readonly #words = new Int32Array(CONTEXTS * STRIDE);
  // Capture time from which and until which key and place in the roster need not be looked at.
  readonly #from = new Float64Array(CONTEXTS);
  readonly #until = new Float64Array(CONTEXTS);
  /** What was remembered with another stamp no longer holds. */
  #stamp = 1;
  #changes = 0;

  constructor(parts: UsualParts) {
    this.#parts = parts;
  }

  /** Keyring or rosters changed: nothing that is remembered holds. */
  forget(): void {
    this.#stamp = (this.#stamp + 1) | 0;
  }

  /** Writes a message down if it is a usual one; else nothing is changed, and the rules must look at it. */
  take(table: MessageTable, row: number): boolean {
    const context = table.context[row];
    const place = context & (CONTEXTS - 1);
    const words = this.#words;
    const at = place * STRIDE;
    if (words[at + STAMP] !== this.#stamp || words[at + CONTEXT] !== context) return false;
    const passed = table.passed[row];
    const isAlike =
      words[at + SENDER] === senderOf(table, row) &&
      words[at + RECEIVER] === receiverOf(table, row) &&
      words[at + HEADER] === headerOf(table, row) &&
      words[at + FLAGS] === flagsOf(table, row) &&
      words[at + GROUP] === table.group[row] &&
      words[at + KEY] === table.epoch[row] &&
      words[at + PASSED] === (passed & CHECKS);
    if (!isAlike) return false;
    const time = table.time[row];
    if (!(time >= this.#from[place] && time < this.#until[place])) return false;
    const { contexts, members, counters, bindings, rtp } = this.#parts;
    const member = words[at + MEMBER];
    const stream = words[at + STREAM];
    const talker = words[at + TALKER];
    if (members.newest[member] !== words[at + KEY] || !counters.expects(stream, talker, table.sn[row])) return false;
    const bytes = table.bodyBytes(row);
    const body = table.bodyAt(row);
    const source = table.source[row];
    const owner = words[at + OWNER];
    if (owner !== NONE && !bindings.isBound(member, owner, source, bytes, body, words[at + ADDRESS])) return false;
    // The last question is also the first change.
    if (!rtp.runsOn(passed, bytes, body, table.length[row], member, words[at + GROUP], source)) return false;
    if (owner !== NONE) bindings.again(owner, time);
    members.pdus[member]++;
    contexts.messages[context]++;
    counters.next(table, row, stream, talker);
    return true;
  }

  /** Every rule has looked at a message: remembers it where another like it would be a usual one. */
  learn(seen: Observed, context: number): void {
    const { contexts, members, keys, counters, bindings } = this.#parts;
    this.#notice();
    if (context === NONE || contexts.messages[context] < FIRST_MESSAGES) return;
    const table = seen.table as MessageTable;
    const { row, member, serial } = seen;
    const words = this.#words;
    const place = context & (CONTEXTS - 1);
    const at = place * STRIDE;
    words[at + STAMP] = 0;
    const stream = contexts.stream[context];
    if (!isGood(seen) || stream === NONE || !keys.isLatest(seen)) return;
    const passed = table.passed[row];
    const owner = bindings.ownerOf(seen);
    if (owner === null) return;
    let from = Number.NEGATIVE_INFINITY;
    let until = keys.checkedUntil(serial);
    if (seen.group !== null && seen.group.roster.length > 0) {
      if (members.place[member] !== Place.good) return;
      from = members.from[member];
      until = Math.min(until, members.until[member]);
    }
    words[at + STAMP] = this.#stamp;
    words[at + CONTEXT] = context;
    words[at + SENDER] = senderOf(table, row);
    words[at + RECEIVER] = receiverOf(table, row);
    words[at + HEADER] = headerOf(table, row);
    words[at + FLAGS] = flagsOf(table, row);
    words[at + GROUP] = table.group[row];
    words[at + KEY] = serial;
    words[at + PASSED] = passed & CHECKS;
    words[at + STREAM] = stream;
    words[at + TALKER] = counters.streams.talker[stream];
    words[at + MEMBER] = member;
    words[at + OWNER] = owner;
    words[at + ADDRESS] = owner === NONE ? 0 : bindings.boundAddress(member);
    this.#from[place] = from;
    this.#until[place] = until;
  }

  /** A table gave something up, or a key is used for the first time: slots and the latest key may be others than before. */
  #notice(): void {
    const { members, keys, counters, bindings, rtp } = this.#parts;
    const changes =
      members.evictions +
      keys.begun +
      counters.streams.evictions +
      counters.streams.talkerEvictions +
      counters.seen.evictions +
      bindings.evictions +
      rtp.evictions;
    if (changes === this.#changes) return;
    this.#changes = changes;
    this.forget();
  }
}

function senderOf(table: MessageTable, row: number): number {
  return (table.source[row] << 8) | table.pgkIndex[row];
}

function receiverOf(table: MessageTable, row: number): number {
  return (table.destination[row] << 8) | table.version[row];
}

function headerOf(table: MessageTable, row: number): number {
  return (table.ptkId[row] << 16) | (table.lcid[row] << 8) | table.sduType[row];
}

function flagsOf(table: MessageTable, row: number): number {
  return (table.flags[row] << 8) | table.verdict[row];
}

/** Opened under an active key of its own group, ciphered as configured, and nothing else was noticed of it. */
function isGood(seen: Observed): boolean {
  const table = seen.table as MessageTable;
  const { row } = seen;
  return (
    table.verdict[row] === VerdictCode.decrypted &&
    (seen.flags & ~SILENT_FLAGS) === MessageFlag.opened &&
    seen.group !== null &&
    table.pgkIndex[row] !== 0 &&
    table.ptkId[row] !== 0 &&
    table.sduType[row] <= LAST_DEFINED_TYPE
  );
}
