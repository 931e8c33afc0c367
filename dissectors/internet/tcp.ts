// The TCP header (RFC 9293 3.1), as far as it is needed to find key management on its port. Streams are not followed.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';

/** The specification says (RFC 9293 3.1). */
/** Octets of a header without options. */
export const TCP_HEADER = 20;
const DESTINATION_PORT = 2;
const DATA_OFFSET = 12;

const CLAUSE = 'RFC 9293 3.1';

const fields = {
  sourcePort: field('tcp.srcport', 'Source Port', 'uint', { width: 2, about: 'Port of the sender.', clause: CLAUSE }),
  destinationPort: field('tcp.dstport', 'Destination Port', 'uint', {
    width: 2,
    about: 'Port of the receiver.',
    clause: CLAUSE,
  }),
  sequence: field('tcp.seq_raw', 'Sequence Number', 'uint', {
    width: 4,
    about: 'Place of the first octet in the stream.',
    clause: CLAUSE,
  }),
  acknowledgement: field('tcp.ack_raw', 'Acknowledgment number', 'uint', {
    width: 4,
    about: 'Octet that the sender expects next.',
    clause: CLAUSE,
  }),
  headerLength: field('tcp.hdr_len', 'Header Length', 'uint', {
    width: 1,
    mask: 0xf0,
    about: 'Octets of the header; sent in words of four.',
    clause: CLAUSE,
  }),
  flags: field('tcp.flags', 'Flags', 'uint', {
    base: 'hex',
    width: 2,
    mask: 0x0fff,
    about: 'Control bits.',
    clause: CLAUSE,
  }),
  window: field('tcp.window_size_value', 'Window', 'uint', {
    width: 2,
    about: 'Octets that the sender will take.',
    clause: CLAUSE,
  }),
  checksum: field('tcp.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Checksum over pseudo header, header and payload.',
    clause: CLAUSE,
  }),
};

/** TCP. */
export const TCP: Protocol = {
  name: 'tcp',
  title: 'Transmission Control Protocol',
  about: 'Carries key management of some captures; not looked into otherwise.',
  clause: CLAUSE,
  fields,
};

/** What a TCP header leaves for the next decoder. */
export interface TcpCursor {
  sourcePort: number;
  destinationPort: number;
  payloadAt: number;
}

/**
 * Decodes a TCP header.
 *
 * @param end one behind the last octet at hand
 * @returns `none`, `linkHeaderCut` where the octets end inside the header, `ipHeader` where the data offset is less than
 *   the header
 */
export function decodeTcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: TcpCursor,
  tree: TreeWriter | null,
): Problem {
  if (at + TCP_HEADER > end) return failed(Problem.linkHeaderCut, at, end, tree);
  const length = (bytes[at + DATA_OFFSET] >> 4) * 4;
  if (length < TCP_HEADER) return failed(Problem.ipHeader, at, end, tree);
  if (at + length > end) return failed(Problem.linkHeaderCut, at, end, tree);
  cursor.sourcePort = uint16(bytes, at);
  cursor.destinationPort = uint16(bytes, at + DESTINATION_PORT);
  cursor.payloadAt = at + length;
  if (tree !== null) {
    tree.begin(TCP, at, length);
    addFields(tree, bytes, at, [fields.sourcePort, fields.destinationPort, fields.sequence, fields.acknowledgement]);
    tree.add(fields.headerLength, at + DATA_OFFSET, 1, length);
    tree.add(fields.flags, at + DATA_OFFSET, 2, uint16(bytes, at + DATA_OFFSET) & 0x0fff);
    addFields(tree, bytes, at + 14, [fields.window, fields.checksum]);
    tree.end();
  }
  return Problem.none;
}

function failed(problem: Problem, at: number, end: number, tree: TreeWriter | null): Problem {
  if (tree !== null) {
    tree.begin(TCP, at, Math.max(0, end - at));
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

/** What `encodeTcp` writes. */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** A TCP segment with PSH and ACK and without a checksum, enough to carry octets in a capture. */
export function encodeTcp(segment: TcpSegment): Uint8Array {
  return new OctetWriter()
    .uint16(segment.sourcePort)
    .uint16(segment.destinationPort)
    .uint32(1)
    .uint32(1)
    .uint16(0x5018)
    .uint16(0xffff)
    .uint32(0)
    .bytes(segment.payload)
    .take();
}
