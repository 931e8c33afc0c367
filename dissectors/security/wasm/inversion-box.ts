// S-boxes that are an inversion in GF(2^8) and a linear map, for sixteen octets at once and without a table in memory that
// an octet would be looked up in: an octet is written as k + i t with k and i in GF(2^4), where everything is a look-up of
// four bits. The formulas are those of M. Hamburg, "Accelerating AES with Vector Permute Instructions" (CHES 2009), 4.3.

import type { Code } from './assembler.ts';
import { get, set } from './assembler.ts';
import { lookUp, shiftHalvesRight, vectorAnd, vectorXor } from './vector.ts';

/** A place that no table has: what is looked up there is 0, as the inverse of infinity is. */
const INFINITY = 0x80;

/** Tables of 16 octets each. */
export interface InversionTables {
  /** i above k, of the low and of the high half of an octet. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** a / k, and 1 / k. */
  readonly scaled: readonly number[];
  readonly inverse: readonly number[];
  /** The linear map, of the two halves of the result. */
  readonly outer0: readonly number[];
  readonly outer1: readonly number[];
}

/** Locals that are used on the way, vectors all. */
export interface InversionLocals {
  readonly i: number;
  readonly k: number;
  readonly ratio: number;
  /** Holds 15 in each octet. */
  readonly nibbles: number;
}

/**
 * The tables of an S-box without its constant.
 *
 * @param polynomial of the field, with its leading bit
 * @param linear the map behind the inversion
 */
export function inversionTables(polynomial: number, linear: (octet: number) => number): InversionTables {
  const times = (a: number, b: number): number => product(a, b, polynomial);
  const power = (a: number, exponent: number): number => {
    let result = 1;
    for (let bit = 7; bit >= 0; bit--) {
      result = times(result, result);
      if (((exponent >>> bit) & 1) !== 0) result = times(result, a);
    }
    return result;
  };
  const over = (a: number): number => power(a, 254);
  const octets = Array.from({ length: 256 }, (_, octet) => octet);
  // GF(2^4) within the field: bits of a nibble stand for powers of an element of order 15.
  const generator = octets.find((g) => g > 1 && power(g, 15) === 1 && power(g, 5) !== 1 && power(g, 3) !== 1) ?? 0;
  const basis = [0, 1, 2, 3].map((exponent) => power(generator, exponent));
  const nibbles = octets.slice(0, 16);
  const elements = nibbles.map((nibble) =>
    basis.reduce((sum, element, bit) => sum ^ ((nibble >>> bit) & 1 ? element : 0), 0),
  );
  const element = (nibble: number): number => elements[nibble];
  const nibbleOf = (wanted: number): number => elements.indexOf(wanted);
  // t is a root of t^2 + a t + a.
  const t = octets.find((x) => power(x, 16) !== x && (x ^ power(x, 16)) === power(x, 17)) ?? 0;
  const a = power(t, 17);
  const split = (octet: number): number => {
    const i = times(octet ^ power(octet, 16), over(a));
    return (nibbleOf(i) << 4) | nibbleOf(octet ^ times(i, t));
  };
  const unlessZero = (value: (x: number) => number): number[] =>
    nibbles.map((nibble) => (nibble === 0 ? INFINITY : nibbleOf(value(element(nibble)))));
  // With u and v the inverses of the two halves: 1 / (k + i t) = u + t (u / a + (u + v) / a^2).
  const half = (ofU: boolean): number[] =>
    nibbles.map((nibble) => {
      const w = over(element(nibble));
      const second = times(w, power(over(a), 2));
      return linear(ofU ? w ^ times(t, times(w, over(a)) ^ second) : times(t, second));
    });
  return {
    low: nibbles.map(split),
    high: nibbles.map((nibble) => split(nibble << 4)),
    scaled: unlessZero((k) => times(a, over(k))),
    inverse: unlessZero(over),
    outer0: half(true),
    outer1: half(false),
  };
}

/**
 * The S-box without its constant over the octets of a local, in place.
 *
 * @param table gives the vector of a table
 */
export function invertOctets(
  octets: number,
  locals: InversionLocals,
  table: (name: keyof InversionTables) => Code,
): Code {
  const { i, k, ratio, nibbles } = locals;
  const low = (of: number): Code => vectorAnd(get(of), get(nibbles));
  const high = (of: number): Code => vectorAnd(shiftHalvesRight(get(of), 4), get(nibbles));
  const inverse = (of: Code): Code => lookUp(table('inverse'), of);
  return [
    ...set(octets, vectorXor(lookUp(table('low'), low(octets)), lookUp(table('high'), high(octets)))),
    ...set(i, high(octets)),
    ...set(k, low(octets)),
    ...set(ratio, lookUp(table('scaled'), get(k))),
    // k is i + k from here on.
    ...set(k, vectorXor(get(k), get(i))),
    ...set(octets, vectorXor(inverse(vectorXor(inverse(get(i)), get(ratio))), get(k))),
    ...set(i, vectorXor(inverse(vectorXor(inverse(get(k)), get(ratio))), get(i))),
    ...set(octets, vectorXor(lookUp(table('outer0'), get(octets)), lookUp(table('outer1'), get(i)))),
  ];
}

/** The product in a field of 2^8 elements, the polynomial with its leading bit. */
export function product(a: number, b: number, polynomial: number): number {
  let sum = 0;
  for (let bit = 7; bit >= 0; bit--) {
    sum <<= 1;
    if ((sum & 0x100) !== 0) sum ^= polynomial;
    if (((b >>> bit) & 1) !== 0) sum ^= a;
  }
  return sum;
}
