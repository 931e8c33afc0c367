// What is remembered of transmissions, as one piece of memory: the filter (duplicates.ts) works on it row by row, its kernel
// (duplicate-kernel.ts) by the batch, in turn. Memory is not touched before it is needed.

// The specification says (findings, preamble; security A.2): one SL period of HARQ repeats, whichever antenna hears them;
// two receivers with skewed clocks.
/** Milliseconds after the first transmission within which an identical MAC PDU is a copy, on any interface. */
export const REPEAT_MS = 320;
/** Milliseconds after the last copy within which an identical MAC PDU on another interface is a copy too. */
export const OTHER_INTERFACE_MS = 50;

// We chose: 2^13 buckets of 8 transmissions remember 320 ms of more than 100,000 frames/s. Above that the oldest of a
// bucket is forgotten, which is counted where it was still young enough to matter.
export const BUCKETS = 1 << 13;
export const WAYS = 8;

// Where columns begin, in octets. The hashes of a bucket are one line of the cache, so that most frames touch that one and
// one of times.
/** 64 bits a transmission, the hash of all octets; 0 where there is nothing. */
export const HASHES_AT = 0;
/** Two times a transmission, capture time in milliseconds: its first one and its last copy. */
export const TIMES_AT = HASHES_AT + BUCKETS * WAYS * 8;
/** 16 bits a transmission: the interface that heard its last copy. */
export const INTERFACES_AT = TIMES_AT + BUCKETS * WAYS * 16;
/** 8 bits a bucket: its way that is forgotten next, the one that was remembered first. */
export const NEXT_AT = INTERFACES_AT + BUCKETS * WAYS * 2;
export const TRANSMISSIONS_OCTETS = NEXT_AT + BUCKETS;

/** The columns in a memory of at least `TRANSMISSIONS_OCTETS`. */
export class Transmissions {
  /** Low and high half of each hash. */
  readonly hashes: Int32Array;
  readonly times: Float64Array;
  readonly interfaces: Uint16Array;
  readonly next: Uint8Array;

  constructor(memory: ArrayBufferLike = new ArrayBuffer(TRANSMISSIONS_OCTETS)) {
    const entries = BUCKETS * WAYS;
    this.hashes = new Int32Array(memory, HASHES_AT, entries * 2);
    this.times = new Float64Array(memory, TIMES_AT, entries * 2);
    this.interfaces = new Uint16Array(memory, INTERFACES_AT, entries);
    this.next = new Uint8Array(memory, NEXT_AT, BUCKETS);
  }

  /** Takes over all that is remembered elsewhere. */
  copyFrom(others: Transmissions): void {
    this.hashes.set(others.hashes);
    this.times.set(others.times);
    this.interfaces.set(others.interfaces);
    this.next.set(others.next);
  }
}

/** We chose: octets that pick the bucket: SL-SCH header, RLC header, PDCP header and the first of the ciphertext. */
export const BUCKET_OCTETS = 32;
/** Multipliers of the first and second of two words, and of an octet that is left. */
export const BUCKET_FACTORS = { first: 0x9e3779b1, second: 0x85ebca6b, octet: 0xc2b2ae35 } as const;
/** Bits that a hash of so many octets is shifted by between two steps, and in the end. */
export const BUCKET_SHIFTS = { words: 15, octet: 13, end: 13 } as const;

/**
 * The bucket in which a transmission is remembered. The same in every run, unlike what tells it from others: what a full
 * bucket forgets shows in the summary, and two runs on one capture print the same.
 */
export function bucketOf(view: DataView, at: number, length: number): number {
  let hash = length;
  const end = at + Math.min(length, BUCKET_OCTETS);
  let i = at;
  for (; i + 8 <= end; i += 8) {
    hash =
      Math.imul(hash ^ view.getInt32(i, true), BUCKET_FACTORS.first) ^
      Math.imul(view.getInt32(i + 4, true), BUCKET_FACTORS.second);
    hash ^= hash >>> BUCKET_SHIFTS.words;
  }
  // A segment of one octet differs from the next in these only.
  for (; i < end; i++) {
    hash = Math.imul(hash ^ view.getUint8(i), BUCKET_FACTORS.octet);
    hash ^= hash >>> BUCKET_SHIFTS.octet;
  }
  return (hash ^ (hash >>> BUCKET_SHIFTS.end)) & (BUCKETS - 1);
}
