// Copies of one transmission: HARQ repeats a transport block, a second antenna hears it again. They are removed before
// anything is judged (findings, preamble: copies are capture.duplicate and nothing else).

// The specification says (findings, preamble; security A.2): one SL period of HARQ repeats, whichever antenna hears them;
// two receivers with skewed clocks.
/** Milliseconds after the first transmission within which an identical MAC PDU is a copy, on any interface. */
export const REPEAT_MS = 320;
/** Milliseconds after the last copy within which an identical MAC PDU on another interface is a copy too. */
export const OTHER_INTERFACE_MS = 50;

// We chose: 2^13 buckets of 8 transmissions remember 320 ms of more than 100,000 frames/s. Above that the oldest of a
// bucket is forgotten, which is counted where it was still young enough to matter.
const BUCKETS = 1 << 13;
const WAYS = 8;
// We chose: octets that pick the bucket: SL-SCH header, RLC header, PDCP header and the first of the ciphertext.
const BUCKET_OCTETS = 32;

/** Remembers transmissions for as long as a copy of them could come. */
export class DuplicateFilter {
  /** Transmissions forgotten while a copy could still have come. */
  evictions = 0;

  readonly #low = new Uint32Array(BUCKETS * WAYS);
  readonly #high = new Uint32Array(BUCKETS * WAYS);
  // Capture time of the first transmission and of the last copy, and the interface that heard the last.
  readonly #first = new Float64Array(BUCKETS * WAYS).fill(Number.NEGATIVE_INFINITY);
  readonly #last = new Float64Array(BUCKETS * WAYS).fill(Number.NEGATIVE_INFINITY);
  readonly #interface = new Uint16Array(BUCKETS * WAYS);
  // The way of each bucket that is forgotten next: the one that was remembered first.
  readonly #next = new Uint8Array(BUCKETS);
  // Different in each run, so that nobody can send a frame that is taken for a copy of another. A collision by chance
  // has a probability of 2^-64 a pair.
  readonly #seed0 = (Math.random() * 0x1_0000_0000) | 0;
  readonly #seed1 = (Math.random() * 0x1_0000_0000) | 0;

  /**
   * Whether this MAC PDU is a copy of one that was heard shortly before; remembers it where it is not.
   *
   * @param at offset and `length` octets of the MAC PDU in `view` (its source Layer-2 id is inside)
   * @param time capture time in milliseconds
   */
  isCopy(view: DataView, at: number, length: number, time: number, interfaceId: number): boolean {
    // Two lanes over 32-bit words, every other word each; both go into both halves of the result.
    let even = this.#seed0;
    let odd = this.#seed1;
    let i = at;
    for (const pairs = at + (length & ~7); i < pairs; i += 8) {
      even = Math.imul(even ^ view.getInt32(i, true), 0x9e3779b1);
      even = (even << 13) | (even >>> 19);
      odd = Math.imul(odd ^ view.getInt32(i + 4, true), 0x85ebca6b);
      odd = (odd << 15) | (odd >>> 17);
    }
    let tail = length;
    for (; i < at + length; i++) tail = (Math.imul(tail, 0x01000193) ^ view.getUint8(i)) | 0;
    even = Math.imul(even ^ tail, 0xc2b2ae35);
    odd = Math.imul(odd ^ tail ^ (tail >>> 16), 0x27d4eb2f);
    let h0 = even ^ ((odd << 16) | (odd >>> 16));
    let h1 = odd ^ Math.imul(even, 0x165667b1);
    h0 = Math.imul(h0 ^ (h0 >>> 15), 0x85ebca77);
    h1 = Math.imul(h1 ^ (h1 >>> 13), 0x9e3779b1);
    h0 ^= h0 >>> 16;
    h1 ^= h1 >>> 16;
    return this.#look(bucketOf(view, at, length), h0 >>> 0, h1 >>> 0, time, interfaceId);
  }

  #look(bucket: number, low: number, high: number, time: number, interfaceId: number): boolean {
    const base = bucket * WAYS;
    let entry = -1;
    for (let way = base; way < base + WAYS; way++) {
      if (this.#low[way] === low && this.#high[way] === high) entry = way;
    }
    if (entry >= 0) {
      // Repeats are measured from the first transmission: a copy does not keep that window open.
      const isRepeat = Math.abs(time - this.#first[entry]) <= REPEAT_MS;
      const isOtherAntenna =
        this.#interface[entry] !== interfaceId && Math.abs(time - this.#last[entry]) <= OTHER_INTERFACE_MS;
      this.#last[entry] = time;
      this.#interface[entry] = interfaceId;
      if (isRepeat || isOtherAntenna) return true;
      this.#first[entry] = time;
      return false;
    }
    entry = base + this.#next[bucket];
    this.#next[bucket] = (this.#next[bucket] + 1) % WAYS;
    if (Math.abs(time - this.#first[entry]) <= REPEAT_MS) this.evictions++;
    this.#low[entry] = low;
    this.#high[entry] = high;
    this.#first[entry] = time;
    this.#last[entry] = time;
    this.#interface[entry] = interfaceId;
    return false;
  }
}

/**
 * Where a transmission is remembered. The same in every run, unlike what tells it from others: what a full bucket forgets
 * shows in the summary, and two runs on one capture print the same.
 */
function bucketOf(view: DataView, at: number, length: number): number {
  let hash = length;
  const end = at + Math.min(length, BUCKET_OCTETS);
  let i = at;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  // A segment of one octet differs from the next in these only.
  for (; i < end; i++) {
    hash = Math.imul(hash ^ view.getUint8(i), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return (hash ^ (hash >>> 13)) & (BUCKETS - 1);
}
