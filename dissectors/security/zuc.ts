// ZUC (ETSI/SAGE "ZUC specification" 1.6, TS 35.222): the stream cipher below 128-EEA3.
//
// The shift register is kept as history, as in snow3g.ts. Measured (Node 20, one core, 120-octet messages,
// initialisation included): 1.7 million messages/s. One loop for both stages, because V8 inlines only so much into one
// function: with a loop for each stage it was 1.3.

import { hostWord, lastWordMask, octetsOfHex } from './words.ts';

// The specification says.

/** S-boxes S0 and S1 (3.4.1, tables 3.1 and 3.2). S is S0, S1, S0, S1 from the most significant octet down. */
export const S0 = octetsOfHex(
  '3e725b47cae0003304d1549809b96dcb7b1bf932af9d6aa5b82dfc1d08530390' +
    '4d4e8499e4ced991ddb685488b296eaccdc1f81e734369c6b5bdfd396320d438' +
    '767db2a7cfed57c5f32cbb142106559be3ef5e314f7f5aa40d8251495fba581c' +
    '4a16d517a892241f8cffd8ae2e01d3ad3b4bda46ebc9de9a8f87d73a806f2fc8' +
    'b1b437f70a2213287ccc3c89c7c3965607bf7ef00b2b975235417961a64c10fe' +
    'bc2695888ab0a3fbc01894f2e1e5e95dd0dc1166645cec59427512f5749caa23' +
    '0e86abbe2a02e767e644a26cc2939ff1f6fa36d250689e6271153dd640c4e20f' +
    '8e83776b25053f0c30ea70b7a1e8a9658d271adb81b3a0f4457a19dfee783460',
);
export const S1 = octetsOfHex(
  '55c263713bc847869f3cda5b29aafd778cc5940ca61a1300e3a8167240f9f842' +
    '4426689681d9453e1076c6a78b3943e13ab5562ac06db3052266bfdc0bfa6248' +
    'dd20110636c9c1cff62752bb69f5d4877f844cd29c57a4bc4f9adffed68d7aeb' +
    '2b53d85ca11417fb23d57d3067730809eeb7703f61b2198e4ee54b938f5ddba9' +
    'adf1ae2ecb0dfcf42d466e1d97e8d1e94d37a5755e839eab829db91ce0cd4989' +
    '01b6bd5824a25f387899159050b895e4d091c7ceed0fb46fa0ccf0024a79c3de' +
    'a3efea51e66b18ec1b2c80f774e7ff215a6a541e41319235c433070aba7e0e34' +
    '88b1987cf33d606c7bcad31f3265042864be859b2f598ad7b025acaf1203e2f2',
);

/** How S0 is made: what each of three rounds adds to one half of an octet, by the other (design and evaluation report). */
export const S0_ROUNDS = [
  [9, 15, 0, 14, 15, 15, 2, 10, 0, 4, 0, 12, 7, 5, 3, 9],
  [8, 13, 6, 5, 7, 0, 12, 4, 11, 1, 14, 10, 15, 3, 9, 2],
  [2, 6, 10, 6, 0, 13, 10, 15, 3, 3, 13, 5, 0, 9, 12, 13],
] as const;
/** The field in which S1 inverts, with its leading bit (the same report). */
export const S1_POLYNOMIAL = 0x18b;

/** The 15-bit constants d0 to d15 of key loading (3.5). */
export const LOADING = [
  0x44d7, 0x26bc, 0x626b, 0x135e, 0x5789, 0x35e2, 0x7135, 0x09af, 0x4d78, 0x2f13, 0x6bc4, 0x1af1, 0x5e26, 0x3c4d,
  0x789a, 0x47ac,
];

/** Clocks of the initialisation (3.6.1). */
const INITIALISATION_CLOCKS = 32;

/** Words of the shift register, each of 31 bits. */
const REGISTER_WORDS = 16;

// We chose.

/** Words of register history; where it ends, the last 16 move to its front. 4 KiB stay in the first-level cache. */
const HISTORY_WORDS = 1024;

const S_0 = Int32Array.from(S0, (value) => value << 24);
const S_1 = Int32Array.from(S1, (value) => value << 16);
const S_2 = Int32Array.from(S0, (value) => value << 8);
const S_3 = Int32Array.from(S1);

/** The S-box layer (3.4.1). */
function substitute(w: number): number {
  return S_0[w >>> 24] | S_1[(w >>> 16) & 0xff] | S_2[(w >>> 8) & 0xff] | S_3[w & 0xff];
}

/** Linear transform L1 (3.4.2). */
function l1(x: number): number {
  return x ^ ((x << 2) | (x >>> 30)) ^ ((x << 10) | (x >>> 22)) ^ ((x << 18) | (x >>> 14)) ^ ((x << 24) | (x >>> 8));
}

/** Linear transform L2 (3.4.2). */
function l2(x: number): number {
  return x ^ ((x << 8) | (x >>> 24)) ^ ((x << 14) | (x >>> 18)) ^ ((x << 22) | (x >>> 10)) ^ ((x << 30) | (x >>> 2));
}

/** x modulo 2^31 - 1 for 0 < x <= 2^32 - 2, as an integer from 1 to 2^31 - 1: the carry comes back at the low end. */
function fold(x: number): number {
  return ((x & 0x7fffffff) + (x >>> 31)) | 0;
}

/**
 * 2^15 s15 + 2^17 s13 + 2^21 s10 + 2^20 s4 + 2^8 s0 + s0 modulo 2^31 - 1 (3.2). 2^k times s modulo 2^31 - 1 is s
 * rotated by k in 31 bits. What rotates to bits 8 to 30 is added in units of 2^8, the rest in units of 1, so that six
 * addends need one carry at the end instead of five on the way: `high` stays below 2^26, `low` below 2^23.
 */
function feedback(s0: number, s4: number, s10: number, s13: number, s15: number): number {
  const high =
    ((s0 >>> 8) +
      (s0 & 0x7fffff) +
      ((s4 & 0x7ff) << 12) +
      ((s10 & 0x3ff) << 13) +
      ((s13 & 0x3fff) << 9) +
      ((s15 & 0xffff) << 7)) |
    0;
  const low = ((s0 & 0xff) + (s0 >>> 23) + (s4 >>> 11) + (s10 >>> 10) + (s13 >>> 14) + (s15 >>> 16)) | 0;
  return fold((((high & 0x7fffff) << 8) + (high >>> 23) + low) | 0);
}

/** Two halves of the bit reorganisation (3.3): the low 16 bits of `a` above the high 16 bits of `b`. */
function lowHigh(a: number, b: number): number {
  return (a << 16) | (b >>> 15);
}

/** Words of a loaded key. */
export const ZUC_KEY_WORDS = REGISTER_WORDS;

/**
 * Loads the register with a key, the octets of the IV left 0 (3.5).
 * @param octets hold the 16 octets of the key from `at` on
 * @param key ZUC_KEY_WORDS words of the register
 */
export function loadZucKey(octets: Uint8Array, at: number, key: Int32Array): void {
  for (let i = 0; i < ZUC_KEY_WORDS; i++) key[i] = (octets[at + i] << 23) | (LOADING[i] << 8);
}

// One message at a time, so one history serves all ciphers of the process.
const history = new Int32Array(HISTORY_WORDS);

/**
 * Loads the shift register with the octets of the IV (3.5).
 * @param loadedKey what `loadZucKey` gave
 * @param iv0 octets 0 to 3 of the IV, the first most significant; `iv1` to `iv3` follow
 * @param s word i goes to place `i * lanes + lane`
 */
export function loadZuc(
  loadedKey: Int32Array,
  iv0: number,
  iv1: number,
  iv2: number,
  iv3: number,
  s: Int32Array,
  lanes: number,
  lane: number,
): void {
  loadIv(loadedKey, 0, iv0, s, lanes, lane);
  loadIv(loadedKey, 4, iv1, s, lanes, lane);
  loadIv(loadedKey, 8, iv2, s, lanes, lane);
  loadIv(loadedKey, 12, iv3, s, lanes, lane);
}

/** Loads four words of the register, from word i on, with four octets of the IV. */
function loadIv(loadedKey: Int32Array, i: number, iv: number, s: Int32Array, lanes: number, lane: number): void {
  const at = i * lanes + lane;
  s[at] = loadedKey[i] | (iv >>> 24);
  s[at + lanes] = loadedKey[i + 1] | ((iv >>> 16) & 0xff);
  s[at + 2 * lanes] = loadedKey[i + 2] | ((iv >>> 8) & 0xff);
  s[at + 3 * lanes] = loadedKey[i + 3] | (iv & 0xff);
}

/**
 * XORs key stream over `octets` octets of `out`, from word `at` on; octets behind them stay as they are (ZUC 3.6). The
 * caller has checked that they lie within `out`.
 * @param loadedKey what `loadZucKey` gave
 * @param iv0 octets 0 to 3 of the IV, the first most significant; `iv1` to `iv3` follow
 * @param out host words
 */
export function xorZuc(
  loadedKey: Int32Array,
  iv0: number,
  iv1: number,
  iv2: number,
  iv3: number,
  out: Uint32Array,
  at: number,
  octets: number,
): void {
  if (octets === 0) return;
  const s = history;
  loadZuc(loadedKey, iv0, iv1, iv2, iv3, s, 1, 0);
  let s15 = s[15];
  let r1 = 0;
  let r2 = 0;
  // Key stream begins after the initialisation and one clock whose output is dropped (3.6.2).
  const dropped = at - 1;
  const last = at + ((octets + 3) >>> 2) - 1;
  const mask = lastWordMask(octets);
  let word = dropped - INITIALISATION_CLOCKS;
  let t = 0;
  while (word <= last) {
    const stop = Math.min(t + last - word + 1, HISTORY_WORDS - REGISTER_WORDS);
    for (; t < stop; t++, word++) {
      const x0 = ((s15 >>> 15) << 16) | (s[t + 14] & 0xffff);
      const w = ((x0 ^ r1) + r2) | 0;
      const w1 = (r1 + lowHigh(s[t + 11], s[t + 9])) | 0;
      const w2 = r2 ^ lowHigh(s[t + 7], s[t + 5]);
      r1 = substitute(l1((w1 << 16) | (w2 >>> 16)));
      r2 = substitute(l2((w2 << 16) | (w1 >>> 16)));
      const s0 = s[t];
      s15 = feedback(s0, s[t + 4], s[t + 10], s[t + 13], s15);
      if (word > dropped) {
        const z = hostWord(w ^ lowHigh(s[t + 2], s0));
        out[word] ^= word === last ? z & mask : z;
      } else if (word < dropped) {
        s15 = fold((s15 + (w >>> 1)) | 0);
      }
      s[t + 16] = s15;
    }
    if (word <= last) {
      s.copyWithin(0, t, t + REGISTER_WORDS);
      t = 0;
    }
  }
}

/** Wipes what the last message left in the register history: it holds the key. */
export function wipeZuc(): void {
  history.fill(0);
}
