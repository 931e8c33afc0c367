// A field's value as text: the bare form of `-T fields`, `-T json` and `-T ek`, and the readable form of `-V`.

import type { Field, FieldValue } from './layer.ts';
import { printable } from './printable.ts';
import { etherText, hexText, ipv4Text, ipv6Text } from './text.ts';

/** Constants we chose. */
/** Octets of a value that the readable form shows; the rest stands in the hex dump. */
export const READABLE_OCTETS = 64;

const BILLION = 1_000_000_000n;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The one time field that tshark shows as a number of seconds. */
const EPOCH_FIELD = 'frame.time_epoch';

// Captures hold many frames a second, and a frame has its time in several fields: the parts of the last time and the
// day and clock of its second are remembered. Nothing depends on what was asked before.
let knownTime = 0n;
let knownSeconds = 0;
let knownFraction = '000000000';
let datedSeconds = 0;
let knownIso = '1970-01-01T00:00:00';
let knownCalendar = 'Jan  1, 1970 00:00:00';

/** Takes a time apart into `knownSeconds` (rounded down) and `knownFraction` (9 digits). */
function takeApart(nanoseconds: bigint): void {
  if (nanoseconds === knownTime) return;
  let seconds = Number(nanoseconds / BILLION);
  let rest = Number(nanoseconds % BILLION);
  if (rest < 0) {
    rest += 1e9;
    seconds -= 1;
  }
  knownTime = nanoseconds;
  knownSeconds = seconds;
  knownFraction = String(rest).padStart(9, '0');
}

/** Brings the date texts to `knownSeconds`. @returns false beyond the years that Date knows */
function takeDate(): boolean {
  if (knownSeconds === datedSeconds) return true;
  const date = new Date(knownSeconds * 1000);
  if (Number.isNaN(date.getTime())) return false;
  const iso = date.toISOString();
  datedSeconds = knownSeconds;
  knownIso = iso.slice(0, -5);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  knownCalendar = `${MONTHS[date.getUTCMonth()]} ${day}, ${date.getUTCFullYear()} ${iso.slice(-13, -5)}`;
  return true;
}

/** Seconds since 1970 with 9 fraction digits, e.g. `1777629600.123456000`. */
export function epochText(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${epochText(-nanoseconds)}`;
  takeApart(nanoseconds);
  return `${Number.isSafeInteger(knownSeconds) ? knownSeconds : nanoseconds / BILLION}.${knownFraction}`;
}

/** RFC 3339 UTC with 9 fraction digits. Beyond the years that Date knows: seconds since 1970. */
export function isoText(nanoseconds: bigint): string {
  takeApart(nanoseconds);
  return takeDate() ? `${knownIso}.${knownFraction}Z` : epochText(nanoseconds);
}

/** The calendar form that tshark 4.0 prints for times, e.g. `May  1, 2026 10:00:00.123456000 UTC`. */
export function calendarText(nanoseconds: bigint): string {
  takeApart(nanoseconds);
  return takeDate() ? `${knownCalendar}.${knownFraction} UTC` : epochText(nanoseconds);
}

/** Six hex digits of a Layer-2 id. */
export function l2idText(id: number): string {
  return id.toString(16).padStart(6, '0');
}

function hexNumber(value: number | bigint, digits: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16).padStart(digits, '0')}`;
}

function numberText(field: Field, value: number | bigint): string {
  return field.base === 'hex' || field.base === 'hex_dec' ? hexNumber(value, 2 * field.width) : String(value);
}

/** Hex digits that the bits of a field need; those of its octets where it fills them. */
export function hexDigits(field: Field): number {
  if (field.mask === 0) return 2 * field.width;
  let bits = 0;
  for (let rest = field.mask; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return Math.ceil(bits / 4);
}

/** Octets as hex; `separator` stands between two of them. */
export function octetsText(bytes: Uint8Array, separator: string): string {
  const text = hexText(bytes, 0, bytes.length, bytes.length);
  return separator === '' ? text : (text.match(/../g) ?? []).join(separator);
}

function addressText(field: Field, value: Uint8Array): string | null {
  if (field.type === 'ipv4' && value.length === 4) return ipv4Text(value, 0);
  if (field.type === 'ipv6' && value.length === 16) return ipv6Text(value, 0);
  if (field.type === 'ether' && value.length === 6) return etherText(value, 0);
  return null;
}

/**
 * The bare value as tshark's `-T fields` prints it: numbers in the field's base, addresses in their usual form, octets
 * as hex without separators, booleans as 1 and 0, no value names. Safe to print.
 *
 * @param separator stands between octets of a `bytes` value; tshark's JSON has `:` here
 */
export function bareText(field: Field, value: FieldValue, separator = ''): string {
  switch (field.type) {
    case 'marker':
      return field.label;
    case 'bool':
      return value === true || value === 1 ? '1' : '0';
    case 'time':
      if (typeof value !== 'bigint') break;
      return field.name === EPOCH_FIELD ? epochText(value) : calendarText(value);
    case 'l2id':
      if (typeof value !== 'number') break;
      if (field.width === 2) return hexNumber(value, 4);
      return field.base === 'hex' ? `0x${l2idText(value)}` : l2idText(value);
    default:
      break;
  }
  if (value instanceof Uint8Array) return addressText(field, value) ?? octetsText(value, separator);
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(field, value);
  return printable(String(value));
}

/** The name that the field gives this value, or null. */
export function valueName(field: Field, value: FieldValue): string | null {
  if (field.values === null || (typeof value !== 'number' && typeof value !== 'boolean')) return null;
  return field.values.get(Number(value)) ?? null;
}

/**
 * The value for people: with its name (`FDD (1)`), both bases of `dec_hex` (`7 (0x07)`), long octet strings cut and
 * marked with `...`. Safe to print.
 */
export function readableText(field: Field, value: FieldValue): string {
  const name = valueName(field, value);
  if (field.type === 'bool') return name ?? (value === true || value === 1 ? 'True' : 'False');
  if (value instanceof Uint8Array && addressText(field, value) === null) {
    return hexText(value, 0, value.length, READABLE_OCTETS);
  }
  if (field.type !== 'uint' || (typeof value !== 'number' && typeof value !== 'bigint')) {
    const bare = bareText(field, value);
    return name === null ? bare : `${printable(name)} (${bare})`;
  }
  const number = field.base === 'hex' ? hexNumber(value, hexDigits(field)) : String(value);
  if (name !== null && name !== number) return `${printable(name)} (${number})`;
  return field.base === 'dec_hex' || field.base === 'hex_dec'
    ? `${number} (${hexNumber(value, 2 * field.width)})`
    : number;
}

/**
 * The octets of a masked field in Wireshark's form, `0001 ....`: the field's bits as digits, the others as dots, a blank
 * after every four. Read from the octets, not from the value, which may be scaled (a header length in octets). Empty
 * where the field fills its octets or they are not there.
 *
 * @param at first octet of the field
 */
export function bitsText(field: Field, bytes: Uint8Array, at: number): string {
  if (field.mask === 0 || field.width === 0 || at < 0 || at + field.width > bytes.length) return '';
  let text = '';
  for (let bit = 8 * field.width - 1; bit >= 0; bit--) {
    const octet = bytes[at + field.width - 1 - (bit >> 3)];
    // Arithmetic instead of bit operators: masks may have more bits than shifts can move.
    const isField = Math.floor(field.mask / 2 ** bit) % 2 === 1;
    text += isField ? String((octet >> (bit & 7)) & 1) : '.';
    if (bit > 0 && bit % 4 === 0) text += ' ';
  }
  return text;
}
