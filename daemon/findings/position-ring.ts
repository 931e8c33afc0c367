// What was said at each key-stream position: one bounded ring for all streams. It keeps the first 64 octets of ciphertext
// and a hash of the others, time and frame, so that a replay can be told from key stream that was used twice.
//
// Messages are numbered from 1. Those of one page of positions (seen-pages.ts) are a chain from the newest back, so that
// keeping a message touches nothing but the end of the ring (ring-entries.ts); only a position that was seen before is
// looked for.
//
// Octets and hash are more than four fifths of what is kept, and memory that is touched for the first time costs more than
// anything else that is done with a message (docs/performance.md). Where the input can be read again, a message keeps the
// place where its octets stand there instead. They are fetched once, when somebody asks, and then kept here.

import { PduHash } from '../engine/pdu-hash.ts';
import { ENTRY_OCTETS, NO_PLACE, RingEntries } from './ring-entries.ts';

// The specification says (findings, ctr.keystream_reuse): octets that are compared.
export const KEPT_OCTETS = 64;

// We chose.
/** Messages remembered; above it the oldest is forgotten (findings, Memory: at least 2^20). */
export const RING_MESSAGES = 1 << 20;
/** Messages whose octets get room at once. */
const PIECE_BITS = 14;
const PIECE = 1 << PIECE_BITS;

const KEPT_WORDS = KEPT_OCTETS / 4;
/** Octets as words, and behind them the two halves of the hash of what is not kept. */
const OCTETS_STRIDE = KEPT_WORDS + 2;

/**
 * Reads octets of the input again.
 *
 * @param place octet of the input
 * @returns octets read, fewer than `into` has where the input no longer has them
 */
export type Reread = (place: number, into: Uint8Array) => number;

/** Remembers the last messages. One message is staged, compared, then committed or left. */
export class PositionRing {
  /** Reads octets again whose place was staged with them; null, the default: all octets are kept. */
  reread: Reread | null = null;
  /** Messages remembered. */
  readonly limit: number;
  /** What is kept of each, octets aside. */
  readonly entries: RingEntries;

  /** By piece: the octets of its messages, once one of them is kept. What is never written takes no memory. */
  readonly #octets: (Int32Array | null)[];
  /** Number of the message that is staged next. */
  #number = 1;
  // The staged message.
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #length = 0;
  #place = NO_PLACE;
  #fetched = new Uint8Array(KEPT_OCTETS);
  #fetchedView = new DataView(this.#fetched.buffer);
  /** Universal, so that nobody can make two ciphertexts that look the same. */
  readonly #hash = new PduHash();

  /**
   * @param limit messages remembered, a power of two from 256 to 2^20
   * @param words room for their entries, zeros; absent: made here
   */
  constructor(limit: number = RING_MESSAGES, words: Int32Array = reserved(limit)) {
    this.limit = limit;
    this.entries = new RingEntries(limit, words);
    this.#octets = Array.from({ length: Math.ceil(limit / PIECE) }, () => null);
  }

  /** Number of the next message that is kept. */
  get number(): number {
    return this.#number;
  }

  /** So many messages were kept among the entries by somebody else. */
  passed(messages: number): void {
    this.#number += messages;
  }

  /** Messages forgotten so far. */
  get evictions(): number {
    return Math.max(0, this.#number - 1 - this.limit);
  }

  /** Capture time in milliseconds of the oldest message remembered; NaN where there is none. */
  get horizon(): number {
    if (this.#number === 1) return Number.NaN;
    const oldest = this.#number <= this.limit ? 1 : this.#number - this.limit;
    return this.timeOf(oldest);
  }

  /** Octets that the ring takes now. */
  get octets(): number {
    const entries = Math.min(this.#number - 1, this.limit) * ENTRY_OCTETS + this.entries.octetsBeside;
    return this.#octets.reduce((sum, piece) => sum + (piece?.byteLength ?? 0), entries);
  }

  /**
   * Puts the ciphertext of a message beside the ring. It is looked at until `commit`, and belongs to nobody until then.
   *
   * @param place octet of the input at which it stands in one piece, or NO_PLACE
   */
  stage(view: DataView, at: number, length: number, place: number = NO_PLACE): void {
    this.#view = view;
    this.#at = at;
    this.#length = length;
    this.#place = this.reread === null ? NO_PLACE : place;
  }

  /**
   * Keeps the staged message.
   *
   * @param before number of the last message kept of its page, or 0
   * @param frame number of its frame; frames come in order
   * @returns the number of this one
   */
  commit(before: number, sn: number, time: number, frame: number): number {
    const number = this.#number++;
    const lengthSn = (this.#length << 16) | sn;
    if (!this.entries.keep(number, before, lengthSn, this.#place, time, frame)) {
      this.#keep(this.#view, this.#at, this.#length, number);
    }
    return number;
  }

  /** The newest message of an SN among `number` and those before it in its page that are remembered, or 0. */
  find(number: number, sn: number): number {
    for (let at = number; this.#holds(at); at = this.entries.before(at)) {
      if ((this.entries.lengthSn(at) & 0xffff) === sn) return at;
    }
    return 0;
  }

  /** The one before it under the same SN, or 0. */
  before(number: number): number {
    return this.find(this.entries.before(number), this.entries.lengthSn(number) & 0xffff);
  }

  /**
   * Brings the octets of a kept message here, where they are not yet; false where the input no longer has them. What
   * compares comes behind it.
   */
  recall(number: number): boolean {
    const place = this.entries.place(number);
    if (place === NO_PLACE) return true;
    const wanted = this.#lengthOf(number);
    if (wanted > this.#fetched.length) {
      this.#fetched = new Uint8Array(wanted);
      this.#fetchedView = new DataView(this.#fetched.buffer);
    }
    const read = this.reread?.(place, this.#fetched.subarray(0, wanted)) ?? 0;
    if (read < wanted) return false;
    this.#keep(this.#fetchedView, 0, wanted, number);
    this.entries.forgetPlace(number);
    return true;
  }

  /** Whether the staged message is the same ciphertext as a kept one that was recalled. */
  isSame(number: number): boolean {
    if (this.#lengthOf(number) !== this.#length || this.distance(number) !== 0) return false;
    const kept = this.#octetsOf(number);
    const hashAt = this.#octetsAt(number) + KEPT_WORDS;
    const [low, high] = this.#hashBehind(this.#view, this.#at, this.#length);
    return kept[hashAt] === low && kept[hashAt + 1] === high;
  }

  /** Bits in which the staged message differs from a kept one that was recalled, over the first octets that both have. */
  distance(number: number): number {
    const octets = this.common(number);
    const kept = this.#octetsOf(number);
    const base = this.#octetsAt(number);
    let bits = 0;
    for (let at = 0; at < octets; at += 4) {
      const end = Math.min(octets, at + 4);
      // Little endian: the octets that both have are the low ones.
      const mask = end - at === 4 ? -1 : (1 << ((end - at) * 8)) - 1;
      const staged = wordAt(this.#view, this.#at + at, this.#at + end);
      bits += ones((staged ^ kept[base + (at >>> 2)]) & mask);
    }
    return bits;
  }

  /** Octets that `distance` compares. */
  common(number: number): number {
    return Math.min(KEPT_OCTETS, this.#lengthOf(number), this.#length);
  }

  /** Capture time of a kept message in milliseconds. */
  timeOf(number: number): number {
    return this.entries.time(number);
  }

  /** Frame of a kept message. */
  frameOf(number: number): number {
    return this.entries.frame(number);
  }

  /** Whether a message is still there; the place of the next one is taken. */
  #holds(number: number): boolean {
    return number > 0 && number < this.#number && this.#number - number < this.limit;
  }

  #lengthOf(number: number): number {
    return this.entries.lengthSn(number) >>> 16;
  }

  #octetsOf(number: number): Int32Array {
    const piece = (number & (this.limit - 1)) >>> PIECE_BITS;
    const octets = this.#octets[piece] ?? new Int32Array(Math.min(PIECE, this.limit) * OCTETS_STRIDE);
    this.#octets[piece] = octets;
    return octets;
  }

  #octetsAt(number: number): number {
    return (number & (this.limit - 1) & (PIECE - 1)) * OCTETS_STRIDE;
  }

  /** Keeps the first octets of a message and the hash of the others. */
  #keep(view: DataView, at: number, length: number, number: number): void {
    const into = this.#octetsOf(number);
    const first = this.#octetsAt(number);
    const end = at + Math.min(KEPT_OCTETS, length);
    let word = first;
    for (let i = at; i < end; i += 4) into[word++] = wordAt(view, i, end);
    const halves = this.#hashBehind(view, at, length);
    into[first + KEPT_WORDS] = halves[0];
    into[first + KEPT_WORDS + 1] = halves[1];
  }

  /** Over what lies behind the octets that are kept, where there is something. Valid until the next call. */
  #hashBehind(view: DataView, at: number, length: number): Int32Array {
    const behind = Math.min(KEPT_OCTETS, length);
    this.#hash.over(view, at + behind, length - behind);
    return this.#hash.halves;
  }
}

/** Room that takes no memory before it is written, and that V8 does not count as if it did. */
function reserved(messages: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(messages * ENTRY_OCTETS));
}

/** The word of the octets from `from` on, the first the lowest; zeros behind `end`. */
function wordAt(view: DataView, from: number, end: number): number {
  if (from + 4 <= end) return view.getInt32(from, true);
  let word = 0;
  for (let i = from; i < end; i++) word |= view.getUint8(i) << ((i - from) * 8);
  return word;
}

/** Bits that are set in a 32-bit word. */
function ones(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
