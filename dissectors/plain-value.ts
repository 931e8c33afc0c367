// Values that are met most, written as octets: what `bareText` says, without strings.

import type { AsciiWriter } from './ascii-writer.ts';
import type { Field, FieldValue } from './layer.ts';

/** Constants we chose. */
/** Larger numbers are written by way of a string. */
const LARGEST = 0xffff_ffff;

const DOT = 0x2e;

/**
 * Writes a number, a Layer-2 id or an IPv4 address as `bareText` has it.
 *
 * @returns false for everything else; then nothing is written
 */
export function writePlain(field: Field, value: FieldValue, out: AsciiWriter): boolean {
  if (typeof value === 'number') return writeNumber(field, value, out);
  if (field.type !== 'ipv4' || !(value instanceof Uint8Array) || value.length !== 4) return false;
  for (let index = 0; index < 4; index++) {
    if (index > 0) out.octet(DOT);
    out.decimal(value[index]);
  }
  return true;
}

function writeNumber(field: Field, value: number, out: AsciiWriter): boolean {
  if (!isPlainNumber(value)) return false;
  const isHex = field.base === 'hex' || field.base === 'hex_dec';
  if (field.type === 'uint') {
    if (isHex) out.hexNumber(value, 2 * field.width);
    else out.decimal(value);
    return true;
  }
  if (field.type !== 'l2id') return false;
  if (field.width === 2) out.hexNumber(value, 4);
  else if (field.base === 'hex') out.hexNumber(value, 6);
  else return false;
  return true;
}

/** Whether a number is written digit by digit, whole and of 32 bits. */
export function isPlainNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= LARGEST;
}
