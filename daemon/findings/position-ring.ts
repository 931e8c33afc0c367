// What was said at each key-stream position: one bounded ring for all streams. It keeps a hash, the first 64 octets of
// ciphertext, time and frame, so that a replay can be told from key stream that was used twice.

import { grown } from '../engine/slot-table.ts';

// The specification says (findings, ctr.keystream_reuse): octets that are compared.
export const KEPT_OCTETS = 64;

// We chose.
/** Messages remembered; above it the oldest is forgotten (findings, Memory: at least 2^20). About 104 octets each. */
export const RING_MESSAGES = 1 << 20;
const FIRST_ENTRIES = 1 << 12;
/** Entries whose octets lie in one array, so that growing copies none of them. */
const CHUNK_BITS = 12;
const CHUNK_ENTRIES = 1 << CHUNK_BITS;

const KEPT_WORDS = KEPT_OCTETS / 4;
const EMPTY = -1;
// Each run mixes in its own seed, so that nobody can make two ciphertexts that look the same, or fill one bucket.
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/** Remembers the last messages. One message is staged, compared, then committed or left. */
export class PositionRing {
  /** Entries forgotten so far. */
  evictions = 0;

  readonly #limit: number;
  #capacity: number;
  #heads: Int32Array;
  #next: Int32Array;
  #stream: Uint32Array;
  #sn: Uint16Array;
  #length: Uint16Array;
  #hash: Int32Array;
  #time: Float64Array;
  #frame: Float64Array;
  readonly #chunks: Uint32Array[] = [];
  #at = 0;
  #filled = 0;

  /** @param limit messages remembered, a power of two of at least 4,096 */
  constructor(limit: number = RING_MESSAGES) {
    this.#limit = limit;
    this.#capacity = FIRST_ENTRIES;
    this.#heads = new Int32Array(this.#capacity).fill(EMPTY);
    this.#next = new Int32Array(this.#capacity);
    this.#stream = new Uint32Array(this.#capacity);
    this.#sn = new Uint16Array(this.#capacity);
    this.#length = new Uint16Array(this.#capacity);
    this.#hash = new Int32Array(this.#capacity);
    this.#time = new Float64Array(this.#capacity);
    this.#frame = new Float64Array(this.#capacity);
  }

  /** Capture time in milliseconds of the oldest message remembered; NaN where there is none. */
  get horizon(): number {
    if (this.#filled === 0) return Number.NaN;
    return this.#time[this.evictions === 0 ? 0 : (this.#at + this.#capacity - this.#filled) % this.#capacity];
  }

  /** Octets that the ring holds now. */
  get octets(): number {
    return this.#capacity * 40 + this.#chunks.length * CHUNK_ENTRIES * KEPT_OCTETS;
  }

  /** Copies the ciphertext of a message into the next place of the ring. It belongs to nobody until `commit`. */
  stage(view: DataView, at: number, length: number): void {
    if (this.#filled === this.#capacity) {
      if (this.#capacity < this.#limit) this.#double();
      else this.#unlink(this.#at);
    }
    const entry = this.#at;
    const words = this.#chunk(entry);
    let word = (entry & (CHUNK_ENTRIES - 1)) * KEPT_WORDS;
    const end = at + length;
    let i = at;
    if (length >= KEPT_OCTETS) {
      for (const stop = at + KEPT_OCTETS; i < stop; i += 4) words[word++] = view.getInt32(i, true);
    } else {
      const last = word + KEPT_WORDS;
      for (; i + 4 <= end; i += 4) words[word++] = view.getInt32(i, true);
      if (i < end) words[word++] = tailWord(view, i, end);
      i = end;
      while (word < last) words[word++] = 0;
    }
    let hash = SEED ^ length;
    for (; i + 4 <= end; i += 4) hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1) ^ (hash >>> 15);
    if (i < end) hash = Math.imul(hash ^ tailWord(view, i, end), 0x85ebca6b);
    this.#hash[entry] = hash;
    this.#length[entry] = length;
  }

  /** Keeps the staged message under its position. */
  commit(stream: number, sn: number, time: number, frame: number): void {
    const entry = this.#at;
    this.#stream[entry] = stream;
    this.#sn[entry] = sn;
    this.#time[entry] = time;
    this.#frame[entry] = frame;
    const bucket = this.#bucket(stream, sn);
    this.#next[entry] = this.#heads[bucket];
    this.#heads[bucket] = entry;
    this.#at = entry + 1 === this.#capacity ? 0 : entry + 1;
    if (this.#filled < this.#capacity) this.#filled++;
  }

  /** The newest message kept under a position, or -1. */
  find(stream: number, sn: number): number {
    return this.#from(this.#heads[this.#bucket(stream, sn)], stream, sn);
  }

  /** The one before it under the same position, or -1. */
  before(entry: number): number {
    return this.#from(this.#next[entry], this.#stream[entry], this.#sn[entry]);
  }

  /** Whether the staged message is the same ciphertext as a kept one. */
  isSame(entry: number): boolean {
    const staged = this.#at;
    if (this.#length[entry] !== this.#length[staged] || this.#hash[entry] !== this.#hash[staged]) return false;
    return this.distance(entry) === 0;
  }

  /** Bits in which the staged message differs from a kept one, over the first octets that both have. */
  distance(entry: number): number {
    const staged = this.#at;
    const a = this.#chunk(entry);
    const b = this.#chunk(staged);
    const from = (entry & (CHUNK_ENTRIES - 1)) * KEPT_WORDS;
    const to = (staged & (CHUNK_ENTRIES - 1)) * KEPT_WORDS;
    const octets = this.common(entry);
    let bits = 0;
    for (let word = 0; word * 4 < octets; word++) {
      const left = octets - word * 4;
      // Little endian: the octets that both have are the low ones.
      const mask = left >= 4 ? -1 : (1 << (left * 8)) - 1;
      bits += ones((a[from + word] ^ b[to + word]) & mask);
    }
    return bits;
  }

  /** Octets that `distance` compares. */
  common(entry: number): number {
    return Math.min(KEPT_OCTETS, this.#length[entry], this.#length[this.#at]);
  }

  /** Capture time of a kept message in milliseconds. */
  timeOf(entry: number): number {
    return this.#time[entry];
  }

  /** Frame of a kept message. */
  frameOf(entry: number): number {
    return this.#frame[entry];
  }

  #from(start: number, stream: number, sn: number): number {
    let entry = start;
    while (entry >= 0 && (this.#stream[entry] !== stream || this.#sn[entry] !== sn)) entry = this.#next[entry];
    return entry;
  }

  #bucket(stream: number, sn: number): number {
    let hash = Math.imul((stream << 16) ^ (stream >>> 16) ^ sn ^ SEED, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) & (this.#capacity - 1);
  }

  #chunk(entry: number): Uint32Array {
    const number = entry >>> CHUNK_BITS;
    if (number === this.#chunks.length) this.#chunks.push(new Uint32Array(CHUNK_ENTRIES * KEPT_WORDS));
    return this.#chunks[number];
  }

  #unlink(entry: number): void {
    const bucket = this.#bucket(this.#stream[entry], this.#sn[entry]);
    if (this.#heads[bucket] === entry) this.#heads[bucket] = this.#next[entry];
    else {
      let at = this.#heads[bucket];
      while (this.#next[at] !== entry) at = this.#next[at];
      this.#next[at] = this.#next[entry];
    }
    this.#filled--;
    this.evictions++;
  }

  #double(): void {
    const before = this.#capacity;
    const capacity = before * 2;
    this.#capacity = capacity;
    this.#next = grown(this.#next, capacity);
    this.#stream = grown(this.#stream, capacity);
    this.#sn = grown(this.#sn, capacity);
    this.#length = grown(this.#length, capacity);
    this.#hash = grown(this.#hash, capacity);
    this.#time = grown(this.#time, capacity);
    this.#frame = grown(this.#frame, capacity);
    this.#heads = new Int32Array(capacity).fill(EMPTY);
    // Never full before the limit, so the entries stand in order of age from 0 on.
    for (let entry = 0; entry < before; entry++) {
      const bucket = this.#bucket(this.#stream[entry], this.#sn[entry]);
      this.#next[entry] = this.#heads[bucket];
      this.#heads[bucket] = entry;
    }
    this.#at = before;
  }
}

function tailWord(view: DataView, from: number, end: number): number {
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
