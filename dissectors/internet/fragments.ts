// Reassembly of IPv4 and IPv6 fragments. A table that the caller owns and passes in: the dissectors remember nothing.
//
// Overlap rule: fragments that overlap with the same octets are accepted (a retransmission); as soon as overlapping
// octets differ the whole datagram is dropped and its key stays refused until the entry leaves the table, so that an
// attacker cannot choose which version is read (RFC 5722 3 goes further and drops every overlap; copies are common on a
// link that repeats each transmission).

import { hexText } from '../text.ts';
import type { IpCursor } from './ip-cursor.ts';

/** Constants we chose. */
/** Datagrams in progress at once. One more pushes out the one that was begun first. */
export const FRAGMENT_ENTRIES = 256;
/** Octets held in all. A fragment that would go beyond pushes out the oldest datagrams until it fits. */
export const FRAGMENT_OCTETS = 4 * 1024 * 1024;
/** Fragments of one datagram: 65,535 octets in the smallest common pieces (568 octets) are 116. Above, it is dropped. */
export const FRAGMENTS_OF_DATAGRAM = 256;
/** Capture time after which a datagram without its missing parts is dropped (RFC 8200 4.5 and RFC 1122 3.3.2: 60 s). */
export const FRAGMENT_SECONDS = 60;

/** The specification says: the payload of an IP packet has at most 65,535 octets. */
const DATAGRAM_OCTETS = 65_535;

/** One fragment, as an IP decoder left it in its cursor. */
export interface Fragment {
  /** What belongs together: addresses, protocol, identification, and whatever else the caller keeps apart by. */
  readonly key: string;
  /** Octet offset in the datagram's payload. */
  readonly offset: number;
  readonly more: boolean;
  /** The fragment's payload; it is copied. */
  readonly payload: Uint8Array;
  /** Capture time in seconds. */
  readonly time: number;
}

interface Piece {
  readonly offset: number;
  readonly octets: Uint8Array;
}

interface Datagram {
  readonly began: number;
  pieces: Piece[];
  octets: number;
  /** Octets of the whole, known once the last fragment came; else -1. */
  total: number;
  refused: boolean;
}

/** Datagrams in progress, and counters of what was lost to the caps. Make one with `createFragmentTable`. */
export interface FragmentTable {
  readonly datagrams: Map<string, Datagram>;
  octets: number;
  /** Datagrams pushed out by the caps. */
  evicted: number;
  /** Datagrams that waited too long. */
  expired: number;
  /** Datagrams dropped because fragments contradicted each other. */
  refused: number;
}

/** What adding a fragment gave. */
export type FragmentResult =
  | { readonly state: 'pending' }
  | { readonly state: 'whole'; readonly payload: Uint8Array; readonly fragments: number }
  | { readonly state: 'refused'; readonly reason: 'overlap' | 'length' | 'too-many' };

const PENDING: FragmentResult = { state: 'pending' };

/** An empty table. */
export function createFragmentTable(): FragmentTable {
  return { datagrams: new Map(), octets: 0, evicted: 0, expired: 0, refused: 0 };
}

/**
 * Adds one fragment.
 *
 * @returns `whole` with the payload of the datagram when this fragment completed it, `pending` while parts are missing,
 *   `refused` when the fragment contradicts others or the caps of one datagram
 */
export function addFragment(table: FragmentTable, fragment: Fragment): FragmentResult {
  dropExpired(table, fragment.time);
  const { key, offset, more, payload } = fragment;
  let datagram = table.datagrams.get(key);
  if (datagram === undefined) {
    while (table.datagrams.size >= FRAGMENT_ENTRIES) evictOldest(table);
    datagram = { began: fragment.time, pieces: [], octets: 0, total: -1, refused: false };
    table.datagrams.set(key, datagram);
  }
  if (datagram.refused) return { state: 'refused', reason: 'overlap' };

  const end = offset + payload.length;
  // Every fragment but the last holds a multiple of 8 octets (RFC 791 3.2, RFC 8200 4.5).
  if (end > DATAGRAM_OCTETS || (more && (payload.length === 0 || payload.length % 8 !== 0))) {
    return refuse(table, datagram, 'length');
  }
  if (datagram.total >= 0 && (end > datagram.total || (!more && end !== datagram.total))) {
    return refuse(table, datagram, 'length');
  }
  if (!more) {
    if (datagram.pieces.some((piece) => piece.offset + piece.octets.length > end)) {
      return refuse(table, datagram, 'length');
    }
    datagram.total = end;
  }
  if (!insert(table, key, datagram, offset, payload)) return refuse(table, datagram, 'overlap');
  if (datagram.pieces.length > FRAGMENTS_OF_DATAGRAM) return refuse(table, datagram, 'too-many');
  if (datagram.total < 0 || datagram.octets < datagram.total) return PENDING;

  const whole = new Uint8Array(datagram.total);
  for (const piece of datagram.pieces) whole.set(piece.octets, piece.offset);
  const fragments = datagram.pieces.length;
  remove(table, key, datagram);
  return { state: 'whole', payload: whole, fragments };
}

/**
 * Puts the octets that are new into the datagram, one piece for each gap that they fill. Pieces never overlap, so their
 * octets add up to what is there.
 *
 * @returns false where octets that are there already differ
 */
function insert(table: FragmentTable, key: string, datagram: Datagram, offset: number, payload: Uint8Array): boolean {
  const fresh: Piece[] = [];
  let next = offset;
  const end = offset + payload.length;
  for (const piece of datagram.pieces) {
    const pieceEnd = piece.offset + piece.octets.length;
    if (pieceEnd <= next) continue;
    if (piece.offset >= end) break;
    if (piece.offset > next) fresh.push(cut(payload, offset, next, piece.offset));
    const from = Math.max(piece.offset, next);
    const to = Math.min(pieceEnd, end);
    for (let index = from; index < to; index++) {
      if (piece.octets[index - piece.offset] !== payload[index - offset]) return false;
    }
    next = to;
  }
  if (next < end) fresh.push(cut(payload, offset, next, end));
  if (fresh.length === 0) return true;

  let added = 0;
  for (const piece of fresh) added += piece.octets.length;
  while (table.octets + added > FRAGMENT_OCTETS && table.datagrams.size > 1) evictOldest(table, key);
  datagram.pieces = [...datagram.pieces, ...fresh].sort((left, right) => left.offset - right.offset);
  datagram.octets += added;
  table.octets += added;
  return true;
}

function cut(payload: Uint8Array, offset: number, from: number, to: number): Piece {
  return { offset: from, octets: payload.slice(from - offset, to - offset) };
}

function refuse(table: FragmentTable, datagram: Datagram, reason: 'overlap' | 'length' | 'too-many'): FragmentResult {
  table.octets -= datagram.octets;
  table.refused++;
  datagram.pieces = [];
  datagram.octets = 0;
  datagram.refused = true;
  return { state: 'refused', reason };
}

function remove(table: FragmentTable, key: string, datagram: Datagram): void {
  table.octets -= datagram.octets;
  table.datagrams.delete(key);
}

/** Drops the datagram that was begun first (a Map keeps the order in which keys were added), never `except`. */
function evictOldest(table: FragmentTable, except?: string): void {
  for (const [key, datagram] of table.datagrams) {
    if (key === except) continue;
    remove(table, key, datagram);
    table.evicted++;
    return;
  }
}

/** Drops datagrams that have waited too long. They stand in the order of their beginning, so the first younger one ends it. */
function dropExpired(table: FragmentTable, time: number): void {
  for (const [key, datagram] of table.datagrams) {
    if (time - datagram.began <= FRAGMENT_SECONDS) return;
    remove(table, key, datagram);
    table.expired++;
  }
}

/**
 * The fragment that an IP decoder found, ready for `addFragment`.
 *
 * @param cursor what `decodeIpv4` or `decodeIpv6` left; its `fragment` is true
 * @param end one behind the last octet at hand
 * @param scope what else keeps datagrams apart, e.g. group and source
 * @param time capture time in seconds
 */
export function fragmentOf(bytes: Uint8Array, cursor: IpCursor, end: number, scope: string, time: number): Fragment {
  const { version, protocol, identification, sourceAt, destinationAt, addressLength } = cursor;
  const source = hexText(bytes, sourceAt, sourceAt + addressLength);
  const destination = hexText(bytes, destinationAt, destinationAt + addressLength);
  // RFC 8200 4.5 leaves the protocol out of the key; IPv4 has it (RFC 791 3.2).
  const upper = version === 4 ? protocol : 0;
  return {
    key: `${scope}|${version}|${source}|${destination}|${upper}|${identification}`,
    offset: cursor.fragmentOffset,
    more: cursor.moreFragments,
    payload: bytes.subarray(cursor.payloadAt, Math.min(cursor.payloadEnd, end)),
    time,
  };
}
