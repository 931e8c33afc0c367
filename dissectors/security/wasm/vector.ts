// Instructions over vectors of 128 bits (WebAssembly core specification 2.0, 5.4.8): four 32-bit words side by side, one
// for each of four messages, or sixteen octets that look something up at once.

import { type Code, constant, unsigned } from './assembler.ts';

// The specification says (5.4.8).
const PREFIX = 0xfd;
const Operation = {
  load: 0,
  loadSplat64: 10,
  store: 11,
  constant: 12,
  shuffle: 13,
  swizzle: 14,
  extractWord: 27,
  replaceWord: 28,
  not: 77,
  and: 78,
  or: 80,
  xor: 81,
  anyTrue: 83,
  storeLane64: 91,
  addPairs16: 127,
  shiftLeft16: 139,
  shiftRight16: 141,
  shiftLeft32: 171,
  shiftRight32: 173,
  add8: 110,
  add32: 174,
  signs64: 196,
  add64: 206,
  subtract64: 209,
  equal64: 214,
  multiplyLow32: 222,
  multiplyHigh32: 223,
} as const;
const ALIGNED_64 = 3;
const ALIGNED_128 = 4;

/** Octets of a vector. */
export const VECTOR_OCTETS = 16;

const simple = (operation: number): Code => [PREFIX, ...unsigned(operation)];
const binary =
  (operation: number) =>
  (...terms: readonly Code[]): Code =>
    terms.map((term, index) => (index === 0 ? term : [term, ...simple(operation)]));
const shift =
  (operation: number) =>
  (a: Code, bits: number): Code => [a, ...constant(bits), ...simple(operation)];

/** Instructions of circuits, behind what they are applied to. */
export const Gate = {
  xor: simple(Operation.xor),
  and: simple(Operation.and),
  not: simple(Operation.not),
  shiftLeft: simple(Operation.shiftLeft32),
  shiftRight: simple(Operation.shiftRight32),
} as const;

export const addWords = binary(Operation.add32);
/** The sums of both halves of each word, without signs. */
export const addPairs = (a: Code): Code => [a, ...simple(Operation.addPairs16)];
export const addOctets = binary(Operation.add8);
/** Sums and differences of 64 bits. */
export const addLong = binary(Operation.add64);
export const subtractLong = binary(Operation.subtract64);
/** All ones where two halves of 64 bits are equal, else zeros. */
export const equalLong = binary(Operation.equal64);
/** Products of 64 bits of the first two words, or of the last two, without a sign. */
export const multiplyFirst = binary(Operation.multiplyLow32);
export const multiplyLast = binary(Operation.multiplyHigh32);
export const vectorXor = binary(Operation.xor);
export const vectorOr = binary(Operation.or);
export const vectorAnd = binary(Operation.and);
export const shiftWordsLeft = shift(Operation.shiftLeft32);
export const shiftWordsRight = shift(Operation.shiftRight32);
/** Shifts in halves of words. */
export const shiftHalvesLeft = shift(Operation.shiftLeft16);
export const shiftHalvesRight = shift(Operation.shiftRight16);

/** Word `word` of a vector, as a number; the vector with another number there. */
export const wordOf = (a: Code, word: number): Code => [a, ...simple(Operation.extractWord), word];
export const withWord = (a: Code, word: number, value: Code): Code => [
  a,
  value,
  ...simple(Operation.replaceWord),
  word,
];

/** The octets of `table` at the places that the octets of `index` say; 0 for a place from 16 on. */
export const lookUp = (table: Code, index: Code): Code => [table, index, ...simple(Operation.swizzle)];

/** The vector at an address and a fixed offset behind it. */
export const loadVector = (address: Code, offset = 0): Code => [
  address,
  ...simple(Operation.load),
  ALIGNED_128,
  ...unsigned(offset),
];
export const storeVector = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  ...simple(Operation.store),
  ALIGNED_128,
  ...unsigned(offset),
];

/** The 64 bits at an address twice, and the first 64 bits of a vector to an address. */
export const loadTwice = (address: Code, offset = 0): Code => [
  address,
  ...simple(Operation.loadSplat64),
  ALIGNED_64,
  ...unsigned(offset),
];
export const storeFirst = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  ...simple(Operation.storeLane64),
  ALIGNED_64,
  ...unsigned(offset),
  0,
];
/** Octets of two vectors in turns: instructions behind both, for the first or the last eight of each. */
export const Interleave = { first: interleaved(0), last: interleaved(8) } as const;

function interleaved(from: number): Code {
  const places = Array.from({ length: VECTOR_OCTETS }, (_, i) => from + (i >>> 1) + (i & 1) * VECTOR_OCTETS);
  return [...simple(Operation.shuffle), ...places];
}

/** A vector with its halves of 64 bits exchanged. */
export const halvesExchanged = (a: Code): Code => [
  a,
  a,
  ...simple(Operation.shuffle),
  ...Array.from({ length: VECTOR_OCTETS }, (_, i) => (i + 8) % VECTOR_OCTETS),
];
/** Whether any bit is set, and the top bits of the halves of 64 bits: numbers of 32 bits. */
export const anyBit = (a: Code): Code => [a, ...simple(Operation.anyTrue)];
export const topBitsLong = (a: Code): Code => [a, ...simple(Operation.signs64)];

/** A vector of 16 octets. */
export const vectorConstant = (octets: readonly number[]): Code => [...simple(Operation.constant), ...octets];

/** The same octets, 1, 2 or 4 of them, over and over. */
export const repeated = (...octets: readonly number[]): Code =>
  vectorConstant(Array.from({ length: VECTOR_OCTETS }, (_, i) => octets[i % octets.length]));
