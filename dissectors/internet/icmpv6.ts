// ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861) and its options; listener discovery is in mld.ts.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { etherText, ipv6Text } from '../text.ts';
import { addToChecksum, foldChecksum, pseudoHeaderSum } from './checksum.ts';
import type { IpCursor } from './ip-cursor.ts';
import { decodeMld, describeMld, isMld, mldFields } from './mld.ts';
import { IpProtocol } from './ports.ts';

// Offsets.
const CHECKSUM = 2;
const HEADER = 8;
const TARGET = 8;

/** The specification says: types (RFC 4443 2.1, RFC 4861 4). */
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
const REDIRECT = 137;

const TYPES = new Map([
  [1, 'Destination Unreachable'],
  [2, 'Packet Too Big'],
  [3, 'Time Exceeded'],
  [4, 'Parameter Problem'],
  [ECHO_REQUEST, 'Echo (ping) request'],
  [ECHO_REPLY, 'Echo (ping) reply'],
  [130, 'Multicast Listener Query'],
  [131, 'Multicast Listener Report'],
  [132, 'Multicast Listener Done'],
  [ROUTER_SOLICITATION, 'Router Solicitation'],
  [ROUTER_ADVERTISEMENT, 'Router Advertisement'],
  [NEIGHBOR_SOLICITATION, 'Neighbor Solicitation'],
  [NEIGHBOR_ADVERTISEMENT, 'Neighbor Advertisement'],
  [REDIRECT, 'Redirect'],
  [143, 'Multicast Listener Report Message v2'],
]);

const OPTION_TYPES = new Map([
  [1, 'Source link-layer address'],
  [2, 'Target link-layer address'],
  [3, 'Prefix information'],
  [4, 'Redirected header'],
  [5, 'MTU'],
  [14, 'Nonce'],
  [24, 'Route Information'],
  [25, 'Recursive DNS Server'],
  [31, 'DNS Search List Option'],
]);

const CLAUSE = 'RFC 4443 2.1';
const ND = 'RFC 4861 4';
const PREFIX_CLAUSE = 'RFC 4861 4.6.2';

const fields = {
  type: field('icmpv6.type', 'Type', 'uint', { values: TYPES, about: 'Kind of message.', clause: CLAUSE }),
  code: field('icmpv6.code', 'Code', 'uint', { about: 'Refines the type.', clause: CLAUSE }),
  checksum: field('icmpv6.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Internet checksum over pseudo header and message.',
    clause: 'RFC 4443 2.3',
  }),
  checksumGood: field('icmpv6.checksum.status', 'Checksum Status', 'bool', {
    width: 0,
    about: 'Whether the checksum is right.',
    clause: 'RFC 4443 2.3',
  }),
  identifier: field('icmpv6.echo.identifier', 'Identifier', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Which run of echo requests.',
    clause: 'RFC 4443 4',
  }),
  sequence: field('icmpv6.echo.sequence_number', 'Sequence', 'uint', {
    width: 2,
    about: 'Counts the echo requests.',
    clause: 'RFC 4443 4',
  }),
  mtu: field('icmpv6.mtu', 'MTU', 'uint', {
    width: 4,
    about: 'Largest packet that would have passed.',
    clause: 'RFC 4443 3.2',
  }),
  pointer: field('icmpv6.pointer', 'Pointer', 'uint', {
    width: 4,
    about: 'Octet of the packet that was at fault.',
    clause: 'RFC 4443 3.4',
  }),
  hopLimit: field('icmpv6.nd.ra.cur_hop_limit', 'Cur hop limit', 'uint', {
    about: 'Hop limit that hosts should use.',
    clause: ND,
  }),
  managed: field('icmpv6.nd.ra.flag.m', 'Managed address configuration', 'bool', {
    mask: 0x80,
    about: 'Addresses come by DHCPv6.',
    clause: ND,
  }),
  other: field('icmpv6.nd.ra.flag.o', 'Other configuration', 'bool', {
    mask: 0x40,
    about: 'Other settings come by DHCPv6.',
    clause: ND,
  }),
  homeAgent: field('icmpv6.nd.ra.flag.h', 'Home Agent', 'bool', {
    mask: 0x20,
    about: 'The router is a home agent.',
    clause: 'RFC 6275 7.1',
  }),
  preference: field('icmpv6.nd.ra.flag.prf', 'Prf (Default Router Preference)', 'uint', {
    mask: 0x18,
    about: 'How much to prefer this router.',
    clause: 'RFC 4191 2.2',
  }),
  proxy: field('icmpv6.nd.ra.flag.p', 'Proxy', 'bool', {
    mask: 0x04,
    about: 'A proxy sent this.',
    clause: 'RFC 4389 4.1.3',
  }),
  flagReserved: field('icmpv6.nd.ra.flag.rsv', 'Reserved', 'uint', { mask: 0x03, about: 'Zero.', clause: ND }),
  routerLifetime: field('icmpv6.nd.ra.router_lifetime', 'Router lifetime (s)', 'uint', {
    width: 2,
    about: 'Seconds as default router; 0 is not one.',
    clause: ND,
  }),
  reachable: field('icmpv6.nd.ra.reachable_time', 'Reachable time (ms)', 'uint', {
    width: 4,
    about: 'How long a neighbour counts as reachable.',
    clause: ND,
  }),
  retransmission: field('icmpv6.nd.ra.retrans_timer', 'Retrans timer (ms)', 'uint', {
    width: 4,
    about: 'Time between solicitations.',
    clause: ND,
  }),
  solicitationTarget: field('icmpv6.nd.ns.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Address that is asked for.',
    clause: ND,
  }),
  router: field('icmpv6.nd.na.flag.r', 'Router', 'bool', {
    width: 4,
    mask: 0x80000000,
    about: 'The sender is a router.',
    clause: ND,
  }),
  solicited: field('icmpv6.nd.na.flag.s', 'Solicited', 'bool', {
    width: 4,
    mask: 0x40000000,
    about: 'Answers a solicitation.',
    clause: ND,
  }),
  override: field('icmpv6.nd.na.flag.o', 'Override', 'bool', {
    width: 4,
    mask: 0x20000000,
    about: 'Replaces what neighbours remember.',
    clause: ND,
  }),
  advertisementReserved: field('icmpv6.nd.na.flag.rsv', 'Reserved', 'uint', {
    width: 4,
    mask: 0x1fffffff,
    about: 'Zero.',
    clause: ND,
  }),
  advertisementTarget: field('icmpv6.nd.na.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Address that the sender holds.',
    clause: ND,
  }),
  redirectTarget: field('icmpv6.nd.rd.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Better first hop.',
    clause: ND,
  }),
  redirectDestination: field('icmpv6.rd.na.destination_address', 'Destination Address', 'ipv6', {
    width: 16,
    about: 'Destination that is redirected.',
    clause: ND,
  }),
  optionType: field('icmpv6.opt.type', 'Type', 'uint', {
    values: OPTION_TYPES,
    about: 'Kind of option.',
    clause: 'RFC 4861 4.6',
  }),
  optionLength: field('icmpv6.opt.length', 'Length', 'uint', {
    about: 'Words of 8 octets in the option; 0 is not allowed.',
    clause: 'RFC 4861 4.6',
  }),
  sourceLink: field('icmpv6.opt.src_linkaddr', 'Source Link-layer address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the sender.',
    clause: 'RFC 4861 4.6.1',
  }),
  targetLink: field('icmpv6.opt.target_linkaddr', 'Target Link-layer address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the target.',
    clause: 'RFC 4861 4.6.1',
  }),
  prefixLength: field('icmpv6.opt.prefix.length', 'Prefix Length', 'uint', {
    about: 'Bits of the prefix that count.',
    clause: PREFIX_CLAUSE,
  }),
  onLink: field('icmpv6.opt.prefix.flag.l', 'On-link flag(L)', 'bool', {
    mask: 0x80,
    about: 'Addresses with the prefix are on this link.',
    clause: PREFIX_CLAUSE,
  }),
  autonomous: field('icmpv6.opt.prefix.flag.a', 'Autonomous address-configuration flag(A)', 'bool', {
    mask: 0x40,
    about: 'Hosts may make addresses from the prefix.',
    clause: PREFIX_CLAUSE,
  }),
  prefixReserved: field('icmpv6.opt.prefix.flag.reserved', 'Reserved', 'uint', {
    mask: 0x3f,
    about: 'Zero.',
    clause: PREFIX_CLAUSE,
  }),
  validLifetime: field('icmpv6.opt.prefix.valid_lifetime', 'Valid Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that the prefix is valid.',
    clause: PREFIX_CLAUSE,
  }),
  preferredLifetime: field('icmpv6.opt.prefix.preferred_lifetime', 'Preferred Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that its addresses are preferred.',
    clause: PREFIX_CLAUSE,
  }),
  prefix: field('icmpv6.opt.prefix', 'Prefix', 'ipv6', { width: 16, about: 'The prefix.', clause: PREFIX_CLAUSE }),
  linkMtu: field('icmpv6.opt.mtu', 'MTU', 'uint', {
    width: 4,
    about: 'Largest packet of this link.',
    clause: 'RFC 4861 4.6.4',
  }),
  nonce: field('icmpv6.opt.nonce', 'Nonce', 'bytes', {
    width: 0,
    about: 'Random value that an answer repeats.',
    clause: 'RFC 3971 5.3.2',
  }),
  dnsLifetime: field('icmpv6.opt.rdnss.lifetime', 'Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that the servers may be used.',
    clause: 'RFC 8106 5.1',
  }),
  dnsServer: field('icmpv6.opt.rdnss', 'Recursive DNS Servers', 'ipv6', {
    width: 16,
    about: 'Address of a DNS server.',
    clause: 'RFC 8106 5.1',
  }),
  optionReserved: field('icmpv6.opt.reserved', 'Reserved', 'bytes', { width: 0, about: 'Zero.', clause: ND }),
  data: field('icmpv6.data', 'Data', 'bytes', {
    width: 0,
    about: 'Echo data, the packet that an error speaks of, or an option that is not decoded.',
    clause: CLAUSE,
  }),
} as const;

/** ICMPv6 and its fields, those of listener discovery included. */
export const icmpv6Protocol: Protocol = {
  name: 'icmpv6',
  title: 'Internet Control Message Protocol v6',
  about: 'Echo, errors, neighbour and listener discovery of IPv6.',
  clause: 'RFC 4443',
  fields: { ...fields, ...mldFields },
};

/** Fields behind the checksum and before options or data, by type; listener discovery has its own decoder. */
const BODY_FIELDS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [2, [fields.mtu]],
  [4, [fields.pointer]],
  [ECHO_REQUEST, [fields.identifier, fields.sequence]],
  [ECHO_REPLY, [fields.identifier, fields.sequence]],
  [
    ROUTER_ADVERTISEMENT,
    [
      fields.hopLimit,
      fields.managed,
      fields.other,
      fields.homeAgent,
      fields.preference,
      fields.proxy,
      fields.flagReserved,
      fields.routerLifetime,
      fields.reachable,
      fields.retransmission,
    ],
  ],
  [NEIGHBOR_SOLICITATION, [fields.solicitationTarget]],
  [
    NEIGHBOR_ADVERTISEMENT,
    [fields.router, fields.solicited, fields.override, fields.advertisementReserved, fields.advertisementTarget],
  ],
  [REDIRECT, [fields.redirectTarget, fields.redirectDestination]],
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
      addFields(tree, bytes, at, [fields.type, fields.code, fields.checksum]);
      if (cursor !== null) tree.generated(fields.checksumGood, checksumGood);
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
  if (tree !== null) addOctets(tree, fields.data, bytes, next, end);
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
  tree.group(`Option (${OPTION_TYPES.get(type) ?? `type ${type}`})`, at, end - at);
  let next = addFields(tree, bytes, at, [fields.optionType, fields.optionLength]);
  if (type === 1) addOctets(tree, fields.sourceLink, bytes, next, end);
  else if (type === 2) addOctets(tree, fields.targetLink, bytes, next, end);
  else if (type === 3 && end - at === 32) {
    addFields(tree, bytes, next, [
      fields.prefixLength,
      fields.onLink,
      fields.autonomous,
      fields.prefixReserved,
      fields.validLifetime,
      fields.preferredLifetime,
    ]);
    addOctets(tree, fields.optionReserved, bytes, at + 12, at + 16);
    addFields(tree, bytes, at + 16, [fields.prefix]);
  } else if (type === 5 && end - at === 8) addFields(tree, bytes, addReserved(bytes, next, tree), [fields.linkMtu]);
  else if (type === 14) addOctets(tree, fields.nonce, bytes, next, end);
  else if (type === 25 && end - at >= 24) {
    next = addFields(tree, bytes, addReserved(bytes, next, tree), [fields.dnsLifetime]);
    while (next + 16 <= end) next = addFields(tree, bytes, next, [fields.dnsServer]);
  } else addOctets(tree, fields.data, bytes, next, end);
  tree.end();
}

/** The two reserved octets of an option. */
function addReserved(bytes: Uint8Array, at: number, tree: TreeWriter): number {
  addOctets(tree, fields.optionReserved, bytes, at, at + 2);
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
  const name = `ICMPv6 ${(TYPES.get(type) ?? `type ${type}`).toLowerCase()}`;
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
