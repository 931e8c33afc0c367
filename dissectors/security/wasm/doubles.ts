// Instructions over 64-bit floating point, which is what times are (WebAssembly core specification 1.0, 5.4.4).

import { type Code, unsigned } from './assembler.ts';

const ALIGNED_64 = 3;

export const loadDouble = (address: Code, offset = 0): Code => [address, 0x2b, ALIGNED_64, ...unsigned(offset)];
export const storeDouble = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  0x39,
  ALIGNED_64,
  ...unsigned(offset),
];
export const doubleConstant = (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)];

export const addDoubles = (a: Code, b: Code): Code => [a, b, 0xa0];
export const subtractDoubles = (a: Code, b: Code): Code => [a, b, 0xa1];
export const multiplyDoubles = (a: Code, b: Code): Code => [a, b, 0xa2];
export const divideDoubles = (a: Code, b: Code): Code => [a, b, 0xa3];
/** A 32-bit integer without a sign. */
export const asDouble = (a: Code): Code => [a, 0xb8];
/** The nearest 32-bit integer without a sign that there is, without a fraction. */
export const asInteger = (a: Code): Code => [a, 0xfc, 0x03];
export const areEqual = (a: Code, b: Code): Code => [a, b, 0x61];
export const isLess = (a: Code, b: Code): Code => [a, b, 0x63];
export const isAtMost = (a: Code, b: Code): Code => [a, b, 0x65];

/** Whether two values are no more than `most` apart: 1 or 0. */
export const isWithin = (a: Code, b: Code, most: number): Code => [
  a,
  b,
  // f64.sub, f64.abs, and below f64.le.
  0xa1,
  0x99,
  ...doubleConstant(most),
  0x65,
];
