// Tells PDUs apart, whoever makes them: NH as in UMAC (RFC 4418 5.2.2). Words of the PDU and secret keys are added in pairs
// modulo 2^32, the sums of a pair multiplied, the products added up modulo 2^64. It is universal (Black and others, 1999): two
// PDUs of whoever does not know the keys agree at most once in 2^31. A chain of multiplications and rotations is not, whatever
// its seed: the top bit of a word goes through a product unchanged, so that a second flipped bit behind it takes the first
// one back.
//
// The PDU is followed by 1 to 32 zeros up to the next multiple of 32 octets. In each 32 octets, words of the first 16 are
// paired with those of the second 16. Its length is added to the products, which tells it from one with more zeros. What is
// longer than the keys is chained: the sum so far goes in as one more pair, which has keys of its own, so that two such PDUs
// agree once more for each block.
//
// One of the hot loops, here for a few frames and for hosts without vectors; duplicate-kernel.ts has the same for a batch.

import { randomFillSync } from 'node:crypto';

/** Octets of a block that has all keys: the largest SL-SCH transport block (TS 36.213 14.1.1.4B) fits. Longer ones are chained. */
export const HASH_BLOCK_OCTETS = 4096;
/** Octets of which words are paired. */
export const PAIRED_OCTETS = 32;
/** Words of those octets that are the first of their pairs. */
const PAIRS = PAIRED_OCTETS / 8;
/** Octets whose products are added up before they are carried: 16 pairs, and 5 more, stay below 2^53. */
const EXACT_OCTETS = 128;

const BLOCK_KEYS = HASH_BLOCK_OCTETS / 4;
/** Behind the keys of a block those of the padding, and behind these those of what came before a block. */
const CHAIN_KEY = BLOCK_KEYS + PAIRED_OCTETS / 4;
/** Two for each block behind the first up to 260 KiB, which is what captures are usually cut at; then from the start again. */
const CHAIN_KEYS = 128;

/** Keys of a hash, each of 32 bits. */
export const PDU_HASH_KEYS = CHAIN_KEY + CHAIN_KEYS;

const HALF = 0x1_0000;
const WORD = 0x1_0000_0000;

/** See the head of the file. */
export class PduHash {
  /** Secret. The first are those of a block and of the padding, in their order. */
  readonly keys: Int32Array;
  /** Low and high half of what `over` gave last. */
  readonly halves = new Int32Array(2);

  /** @param keys `PDU_HASH_KEYS` of them; default secret ones, different in each run */
  constructor(keys: Int32Array = randomFillSync(new Int32Array(PDU_HASH_KEYS))) {
    this.keys = keys;
  }

  /** Hashes `length` octets at `at` to the 64 bits in `halves`. */
  over(view: DataView, at: number, length: number): void {
    const { keys, halves } = this;
    const end = at + length;
    const padded = at + (length & -PAIRED_OCTETS);
    let low = length;
    let high = 0;
    // The products as those of the halves of one factor, which are exact: `upper` counts 2^16 times.
    let upper = 0;
    let lower = 0;
    let key = 0;
    let chain = CHAIN_KEY;
    let from = at;
    for (;;) {
      const stop = Math.min(padded, from + EXACT_OCTETS);
      for (; from < stop; from += PAIRED_OCTETS, key += 2 * PAIRS) {
        const first = (view.getInt32(from, true) + keys[key]) | 0;
        const second = (view.getInt32(from + 4, true) + keys[key + 1]) | 0;
        const third = (view.getInt32(from + 8, true) + keys[key + 2]) | 0;
        const fourth = (view.getInt32(from + 12, true) + keys[key + 3]) | 0;
        const byFirst = (view.getInt32(from + 16, true) + keys[key + 4]) >>> 0;
        const bySecond = (view.getInt32(from + 20, true) + keys[key + 5]) >>> 0;
        const byThird = (view.getInt32(from + 24, true) + keys[key + 6]) >>> 0;
        const byFourth = (view.getInt32(from + 28, true) + keys[key + 7]) >>> 0;
        upper += (first >>> 16) * byFirst + (second >>> 16) * bySecond;
        lower += (first & 0xffff) * byFirst + (second & 0xffff) * bySecond;
        upper += (third >>> 16) * byThird + (fourth >>> 16) * byFourth;
        lower += (third & 0xffff) * byThird + (fourth & 0xffff) * byFourth;
      }
      if (from === padded) {
        for (let i = 0; i < PAIRS; i++) {
          const one = (wordAt(view, from + i * 4, end) + keys[key + i]) | 0;
          const other = (wordAt(view, from + i * 4 + 16, end) + keys[key + PAIRS + i]) >>> 0;
          upper += (one >>> 16) * other;
          lower += (one & 0xffff) * other;
        }
      }
      const sum = (upper & 0xffff) * HALF + lower + low;
      low = sum >>> 0;
      high = (high + Math.floor(upper / HALF) + Math.floor(sum / WORD)) >>> 0;
      if (from === padded) break;
      upper = 0;
      lower = 0;
      if (key < BLOCK_KEYS) continue;
      const one = (low + keys[chain]) >>> 0;
      const other = (high + keys[chain + 1]) >>> 0;
      upper = (one >>> 16) * other;
      lower = (one & 0xffff) * other;
      low = 0;
      high = 0;
      key = 0;
      chain = chain + 2 < PDU_HASH_KEYS ? chain + 2 : CHAIN_KEY;
    }
    halves[0] = low;
    halves[1] = high;
  }
}

/** The word of the octets from `from` on, the first the lowest; zeros from `end` on. */
function wordAt(view: DataView, from: number, end: number): number {
  if (from + 4 <= end) return view.getInt32(from, true);
  let word = 0;
  for (let i = from; i < end; i++) word |= view.getUint8(i) << ((i - from) * 8);
  return word;
}
