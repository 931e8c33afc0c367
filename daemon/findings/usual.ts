// The usual message: one that opened as the last of its context did, whose counter is one further, under the same key
// within the same window, from the same addresses, with the next packet of the same RTP stream. No rule can have anything
// to say of it, so it is only written down where the rules look later. What it leaves behind is what the rules leave
// behind when they look at it one by one, which is what happens to every other message (watch.ts); a test holds both equal.
//
// While usual messages of a context follow each other, not even that is done for each: two lines of the cache hold how
// far they came, and what they change is lent to those lines. It is given back, and written down where the rules look,
// before a rule looks at anything of the group.

import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../engine/message-table.ts';
import { grown } from '../engine/slot-table.ts';
import { ADDRESS_CHECKS, type BindingWatch, IPV4_SOURCE } from './binding.ts';
import type { ContextColumns } from './contexts.ts';
import type { CounterWatch } from './counter.ts';
import type { KeyWatch } from './key.ts';
import { type Members, Place } from './members.ts';
import type { Observed } from './observed.ts';
import {
  isNext,
  RTP_AT,
  RTP_CHECKS,
  RTP_END,
  type RtpSources,
  SEQUENCE_AT,
  SSRC_AT,
  UDP_OVER_IPV4,
} from './rtp-sources.ts';

/**
 * We chose: contexts whose last message is remembered, a power of two, 128 octets each. Two whose slots are so far apart
 * take turns in one place, and are then looked at by every rule.
 */
const CONTEXTS = 1 << 14;
/** We chose: messages of a context from which on it is worth while to remember one. */
const FIRST_MESSAGES = 2;

const LAST_DEFINED_TYPE = 3;
const CHECKS = ADDRESS_CHECKS | RTP_CHECKS;
/** Flags that no rule asks for. */
const SILENT_FLAGS = MessageFlag.plaintextShown | MessageFlag.fragment | MessageFlag.indexHeld;

// What is remembered of a context, in 32-bit words: what the message must have in common with the last one,
const STAMP = 0;
const CONTEXT = 1;
const SENDER = 2;
const RECEIVER = 3;
const HEADER = 4;
const FLAGS = 5;
const GROUP = 6;
const KEY = 7;
const PASSED = 8;
/** Source address and SSRC as words of the host. */
const ADDRESS = 9;
/** 0 where nothing is lent; else two more than where the next one of the group begins to which something is. */
const LENT = 10;
/** how far it came: the next SN, the SN to stop at, the last SSRC and sequence number, the last message kept of the page, */
const NEXT = 11;
const STOP = 12;
const SSRC = 13;
const SEQUENCE = 14;
const LAST = 15;
/** messages that are not written down, page of positions, RTP stream or NONE, low half of its last frame, */
const MESSAGES = 16;
const PAGE = 17;
const RTP = 18;
const RTP_FRAME = 19;
/** where the rules keep what they know of it, */
const STREAM = 20;
const MEMBER = 21;
const OWNER = 22;
/** and as numbers of 64 bits: capture time from which and until which key and place in the roster need not be looked at, */
const FROM = 12;
const UNTIL = 13;
/** time and frame of the last message. */
const TIME = 14;
const FRAME = 15;
const STRIDE = 32;

/** Behind the last one of a group. */
const END = -1;

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
  readonly #numbers = new Float64Array(this.#words.buffer);
  /** By group of the keyring: where the first one begins to which something is lent, or END. */
  #lent = new Int32Array(0);
  /** Contexts to which something is lent. */
  #borrowers = 0;
  /** What was remembered with another stamp no longer holds. */
  #stamp = 1;
  #changes = 0;

  constructor(parts: UsualParts) {
    this.#parts = parts;
  }

  /** Keyring or rosters change: nothing that is remembered holds. */
  forget(): void {
    this.#giveAllBack();
    this.#stamp = (this.#stamp + 1) | 0;
  }

  /** Takes a message if it is a usual one; else nothing is changed, and the rules must look at it (`giveBack`). */
  take(table: MessageTable, row: number): boolean {
    const context = table.context[row];
    const at = (context & (CONTEXTS - 1)) * STRIDE;
    const words = this.#words;
    const isAlike =
      words[at + CONTEXT] === context &&
      words[at + STAMP] === this.#stamp &&
      words[at + SENDER] === senderOf(table, row) &&
      words[at + RECEIVER] === receiverOf(table, row) &&
      words[at + HEADER] === headerOf(table, row) &&
      words[at + FLAGS] === flagsOf(table, row) &&
      words[at + GROUP] === table.group[row] &&
      words[at + KEY] === table.epoch[row] &&
      words[at + PASSED] === (table.passed[row] & CHECKS) &&
      table.deciphered[row] === 1;
    if (!isAlike) return false;
    const word = table.plainWord[row];
    if (words[at + OWNER] !== NONE && (table.words[word + IPV4_SOURCE / 4] | 0) !== words[at + ADDRESS]) return false;
    if (words[at + LENT] === 0 && !this.#lend(table, row, at)) return false;
    const numbers = this.#numbers;
    const half = at >>> 1;
    const sn = table.sn[row];
    const time = table.time[row];
    if (words[at + NEXT] !== sn || !(time >= numbers[half + FROM] && time < numbers[half + UNTIL])) return false;
    const hasRtp = hasRtpPacket(table, row);
    let sequence = 0;
    if (hasRtp) {
      if (words[at + RTP] === NONE || (table.words[word + SSRC_AT / 4] | 0) !== words[at + SSRC]) return false;
      sequence = (table.plain[word * 4 + SEQUENCE_AT] << 8) | table.plain[word * 4 + SEQUENCE_AT + 1];
      if (!isNext(words[at + SEQUENCE], sequence)) return false;
    }
    if (words[at + STOP] === sn && !this.#turnPage(at, sn)) return false;
    const frame = table.frame[row];
    if (hasRtp) {
      words[at + SEQUENCE] = sequence;
      words[at + RTP_FRAME] = frame;
    }
    words[at + LAST] = this.#parts.counters.keep(table, row, words[at + LAST]);
    words[at + NEXT] = sn + 1;
    words[at + MESSAGES]++;
    numbers[half + TIME] = time;
    numbers[half + FRAME] = frame;
    return true;
  }

  /** The rules are to look at a message: what is lent of anything that they may look at is given back. */
  giveBack(table: MessageTable, row: number): void {
    const { counters, members, bindings, rtp } = this.#parts;
    const { streams, seen } = counters;
    // Who is forgotten may be of any group.
    if (streams.isFull || seen.isFull || members.isFull || bindings.isFull || rtp.isFull) {
      this.#giveAllBack();
      return;
    }
    const group = table.group[row];
    if (group >= 0) this.#giveGroupBack(group);
    // The slot of its context may have been another one's.
    const at = (table.context[row] & (CONTEXTS - 1)) * STRIDE;
    if (this.#words[at + LENT] !== 0) this.#giveGroupBack(this.#words[at + GROUP]);
  }

  /** Every rule has looked at a message: remembers it where another like it would be a usual one. */
  learn(seen: Observed, context: number): void {
    const { contexts, members, keys, bindings } = this.#parts;
    this.#notice();
    if (context === NONE || contexts.messages[context] < FIRST_MESSAGES) return;
    const table = seen.table as MessageTable;
    const { row, member, serial } = seen;
    const words = this.#words;
    const at = (context & (CONTEXTS - 1)) * STRIDE;
    words[at + STAMP] = 0;
    const stream = contexts.stream[context];
    if (!isGood(seen) || stream === NONE || !keys.isLatest(seen)) return;
    const owner = bindings.ownerOf(seen);
    if (owner === null) return;
    let from = Number.NEGATIVE_INFINITY;
    let until = keys.checkedUntil(serial);
    if (seen.group !== null) {
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
    words[at + PASSED] = table.passed[row] & CHECKS;
    words[at + ADDRESS] = owner === NONE ? 0 : table.words[table.plainWord[row] + IPV4_SOURCE / 4];
    words[at + STREAM] = stream;
    words[at + MEMBER] = member;
    words[at + OWNER] = owner;
    this.#numbers[(at >>> 1) + FROM] = from;
    this.#numbers[(at >>> 1) + UNTIL] = until;
  }

  /** Lends what messages of a context change, if the one at hand is a usual one as far as the rules' own tables say. */
  #lend(table: MessageTable, row: number, at: number): boolean {
    const { members, counters, bindings, rtp } = this.#parts;
    const { streams, seen } = counters;
    const words = this.#words;
    const group = words[at + GROUP];
    const member = words[at + MEMBER];
    const stream = words[at + STREAM];
    const owner = words[at + OWNER];
    const sn = table.sn[row];
    if (members.newest[member] - 1 !== words[at + KEY] || !counters.expects(stream, sn)) return false;
    const page = streams.page[stream];
    const stop = counters.stopOf(stream, page, sn, 0);
    if (stop === sn) return false;
    const bytes = table.plain;
    const word = table.plainWord[row];
    const source = table.source[row];
    if (owner !== NONE && !bindings.isBound(member, owner, source, bytes, word * 4)) return false;
    words[at + RTP] = NONE;
    if (hasRtpPacket(table, row)) {
      const slot = rtp.lend(member, group, source, bytes, word * 4);
      if (slot === NONE) return false;
      words[at + RTP] = slot;
      words[at + SSRC] = table.words[word + SSRC_AT / 4];
      words[at + SEQUENCE] = rtp.sequenceOf(slot);
      words[at + RTP_FRAME] = rtp.frameOf(slot);
    }
    // Two versions of the header may share a stream, two LCIDs an RTP stream: whoever does not have it goes past the rules.
    streams.usual[stream] = NONE;
    words[at + NEXT] = sn;
    words[at + STOP] = stop;
    words[at + PAGE] = page;
    words[at + LAST] = seen.last[page];
    words[at + MESSAGES] = 0;
    this.#numbers[(at >>> 1) + FRAME] = table.frame[row];
    if (group >= this.#lent.length) this.#grow(group);
    words[at + LENT] = this.#lent[group] + 2;
    this.#lent[group] = at;
    this.#borrowers++;
    return true;
  }

  /** The next SN is one to stop at: goes on in the next page of positions if it is only that. */
  #turnPage(at: number, sn: number): boolean {
    const { counters } = this.#parts;
    const { streams, seen } = counters;
    const words = this.#words;
    const stream = words[at + STREAM];
    if ((sn & 255) !== 0 || seen.isFull) return false;
    this.#writePage(at);
    const page = seen.page(streams.number[stream], sn, words[at + PAGE]);
    words[at + PAGE] = page;
    words[at + LAST] = seen.last[page];
    words[at + STOP] = counters.stopOf(stream, page, sn, words[at + MESSAGES]);
    return words[at + STOP] !== sn;
  }

  /** Writes down the positions of the page at hand. */
  #writePage(at: number): void {
    const words = this.#words;
    const end = words[at + NEXT];
    const first = Math.max((end - 1) & ~255, end - words[at + MESSAGES]);
    this.#parts.counters.wentOn(words[at + PAGE], first, end, words[at + LAST]);
  }

  #giveAllBack(): void {
    // Asked for each message of a flood, which leaves nothing to give back.
    for (let group = 0; this.#borrowers > 0 && group < this.#lent.length; group++) this.#giveGroupBack(group);
  }

  #giveGroupBack(group: number): void {
    if (group >= this.#lent.length) return;
    let at = this.#lent[group];
    this.#lent[group] = END;
    while (at !== END) {
      const next = this.#words[at + LENT] - 2;
      this.#words[at + LENT] = 0;
      this.#borrowers--;
      this.#writeDown(at);
      at = next;
    }
  }

  /** Writes down what messages of a context changed, and gives back what was lent. */
  #writeDown(at: number): void {
    const { contexts, members, counters, bindings, rtp } = this.#parts;
    const words = this.#words;
    const messages = words[at + MESSAGES];
    const stream = words[at + STREAM];
    const time = this.#numbers[(at >>> 1) + TIME];
    const frame = this.#numbers[(at >>> 1) + FRAME];
    const slot = words[at + RTP];
    if (slot !== NONE) {
      const rtpFrame = frame - ((frame - (words[at + RTP_FRAME] >>> 0)) % 0x1_0000_0000);
      rtp.giveBack(slot, words[at + SEQUENCE], rtpFrame);
    }
    if (messages === 0) {
      counters.streams.usual[stream] = words[at + NEXT];
      return;
    }
    const owner = words[at + OWNER];
    if (owner !== NONE) bindings.again(owner, time, frame);
    members.pdus[words[at + MEMBER]] += messages;
    contexts.messages[words[at + CONTEXT]] += messages;
    this.#writePage(at);
    counters.stands(stream, words[at + PAGE], words[at + NEXT] - 1, messages, time, frame);
  }

  #grow(group: number): void {
    const before = this.#lent.length;
    this.#lent = grown(this.#lent, Math.max(16, before * 2, group + 1)).fill(END, before);
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

/** Whether the body of a deciphered message that passed what messages of its context do begins as RTP over UDP over IPv4. */
function hasRtpPacket(table: MessageTable, row: number): boolean {
  if ((table.passed[row] & UDP_OVER_IPV4) !== UDP_OVER_IPV4 || table.length[row] < RTP_END) return false;
  const word = table.plainWord[row];
  return table.plain[word * 4 + RTP_AT] >>> 6 === 2 && table.words[word + SSRC_AT / 4] !== 0;
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
    table.deciphered[row] === 1 &&
    (seen.flags & ~SILENT_FLAGS) === MessageFlag.opened &&
    seen.group !== null &&
    table.pgkIndex[row] !== 0 &&
    table.ptkId[row] !== 0 &&
    table.sduType[row] <= LAST_DEFINED_TYPE
  );
}
