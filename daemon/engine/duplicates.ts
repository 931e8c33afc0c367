// Copies of one transmission: HARQ repeats a transport block, a second antenna hears it again. They are removed before
// anything is judged (findings, preamble: copies are capture.duplicate and nothing else).

import { PduHash } from './pdu-hash.ts';

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

// A transmission in 32-bit words: the hash of its start, the interface that heard its last copy; then, as 64-bit floating
// point, the time of its first transmission and of the last copy. The secret hashes of a bucket stand together, so that
// most frames touch two lines of the cache. Memory is not touched before it is needed.
const START = 0;
const INTERFACE = 1;
const FIRST = 1;
const LAST = 2;
const STRIDE = 6;

/** Remembers transmissions for as long as a copy of them could come. */
export class DuplicateFilter {
  /** Transmissions forgotten while a copy could still have come. */
  evictions = 0;

  // Over all octets, and secret, so that nobody can send a frame that is taken for a copy of another. Different messages
  // differ in their start as well, so that by chance it is once in 2^62 pairs.
  readonly #hash = new PduHash();
  /** One more than that hash; 0 where there is nothing. */
  readonly #low = new Uint32Array(BUCKETS * WAYS);
  readonly #words = new Int32Array(BUCKETS * WAYS * STRIDE);
  readonly #times = new Float64Array(this.#words.buffer);
  // The way of each bucket that is forgotten next: the one that was remembered first.
  readonly #next = new Uint8Array(BUCKETS);

  /**
   * Whether this MAC PDU is a copy of one that was heard shortly before; remembers it where it is not.
   *
   * @param at offset and `length` octets of the MAC PDU in `view` (its source Layer-2 id is inside)
   * @param time capture time in milliseconds
   */
  isCopy(view: DataView, at: number, length: number, time: number, interfaceId: number): boolean {
    const low = this.#hash.of(view, at, length) + 1;
    const high = hashOfStart(view, at, length);
    const bucket = (high ^ (high >>> 13)) & (BUCKETS - 1);
    const base = bucket * WAYS;
    for (let way = base; way < base + WAYS; way++) {
      if (this.#low[way] === low && this.#words[way * STRIDE + START] === high)
        return this.#again(way, time, interfaceId);
    }
    this.#remember(bucket, low, high, time, interfaceId);
    return false;
  }

  /** A transmission that is remembered was heard again. */
  #again(entry: number, time: number, interfaceId: number): boolean {
    const words = this.#words;
    const times = this.#times;
    const at = entry * STRIDE;
    const first = (at >>> 1) + FIRST;
    const last = (at >>> 1) + LAST;
    // Repeats are measured from the first transmission: a copy does not keep that window open.
    const isRepeat = Math.abs(time - times[first]) <= REPEAT_MS;
    const isOtherAntenna = words[at + INTERFACE] !== interfaceId && Math.abs(time - times[last]) <= OTHER_INTERFACE_MS;
    times[last] = time;
    words[at + INTERFACE] = interfaceId;
    if (isRepeat || isOtherAntenna) return true;
    times[first] = time;
    return false;
  }

  #remember(bucket: number, low: number, high: number, time: number, interfaceId: number): void {
    const way = this.#next[bucket];
    const entry = bucket * WAYS + way;
    this.#next[bucket] = way + 1 === WAYS ? 0 : way + 1;
    const at = entry * STRIDE;
    const times = this.#times;
    if (this.#low[entry] !== 0 && Math.abs(time - times[(at >>> 1) + FIRST]) <= REPEAT_MS) this.evictions++;
    this.#low[entry] = low;
    this.#words[at + START] = high;
    this.#words[at + INTERFACE] = interfaceId;
    times[(at >>> 1) + FIRST] = time;
    times[(at >>> 1) + LAST] = time;
  }
}

/**
 * Says where a transmission is remembered. The same in every run, unlike what tells it from others: what a full bucket
 * forgets shows in the summary, and two runs on one capture print the same.
 */
function hashOfStart(view: DataView, at: number, length: number): number {
  let hash = length;
  const end = at + Math.min(length, BUCKET_OCTETS);
  let i = at;
  for (; i + 8 <= end; i += 8) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1) ^ Math.imul(view.getInt32(i + 4, true), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  // A segment of one octet differs from the next in these only.
  for (; i < end; i++) {
    hash = Math.imul(hash ^ view.getUint8(i), 0xc2b2ae35);
    hash ^= hash >>> 13;
  }
  return hash;
}
