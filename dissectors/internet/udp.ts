// UDP (RFC 768). Its length field bounds the payload; its checksum is judged where all octets are at hand.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import { addToChecksum, foldChecksum, pseudoHeaderSum } from './checksum.ts';
import type { IpCursor } from './ip-cursor.ts';
import { IpProtocol } from './ports.ts';

/** The specification says (RFC 768). */
/** Octets of the header. */
export const UDP_HEADER = 8;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;

const CLAUSE = 'RFC 768';

const fields = {
  sourcePort: field('udp.srcport', 'Source Port', 'uint', { width: 2, about: 'Port of the sender.', clause: CLAUSE }),
  destinationPort: field('udp.dstport', 'Destination Port', 'uint', {
    width: 2,
    about: 'Port of the receiver.',
    clause: CLAUSE,
  }),
  length: field('udp.length', 'Length', 'uint', {
    width: 2,
    about: 'Octets of the datagram, header included.',
    clause: CLAUSE,
  }),
  checksum: field('udp.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Checksum over pseudo header, header and payload; 0 over IPv4: none.',
    clause: CLAUSE,
  }),
  checksumStatus: field('udp.checksum.status', 'Checksum Status', 'uint', {
    width: 0,
    values: new Map([
      [0, 'Bad'],
      [1, 'Good'],
      [2, 'Unverified'],
      [3, 'Not present'],
    ]),
    about: 'Whether the checksum fits the datagram.',
    clause: CLAUSE,
  }),
};

/** UDP. */
export const UDP: Protocol = {
  name: 'udp',
  title: 'User Datagram Protocol',
  about: 'Carries group media and floor control, and the MAC PDUs of some captures.',
  clause: CLAUSE,
  fields,
};

/** Values of `udp.checksum.status`, as Wireshark counts them. */
export const ChecksumStatus = { bad: 0, good: 1, unverified: 2, notPresent: 3 } as const;

/** A value of `ChecksumStatus`. */
export type ChecksumStatus = (typeof ChecksumStatus)[keyof typeof ChecksumStatus];

/** What a UDP header leaves for the next decoder. */
export interface UdpCursor {
  headerAt: number;
  sourcePort: number;
  destinationPort: number;
  /** The length field: octets of the datagram, header included. */
  length: number;
  payloadAt: number;
  /** One behind the last octet that the length field claims; may lie beyond what was captured. */
  payloadEnd: number;
}

/** A cursor to reuse. */
export function createUdpCursor(): UdpCursor {
  return { headerAt: 0, sourcePort: 0, destinationPort: 0, length: 0, payloadAt: 0, payloadEnd: 0 };
}

/**
 * Decodes a UDP header. A length of 0 means: to the end (jumbograms, and interfaces that fill it in later).
 *
 * @param end one behind the last octet at hand
 * @param ip the packet that carries it, for the checksum in the tree; null where there is none
 * @returns `none`, `linkHeaderCut` where the octets end inside the header, `ipHeader` where the length field is less
 *   than the header
 */
export function decodeUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  ip: IpCursor | null,
  cursor: UdpCursor,
  tree: TreeWriter | null,
): Problem {
  if (at + UDP_HEADER > end) return failed(Problem.linkHeaderCut, at, end, tree);
  const length = uint16(bytes, at + LENGTH);
  if (length !== 0 && length < UDP_HEADER) return failed(Problem.ipHeader, at, end, tree);
  cursor.headerAt = at;
  cursor.sourcePort = uint16(bytes, at);
  cursor.destinationPort = uint16(bytes, at + DESTINATION_PORT);
  cursor.length = length;
  cursor.payloadAt = at + UDP_HEADER;
  cursor.payloadEnd = length === 0 ? end : at + length;
  if (tree !== null) {
    tree.begin(UDP, at, UDP_HEADER);
    addFields(tree, bytes, at, [fields.sourcePort, fields.destinationPort, fields.length, fields.checksum]);
    tree.generated(fields.checksumStatus, udpChecksumStatus(bytes, end, ip, cursor));
    tree.end();
  }
  return Problem.none;
}

/**
 * Whether the checksum fits the datagram (RFC 768; RFC 8200 8.1).
 *
 * @param end one behind the last octet at hand
 * @returns `unverified` for a fragment, for a datagram that is not all there, or without the packet that carries it
 */
export function udpChecksumStatus(
  bytes: Uint8Array,
  end: number,
  ip: IpCursor | null,
  cursor: UdpCursor,
): ChecksumStatus {
  if (uint16(bytes, cursor.headerAt + CHECKSUM) === 0) return ChecksumStatus.notPresent;
  if (ip === null || ip.fragment || cursor.length === 0 || cursor.payloadEnd > end) return ChecksumStatus.unverified;
  const pseudo = pseudoHeaderSum(bytes, ip.sourceAt, ip.destinationAt, ip.addressLength, IpProtocol.udp, cursor.length);
  const sum = foldChecksum(addToChecksum(pseudo, bytes, cursor.headerAt, cursor.payloadEnd));
  return sum === 0 ? ChecksumStatus.good : ChecksumStatus.bad;
}

function failed(problem: Problem, at: number, end: number, tree: TreeWriter | null): Problem {
  if (tree !== null) {
    tree.begin(UDP, at, Math.max(0, end - at));
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

/** What `encodeUdp` writes. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  /** Addresses of the packet that will carry it, 4 or 16 octets each. Absent: the checksum is 0. */
  readonly addresses?: { readonly source: Uint8Array; readonly destination: Uint8Array };
}

/** A UDP datagram (RFC 768). A checksum that comes to 0 is sent as 0xffff. */
export function encodeUdp(datagram: UdpDatagram): Uint8Array {
  const length = UDP_HEADER + datagram.payload.length;
  const bytes = new OctetWriter()
    .uint16(datagram.sourcePort)
    .uint16(datagram.destinationPort)
    .uint16(length)
    .uint16(0)
    .bytes(datagram.payload)
    .take();
  if (datagram.addresses !== undefined) {
    const { source, destination } = datagram.addresses;
    const both = new OctetWriter().bytes(source).bytes(destination).take();
    const pseudo = pseudoHeaderSum(both, 0, source.length, source.length, IpProtocol.udp, length);
    const checksum = foldChecksum(addToChecksum(pseudo, bytes, 0, length)) || 0xffff;
    bytes[CHECKSUM] = checksum >> 8;
    bytes[CHECKSUM + 1] = checksum;
  }
  return bytes;
}
