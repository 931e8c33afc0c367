// Reads fields that stand one behind the other, by what their declarations say. For trees; the fast path reads by hand.

import type { Field, FieldValue, TreeWriter } from './layer.ts';
import { uint16, uint24, uint32 } from './octets.ts';

/** A number of 1, 2, 3 or 4 octets. The caller has checked that they are there. */
function readNumber(bytes: Uint8Array, at: number, width: number): number {
  if (width === 1) return bytes[at];
  if (width === 2) return uint16(bytes, at);
  if (width === 3) return uint24(bytes, at);
  return uint32(bytes, at);
}

/**
 * The value of a field of fixed width at an octet: masked and shifted down for a number, the octets for an address.
 * The caller has checked that the octets are there.
 */
export function readField(field: Field, bytes: Uint8Array, at: number): FieldValue {
  if (field.type === 'uint' || field.type === 'bool' || field.type === 'l2id') {
    if (field.width === 8) return (BigInt(uint32(bytes, at)) << 32n) | BigInt(uint32(bytes, at + 4));
    const raw = readNumber(bytes, at, field.width);
    // `& -mask` leaves the lowest bit of the mask; dividing by it shifts the field down without losing bit 31.
    const value = field.mask === 0 ? raw : ((raw & field.mask) >>> 0) / ((field.mask & -field.mask) >>> 0);
    return field.type === 'bool' ? value !== 0 : value;
  }
  return bytes.subarray(at, at + field.width);
}

/**
 * Adds fields in the order of their octets. A field whose mask leaves out the lowest bit shares its octets with the next
 * one; every other field moves on by its width. The caller has checked that the octets are there.
 *
 * @returns the octet behind the last field
 */
export function addFields(tree: TreeWriter, bytes: Uint8Array, at: number, fields: readonly Field[]): number {
  let next = at;
  for (const field of fields) {
    tree.add(field, next, field.width, readField(field, bytes, next));
    if (field.mask === 0 || field.mask & 1) next += field.width;
  }
  return next;
}

/** Adds a field of varying length as its octets, unless it is empty. */
export function addOctets(tree: TreeWriter, field: Field, bytes: Uint8Array, at: number, end: number): void {
  if (end > at) tree.add(field, at, end - at, bytes.subarray(at, end));
}
