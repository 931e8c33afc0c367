// What was said at each key-stream position: one bounded ring for all streams. It keeps the first 64 octets of ciphertext
// and a hash of the others, time and frame, so that a replay can be told from key stream that was used twice.
//
// Messages are numbered from 1. Those of one page of positions (seen-pages.ts) are a chain from the newest back, so that
// keeping a message touches nothing but the end of the ring; only a position that was seen before is looked for.
//
// Octets and hash are three quarters of what is kept, and memory that is touched for the first time costs more than
// anything else that is done with a message (docs/performance.md). Where the input can be read again, a message keeps the
// place where its octets stand there instead. They are fetched once, when somebody asks, and then kept here.

import { PduHash } from '../engine/pdu-hash.ts';

// The specification says (findings, ctr.keystream_reuse): octets that are compared.
export const KEPT_OCTETS = 64;

// We chose.
/** Messages remembered; above it the oldest is forgotten (findings, Memory: at least 2^20). */
export const RING_MESSAGES = 1 << 20;
/** Messages of one piece of memory, so that the ring grows without copying. */
const CHUNK_BITS = 14;
const CHUNK_MESSAGES = 1 << CHUNK_BITS;

// One message, in 32-bit words: number of the message before it in its page, length and SN, low half of the frame's
// number, and place in the input: one more than from the first place of its chunk, 0 where the octets are kept.
const BEFORE = 0;
const LENGTH_SN = 1;
const FRAME = 2;
const PLACE = 3;
const STRIDE = 4;
const KEPT_WORDS = KEPT_OCTETS / 4;
/** Octets as words, and behind them the two halves of the hash of what is not kept. */
const OCTETS_STRIDE = KEPT_WORDS + 2;
/** Places of one chunk that lie further apart are not kept as places. */
const MOST_APART = 0xffff_fffe;

/** The octets stand nowhere but here. */
export const NO_PLACE = -1;

/**
 * Reads octets of the input again.
 *
 * @param place octet of the input
 * @returns octets read, fewer than `into` has where the input no longer has them
 */
export type Reread = (place: number, into: Uint8Array) => number;

/** A piece of the ring, and the octets of its messages once one of them is kept. */
class Chunk {
  readonly words: Int32Array;
  readonly times: Float64Array;
  octets: Int32Array | null = null;
  // Number of the message at its front, and the first place in the input: of this round through the ring and the last.
  #front: number = Number.NaN;
  #place = NO_PLACE;
  #placeBefore = NO_PLACE;

  constructor(messages: number) {
    this.words = new Int32Array(messages * STRIDE);
    this.times = new Float64Array(messages);
  }

  /** What a place is kept as, for a message whose chunk is headed by number `front`; 0 where it cannot be. */
  keepPlace(front: number, place: number): number {
    if (front !== this.#front) {
      this.#front = front;
      this.#placeBefore = this.#place;
      this.#place = NO_PLACE;
    }
    if (place === NO_PLACE) return 0;
    if (this.#place === NO_PLACE) this.#place = place;
    const apart = place - this.#place;
    return apart >= 0 && apart < MOST_APART ? apart + 1 : 0;
  }

  /** The place that was kept so. */
  placeOf(front: number, kept: number): number {
    return (front === this.#front ? this.#place : this.#placeBefore) + (kept >>> 0) - 1;
  }

  /** Room for the octets of every message; what is never written takes no memory. */
  keepOctets(): Int32Array {
    this.octets ??= new Int32Array(this.times.length * OCTETS_STRIDE);
    return this.octets;
  }
}

/** Remembers the last messages. One message is staged, compared, then committed or left. */
export class PositionRing {
  /** Messages forgotten so far. */
  evictions = 0;
  /** Reads octets again whose place was staged with them; null, the default: all octets are kept. */
  reread: Reread | null = null;

  readonly #limit: number;
  readonly #chunks: Chunk[] = [];
  /** Number of the message that is staged next. */
  #number = 1;
  // The staged message.
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #length = 0;
  #place = NO_PLACE;
  /** The last frame committed, from which the high halves of earlier ones follow. */
  #frame = 0;
  #fetched = new Uint8Array(KEPT_OCTETS);
  #fetchedView = new DataView(this.#fetched.buffer);
  /** Universal, so that nobody can make two ciphertexts that look the same. */
  readonly #hash = new PduHash();

  /** @param limit messages remembered, a power of two */
  constructor(limit: number = RING_MESSAGES) {
    this.#limit = limit;
  }

  /** Capture time in milliseconds of the oldest message remembered; NaN where there is none. */
  get horizon(): number {
    if (this.#number === 1) return Number.NaN;
    const oldest = this.#number <= this.#limit ? 1 : this.#number - this.#limit;
    return this.timeOf(oldest);
  }

  /** Octets that the ring takes now. */
  get octets(): number {
    return this.#chunks.reduce(
      (sum, chunk) => sum + chunk.words.byteLength + chunk.times.byteLength + (chunk.octets?.byteLength ?? 0),
      0,
    );
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
    const slot = number & (this.#limit - 1);
    const index = slot >>> CHUNK_BITS;
    while (index >= this.#chunks.length) this.#chunks.push(new Chunk(Math.min(this.#limit, CHUNK_MESSAGES)));
    const chunk = this.#chunks[index];
    const { words } = chunk;
    const place = slot & (CHUNK_MESSAGES - 1);
    const base = place * STRIDE;
    const kept = chunk.keepPlace(number - place, this.#place);
    words[base + BEFORE] = before;
    words[base + LENGTH_SN] = (this.#length << 16) | sn;
    words[base + FRAME] = frame;
    words[base + PLACE] = kept;
    chunk.times[place] = time;
    if (kept === 0) this.#keep(this.#view, this.#at, this.#length, chunk.keepOctets(), place * OCTETS_STRIDE);
    this.#frame = frame;
    if (number > this.#limit) this.evictions++;
    return number;
  }

  /** The newest message of an SN among `number` and those before it in its page that are remembered, or 0. */
  find(number: number, sn: number): number {
    for (let at = number; this.#holds(at); at = this.#word(at, BEFORE) >>> 0) {
      if ((this.#word(at, LENGTH_SN) & 0xffff) === sn) return at;
    }
    return 0;
  }

  /** The one before it under the same SN, or 0. */
  before(number: number): number {
    return this.find(this.#word(number, BEFORE) >>> 0, this.#word(number, LENGTH_SN) & 0xffff);
  }

  /**
   * Brings the octets of a kept message here, where they are not yet; false where the input no longer has them. What
   * compares comes behind it.
   */
  recall(number: number): boolean {
    const slot = number & (this.#limit - 1);
    const chunk = this.#chunks[slot >>> CHUNK_BITS];
    const index = slot & (CHUNK_MESSAGES - 1);
    const kept = chunk.words[index * STRIDE + PLACE];
    if (kept === 0) return true;
    const wanted = this.#lengthOf(number);
    if (wanted > this.#fetched.length) {
      this.#fetched = new Uint8Array(wanted);
      this.#fetchedView = new DataView(this.#fetched.buffer);
    }
    const place = chunk.placeOf(number - index, kept);
    const read = this.reread?.(place, this.#fetched.subarray(0, wanted)) ?? 0;
    if (read < wanted) return false;
    this.#keep(this.#fetchedView, 0, wanted, chunk.keepOctets(), index * OCTETS_STRIDE);
    chunk.words[index * STRIDE + PLACE] = 0;
    return true;
  }

  /** Whether the staged message is the same ciphertext as a kept one that was recalled. */
  isSame(number: number): boolean {
    if (this.#lengthOf(number) !== this.#length || this.distance(number) !== 0) return false;
    const slot = number & (this.#limit - 1);
    const kept = this.#chunks[slot >>> CHUNK_BITS].keepOctets();
    const hashAt = (slot & (CHUNK_MESSAGES - 1)) * OCTETS_STRIDE + KEPT_WORDS;
    const [low, high] = this.#hashBehind(this.#view, this.#at, this.#length);
    return kept[hashAt] === low && kept[hashAt + 1] === high;
  }

  /** Bits in which the staged message differs from a kept one that was recalled, over the first octets that both have. */
  distance(number: number): number {
    const octets = this.common(number);
    const slot = number & (this.#limit - 1);
    const kept = this.#chunks[slot >>> CHUNK_BITS].keepOctets();
    const base = (slot & (CHUNK_MESSAGES - 1)) * OCTETS_STRIDE;
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
    const slot = number & (this.#limit - 1);
    return this.#chunks[slot >>> CHUNK_BITS].times[slot & (CHUNK_MESSAGES - 1)];
  }

  /** Frame of a kept message. */
  frameOf(number: number): number {
    return this.#frame - ((this.#frame - (this.#word(number, FRAME) >>> 0)) % 0x1_0000_0000);
  }

  /** Whether a message is still there; the place of the next one is taken. */
  #holds(number: number): boolean {
    return number > 0 && number < this.#number && this.#number - number < this.#limit;
  }

  #lengthOf(number: number): number {
    return this.#word(number, LENGTH_SN) >>> 16;
  }

  #word(number: number, word: number): number {
    const slot = number & (this.#limit - 1);
    return this.#chunks[slot >>> CHUNK_BITS].words[(slot & (CHUNK_MESSAGES - 1)) * STRIDE + word];
  }

  /** Keeps the first octets of a message and the hash of the others. */
  #keep(view: DataView, at: number, length: number, into: Int32Array, first: number): void {
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
