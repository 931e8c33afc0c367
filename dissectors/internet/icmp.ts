// ICMP for IPv4 (RFC 792): echo, and the errors that carry the packet they speak of.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { internetChecksum } from './checksum.ts';

// Offsets.
const CHECKSUM = 2;
const HEADER = 8;

const TYPES = new Map([
  [0, 'Echo (ping) reply'],
  [3, 'Destination unreachable'],
  [4, 'Source quench'],
  [5, 'Redirect'],
  [8, 'Echo (ping) request'],
  [9, 'Router advertisement'],
  [10, 'Router solicitation'],
  [11, 'Time-to-live exceeded'],
  [12, 'Parameter problem'],
  [13, 'Timestamp request'],
  [14, 'Timestamp reply'],
]);

const UNREACHABLE_CODES = new Map([
  [0, 'network unreachable'],
  [1, 'host unreachable'],
  [2, 'protocol unreachable'],
  [3, 'port unreachable'],
  [4, 'fragmentation needed'],
  [13, 'communication prohibited'],
]);

const CLAUSE = 'RFC 792';

const fields = {
  type: field('icmp.type', 'Type', 'uint', { values: TYPES, about: 'Kind of message.', clause: CLAUSE }),
  code: field('icmp.code', 'Code', 'uint', { about: 'Refines the type.', clause: CLAUSE }),
  checksum: field('icmp.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Internet checksum over the message.',
    clause: CLAUSE,
  }),
  checksumGood: field('icmp.checksum.status', 'Checksum Status', 'bool', {
    width: 0,
    about: 'Whether the checksum is right.',
    clause: CLAUSE,
  }),
  identifier: field('icmp.ident', 'Identifier (BE)', 'uint', {
    base: 'dec_hex',
    width: 2,
    about: 'Which run of echo requests.',
    clause: CLAUSE,
  }),
  sequence: field('icmp.seq', 'Sequence Number (BE)', 'uint', {
    base: 'dec_hex',
    width: 2,
    about: 'Counts the echo requests.',
    clause: CLAUSE,
  }),
  unused: field('icmp.unused', 'Unused', 'bytes', { width: 2, about: 'Zero.', clause: CLAUSE }),
  mtu: field('icmp.mtu', 'MTU of next hop', 'uint', {
    width: 2,
    about: 'Largest packet that would have passed.',
    clause: 'RFC 1191 4',
  }),
  gateway: field('icmp.redir_gw', 'Gateway Address', 'ipv4', {
    width: 4,
    about: 'Router to use instead.',
    clause: CLAUSE,
  }),
  rest: field('icmp.reserved', 'Reserved', 'bytes', { width: 4, about: 'Depends on the type.', clause: CLAUSE }),
  data: field('icmp.data', 'Data', 'bytes', {
    width: 0,
    about: 'Echo data, or the packet that the error speaks of.',
    clause: CLAUSE,
  }),
} as const;

/** ICMP and its fields. */
export const icmpProtocol: Protocol = {
  name: 'icmp',
  title: 'Internet Control Message Protocol',
  about: 'Echo and errors of IPv4.',
  clause: CLAUSE,
  fields,
};

/** The four octets behind the checksum, by type. */
function restFields(type: number, code: number): readonly Field[] {
  if (type === 0 || type === 8 || type === 13 || type === 14) return [fields.identifier, fields.sequence];
  if (type === 3 && code === 4) return [fields.unused, fields.mtu];
  if (type === 5) return [fields.gateway];
  return [fields.rest];
}

/**
 * Decodes one ICMP message that fills the octets.
 *
 * @returns true where the header is whole and the checksum right
 */
export function decodeIcmp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const available = Math.max(0, end - at);
  const good = available >= HEADER && internetChecksum(bytes, at, end) === 0;
  if (tree === null) return good;
  tree.begin(icmpProtocol, at, available);
  if (available < HEADER) {
    tree.problem('icmp.cut', at, `an ICMP header has 8 octets, ${available} are there`);
  } else {
    const next = addFields(tree, bytes, at, [fields.type, fields.code, fields.checksum]);
    tree.generated(fields.checksumGood, good);
    if (!good) tree.problem('icmp.checksum', at + CHECKSUM, 'the checksum is wrong');
    addFields(tree, bytes, next, restFields(bytes[at], bytes[at + 1]));
    addOctets(tree, fields.data, bytes, at + HEADER, end);
  }
  tree.end();
  return good;
}

/** One phrase for an event, e.g. `ICMP echo request id 7 seq 1`. */
export function describeIcmp(bytes: Uint8Array, at: number, end: number): string {
  if (end - at < HEADER) return 'ICMP, cut';
  const type = bytes[at];
  const code = bytes[at + 1];
  if (type === 8 || type === 0) {
    const id = uint16(bytes, at + 4);
    return `ICMP echo ${type === 8 ? 'request' : 'reply'} id ${id} seq ${uint16(bytes, at + 6)}`;
  }
  if (type === 3) return `ICMP ${UNREACHABLE_CODES.get(code) ?? `destination unreachable, code ${code}`}`;
  return `ICMP ${(TYPES.get(type) ?? `type ${type}`).toLowerCase()}`;
}

/** An ICMP message with its checksum. @param rest the 32 bits behind the checksum */
export function encodeIcmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const writer = new OctetWriter().uint8(type).uint8(code).uint16(0).uint32(rest).bytes(data);
  const octets = writer.take();
  return writer.patch16(CHECKSUM, internetChecksum(octets, 0, octets.length)).take();
}
