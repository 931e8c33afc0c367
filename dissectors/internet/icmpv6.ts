// ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861) and its options; listener discovery is in mld.ts.

import type { Field, TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { etherText, ipv6Text } from '../text.ts';
import { addToChecksum, foldChecksum, pseudoHeaderSum } from './checksum.ts';
import {
  ECHO_REPLY,
  ECHO_REQUEST,
  icmpv6Fields as f,
  ICMPV6_TYPES,
  icmpv6Protocol,
  NEIGHBOR_ADVERTISEMENT,
  NEIGHBOR_OPTION_TYPES,
  NEIGHBOR_SOLICITATION,
  REDIRECT,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from './icmpv6-fields.ts';
import type { IpCursor } from './ip-cursor.ts';
import { decodeMld, describeMld, isMld, mldFields } from './mld.ts';
import { IpProtocol } from './ports.ts';

export { icmpv6Protocol } from './icmpv6-fields.ts';

// Offsets.
const CHECKSUM = 2;
const HEADER = 8;
const TARGET = 8;

/** Fields behind the checksum and before options or data, by type; listener discovery has its own decoder. */
const BODY_FIELDS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [2, [f.mtu]],
  [4, [f.pointer]],
  [ECHO_REQUEST, [f.identifier, f.sequence]],
  [ECHO_REPLY, [f.identifier, f.sequence]],
  [
    ROUTER_ADVERTISEMENT,
    [
      f.hopLimit,
      f.managed,
      f.other,
      f.homeAgent,
      f.preference,
      f.proxy,
      f.flagReserved,
      f.routerLifetime,
      f.reachable,
      f.retransmission,
    ],
  ],
  [NEIGHBOR_SOLICITATION, [f.solicitationTarget]],
  [NEIGHBOR_ADVERTISEMENT, [f.router, f.solicited, f.override, f.advertisementReserved, f.advertisementTarget]],
  [REDIRECT, [f.redirectTarget, f.redirectDestination]],
]);
/** Types whose four octets behind the checksum mean nothing; so with the types that are not in the table. */
const RESERVED_FIRST = new Set([NEIGHBOR_SOLICITATION, REDIRECT]);

/** Octets from the type to the options, for the types that have options; 0 for the others. */
function optionsOffset(type: number): number {
  switch (type) {
    case ROUTER_SOLICITATION:
      return 8;
    case ROUTER_ADVERTISEMENT:
      return 16;
    case NEIGHBOR_SOLICITATION:
    case NEIGHBOR_ADVERTISEMENT:
      return 24;
    case REDIRECT:
      return 40;
    default:
      return 0;
  }
}

/**
 * True where the checksum is right.
 *
 * @param cursor the IPv6 header that carries the message, in the same octets
 */
export function icmpv6ChecksumGood(bytes: Uint8Array, at: number, end: number, cursor: IpCursor): boolean {
  const { sourceAt, destinationAt, addressLength } = cursor;
  const pseudo = pseudoHeaderSum(bytes, sourceAt, destinationAt, addressLength, IpProtocol.icmpv6, end - at);
  return foldChecksum(addToChecksum(pseudo, bytes, at, end)) === 0;
}

/**
 * Decodes one ICMPv6 message that fills the octets.
 *
 * @param cursor the IPv6 header that carries it, for the checksum; null leaves the checksum unchecked
 * @returns true where the message is whole, its options add up, and its checksum is right or was not checked
 */
export function decodeIcmpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: IpCursor | null,
  tree: TreeWriter | null,
): boolean {
  const available = Math.max(0, end - at);
  tree?.begin(icmpv6Protocol, at, available);
  let good = available >= HEADER;
  if (good) {
    const checksumGood = cursor === null || icmpv6ChecksumGood(bytes, at, end, cursor);
    if (tree !== null) {
      addFields(tree, bytes, at, [f.type, f.code, f.checksum]);
      if (cursor !== null) tree.generated(f.checksumGood, checksumGood);
      if (!checksumGood) tree.problem('icmpv6.checksum', at + CHECKSUM, 'the checksum is wrong');
    }
    good = decodeBody(bytes, at, end, tree) && checksumGood;
  } else {
    tree?.problem('icmpv6.cut', at, `an ICMPv6 message has at least 8 octets, ${available} are there`);
  }
  tree?.end();
  return good;
}

function decodeBody(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const type = bytes[at];
  if (isMld(type)) return decodeMld(bytes, at, end, tree);
  const options = optionsOffset(type);
  if (end - at < options) {
    tree?.problem('icmpv6.cut', end, `the message has ${options} octets before its options, ${end - at} are there`);
    return false;
  }
  const next = tree === null ? 0 : addBody(bytes, at + 4, type, tree);
  if (options > 0) return decodeOptions(bytes, at + options, end, tree);
  if (tree !== null) addOctets(tree, f.data, bytes, next, end);
  return true;
}

function addBody(bytes: Uint8Array, at: number, type: number, tree: TreeWriter): number {
  const body = BODY_FIELDS.get(type);
  const reserved = body === undefined || RESERVED_FIRST.has(type) ? 4 : 0;
  addOctets(tree, mldFields.reserved, bytes, at, at + reserved);
  return addFields(tree, bytes, at + reserved, body ?? []);
}

/** Options of neighbour discovery (RFC 4861 4.6): type, length in words of 8 octets, value. */
function decodeOptions(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  let next = at;
  while (next < end) {
    const length = next + 2 <= end ? 8 * bytes[next + 1] : 0;
    if (length === 0 || next + length > end) {
      tree?.problem('icmpv6.option', next, 'an option has length 0 or goes beyond the message');
      return false;
    }
    if (tree !== null) addOption(bytes, next, next + length, tree);
    next += length;
  }
  return true;
}

function addOption(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  const type = bytes[at];
  tree.group(`Option (${NEIGHBOR_OPTION_TYPES.get(type) ?? `type ${type}`})`, at, end - at);
  let next = addFields(tree, bytes, at, [f.optionType, f.optionLength]);
  if (type === 1) addOctets(tree, f.sourceLink, bytes, next, end);
  else if (type === 2) addOctets(tree, f.targetLink, bytes, next, end);
  else if (type === 3 && end - at === 32) {
    addFields(tree, bytes, next, [
      f.prefixLength,
      f.onLink,
      f.autonomous,
      f.routerAddress,
      f.prefixReserved,
      f.validLifetime,
      f.preferredLifetime,
    ]);
    addOctets(tree, f.optionReserved, bytes, at + 12, at + 16);
    addFields(tree, bytes, at + 16, [f.prefix]);
  } else if (type === 5 && end - at === 8) addFields(tree, bytes, addReserved(bytes, next, tree), [f.linkMtu]);
  else if (type === 14) addOctets(tree, f.nonce, bytes, next, end);
  else if (type === 25 && end - at >= 24) {
    next = addFields(tree, bytes, addReserved(bytes, next, tree), [f.dnsLifetime]);
    while (next + 16 <= end) next = addFields(tree, bytes, next, [f.dnsServer]);
  } else addOctets(tree, f.data, bytes, next, end);
  tree.end();
}

/** The two reserved octets of an option. */
function addReserved(bytes: Uint8Array, at: number, tree: TreeWriter): number {
  addOctets(tree, f.optionReserved, bytes, at, at + 2);
  return at + 2;
}

/** Link-layer address of the option of a type in a neighbour message, as text; empty where there is none. */
function linkAddress(bytes: Uint8Array, at: number, end: number, optionType: number): string {
  let next = at + optionsOffset(bytes[at]);
  while (next + 8 <= end && bytes[next + 1] !== 0) {
    if (bytes[next] === optionType) return etherText(bytes, next + 2);
    next += 8 * bytes[next + 1];
  }
  return '';
}

/** One phrase for an event, e.g. `ICMPv6 neighbor solicitation for fe80::1 from 02:00:00:00:00:01`. */
export function describeIcmpv6(bytes: Uint8Array, at: number, end: number): string {
  if (end - at < HEADER) return 'ICMPv6, cut';
  const type = bytes[at];
  if (isMld(type)) return `ICMPv6 ${describeMld(bytes, at, end)}`;
  if (type === ECHO_REQUEST || type === ECHO_REPLY) {
    const id = uint16(bytes, at + 4);
    return `ICMPv6 echo ${type === ECHO_REQUEST ? 'request' : 'reply'} id ${id} seq ${uint16(bytes, at + 6)}`;
  }
  const name = `ICMPv6 ${(ICMPV6_TYPES.get(type) ?? `type ${type}`).toLowerCase()}`;
  if (end - at < 24) return name;
  if (type === NEIGHBOR_SOLICITATION) {
    const link = linkAddress(bytes, at, end, 1);
    return `${name} for ${ipv6Text(bytes, at + TARGET)}${link === '' ? '' : ` from ${link}`}`;
  }
  if (type === NEIGHBOR_ADVERTISEMENT) {
    const link = linkAddress(bytes, at, end, 2);
    return `${name} of ${ipv6Text(bytes, at + TARGET)}${link === '' ? '' : ` is at ${link}`}`;
  }
  return name;
}

/** An option of neighbour discovery: type, value, filled up with zeros to 8 octets. */
export function encodeNeighborOption(type: number, value: Uint8Array): Uint8Array {
  const words = Math.ceil((value.length + 2) / 8);
  return new OctetWriter()
    .uint8(type)
    .uint8(words)
    .bytes(value)
    .bytes(new Uint8Array(words * 8 - value.length - 2))
    .take();
}

/**
 * An ICMPv6 message with its checksum.
 *
 * @param body everything behind the checksum
 * @param source sixteen octets of the IPv6 header's source address
 * @param destination sixteen octets of its destination address
 */
export function encodeIcmpv6(
  type: number,
  code: number,
  body: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
): Uint8Array {
  const writer = new OctetWriter().uint8(type).uint8(code).uint16(0).bytes(body);
  const octets = new OctetWriter().bytes(source).bytes(destination).bytes(writer.take()).take();
  const pseudo = pseudoHeaderSum(octets, 0, 16, 16, IpProtocol.icmpv6, writer.length);
  return writer.patch16(CHECKSUM, foldChecksum(addToChecksum(pseudo, octets, 32, octets.length))).take();
}
