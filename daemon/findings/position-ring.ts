// What was said at each key-stream position: one bounded ring for all streams. It keeps a hash, the first 64 octets of
// ciphertext, time and frame, so that a replay can be told from key stream that was used twice.
//
// Messages are numbered from 1. Those of one page of positions (seen-pages.ts) are a chain from the newest back, so that
// keeping a message touches nothing but the end of the ring; only a position that was seen before is looked for.

// The specification says (findings, ctr.keystream_reuse): octets that are compared.
export const KEPT_OCTETS = 64;

// We chose.
/** Messages remembered; above it the oldest is forgotten (findings, Memory: at least 2^20). 96 octets each. */
export const RING_MESSAGES = 1 << 20;
/** Messages of one piece of memory, so that the ring grows without copying. */
const CHUNK_BITS = 14;
const CHUNK_MESSAGES = 1 << CHUNK_BITS;

// One message, in 32-bit words: octets, hash, number of the message before it in its page, length and SN; then time and
// frame as 64-bit floating point.
const KEPT_WORDS = KEPT_OCTETS / 4;
const HASH = 16;
const BEFORE = 17;
const LENGTH_SN = 18;
const TIME = 10;
const FRAME = 11;
const STRIDE = 24;

// Each run mixes in its own seed, so that nobody can make two ciphertexts that look the same.
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/** A piece of the ring, seen in two ways. */
class Chunk {
  readonly words: Int32Array;
  readonly doubles: Float64Array;

  constructor(messages: number) {
    this.words = new Int32Array(messages * STRIDE);
    this.doubles = new Float64Array(this.words.buffer);
  }
}

/** Remembers the last messages. One message is staged, compared, then committed or left. */
export class PositionRing {
  /** Messages forgotten so far. */
  evictions = 0;

  readonly #limit: number;
  readonly #chunks: Chunk[] = [];
  /** Number of the message that is staged next. */
  #number = 1;

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

  /** Octets that the ring holds now. */
  get octets(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.words.byteLength, 0);
  }

  /** Copies the ciphertext of a message into the next place of the ring. It belongs to nobody until `commit`. */
  stage(view: DataView, at: number, length: number): void {
    const place = this.#number & (this.#limit - 1);
    if (place >>> CHUNK_BITS === this.#chunks.length)
      this.#chunks.push(new Chunk(Math.min(this.#limit, CHUNK_MESSAGES)));
    const { words } = this.#chunks[place >>> CHUNK_BITS];
    const base = (place & (CHUNK_MESSAGES - 1)) * STRIDE;
    let word = base;
    const end = at + length;
    let i = at;
    if (length >= KEPT_OCTETS) {
      for (const stop = at + KEPT_OCTETS; i < stop; i += 4) words[word++] = view.getInt32(i, true);
    } else {
      for (; i + 4 <= end; i += 4) words[word++] = view.getInt32(i, true);
      if (i < end) words[word++] = tailWord(view, i, end);
      i = end;
      while (word < base + KEPT_WORDS) words[word++] = 0;
    }
    let hash = SEED ^ length;
    for (; i + 4 <= end; i += 4) hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1) ^ (hash >>> 15);
    if (i < end) hash = Math.imul(hash ^ tailWord(view, i, end), 0x85ebca6b);
    words[base + HASH] = hash;
    words[base + LENGTH_SN] = length << 16;
  }

  /**
   * Keeps the staged message.
   *
   * @param before number of the last message kept of its page, or 0
   * @returns the number of this one
   */
  commit(before: number, sn: number, time: number, frame: number): number {
    const number = this.#number++;
    const place = number & (this.#limit - 1);
    const { words, doubles } = this.#chunks[place >>> CHUNK_BITS];
    const base = (place & (CHUNK_MESSAGES - 1)) * STRIDE;
    words[base + BEFORE] = before;
    words[base + LENGTH_SN] |= sn;
    doubles[(base >>> 1) + TIME] = time;
    doubles[(base >>> 1) + FRAME] = frame;
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

  /** Whether the staged message is the same ciphertext as a kept one. */
  isSame(number: number): boolean {
    const staged = this.#number;
    if (this.#length(number) !== this.#length(staged)) return false;
    return this.#word(number, HASH) === this.#word(staged, HASH) && this.distance(number) === 0;
  }

  /** Bits in which the staged message differs from a kept one, over the first octets that both have. */
  distance(number: number): number {
    const octets = this.common(number);
    let bits = 0;
    for (let word = 0; word * 4 < octets; word++) {
      const left = octets - word * 4;
      // Little endian: the octets that both have are the low ones.
      const mask = left >= 4 ? -1 : (1 << (left * 8)) - 1;
      bits += ones((this.#word(number, word) ^ this.#word(this.#number, word)) & mask);
    }
    return bits;
  }

  /** Octets that `distance` compares. */
  common(number: number): number {
    return Math.min(KEPT_OCTETS, this.#length(number), this.#length(this.#number));
  }

  /** Capture time of a kept message in milliseconds. */
  timeOf(number: number): number {
    return this.#double(number, TIME);
  }

  /** Frame of a kept message. */
  frameOf(number: number): number {
    return this.#double(number, FRAME);
  }

  /** Whether a message is still there; the place of the staged one is taken. */
  #holds(number: number): boolean {
    return number > 0 && number < this.#number && this.#number - number < this.#limit;
  }

  #length(number: number): number {
    return this.#word(number, LENGTH_SN) >>> 16;
  }

  #word(number: number, word: number): number {
    const place = number & (this.#limit - 1);
    return this.#chunks[place >>> CHUNK_BITS].words[(place & (CHUNK_MESSAGES - 1)) * STRIDE + word];
  }

  #double(number: number, double: number): number {
    const place = number & (this.#limit - 1);
    return this.#chunks[place >>> CHUNK_BITS].doubles[((place & (CHUNK_MESSAGES - 1)) * STRIDE) / 2 + double];
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
