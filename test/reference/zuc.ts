// ZUC straight from its specification (TS 35.222): modulo where it says modulo, S-boxes from how they were built.

import { inverse } from './finite-field.ts';

const P1 = [9, 15, 0, 14, 15, 15, 2, 10, 0, 4, 0, 12, 7, 5, 3, 9];
const P2 = [8, 13, 6, 5, 7, 0, 12, 4, 11, 1, 14, 10, 15, 3, 9, 2];
const P3 = [2, 6, 10, 6, 0, 13, 10, 15, 3, 3, 13, 5, 0, 9, 12, 13];

/** S-box S0: three Feistel rounds on 4-bit halves, then a rotation by 5 (ZUC design and evaluation report). */
export const S0: readonly number[] = Array.from({ length: 256 }, (_, x) => {
  let high = x >>> 4;
  let low = x & 15;
  high ^= P1[low];
  low ^= P2[high];
  high ^= P3[low];
  const y = (high << 4) | low;
  return ((y << 5) | (y >>> 3)) & 0xff;
});

// Columns of the affine map, for bit 7 down to bit 0 of its input.
const AFFINE = [0x77, 0xbb, 0xdd, 0xee, 0xcb, 0x6d, 0x3e, 0x97];

/** S-box S1: inversion in GF(2^8) modulo x^8+x^7+x^3+x+1, then an affine map with constant 0x55. */
export const S1: readonly number[] = Array.from({ length: 256 }, (_, x) => {
  const i = inverse(x, 0x18b);
  return AFFINE.reduce((sum, column, k) => sum ^ ((i >>> (7 - k)) & 1 ? column : 0), 0x55);
});

const D = [
  '100010011010111',
  '010011010111100',
  '110001001101011',
  '001001101011110',
  '101011110001001',
  '011010111100010',
  '111000100110101',
  '000100110101111',
  '100110101111000',
  '010111100010011',
  '110101111000100',
  '001101011110001',
  '101111000100110',
  '011110001001101',
  '111100010011010',
  '100011110101100',
].map((bits) => Number.parseInt(bits, 2));

const P = 2 ** 31 - 1;

function rotate(x: number, by: number): number {
  return ((x << by) | (x >>> (32 - by))) >>> 0;
}

const l1 = (x: number): number => (x ^ rotate(x, 2) ^ rotate(x, 10) ^ rotate(x, 18) ^ rotate(x, 24)) >>> 0;
const l2 = (x: number): number => (x ^ rotate(x, 8) ^ rotate(x, 14) ^ rotate(x, 22) ^ rotate(x, 30)) >>> 0;

function substitute(x: number): number {
  return (((S0[x >>> 24] * 256 + S1[(x >>> 16) & 0xff]) * 256 + S0[(x >>> 8) & 0xff]) * 256 + S1[x & 0xff]) >>> 0;
}

/** The high 16 bits of a 31-bit word (bits 30 to 15), and its low 16 bits. */
const high = (s: number): number => Math.floor(s / 2 ** 15);
const low = (s: number): number => s % 2 ** 16;
const join = (a: number, b: number): number => a * 2 ** 16 + b;

/**
 * The first `count` key stream words.
 * @param key 16 octets
 * @param iv 16 octets
 */
export function zucWords(key: Uint8Array, iv: Uint8Array, count: number): number[] {
  let s = D.map((d, i) => key[i] * 2 ** 23 + d * 2 ** 8 + iv[i]);
  let r1 = 0;
  let r2 = 0;

  function clock(initialising: boolean): number {
    // Bit reorganisation (3.3).
    const x0 = join(high(s[15]), low(s[14]));
    const x1 = join(low(s[11]), high(s[9]));
    const x2 = join(low(s[7]), high(s[5]));
    const x3 = join(low(s[2]), high(s[0]));
    // F (3.4).
    const w = (((x0 ^ r1) >>> 0) + r2) % 2 ** 32;
    const w1 = (r1 + x1) % 2 ** 32;
    const w2 = (r2 ^ x2) >>> 0;
    r1 = substitute(l1(join(low(w1), w2 >>> 16)));
    r2 = substitute(l2(join(low(w2), w1 >>> 16)));
    // The shift register (3.2); the sum of products stays below 2^53.
    let v = (2 ** 15 * s[15] + 2 ** 17 * s[13] + 2 ** 21 * s[10] + 2 ** 20 * s[4] + (1 + 2 ** 8) * s[0]) % P;
    if (initialising) v = (v + (w >>> 1)) % P;
    s = [...s.slice(1), v === 0 ? P : v];
    return (w ^ x3) >>> 0;
  }

  for (let i = 0; i < 32; i++) clock(true);
  clock(false);
  return Array.from({ length: count }, () => clock(false));
}
