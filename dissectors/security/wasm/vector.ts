// Instructions over vectors of 128 bits (WebAssembly core specification 2.0, 5.4.8): four 32-bit words side by side, one
// for each of four messages, or sixteen octets that look something up at once.

import { type Code, constant, unsigned } from './assembler.ts';

// The specification says (5.4.8).
const PREFIX = 0xfd;
const Operation = {
  load: 0,
  store: 11,
  constant: 12,
  swizzle: 14,
  not: 77,
  and: 78,
  or: 80,
  xor: 81,
  shiftLeft16: 139,
  shiftRight16: 141,
  shiftLeft32: 171,
  shiftRight32: 173,
  add8: 110,
  add32: 174,
} as const;
const ALIGNED_128 = 4;

/** Octets of a vector. */
export const VECTOR_OCTETS = 16;

const simple = (operation: number): Code => [PREFIX, ...unsigned(operation)];
const binary =
  (operation: number) =>
  (...terms: readonly Code[]): Code =>
    terms.flatMap((term, index) => (index === 0 ? term : [...term, ...simple(operation)]));
const shift =
  (operation: number) =>
  (a: Code, bits: number): Code => [...a, ...constant(bits), ...simple(operation)];

export const addWords = binary(Operation.add32);
export const addOctets = binary(Operation.add8);
export const vectorXor = binary(Operation.xor);
export const vectorOr = binary(Operation.or);
export const vectorAnd = binary(Operation.and);
export const shiftWordsLeft = shift(Operation.shiftLeft32);
export const shiftWordsRight = shift(Operation.shiftRight32);
/** Shifts in halves of words. */
export const shiftHalvesLeft = shift(Operation.shiftLeft16);
export const shiftHalvesRight = shift(Operation.shiftRight16);

/** The octets of `table` at the places that the octets of `index` say; 0 for a place from 16 on. */
export const lookUp = (table: Code, index: Code): Code => [...table, ...index, ...simple(Operation.swizzle)];

/** The vector at an address and a fixed offset behind it. */
export const loadVector = (address: Code, offset = 0): Code => [
  ...address,
  ...simple(Operation.load),
  ALIGNED_128,
  ...unsigned(offset),
];
export const storeVector = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  ...simple(Operation.store),
  ALIGNED_128,
  ...unsigned(offset),
];

/** A vector of 16 octets. */
export const vectorConstant = (octets: readonly number[]): Code => [...simple(Operation.constant), ...octets];

/** The same octets, 1, 2 or 4 of them, over and over. */
export const repeated = (...octets: readonly number[]): Code =>
  vectorConstant(Array.from({ length: VECTOR_OCTETS }, (_, i) => octets[i % octets.length]));
