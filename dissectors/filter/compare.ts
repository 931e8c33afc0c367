// How two values of one type compare, and what a slice takes out of one.

import type { FieldValue } from '../layer.ts';
import type { RelationOperator, SliceRange } from './ast.ts';
import type { Literal } from './literals.ts';

/** Decides about one value. */
export type ValueTest = (value: FieldValue) => boolean;

/**
 * Order of two values: negative, 0, positive; NaN where they have none (a Layer-2 id and the pattern `f000??`). Numbers
 * and bigints mix, booleans are 0 and 1, octets compare as memcmp does and then by length, texts by code units.
 */
export function orderValues(left: FieldValue, right: FieldValue): number {
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array ? orderOctets(left, right) : Number.NaN;
  }
  if (typeof left === 'string' || typeof right === 'string') {
    if (typeof left !== 'string' || typeof right !== 'string') return Number.NaN;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return orderNumbers(left, right);
}

function orderNumbers(left: number | bigint | boolean, right: number | bigint | boolean): number {
  const one = typeof left === 'boolean' ? Number(left) : left;
  const other = typeof right === 'boolean' ? Number(right) : right;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Order of octets: the first that differs, then the length. */
export function orderOctets(left: Uint8Array, right: Uint8Array): number {
  const common = Math.min(left.length, right.length);
  for (let index = 0; index < common; index++) {
    if (left[index] !== right[index]) return left[index] - right[index];
  }
  return left.length - right.length;
}

/** Whether an order satisfies an operator. NaN satisfies only the unequal ones. */
export function orderSatisfies(operator: RelationOperator, order: number): boolean {
  switch (operator) {
    case '==':
    case '===':
      return order === 0;
    case '!=':
    case '!==':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return false;
  }
}

/** Whether the first `bits` bits of an address are the network's. */
export function inNetwork(address: FieldValue, network: Uint8Array, bits: number): boolean {
  if (!(address instanceof Uint8Array) || address.length !== network.length) return false;
  const whole = bits >> 3;
  for (let index = 0; index < whole; index++) if (address[index] !== network[index]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole] ^ network[whole]) >> (8 - rest) === 0;
}

/** A test of one value for equality with what was written. */
export function equalTest(literal: Literal): ValueTest {
  switch (literal.kind) {
    case 'number': {
      const { numbers } = literal;
      const only = numbers[0];
      if (numbers.length === 1) return (value) => value === only || orderValues(value, only) === 0;
      return (value) => numbers.some((number) => orderValues(value, number) === 0);
    }
    case 'id':
      return (value) => value === literal.id;
    case 'octets':
      return (value) => orderValues(value, literal.octets) === 0;
    case 'network':
      return (value) => inNetwork(value, literal.octets, literal.bits);
    default:
      return (value) => value === literal.text;
  }
}

/** The one value that a literal stands for, for comparisons of order. */
export function literalValue(literal: Literal): FieldValue {
  switch (literal.kind) {
    case 'number':
      return literal.numbers[0];
    case 'id':
      return literal.id;
    case 'text':
      return literal.text;
    default:
      return literal.octets;
  }
}

/** First index and length that a slice means in something of `size` elements, or null where it lies outside. */
function sliceBounds(range: SliceRange, size: number): readonly [start: number, length: number] | null {
  const start = range.start < 0 ? range.start + size : range.start;
  if (start < 0 || start >= size) return null;
  if (range.kind === 'rest') return [start, size - start];
  if (range.kind === 'length') return start + range.length <= size ? [start, range.length] : null;
  const end = range.end < 0 ? range.end + size : range.end;
  return end >= start && end < size ? [start, end - start + 1] : null;
}

/** The parts of octets that slices name, joined; null where one lies outside. One slice copies nothing. */
export function sliceOctets(octets: Uint8Array, slices: readonly SliceRange[]): Uint8Array | null {
  const parts: Uint8Array[] = [];
  for (const slice of slices) {
    const bounds = sliceBounds(slice, octets.length);
    if (bounds === null) return null;
    parts.push(octets.subarray(bounds[0], bounds[0] + bounds[1]));
  }
  return parts.length === 1 ? parts[0] : Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The same of a text, counted in characters. */
export function sliceText(text: string, slices: readonly SliceRange[]): string | null {
  const characters = [...text];
  let joined = '';
  for (const slice of slices) {
    const bounds = sliceBounds(slice, characters.length);
    if (bounds === null) return null;
    joined += characters.slice(bounds[0], bounds[0] + bounds[1]).join('');
  }
  return joined;
}

/** Whether octets contain others, in one pass of the runtime's own search. */
export function containsOctets(octets: Uint8Array, wanted: Uint8Array): boolean {
  const whole = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  return whole.includes(Buffer.from(wanted.buffer, wanted.byteOffset, wanted.length));
}
