// A member of a roster as most files say it, read from its octets straight into the columns of the roster: id, name, IPv4
// addresses and both instants in any order, without escapes. Everything else goes the long way (keyring-schema.ts); a test
// holds both equal.

import {
  BACKSLASH,
  behindBlanks,
  behindNull,
  behindOctet,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  NINE,
  nameAt,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  quoted,
  valueBehind,
  ZERO,
} from './json-octets.ts';
import type { RosterBuilder } from './roster.ts';
import { INSTANT_OCTETS, instantAt } from './usual-instant.ts';

/** The specification says (interfaces 2). */
const ID_DIGITS = 6;
const NAME_OCTETS = 64;
const IPV4_OCTETS = 4;

/** We chose: more go the long way, which has the cap. */
const ADDRESSES_MOST = 16;

const DOT = 0x2e;
const LETTER_A = 0x61;
const LETTER_F = 0x66;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

const NAMES = quoted(['id', 'name', 'addresses', 'from', 'until']);
const ID = 0;
const NAME = 1;
const ADDRESSES = 2;
const FROM = 3;

/** None of it is kept from one member to the next. */
const addresses = new Uint8Array(ADDRESSES_MOST * IPV4_OCTETS);
let addressCount = 0;

/**
 * Adds the member that begins at octet `begin` to a roster, if it is a usual one.
 *
 * @returns where it ends, or -1 where it is another one; then nothing was added
 */
export function takeUsualMember(octets: Uint8Array, begin: number, roster: RosterBuilder): number {
  let at = behindOctet(octets, begin, OPEN_BRACE);
  let seen = 0;
  let id = -1;
  let nameFrom = -1;
  let nameEnd = -1;
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  addressCount = 0;
  for (let name = 0; ; name++) {
    name = nameAt(octets, at, NAMES, name, seen);
    if (name < 0) return -1;
    seen |= 1 << name;
    at = valueBehind(octets, at, NAMES[name].length);
    if (at < 0) return -1;
    if (name === ID) {
      id = idAt(octets, at);
      if (id < 0) return -1;
      at = behindBlanks(octets, at + ID_DIGITS + 2);
    } else if (name === NAME) {
      nameFrom = at + 1;
      nameEnd = endOfName(octets, at);
      if (nameEnd < 0) return -1;
      at = behindBlanks(octets, nameEnd + 1);
    } else if (name === ADDRESSES) at = addressesBehind(octets, at);
    else {
      const behind = behindNull(octets, at);
      if (behind < 0) {
        if (name === FROM) from = instantAt(octets, at);
        else until = instantAt(octets, at);
      }
      at = behind < 0 ? behindBlanks(octets, at + INSTANT_OCTETS) : behind;
    }
    if (at < 0) return -1;
    if (octets[at] === CLOSE_BRACE) break;
    at = behindOctet(octets, at, COMMA);
  }
  // Where an instant is none it is no number, and later than nothing.
  if (id < 0 || !(until > from)) return -1;
  roster.addOctets(id, octets, nameFrom, nameEnd, addresses, addressCount);
  roster.limit(from, until);
  return at + 1;
}

/** The Layer-2 id whose text begins at `at`, or -1. */
function idAt(octets: Uint8Array, at: number): number {
  if (at < 0 || octets[at] !== QUOTE || octets[at + ID_DIGITS + 1] !== QUOTE) return -1;
  let id = 0;
  for (let i = 1; i <= ID_DIGITS; i++) {
    const octet = octets[at + i];
    if (octet >= ZERO && octet <= NINE) id = (id << 4) | (octet - ZERO);
    else if (octet >= LETTER_A && octet <= LETTER_F) id = (id << 4) | (octet - LETTER_A + 10);
    else return -1;
  }
  return id;
}

/** The quote that ends a name of printable ASCII whose text begins at `at`, or -1. */
function endOfName(octets: Uint8Array, at: number): number {
  if (at < 0 || octets[at] !== QUOTE) return -1;
  for (let end = at + 1; end <= at + 1 + NAME_OCTETS; end++) {
    const octet = octets[end];
    if (octet === QUOTE) return end;
    if (!(octet >= FIRST_PRINTABLE && octet <= LAST_PRINTABLE) || octet === BACKSLASH) return -1;
  }
  return -1;
}

/** Reads the list of addresses that begins at `at`; where what is behind it begins, or -1. */
function addressesBehind(octets: Uint8Array, begin: number): number {
  let at = behindOctet(octets, begin, OPEN_BRACKET);
  if (at < 0) return -1;
  if (octets[at] === CLOSE_BRACKET) return behindBlanks(octets, at + 1);
  for (;;) {
    if (addressCount === ADDRESSES_MOST || octets[at] !== QUOTE) return -1;
    const end = endOfIpv4(octets, at + 1, addressCount * IPV4_OCTETS);
    if (end < 0 || octets[end] !== QUOTE) return -1;
    addressCount++;
    at = behindBlanks(octets, end + 1);
    if (octets[at] === CLOSE_BRACKET) return behindBlanks(octets, at + 1);
    at = behindOctet(octets, at, COMMA);
    if (at < 0) return -1;
  }
}

/** Four numbers without zeros in front, read into `addresses`; where they end, or -1. */
function endOfIpv4(octets: Uint8Array, begin: number, to: number): number {
  let at = begin;
  for (let part = 0; part < IPV4_OCTETS; part++) {
    const first = at;
    let value = 0;
    for (; at < first + 3 && octets[at] >= ZERO && octets[at] <= NINE; at++) value = value * 10 + octets[at] - ZERO;
    if (at === first || value > 255 || (at > first + 1 && octets[first] === ZERO)) return -1;
    addresses[to + part] = value;
    if (part < IPV4_OCTETS - 1 && octets[at++] !== DOT) return -1;
  }
  return at;
}
