// What the ring of positions keeps of each message, in 16 octets. Memory that is touched for the first time costs more than
// anything else that is done with a message (docs/performance.md), so place, time and frame are kept as how far they lie
// behind the first of their stretch of messages; where that says too little, time and frame stand elsewhere in full.

/** The octets stand nowhere but in the ring. */
export const NO_PLACE = -1;

/** Octets of one entry. */
export const ENTRY_OCTETS = 16;

// One entry, in 32-bit words: how many messages before it the one before it in its page came (20 bits, 0: there is none that
// is remembered), with its frame (12 bits); length and SN; place in the input, one more than from the first place of its
// stretch, 0 where there is none; time.
export const CHAIN = 0;
export const LENGTH_SN = 1;
export const PLACE = 2;
export const TIME = 3;
const STRIDE = ENTRY_OCTETS / 4;
export const FRAME_BITS = 12;
/** In place of a frame: time and frame stand elsewhere. */
export const FAR = (1 << FRAME_BITS) - 1;
/** Messages remembered at most: so many are counted back. */
export const MOST_MESSAGES = 1 << (32 - FRAME_BITS);
/** Places of one stretch that lie further apart are not kept. */
const MOST_APART = 0xffff_fffe;

/**
 * Times of one stretch are multiples of so much of a millisecond apart: a number of 64 bits resolves no less between the
 * years 2004 and 2039, and finer than a microsecond. A stretch may last 17 minutes.
 */
export const TICKS = 4096;

/** Messages of one stretch. */
const STRETCH_BITS = 8;
export const STRETCH = 1 << STRETCH_BITS;
/** Messages whose times and frames get room in full at once. */
const PIECE_BITS = 14;
const PIECE = 1 << PIECE_BITS;

// The first of a stretch: place, or NO_PLACE where none has one, time and frame.
export const FIRST_PLACE = 0;
export const FIRST_TIME = 1;
export const FIRST_FRAME = 2;
const FIRSTS = 3;

/** See the head of the file. Messages are numbered from 1, and kept in that order. */
export class RingEntries {
  /** By number modulo the limit. */
  readonly words: Int32Array;
  readonly #mask: number;
  /** By stretch. There are twice as many as the ring has: what is left of the last round through it needs its own. */
  readonly firsts: Float64Array;
  readonly #stretchMask: number;
  /** Times and frames in full, by piece. */
  readonly #wide: (Float64Array | null)[];
  #stretch = -1;

  /**
   * @param limit messages remembered, a power of two from 256 to MOST_MESSAGES
   * @param words room for them, zeros
   */
  constructor(limit: number, words: Int32Array) {
    this.words = words;
    this.#mask = limit - 1;
    this.#stretchMask = (2 * limit) / STRETCH - 1;
    this.firsts = new Float64Array((this.#stretchMask + 1) * FIRSTS);
    this.#wide = Array.from({ length: Math.ceil(limit / PIECE) }, () => null);
  }

  /** Octets that are kept beside the entries. */
  get octetsBeside(): number {
    return this.#wide.reduce((sum, piece) => sum + (piece?.byteLength ?? 0), 0);
  }

  /**
   * Keeps a message.
   *
   * @param before number of the one before it in its page, or 0
   * @param place octet of the input, or NO_PLACE
   * @param time milliseconds since 1970
   * @param frame number of its frame; frames come in order
   * @returns whether the place is kept
   */
  keep(number: number, before: number, lengthSn: number, place: number, time: number, frame: number): boolean {
    const first = this.begin(number, place, time, frame);
    const { firsts } = this;
    const { words } = this;
    const at = (number & this.#mask) * STRIDE;
    const back = (number - before) >>> 0;
    const chain = before !== 0 && back <= this.#mask ? back << FRAME_BITS : 0;
    const frames = frame - firsts[first + FIRST_FRAME];
    const ticks = (time - firsts[first + FIRST_TIME]) * TICKS;
    const isNear = frames < FAR && ticks === ticks >>> 0;
    words[at + CHAIN] = chain | (isNear ? frames : FAR);
    words[at + LENGTH_SN] = lengthSn;
    words[at + TIME] = ticks;
    if (!isNear) this.#keepWide(number, time, frame);
    const apart = place - firsts[first + FIRST_PLACE];
    const hasPlace = place !== NO_PLACE && apart >= 0 && apart < MOST_APART;
    words[at + PLACE] = hasPlace ? apart + 1 : 0;
    return hasPlace;
  }

  /**
   * Sees to it that a stretch has begun with this message or before it, and has a place where this one has.
   *
   * @returns where its first begins in `firsts`
   */
  begin(number: number, place: number, time: number, frame: number): number {
    const { firsts } = this;
    const stretch = number >>> STRETCH_BITS;
    const first = (stretch & this.#stretchMask) * FIRSTS;
    if (stretch !== this.#stretch) {
      this.#stretch = stretch;
      firsts[first + FIRST_PLACE] = NO_PLACE;
      firsts[first + FIRST_TIME] = time;
      firsts[first + FIRST_FRAME] = frame;
    }
    if (firsts[first + FIRST_PLACE] === NO_PLACE) firsts[first + FIRST_PLACE] = place;
    return first;
  }

  /** Number of the message before this one in its page; 0 where none is remembered. */
  before(number: number): number {
    const back = this.#word(number, CHAIN) >>> FRAME_BITS;
    return back === 0 ? 0 : number - back;
  }

  lengthSn(number: number): number {
    return this.#word(number, LENGTH_SN);
  }

  /** Octet of the input, or NO_PLACE. */
  place(number: number): number {
    const kept = this.#word(number, PLACE) >>> 0;
    return kept === 0 ? NO_PLACE : this.firsts[this.#firstOf(number) + FIRST_PLACE] + kept - 1;
  }

  /** The octets of a message are kept in the ring from now on. */
  forgetPlace(number: number): void {
    this.words[(number & this.#mask) * STRIDE + PLACE] = 0;
  }

  /** Milliseconds since 1970. */
  time(number: number): number {
    if ((this.#word(number, CHAIN) & FAR) === FAR) return this.#wideOf(number)[this.#widePlace(number)];
    return this.firsts[this.#firstOf(number) + FIRST_TIME] + (this.#word(number, TIME) >>> 0) / TICKS;
  }

  frame(number: number): number {
    const frames = this.#word(number, CHAIN) & FAR;
    if (frames === FAR) return this.#wideOf(number)[this.#widePlace(number) + 1];
    return this.firsts[this.#firstOf(number) + FIRST_FRAME] + frames;
  }

  #keepWide(number: number, time: number, frame: number): void {
    const wide = this.#wideOf(number);
    wide[this.#widePlace(number)] = time;
    wide[this.#widePlace(number) + 1] = frame;
  }

  #wideOf(number: number): Float64Array {
    const piece = (number & this.#mask) >>> PIECE_BITS;
    const wide = this.#wide[piece] ?? new Float64Array(2 * Math.min(PIECE, this.#mask + 1));
    this.#wide[piece] = wide;
    return wide;
  }

  #widePlace(number: number): number {
    return 2 * (number & this.#mask & (PIECE - 1));
  }

  #firstOf(number: number): number {
    return ((number >>> STRETCH_BITS) & this.#stretchMask) * FIRSTS;
  }

  #word(number: number, word: number): number {
    return this.words[(number & this.#mask) * STRIDE + word];
  }
}
