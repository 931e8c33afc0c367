// IPv4 (RFC 791): header, checksum, fragmentation. Outer packets of a capture, and SDUs after deciphering.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import { internetChecksum } from './checksum.ts';
import type { IpCursor } from './ip-cursor.ts';
import { IP_PROTOCOL_NAMES } from './ports.ts';

/** The specification says (RFC 791 3.1). */
/** Octets of a header without options. */
export const IPV4_HEADER = 20;
/** Offset of the total length, 2 octets. */
export const IPV4_TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS_AND_OFFSET = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

const CLAUSE = 'RFC 791 3.1';

const fields = {
  version: field('ip.version', 'Version', 'uint', { mask: 0xf0, about: 'Always 4.', clause: CLAUSE }),
  headerLength: field('ip.hdr_len', 'Header Length', 'uint', {
    mask: 0x0f,
    about: 'Octets of the header; sent in words of four.',
    clause: CLAUSE,
  }),
  dscp: field('ip.dsfield.dscp', 'Differentiated Services Codepoint', 'uint', {
    mask: 0xfc,
    about: 'How urgent the packet is.',
    clause: 'RFC 2474 3',
  }),
  ecn: field('ip.dsfield.ecn', 'Explicit Congestion Notification', 'uint', {
    mask: 0x03,
    about: 'Congestion marks.',
    clause: 'RFC 3168 5',
  }),
  length: field('ip.len', 'Total Length', 'uint', {
    width: 2,
    about: 'Octets of the packet, header included.',
    clause: CLAUSE,
  }),
  identification: field('ip.id', 'Identification', 'uint', {
    base: 'hex_dec',
    width: 2,
    about: 'Equal in all fragments of one packet.',
    clause: CLAUSE,
  }),
  reserved: field('ip.flags.rb', 'Reserved bit', 'bool', { mask: 0x80, about: 'Must be 0.', clause: CLAUSE }),
  dontFragment: field('ip.flags.df', "Don't fragment", 'bool', {
    mask: 0x40,
    about: 'The packet may not be split.',
    clause: CLAUSE,
  }),
  moreFragments: field('ip.flags.mf', 'More fragments', 'bool', {
    mask: 0x20,
    about: 'Another fragment of the packet follows this one.',
    clause: CLAUSE,
  }),
  fragmentOffset: field('ip.frag_offset', 'Fragment Offset', 'uint', {
    width: 2,
    mask: OFFSET_MASK,
    about: 'Octet of the whole packet at which this fragment stands; sent in units of eight.',
    clause: CLAUSE,
  }),
  ttl: field('ip.ttl', 'Time to Live', 'uint', { about: 'Routers that it may still pass.', clause: CLAUSE }),
  protocol: field('ip.proto', 'Protocol', 'uint', {
    values: IP_PROTOCOL_NAMES,
    about: 'What the packet carries.',
    clause: CLAUSE,
  }),
  checksum: field('ip.checksum', 'Header Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Checksum of the header alone.',
    clause: CLAUSE,
  }),
  checksumStatus: field('ip.checksum.status', 'Header checksum status', 'uint', {
    width: 0,
    values: new Map([
      [0, 'Bad'],
      [1, 'Good'],
    ]),
    about: 'Whether the checksum fits the header.',
    clause: CLAUSE,
  }),
  source: field('ip.src', 'Source Address', 'ipv4', { width: 4, about: 'Who sent it.', clause: CLAUSE }),
  destination: field('ip.dst', 'Destination Address', 'ipv4', {
    width: 4,
    about: 'Whom it is for.',
    clause: CLAUSE,
  }),
  options: field('ip.options', 'Options', 'bytes', {
    base: 'none',
    width: 0,
    about: 'Octets behind the fixed part of the header.',
    clause: CLAUSE,
  }),
};

/** IPv4. */
export const IPV4: Protocol = {
  name: 'ipv4',
  title: 'Internet Protocol Version 4',
  about: 'Carries group traffic (SDU type IP) and the UDP datagrams of some captures.',
  clause: CLAUSE,
  fields,
};

const FIRST_FIELDS: readonly Field[] = [fields.dscp, fields.ecn, fields.length, fields.identification];
const FLAG_FIELDS: readonly Field[] = [fields.reserved, fields.dontFragment, fields.moreFragments];

/**
 * Decodes an IPv4 header. A total length of 0 (segmentation was left to the interface) means: to the end.
 *
 * @param end one behind the last octet at hand
 * @param cursor where the result goes; whole when `none` is returned
 * @returns `none`, `linkHeaderCut` where the octets end inside the header, `ipHeader` where version, header length or
 *   total length contradict each other
 */
export function decodeIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: IpCursor,
  tree: TreeWriter | null,
): Problem {
  if (at + IPV4_HEADER > end) return failed(Problem.linkHeaderCut, at, end, tree);
  const headerLength = (bytes[at] & 0x0f) * 4;
  const total = uint16(bytes, at + IPV4_TOTAL_LENGTH);
  if (bytes[at] >> 4 !== 4 || headerLength < IPV4_HEADER) return failed(Problem.ipHeader, at, end, tree);
  if (total !== 0 && total < headerLength) return failed(Problem.ipHeader, at, end, tree);
  if (at + headerLength > end) return failed(Problem.linkHeaderCut, at, end, tree);
  const flagsAndOffset = uint16(bytes, at + FLAGS_AND_OFFSET);
  cursor.version = 4;
  cursor.headerAt = at;
  cursor.payloadAt = at + headerLength;
  cursor.payloadEnd = total === 0 ? Math.max(end, cursor.payloadAt) : at + total;
  cursor.protocol = bytes[at + PROTOCOL];
  cursor.sourceAt = at + SOURCE;
  cursor.destinationAt = at + DESTINATION;
  cursor.addressLength = 4;
  cursor.hops = bytes[at + TTL];
  cursor.fragmentOffset = (flagsAndOffset & OFFSET_MASK) * 8;
  cursor.moreFragments = (flagsAndOffset & MORE_FRAGMENTS) !== 0;
  cursor.fragment = cursor.moreFragments || cursor.fragmentOffset !== 0;
  cursor.identification = uint16(bytes, at + IDENTIFICATION);
  if (tree !== null) report(tree, bytes, at, cursor);
  return Problem.none;
}

/** Whether the header checksum fits. The caller has decoded the header. */
export function ipv4ChecksumFits(bytes: Uint8Array, cursor: IpCursor): boolean {
  return internetChecksum(bytes, cursor.headerAt, cursor.payloadAt) === 0;
}

function failed(problem: Problem, at: number, end: number, tree: TreeWriter | null): Problem {
  if (tree !== null) {
    tree.begin(IPV4, at, Math.max(0, end - at));
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

function report(tree: TreeWriter, bytes: Uint8Array, at: number, cursor: IpCursor): void {
  tree.begin(IPV4, at, cursor.payloadAt - at);
  tree.add(fields.version, at, 1, 4);
  tree.add(fields.headerLength, at, 1, cursor.payloadAt - at);
  addFields(tree, bytes, at + 1, FIRST_FIELDS);
  for (const flag of FLAG_FIELDS) {
    tree.add(flag, at + FLAGS_AND_OFFSET, 1, (bytes[at + FLAGS_AND_OFFSET] & flag.mask) !== 0);
  }
  tree.add(fields.fragmentOffset, at + FLAGS_AND_OFFSET, 2, cursor.fragmentOffset);
  addFields(tree, bytes, at + TTL, [fields.ttl, fields.protocol, fields.checksum]);
  tree.generated(fields.checksumStatus, ipv4ChecksumFits(bytes, cursor) ? 1 : 0);
  addFields(tree, bytes, at + SOURCE, [fields.source, fields.destination]);
  addOctets(tree, fields.options, bytes, at + IPV4_HEADER, cursor.payloadAt);
  tree.end();
}

/** What `encodeIpv4` writes. */
export interface Ipv4Packet {
  /** 4 octets each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** 16 bits, 0 where absent. */
  readonly identification?: number;
  /** 1 where absent: group traffic does not leave the link. */
  readonly ttl?: number;
  /** Octet offset of a fragment, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
}

/** An IPv4 packet without options, header checksum included (RFC 791 3.1). */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const flags = (packet.moreFragments === true ? MORE_FRAGMENTS : 0) | ((packet.fragmentOffset ?? 0) >> 3);
  const bytes = new OctetWriter()
    .uint16(0x4500)
    .uint16(IPV4_HEADER + packet.payload.length)
    .uint16(packet.identification ?? 0)
    .uint16(flags)
    .uint8(packet.ttl ?? 1)
    .uint8(packet.protocol)
    .uint16(0)
    .bytes(packet.source)
    .bytes(packet.destination)
    .bytes(packet.payload)
    .take();
  const checksum = internetChecksum(bytes, 0, IPV4_HEADER);
  bytes[CHECKSUM] = checksum >> 8;
  bytes[CHECKSUM + 1] = checksum;
  return bytes;
}
