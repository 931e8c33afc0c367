// The usual message: one that opened as the last of its context did, whose counter is one further, under the same key
// within the same window, from the same addresses, with the next packet of the same RTP stream. No rule can have anything
// to say of it, so it is only written down where the rules look later. What it leaves behind is what the rules leave
// behind when they look at it one by one, which is what happens to every other message (watch.ts); a test holds both equal.
//
// While usual messages of a context follow each other, not even that is done for each: two lines of the cache hold how
// far they came, and what they change is lent to those lines (usual-lines.ts). It is given back, and written down where the
// rules look, before a rule looks at anything of the group. Many such messages at once are taken by a kernel (kernel-runs.ts).

import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../engine/message-table.ts';
import { grown } from '../engine/slot-table.ts';
import { type BindingWatch, IPV4_SOURCE } from './binding.ts';
import type { ContextColumns } from './contexts.ts';
import type { CounterWatch } from './counter.ts';
import type { KeyWatch } from './key.ts';
import { type Members, Place } from './members.ts';
import type { Observed } from './observed.ts';
import { isNext, RTP_AT, RTP_END, type RtpSources, SEQUENCE_AT, SSRC_AT, UDP_OVER_IPV4 } from './rtp-sources.ts';
import * as Line from './usual-lines.ts';

// We chose.
/**
 * Messages of a context from which on one is remembered; and where there are so many contexts that most say little: a line is
 * memory that is touched for the first time, which pays for those of which some more come.
 */
const FIRST_MESSAGES = 2;
const MANY_CONTEXTS = 1 << 14;
const FIRST_MESSAGES_OF_MANY = 8;
/** Contexts that there is room for at first where lines lie in memory of their own, a power of two. */
const FIRST_LINES = 1 << 10;
const GROWTH = 4;

const LAST_DEFINED_TYPE = 3;
/** Flags that no rule asks for. */
const SILENT_FLAGS = MessageFlag.plaintextShown | MessageFlag.fragment | MessageFlag.indexHeld;

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
  #words: Int32Array;
  #numbers: Float64Array;
  /** Behind the last context that has a line: what was never written is not read either, since that takes a page of memory. */
  #end = 0;
  /** By group of the keyring: where the first one begins to which something is lent, or END. */
  #lent = new Int32Array(0);
  /** Contexts to which something is lent. */
  #borrowers = 0;
  /** What was remembered with another stamp no longer holds. */
  #stamp = 1;
  #changes = 0;

  /** @param words room for lines of all contexts (usual-lines.ts), zeros; absent: made here, as contexts come */
  constructor(parts: UsualParts, words: Int32Array = new Int32Array(FIRST_LINES * Line.LINE_WORDS)) {
    this.#parts = parts;
    this.#words = words;
    this.#numbers = numbersOf(words);
  }

  /** What is remembered with another one does not hold. */
  get stamp(): number {
    return this.#stamp;
  }

  /** Keyring or rosters change: nothing that is remembered holds. */
  forget(): void {
    this.#giveAllBack();
    this.#stamp = (this.#stamp + 1) | 0;
  }

  /** Takes a message if it is a usual one; else nothing is changed, and the rules must look at it (`giveBack`). */
  take(table: MessageTable, row: number): boolean {
    const context = table.context[row];
    if (!this.#hasLine(context)) return false;
    const at = context * Line.LINE_WORDS;
    const words = this.#words;
    const isAlike =
      words[at + Line.CONTEXT] === context &&
      words[at + Line.STAMP] === this.#stamp &&
      words[at + Line.SENDER] === senderOf(table, row) &&
      words[at + Line.RECEIVER] === receiverOf(table, row) &&
      words[at + Line.HEADER] === headerOf(table, row) &&
      words[at + Line.FLAGS] === flagsOf(table, row) &&
      words[at + Line.GROUP] === table.group[row] &&
      words[at + Line.KEY] === table.epoch[row] &&
      words[at + Line.PASSED] === (table.passed[row] & Line.CHECKS) &&
      table.deciphered[row] === 1;
    if (!isAlike) return false;
    const word = table.plainWord[row];
    if (words[at + Line.OWNER] !== NONE && (table.words[word + IPV4_SOURCE / 4] | 0) !== words[at + Line.ADDRESS])
      return false;
    if (words[at + Line.LENT] === 0 && !this.#lend(table, row, at)) return false;
    const numbers = this.#numbers;
    const half = at >>> 1;
    const sn = table.sn[row];
    const time = table.time[row];
    if (words[at + Line.NEXT] !== sn || !(time >= numbers[half + Line.FROM] && time < numbers[half + Line.UNTIL]))
      return false;
    const hasRtp = hasRtpPacket(table, row);
    let sequence = 0;
    if (hasRtp) {
      if (words[at + Line.RTP] === NONE || (table.words[word + SSRC_AT / 4] | 0) !== words[at + Line.SSRC])
        return false;
      sequence = (table.plain[word * 4 + SEQUENCE_AT] << 8) | table.plain[word * 4 + SEQUENCE_AT + 1];
      if (!isNext(words[at + Line.SEQUENCE], sequence)) return false;
    }
    if (words[at + Line.STOP] === sn && !this.#turnPage(at, sn)) return false;
    const frame = table.frame[row];
    if (hasRtp) {
      words[at + Line.SEQUENCE] = sequence;
      words[at + Line.RTP_FRAME] = frame;
    }
    words[at + Line.LAST] = this.#parts.counters.keep(table, row, words[at + Line.LAST]);
    words[at + Line.NEXT] = sn + 1;
    words[at + Line.MESSAGES]++;
    numbers[half + Line.TIME] = time;
    numbers[half + Line.FRAME] = frame;
    return true;
  }

  /** Whether the last message of the same context was one after which another like it would be a usual one. */
  remembers(table: MessageTable, row: number): boolean {
    const context = table.context[row];
    if (!this.#hasLine(context)) return false;
    const at = context * Line.LINE_WORDS;
    return this.#words[at + Line.CONTEXT] === context && this.#words[at + Line.STAMP] === this.#stamp;
  }

  /** For a message that is alike and to whose context nothing is lent: lends it, if it is a usual one as far as that goes. */
  lend(table: MessageTable, row: number): boolean {
    return this.#lend(table, row, table.context[row] * Line.LINE_WORDS);
  }

  /** For one that is a usual one but for its SN, which is one to stop at: goes on in the next page if it is only that. */
  turnPage(table: MessageTable, row: number): boolean {
    return this.#turnPage(table.context[row] * Line.LINE_WORDS, table.sn[row]);
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
    const context = table.context[row];
    if (!this.#hasLine(context)) return;
    const at = context * Line.LINE_WORDS;
    if (this.#words[at + Line.LENT] !== 0) this.#giveGroupBack(this.#words[at + Line.GROUP]);
  }

  /** Every rule has looked at a message: remembers it where another like it would be a usual one. */
  learn(seen: Observed, context: number): void {
    const { contexts, members, keys, bindings } = this.#parts;
    this.#notice();
    if (context === NONE) return;
    if (contexts.messages[context] < (context < MANY_CONTEXTS ? FIRST_MESSAGES : FIRST_MESSAGES_OF_MANY)) return;
    const table = seen.table as MessageTable;
    const { row, member, serial } = seen;
    const at = context * Line.LINE_WORDS;
    if (this.#hasLine(context)) this.#words[at + Line.STAMP] = 0;
    const stream = contexts.stream[context];
    if (!isGood(seen) || stream === NONE) return;
    const owner = bindings.ownerOf(seen);
    if (owner === null) return;
    let from = Number.NEGATIVE_INFINITY;
    let until = keys.checkedUntil(serial);
    if (seen.group !== null) {
      if (members.place[member] !== Place.good) return;
      from = members.from[member];
      until = Math.min(until, members.until[member]);
    }
    // Not for contexts of made-up ids, which nobody has a key for.
    while (at >= this.#words.length) this.#growLines();
    this.#end = Math.max(this.#end, context + 1);
    const words = this.#words;
    words[at + Line.STAMP] = this.#stamp;
    words[at + Line.CONTEXT] = context;
    words[at + Line.SENDER] = senderOf(table, row);
    words[at + Line.RECEIVER] = receiverOf(table, row);
    words[at + Line.HEADER] = headerOf(table, row);
    words[at + Line.FLAGS] = flagsOf(table, row);
    words[at + Line.GROUP] = table.group[row];
    words[at + Line.KEY] = serial;
    words[at + Line.PASSED] = table.passed[row] & Line.CHECKS;
    words[at + Line.ADDRESS] = owner === NONE ? 0 : table.words[table.plainWord[row] + IPV4_SOURCE / 4];
    words[at + Line.STREAM] = stream;
    words[at + Line.MEMBER] = member;
    words[at + Line.OWNER] = owner;
    this.#numbers[(at >>> 1) + Line.FROM] = from;
    this.#numbers[(at >>> 1) + Line.UNTIL] = until;
  }

  /** Lends what messages of a context change, if the one at hand is a usual one as far as the rules' own tables say. */
  #lend(table: MessageTable, row: number, at: number): boolean {
    const { members, counters, bindings, rtp } = this.#parts;
    const { streams, seen } = counters;
    const words = this.#words;
    const group = words[at + Line.GROUP];
    const member = words[at + Line.MEMBER];
    const stream = words[at + Line.STREAM];
    const owner = words[at + Line.OWNER];
    const sn = table.sn[row];
    if (members.newest[member] - 1 !== words[at + Line.KEY] || !counters.expects(stream, sn)) return false;
    const page = streams.page[stream];
    const stop = counters.stopOf(stream, page, sn, 0);
    if (stop === sn) return false;
    const bytes = table.plain;
    const word = table.plainWord[row];
    const source = table.source[row];
    if (owner !== NONE && !bindings.isBound(member, owner, source, bytes, word * 4)) return false;
    words[at + Line.RTP] = NONE;
    if (hasRtpPacket(table, row)) {
      const slot = rtp.lend(member, group, source, bytes, word * 4);
      if (slot === NONE) return false;
      words[at + Line.RTP] = slot;
      words[at + Line.SSRC] = table.words[word + SSRC_AT / 4];
      words[at + Line.SEQUENCE] = rtp.sequenceOf(slot);
      words[at + Line.RTP_FRAME] = rtp.frameOf(slot);
    }
    // Two versions of the header may share a stream, two LCIDs an RTP stream: whoever does not have it goes past the rules.
    streams.usual[stream] = NONE;
    words[at + Line.NEXT] = sn;
    words[at + Line.STOP] = stop;
    words[at + Line.PAGE] = page;
    words[at + Line.LAST] = seen.last[page];
    words[at + Line.MESSAGES] = 0;
    this.#numbers[(at >>> 1) + Line.FRAME] = table.frame[row];
    if (group >= this.#lent.length) this.#grow(group);
    words[at + Line.LENT] = this.#lent[group] + 2;
    this.#lent[group] = at;
    this.#borrowers++;
    return true;
  }

  /** The next SN is one to stop at: goes on in the next page of positions if it is only that. */
  #turnPage(at: number, sn: number): boolean {
    const { counters } = this.#parts;
    const { streams, seen } = counters;
    const words = this.#words;
    const stream = words[at + Line.STREAM];
    if ((sn & 255) !== 0 || seen.isFull) return false;
    this.#writePage(at);
    const page = seen.page(streams.number[stream], sn, words[at + Line.PAGE]);
    words[at + Line.PAGE] = page;
    words[at + Line.LAST] = seen.last[page];
    words[at + Line.STOP] = counters.stopOf(stream, page, sn, words[at + Line.MESSAGES]);
    return words[at + Line.STOP] !== sn;
  }

  /** Writes down the positions of the page at hand. */
  #writePage(at: number): void {
    const words = this.#words;
    const end = words[at + Line.NEXT];
    const first = Math.max((end - 1) & ~255, end - words[at + Line.MESSAGES]);
    this.#parts.counters.wentOn(words[at + Line.PAGE], first, end, words[at + Line.LAST]);
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
      const next = this.#words[at + Line.LENT] - 2;
      this.#words[at + Line.LENT] = 0;
      this.#borrowers--;
      this.#writeDown(at);
      at = next;
    }
  }

  /** Writes down what messages of a context changed, and gives back what was lent. */
  #writeDown(at: number): void {
    const { contexts, members, counters, bindings, rtp } = this.#parts;
    const words = this.#words;
    const messages = words[at + Line.MESSAGES];
    const stream = words[at + Line.STREAM];
    const time = this.#numbers[(at >>> 1) + Line.TIME];
    const frame = this.#numbers[(at >>> 1) + Line.FRAME];
    const slot = words[at + Line.RTP];
    if (slot !== NONE) {
      const rtpFrame = frame - ((frame - (words[at + Line.RTP_FRAME] >>> 0)) % 0x1_0000_0000);
      rtp.giveBack(slot, words[at + Line.SEQUENCE], rtpFrame);
    }
    if (messages === 0) {
      counters.streams.usual[stream] = words[at + Line.NEXT];
      return;
    }
    const owner = words[at + Line.OWNER];
    if (owner !== NONE) bindings.again(owner, time, frame);
    members.pdus[words[at + Line.MEMBER]] += messages;
    contexts.messages[words[at + Line.CONTEXT]] += messages;
    this.#writePage(at);
    counters.stands(stream, words[at + Line.PAGE], words[at + Line.NEXT] - 1, messages, time, frame);
  }

  #hasLine(context: number): boolean {
    return context !== NONE && context < this.#end;
  }

  #growLines(): void {
    this.#words = grown(this.#words, Math.min(Line.LINES_OCTETS / 4, this.#words.length * GROWTH));
    this.#numbers = numbersOf(this.#words);
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
      keys.changes +
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

function numbersOf({ buffer, byteOffset, length }: Int32Array): Float64Array {
  return new Float64Array(buffer, byteOffset, length / 2);
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
