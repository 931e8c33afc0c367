// IPv6 (RFC 8200): fixed header and the extension headers behind it.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16, uint32 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import type { IpCursor } from './ip-cursor.ts';
import { IP_PROTOCOL_NAMES } from './ports.ts';

/** The specification says (RFC 8200 3, 4). */
/** Octets of the fixed header. */
export const IPV6_HEADER = 40;
/** Offset of the payload length, 2 octets. */
export const IPV6_PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
/** Next Header values that are extension headers. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
/** Smallest extension header, and all of a fragment header. */
const EXTENSION = 8;

/** Constants we chose. */
/** Extension headers that are followed; a packet with more contradicts RFC 8200 4.1 and counts as damaged. */
const MAX_EXTENSIONS = 16;

const CLAUSE = 'RFC 8200 3';

const fields = {
  version: field('ipv6.version', 'Version', 'uint', { mask: 0xf0, about: 'Always 6.', clause: CLAUSE }),
  trafficClass: field('ipv6.tclass', 'Traffic Class', 'uint', {
    base: 'hex',
    width: 4,
    mask: 0x0ff00000,
    about: 'How urgent the packet is, and congestion marks.',
    clause: 'RFC 8200 7',
  }),
  flow: field('ipv6.flow', 'Flow Label', 'uint', {
    base: 'hex',
    width: 4,
    mask: 0x000fffff,
    about: 'Marks packets of one flow.',
    clause: 'RFC 8200 6',
  }),
  payloadLength: field('ipv6.plen', 'Payload Length', 'uint', {
    width: 2,
    about: 'Octets behind the fixed header, extension headers included.',
    clause: CLAUSE,
  }),
  nextHeader: field('ipv6.nxt', 'Next Header', 'uint', {
    values: IP_PROTOCOL_NAMES,
    about: 'What follows the fixed header.',
    clause: CLAUSE,
  }),
  hopLimit: field('ipv6.hlim', 'Hop Limit', 'uint', { about: 'Routers that it may still pass.', clause: CLAUSE }),
  source: field('ipv6.src', 'Source Address', 'ipv6', { width: 16, about: 'Who sent it.', clause: CLAUSE }),
  destination: field('ipv6.dst', 'Destination Address', 'ipv6', {
    width: 16,
    about: 'Whom it is for.',
    clause: CLAUSE,
  }),
  extensionNext: field('ipv6.ext.nxt', 'Next Header', 'uint', {
    values: IP_PROTOCOL_NAMES,
    about: 'What follows this extension header.',
    clause: 'RFC 8200 4',
  }),
  extension: field('ipv6.ext', 'Extension Header', 'bytes', {
    base: 'none',
    width: 0,
    about: 'Octets of one extension header.',
    clause: 'RFC 8200 4',
  }),
  fragmentOffset: field('ipv6.fraghdr.offset', 'Offset', 'uint', {
    width: 2,
    mask: 0xfff8,
    about: 'Octet of the whole packet at which this fragment stands; sent in units of eight.',
    clause: 'RFC 8200 4.5',
  }),
  moreFragments: field('ipv6.fraghdr.more', 'More Fragments', 'bool', {
    width: 2,
    mask: 0x0001,
    about: 'Another fragment of the packet follows this one.',
    clause: 'RFC 8200 4.5',
  }),
  fragmentIdentification: field('ipv6.fraghdr.ident', 'Identification', 'uint', {
    base: 'hex',
    width: 4,
    about: 'Equal in all fragments of one packet.',
    clause: 'RFC 8200 4.5',
  }),
};

/** IPv6. */
export const IPV6: Protocol = {
  name: 'ipv6',
  title: 'Internet Protocol Version 6',
  about: 'Carries group traffic (SDU type IP) and the UDP datagrams of some captures.',
  clause: CLAUSE,
  fields,
};

const ADDRESS_FIELDS = [fields.hopLimit, fields.source, fields.destination];

function isExtension(protocol: number): boolean {
  return (
    protocol === HOP_BY_HOP ||
    protocol === ROUTING ||
    protocol === FRAGMENT ||
    protocol === AUTHENTICATION ||
    protocol === DESTINATION_OPTIONS ||
    protocol === MOBILITY
  );
}

/** Octets of an extension header, from its second octet (RFC 8200 4.3; RFC 4302 2.2 for authentication). */
function extensionLength(protocol: number, second: number): number {
  if (protocol === FRAGMENT) return EXTENSION;
  return protocol === AUTHENTICATION ? (second + 2) * 4 : (second + 1) * 8;
}

/**
 * Decodes the fixed header and the extension headers up to what the packet carries. Behind the header of a fragment that
 * is not the first nothing is followed. A payload length of 0 means: to the end.
 *
 * @param end one behind the last octet at hand
 * @param cursor where the result goes; whole when `none` is returned
 * @returns `none`, `linkHeaderCut` where the octets end inside a header, `ipHeader` where the version is not 6, an
 *   extension header reaches beyond the payload, or there are too many
 */
export function decodeIpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: IpCursor,
  tree: TreeWriter | null,
): Problem {
  if (at + IPV6_HEADER > end) return failed(Problem.linkHeaderCut, at, end, tree);
  if (bytes[at] >> 4 !== 6) return failed(Problem.ipHeader, at, end, tree);
  const length = uint16(bytes, at + IPV6_PAYLOAD_LENGTH);
  cursor.version = 6;
  cursor.headerAt = at;
  cursor.payloadEnd = length === 0 ? end : at + IPV6_HEADER + length;
  cursor.sourceAt = at + SOURCE;
  cursor.destinationAt = at + DESTINATION;
  cursor.addressLength = 16;
  cursor.hops = bytes[at + HOP_LIMIT];
  const problem = followExtensions(bytes, end, cursor, null);
  if (tree !== null) {
    reportHeader(tree, bytes, at, problem === Problem.none ? cursor.payloadAt : end);
    followExtensions(bytes, end, cursor, tree);
    if (problem !== Problem.none) reportProblem(tree, problem, cursor.payloadAt);
    tree.end();
  }
  return problem;
}

/** Moves the cursor from the fixed header behind the extension headers. */
function followExtensions(bytes: Uint8Array, end: number, cursor: IpCursor, tree: TreeWriter | null): Problem {
  cursor.payloadAt = cursor.headerAt + IPV6_HEADER;
  cursor.protocol = bytes[cursor.headerAt + NEXT_HEADER];
  cursor.fragment = false;
  cursor.identification = 0;
  cursor.fragmentOffset = 0;
  cursor.moreFragments = false;
  for (let count = 0; isExtension(cursor.protocol); count++) {
    const at = cursor.payloadAt;
    if (count === MAX_EXTENSIONS) return Problem.ipHeader;
    if (at + EXTENSION > cursor.payloadEnd) return Problem.ipHeader;
    if (at + EXTENSION > end) return Problem.linkHeaderCut;
    const length = extensionLength(cursor.protocol, bytes[at + 1]);
    if (at + length > cursor.payloadEnd) return Problem.ipHeader;
    if (at + length > end) return Problem.linkHeaderCut;
    const isFragment = cursor.protocol === FRAGMENT;
    if (isFragment) {
      const offset = uint16(bytes, at + 2);
      cursor.fragmentOffset = offset & 0xfff8;
      cursor.moreFragments = (offset & 1) !== 0;
      cursor.fragment = cursor.moreFragments || cursor.fragmentOffset !== 0;
      cursor.identification = uint32(bytes, at + 4);
    }
    if (tree !== null) reportExtension(tree, bytes, at, length, isFragment);
    cursor.protocol = bytes[at];
    cursor.payloadAt = at + length;
    if (cursor.fragmentOffset !== 0) return Problem.none;
  }
  return Problem.none;
}

function failed(problem: Problem, at: number, end: number, tree: TreeWriter | null): Problem {
  if (tree !== null) {
    tree.begin(IPV6, at, Math.max(0, end - at));
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

/** Opens the layer, which lasts to `end`, and shows the fixed header. */
function reportHeader(tree: TreeWriter, bytes: Uint8Array, at: number, end: number): void {
  const first = uint32(bytes, at);
  tree.begin(IPV6, at, end - at);
  tree.add(fields.version, at, 1, 6);
  tree.add(fields.trafficClass, at, 4, (first >>> 20) & 0xff);
  tree.add(fields.flow, at, 4, first & 0xfffff);
  addFields(tree, bytes, at + IPV6_PAYLOAD_LENGTH, [fields.payloadLength, fields.nextHeader]);
  addFields(tree, bytes, at + HOP_LIMIT, ADDRESS_FIELDS);
}

function reportExtension(tree: TreeWriter, bytes: Uint8Array, at: number, length: number, isFragment: boolean): void {
  tree.group(isFragment ? 'Fragment Header' : 'Extension Header', at, length);
  tree.add(fields.extensionNext, at, 1, bytes[at]);
  if (isFragment) {
    const offset = uint16(bytes, at + 2);
    tree.add(fields.fragmentOffset, at + 2, 2, offset & 0xfff8);
    tree.add(fields.moreFragments, at + 2, 2, (offset & 1) !== 0);
    tree.add(fields.fragmentIdentification, at + 4, 4, uint32(bytes, at + 4));
  } else {
    addOctets(tree, fields.extension, bytes, at, at + length);
  }
  tree.end();
}

/** What `encodeIpv6` writes. */
export interface Ipv6Packet {
  /** 16 octets each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** What the payload is, or its first extension header. */
  readonly nextHeader: number;
  readonly payload: Uint8Array;
  /** 1 where absent: group traffic does not leave the link. */
  readonly hopLimit?: number;
}

/** An IPv6 packet (RFC 8200 3). */
export function encodeIpv6(packet: Ipv6Packet): Uint8Array {
  return new OctetWriter()
    .uint32(0x60000000)
    .uint16(packet.payload.length)
    .uint8(packet.nextHeader)
    .uint8(packet.hopLimit ?? 1)
    .bytes(packet.source)
    .bytes(packet.destination)
    .bytes(packet.payload)
    .take();
}
