// Tells PDUs apart by 31 bits, whoever makes them: the sum of secret keys times pieces of 16 bits, modulo a prime. It is
// universal (Carter and Wegman, 1979): two PDUs of whoever does not know the keys agree once in 2^31. A chain of
// multiplications and rotations is faster and is not, whatever its seed: the top bit of a word goes through a product
// unchanged, so that a second flipped bit behind it takes the first one back.
//
// One of the hot loops: every octet of every frame. Products of 31 by 16 bits are exact as doubles, and so are 32 of them
// added up. Four sums side by side, so that none waits for itself.

import { randomFillSync } from 'node:crypto';

/** 2^31 - 1: what lies above bit 31 of a number is added to what lies below it. */
const PRIME = 0x7fff_ffff;
const ABOVE = 1 / 0x8000_0000;

/** Octets that keys are there for: the largest SL-SCH transport block (TS 36.213 14.1.1.4B) fits. Longer ones are chained. */
const BLOCK_OCTETS = 4096;
/** Octets whose products may be added up in four sums before these are folded: 32 of 2^47 each. */
const EXACT_OCTETS = 256;
const PAIR_OCTETS = 8;

/** Keys of the length, and of what came before a block; behind them those of the pieces of a block and of its rest. */
const LENGTH_KEY = 0;
const CHAIN_KEY = 2;
const FIRST_KEY = 4;

/** Keys of a hash, each of 0 to 2^31 - 2. */
export const PDU_HASH_KEYS = FIRST_KEY + BLOCK_OCTETS / 2 + PAIR_OCTETS;

/** See the head of the file. */
export class PduHash {
  readonly #keys: Float64Array;

  /** @param keys `PDU_HASH_KEYS` of them; default secret ones, different in each run */
  constructor(keys: Float64Array = secretKeys()) {
    this.#keys = keys;
  }

  /** 0 to 2^31 - 2, of `length` octets at `at`. */
  of(view: DataView, at: number, length: number): number {
    const keys = this.#keys;
    const end = at + length;
    let sum = (length & 0xffff) * keys[LENGTH_KEY] + (length >>> 16) * keys[LENGTH_KEY + 1];
    let from = at;
    for (;;) {
      const until = Math.min(end, from + BLOCK_OCTETS);
      const pairs = from + ((until - from) & -PAIR_OCTETS);
      let key = FIRST_KEY;
      while (from < pairs) {
        const stop = Math.min(pairs, from + EXACT_OCTETS);
        let second = 0;
        let third = 0;
        let fourth = 0;
        sum = folded(sum);
        for (; from < stop; from += PAIR_OCTETS, key += 4) {
          const word = view.getInt32(from, true);
          const next = view.getInt32(from + 4, true);
          sum += (word & 0xffff) * keys[key];
          second += (word >>> 16) * keys[key + 1];
          third += (next & 0xffff) * keys[key + 2];
          fourth += (next >>> 16) * keys[key + 3];
        }
        sum = folded(sum) + folded(second) + folded(third) + folded(fourth);
      }
      if (from < until && length >= PAIR_OCTETS) {
        // What is left, with octets once more that came before it: reading two words is faster than the few octets.
        const word = view.getInt32(until - 8, true);
        const next = view.getInt32(until - 4, true);
        sum += (word & 0xffff) * keys[key] + (word >>> 16) * keys[key + 1];
        sum += (next & 0xffff) * keys[key + 2] + (next >>> 16) * keys[key + 3];
        from = until;
      }
      for (; from < until; from++, key++) sum += view.getUint8(from) * keys[key];
      sum = reduced(sum);
      if (from === end) return sum;
      sum = (sum & 0xffff) * keys[CHAIN_KEY] + (sum >>> 16) * keys[CHAIN_KEY + 1];
    }
  }
}

/** The same modulo the prime, below 2^32. @param sum a whole number below 2^53 */
function folded(sum: number): number {
  return sum - Math.floor(sum * ABOVE) * PRIME;
}

/** The remainder by the prime. @param sum a whole number below 2^53 */
function reduced(sum: number): number {
  const near = folded(sum);
  return near >= PRIME ? near - PRIME : near;
}

function secretKeys(): Float64Array {
  const random = randomFillSync(new Uint32Array(PDU_HASH_KEYS));
  // 0 to 2^31 - 2: the one value too many is 0 once more.
  return Float64Array.from(random, (word) => (word >>> 1) % PRIME);
}
