// What is written in a filter as a value of the type that it is compared with: numbers, Layer-2 ids, addresses and
// networks, octets, texts, times.

import type { FieldType } from '../layer.ts';

/** What can stand on the left of a comparison: a field's type, or the octets of a layer or slice. */
export type OperandType = FieldType | 'layer';

/** A value as written, ready to be compared. */
export type Literal =
  /** Any of these numbers: several where one name stands for several values. Times are nanoseconds. */
  | { readonly kind: 'number'; readonly numbers: readonly (number | bigint)[] }
  | { readonly kind: 'id'; readonly id: number | string }
  | { readonly kind: 'octets'; readonly octets: Uint8Array }
  | { readonly kind: 'network'; readonly octets: Uint8Array; readonly bits: number }
  | { readonly kind: 'text'; readonly text: string };

/** How a type is called in messages. */
export const TYPE_NAMES: Readonly<Record<OperandType, string>> = {
  uint: 'a number',
  bool: 'true or false',
  l2id: 'a Layer-2 id',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  ether: 'a hardware address',
  bytes: 'octets',
  text: 'a text',
  time: 'a time',
  marker: 'a mark without a value',
  layer: 'the octets of a layer',
};

/** How a value of a type is written, for hints. */
export const TYPE_HINTS: Readonly<Record<OperandType, string>> = {
  uint: 'write a number: 42, 0x2a, 052, 0b101010, or a name of the field in quotes',
  bool: 'write true, false, 1 or 0',
  l2id: 'write six hex digits: 0a0b0c or 0x0a0b0c',
  ipv4: 'write an address or a network: 10.0.0.1, 10.0.0.0/8',
  ipv6: 'write an address or a network: ff02::1, fe80::/10',
  ether: 'write six octets: 01:00:5e:00:00:01',
  bytes: 'write octets, 45:00:00:54, or a text in quotes',
  text: 'write a text in quotes',
  time: 'write "2026-05-01T10:00:00Z" or seconds since 1970',
  marker: 'ask for its presence by its bare name',
  layer: 'write octets, 45:00:00:54, or a text in quotes',
};

/** An integer in decimal, hex, octal (leading 0) or binary, or null. Beyond 2^53 it is a bigint. */
export function parseInteger(text: string): number | bigint | null {
  const parts = /^(-?)(?:(0[xX][0-9a-fA-F]+)|(0[bB][01]+)|0([0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (parts === null) return null;
  const [, sign, hex, binary, octal, decimal] = parts;
  const magnitude = BigInt(hex ?? binary ?? (octal === undefined ? decimal : `0o${octal}`));
  const value = sign === '-' ? -magnitude : magnitude;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** A Layer-2 id: six hex digits, `0x` and up to six, or a pattern such as `f000??`; null for anything else. */
export function parseL2id(text: string): number | string | null {
  if (/^[0-9a-f]{6}$/i.test(text)) return Number.parseInt(text, 16);
  if (/^0x[0-9a-f]{1,6}$/i.test(text)) return Number.parseInt(text.slice(2), 16);
  return /^[0-9a-f]{4}\?\?$/i.test(text) ? text.toLowerCase() : null;
}

/** Four octets of dotted decimal, or null. */
export function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return null;
  }
  return Uint8Array.from(parts, Number);
}

/** Sixteen octets of an IPv6 address (RFC 4291 2.2), or null. */
export function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (groups[0] === null || groups[1] === null) return null;
  const head = groups[0];
  if (halves.length === 1) return head.length === 16 ? Uint8Array.from(head) : null;
  const tail = groups[1];
  const missing = 16 - head.length - tail.length;
  if (missing < 2) return null;
  return Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail]);
}

function parseGroups(text: string, last: boolean): number[] | null {
  const octets: number[] = [];
  if (text === '') return octets;
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const dotted = last && index === groups.length - 1 ? parseIpv4(group) : null;
    if (dotted !== null) octets.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
    } else return null;
  }
  return octets;
}

/** An address with `/bits`; `bits` is null without one, and -1 where it is wrong. */
export function splitNetwork(
  text: string,
  longest: number,
): { readonly address: string; readonly bits: number | null } {
  const at = text.indexOf('/');
  if (at < 0) return { address: text, bits: null };
  const bits = /^(0|[1-9][0-9]{0,2})$/.test(text.slice(at + 1)) ? Number(text.slice(at + 1)) : -1;
  return { address: text.slice(0, at), bits: bits > longest ? -1 : bits };
}

/** Octets as `45:00`, `45-00`, `45.00`, `4500`, `0x4500`, `7`; null for anything else. */
export function parseOctets(text: string): Uint8Array | null {
  const plain = text.replace(/^0x/i, '');
  const separated = /^[0-9a-f]{1,2}(?:([:.-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2})*)?$/i.exec(plain);
  if (separated !== null) {
    const parts = separated[1] === undefined ? [plain] : plain.split(separated[1]);
    return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
  }
  if (!/^(?:[0-9a-f]{2})+$/i.test(plain)) return null;
  return Uint8Array.from(plain.match(/../g) ?? [], (part) => Number.parseInt(part, 16));
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?:\s*(Z|z|UTC)|([+-])(\d\d):(\d\d))?$/;
const CALENDAR_TIME = /^([A-Za-z]{3}) +(\d{1,2}), +(\d{4})(?: +(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?: +UTC)?$/;

/**
 * Nanoseconds since 1970 of a time: RFC 3339, the same with a blank, parts left out from the right, the calendar form
 * that `frame.time` shows, or seconds since 1970. Without a zone it is UTC. Null for anything else, and for days and
 * hours that do not exist.
 */
export function parseTime(text: string): bigint | null {
  const seconds = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds !== null) {
    const magnitude = BigInt(seconds[2]) * 1_000_000_000n + BigInt((seconds[3] ?? '').padEnd(9, '0'));
    return seconds[1] === '-' ? -magnitude : magnitude;
  }
  const iso = ISO_TIME.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction, , sign, zoneHour, zoneMinute] = iso;
    const time = assembleTime(Number(year), Number(month), Number(day), [hour, minute, second], fraction);
    if (time === null || sign === undefined) return time;
    if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return null;
    const zone = BigInt(Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000_000_000n;
    return sign === '-' ? time + zone : time - zone;
  }
  const calendar = CALENDAR_TIME.exec(text);
  if (calendar === null) return null;
  const [, name, day, year, hour, minute, second, fraction] = calendar;
  const month = MONTHS.indexOf(name.toLowerCase()) + 1;
  return month === 0 ? null : assembleTime(Number(year), month, Number(day), [hour, minute, second], fraction);
}

function assembleTime(
  year: number,
  month: number,
  day: number,
  clock: readonly (string | undefined)[],
  fraction: string | undefined,
): bigint | null {
  const [hour, minute, second] = clock.map((part) => Number(part ?? '0'));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  date.setUTCHours(hour, minute, second);
  return BigInt(date.getTime()) * 1_000_000n + BigInt((fraction ?? '').padEnd(9, '0'));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', "'": "'" };
const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|([\s\S]))/g;

/**
 * A quoted text with its escapes resolved: `\n \r \t \\ \" \' \xHH \NNN \uHHHH`. Any other backslash stays, so that a
 * pattern such as `"\d+"` needs no doubling.
 */
export function unescapeText(written: string): string {
  return written.replace(ESCAPE, (whole: string, hex?: string, octal?: string, unit?: string, sign?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
    return sign !== undefined && Object.hasOwn(ESCAPES, sign) ? ESCAPES[sign] : whole;
  });
}

/** A quoted text as octets: UTF-8, but `\xHH` and `\NNN` are the octet they name. */
export function unescapeOctets(written: string): Uint8Array {
  const octets: number[] = [];
  const encoder = new TextEncoder();
  let end = 0;
  for (const match of written.matchAll(/\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|[\s\S])/g)) {
    const [whole, hex, octal] = match;
    if (hex === undefined && octal === undefined) continue;
    octets.push(...encoder.encode(unescapeText(written.slice(end, match.index))));
    octets.push(hex === undefined ? Number.parseInt(octal, 8) & 0xff : Number.parseInt(hex, 16));
    end = match.index + whole.length;
  }
  octets.push(...encoder.encode(unescapeText(written.slice(end))));
  return Uint8Array.from(octets);
}
