// XXH64 (xxHash specification, version 0.1.1) with seed 0, streaming: the content checksum of a zstd frame, which fzstd
// does not verify. 64-bit numbers are pairs of 32-bit halves, because big integers would take longer than decompressing.
// Its slow twin with big integers stands in the tests.

/** Constants of the specification: the five primes, upper and lower half. */
const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;
/** Octets of a stripe: four lanes of 8. */
const STRIPE = 32;

/** Upper half of the low 64 bits of a product is left here, beside the lower half that `multiply` returns. */
let high = 0;

/** The low 64 bits of (ah, al) * (bh, bl): returns the lower half, leaves the upper one in `high`. */
function multiply(ah: number, al: number, bh: number, bl: number): number {
  const a0 = al & 0xffff;
  const a1 = al >>> 16;
  const b0 = bl & 0xffff;
  const b1 = bl >>> 16;
  const low = a0 * b0;
  // Below 2^34, so exact.
  const middle = a1 * b0 + a0 * b1 + Math.floor(low / 0x10000);
  high = (a1 * b1 + Math.floor(middle / 0x10000) + Math.imul(ah, bl) + Math.imul(al, bh)) | 0;
  return ((middle & 0xffff) << 16) | (low & 0xffff);
}

/** (ah, al) + (bh, bl), the same way. */
function add(ah: number, al: number, bh: number, bl: number): number {
  const low = (al >>> 0) + (bl >>> 0);
  high = (ah + bh + (low > 0xffffffff ? 1 : 0)) | 0;
  return low | 0;
}

/** (ah, al) turned left by 1 to 31 bits, the same way. */
function rotate(ah: number, al: number, bits: number): number {
  high = (ah << bits) | (al >>> (32 - bits));
  return (al << bits) | (ah >>> (32 - bits));
}

/** One round: rotl(lane + input * P2, 31) * P1. */
function round(laneHigh: number, laneLow: number, inputHigh: number, inputLow: number): number {
  let low = multiply(inputHigh, inputLow, P2H, P2L);
  low = add(laneHigh, laneLow, high, low);
  low = rotate(high, low, 31);
  return multiply(high, low, P1H, P1L);
}

/** A running XXH64. */
export class Xxh64 {
  /** Four lanes, each upper half first. */
  readonly #lanes = new Int32Array(8);
  readonly #stripe = new Uint8Array(STRIPE);
  readonly #stripeView = new DataView(this.#stripe.buffer);
  #filled = 0;
  #octets = 0;

  constructor() {
    const lanes = this.#lanes;
    lanes[1] = add(P1H, P1L, P2H, P2L);
    lanes[0] = high;
    lanes[3] = P2L;
    lanes[2] = P2H;
    // 0 - P1.
    lanes[7] = add(~P1H, ~P1L, 0, 1);
    lanes[6] = high;
  }

  /** Takes octets. */
  update(octets: Uint8Array): void {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.#octets += octets.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(STRIPE - this.#filled, octets.length);
      this.#stripe.set(octets.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < STRIPE) {
        return;
      }
      this.#take(this.#stripeView, 0);
      this.#filled = 0;
    }
    for (; at + STRIPE <= octets.length; at += STRIPE) {
      this.#take(view, at);
    }
    this.#stripe.set(octets.subarray(at), 0);
    this.#filled = octets.length - at;
  }

  #take(view: DataView, at: number): void {
    const lanes = this.#lanes;
    for (let lane = 0; lane < 8; lane += 2) {
      const inputAt = at + lane * 4;
      const inputLow = view.getInt32(inputAt, true);
      const inputHigh = view.getInt32(inputAt + 4, true);
      lanes[lane + 1] = round(lanes[lane], lanes[lane + 1], inputHigh, inputLow);
      lanes[lane] = high;
    }
  }

  /** The lower 32 bits of the hash of everything taken so far, unsigned. */
  low32(): number {
    let low = this.#merged();
    low = add(high, low, Math.floor(this.#octets / 0x1_0000_0000), this.#octets);
    let hashHigh = high;
    const view = this.#stripeView;
    let at = 0;
    for (; at + 8 <= this.#filled; at += 8) {
      const lane = round(0, 0, view.getInt32(at + 4, true), view.getInt32(at, true));
      low ^= lane;
      hashHigh ^= high;
      low = rotate(hashHigh, low, 27);
      low = multiply(high, low, P1H, P1L);
      low = add(high, low, P4H, P4L);
      hashHigh = high;
    }
    if (at + 4 <= this.#filled) {
      const word = multiply(0, view.getInt32(at, true), P1H, P1L);
      low ^= word;
      hashHigh ^= high;
      low = rotate(hashHigh, low, 23);
      low = multiply(high, low, P2H, P2L);
      low = add(high, low, P3H, P3L);
      hashHigh = high;
      at += 4;
    }
    for (; at < this.#filled; at++) {
      const octet = multiply(0, view.getUint8(at), P5H, P5L);
      low ^= octet;
      hashHigh ^= high;
      low = rotate(hashHigh, low, 11);
      low = multiply(high, low, P1H, P1L);
      hashHigh = high;
    }
    // Avalanche: h ^= h >> 33, h *= P2, h ^= h >> 29, h *= P3, h ^= h >> 32.
    low ^= hashHigh >>> 1;
    low = multiply(hashHigh, low, P2H, P2L);
    hashHigh = high;
    low ^= (low >>> 29) | (hashHigh << 3);
    hashHigh ^= hashHigh >>> 29;
    low = multiply(hashHigh, low, P3H, P3L);
    return (low ^ high) >>> 0;
  }

  /** The four lanes as one (leaves the upper half in `high`); the fifth prime where no stripe was full. */
  #merged(): number {
    if (this.#octets < STRIPE) {
      high = P5H | 0;
      return P5L;
    }
    const lanes = this.#lanes;
    let sumHigh = 0;
    let sumLow = 0;
    const turns = [1, 7, 12, 18];
    for (const [index, turn] of turns.entries()) {
      const turned = rotate(lanes[index * 2], lanes[index * 2 + 1], turn);
      sumLow = add(sumHigh, sumLow, high, turned);
      sumHigh = high;
    }
    for (let lane = 0; lane < 8; lane += 2) {
      const mixed = round(0, 0, lanes[lane], lanes[lane + 1]);
      sumLow ^= mixed;
      sumHigh ^= high;
      sumLow = multiply(sumHigh, sumLow, P1H, P1L);
      sumLow = add(high, sumLow, P4H, P4L);
      sumHigh = high;
    }
    high = sumHigh;
    return sumLow;
  }
}
