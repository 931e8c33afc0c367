// SNOW 3G straight from its specification (TS 35.216): nothing tabulated but S-boxes that are computed here.

import { inverse, multiply, power } from './finite-field.ts';

/** S-box SR: inversion in GF(2^8) modulo x^8+x^4+x^3+x+1, then the affine map of Rijndael (3.3.1). */
export const SR: readonly number[] = Array.from({ length: 256 }, (_, x) => {
  const i = inverse(x, 0x11b);
  let result = 0x63;
  for (let k = 0; k < 5; k++) result ^= ((i << k) | (i >>> (8 - k))) & 0xff;
  return result;
});

/** S-box SQ: a Dickson polynomial in GF(2^8) modulo x^8+x^6+x^5+x^3+1 (3.3.2). */
export const SQ: readonly number[] = Array.from({ length: 256 }, (_, x) =>
  [1, 9, 13, 15, 33, 41, 45, 47, 49].reduce((sum, exponent) => sum ^ power(x, exponent, 0x169), 0x25),
);

/** MULx (3.1.1). */
function mulx(v: number, c: number): number {
  return v & 0x80 ? ((v << 1) & 0xff) ^ c : v << 1;
}

/** MULxPOW (3.1.2). */
function mulxPow(v: number, i: number, c: number): number {
  return i === 0 ? v : mulx(mulxPow(v, i - 1, c), c);
}

function word(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function octetsOf(w: number): readonly [number, number, number, number] {
  return [w >>> 24, (w >>> 16) & 0xff, (w >>> 8) & 0xff, w & 0xff];
}

/** S1 and S2 (3.3.1, 3.3.2): the S-box on each octet, then the MixColumns matrix, whose field `c` determines. */
function substitute(w: number, box: readonly number[], c: number): number {
  const [a, b, d, e] = octetsOf(w).map((octet) => box[octet]) as [number, number, number, number];
  const field = 0x100 | c;
  const times = (x: number, y: number): number => multiply(x, y, field);
  return word([
    times(2, a) ^ b ^ d ^ times(3, e),
    times(3, a) ^ times(2, b) ^ d ^ e,
    a ^ times(3, b) ^ times(2, d) ^ e,
    a ^ b ^ times(3, d) ^ times(2, e),
  ]);
}

function mulAlpha(c: number): number {
  return word([23, 245, 48, 239].map((i) => mulxPow(c, i, 0xa9)));
}

function divAlpha(c: number): number {
  return word([16, 39, 6, 64].map((i) => mulxPow(c, i, 0xa9)));
}

/**
 * The first `count` key stream words.
 * @param k k0 to k3
 * @param iv IV0 to IV3
 */
export function snow3gWords(k: readonly number[], iv: readonly number[], count: number): number[] {
  const ones = 0xffffffff;
  // s0 to s15, loaded as 4.1 lists them.
  let s = [
    ...[0, 1, 2, 3].map((i) => k[i] ^ ones),
    ...[0, 1, 2, 3].map((i) => k[i]),
    k[0] ^ ones,
    k[1] ^ ones ^ iv[3],
    k[2] ^ ones ^ iv[2],
    k[3] ^ ones,
    k[0] ^ iv[1],
    k[1],
    k[2],
    k[3] ^ iv[0],
  ].map((w) => w >>> 0);
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;

  function clockFsm(): number {
    const f = (((s[15] + r1) % 2 ** 32) ^ r2) >>> 0;
    const r = (r2 + ((r3 ^ s[5]) >>> 0)) % 2 ** 32;
    r3 = substitute(r2, SQ, 0x69);
    r2 = substitute(r1, SR, 0x1b);
    r1 = r;
    return f;
  }

  function clockLfsr(f: number): void {
    const v = ((s[0] << 8) ^ mulAlpha(s[0] >>> 24) ^ s[2] ^ (s[11] >>> 8) ^ divAlpha(s[11] & 0xff) ^ f) >>> 0;
    s = [...s.slice(1), v];
  }

  for (let i = 0; i < 32; i++) clockLfsr(clockFsm());
  clockFsm();
  clockLfsr(0);
  const z: number[] = [];
  for (let i = 0; i < count; i++) {
    const f = clockFsm();
    z.push((f ^ s[0]) >>> 0);
    clockLfsr(0);
  }
  return z;
}
