// RTP (RFC 3550) and the static payload types of RFC 3551, recognised above UDP by what the octets say.

import { UDP_PORT_NAMES } from '../internet/ports.ts';
import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';

// Offsets (RFC 3550 5.1).
const PAYLOAD_TYPE = 1;
const SEQUENCE = 2;
const HEADER = 12;

/** The specification says: static payload types (RFC 3551 table 4 and 5). */
export const RTP_PAYLOAD_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU'],
  [3, 'GSM'],
  [4, 'G723'],
  [5, 'DVI4'],
  [6, 'DVI4'],
  [7, 'LPC'],
  [8, 'PCMA'],
  [9, 'G722'],
  [10, 'L16'],
  [11, 'L16'],
  [12, 'QCELP'],
  [13, 'CN'],
  [14, 'MPA'],
  [15, 'G728'],
  [16, 'DVI4'],
  [17, 'DVI4'],
  [18, 'G729'],
  [25, 'CelB'],
  [26, 'JPEG'],
  [28, 'nv'],
  [31, 'H261'],
  [32, 'MPV'],
  [33, 'MP2T'],
  [34, 'H263'],
]);

/** Names for summaries by payload type 0 to 127, made once: `PCMU`, or `type 96` where the type is not static. */
const PAYLOAD_NAMES: readonly string[] = Array.from({ length: 128 }, (_, type) => {
  return RTP_PAYLOAD_TYPES.get(type) ?? `type ${type}`;
});

/** 1 where a payload type is one that a sender may use: static and assigned, or dynamic (96 to 127). */
const PLAUSIBLE_TYPE = Uint8Array.from({ length: 128 }, (_, type) =>
  RTP_PAYLOAD_TYPES.has(type) || type >= 96 ? 1 : 0,
);

/** We chose: ports below this one are servers' and never media (RFC 6335 6 calls them system ports). */
const FIRST_MEDIA_PORT = 1024;

const CLAUSE = 'RFC 3550 5.1';

const fields = {
  version: field('rtp.version', 'Version', 'uint', { mask: 0xc0, about: 'Version of RTP, 2.', clause: CLAUSE }),
  padding: field('rtp.padding', 'Padding', 'bool', {
    mask: 0x20,
    about: 'Padding octets follow the payload.',
    clause: CLAUSE,
  }),
  extension: field('rtp.ext', 'Extension', 'bool', {
    mask: 0x10,
    about: 'A header extension follows the fixed header.',
    clause: CLAUSE,
  }),
  csrcCount: field('rtp.cc', 'Contributing source identifiers count', 'uint', {
    mask: 0x0f,
    about: 'Contributing sources that follow the fixed header.',
    clause: CLAUSE,
  }),
  marker: field('rtp.marker', 'Marker', 'bool', {
    mask: 0x80,
    about: 'A significant event, e.g. the first packet of a talk burst.',
    clause: CLAUSE,
  }),
  payloadType: field('rtp.p_type', 'Payload type', 'uint', {
    mask: 0x7f,
    values: RTP_PAYLOAD_TYPES,
    about: 'Format of the payload.',
    clause: 'RFC 3551 6',
  }),
  sequence: field('rtp.seq', 'Sequence number', 'uint', {
    width: 2,
    about: 'Rises by one with each packet.',
    clause: CLAUSE,
  }),
  timestamp: field('rtp.timestamp', 'Timestamp', 'uint', {
    width: 4,
    about: 'Sampling instant of the first octet, in units of the media clock.',
    clause: CLAUSE,
  }),
  ssrc: field('rtp.ssrc', 'Synchronization Source identifier', 'uint', {
    base: 'hex',
    width: 4,
    about: 'Who sends the stream, chosen at random.',
    clause: CLAUSE,
  }),
  csrc: field('rtp.csrc.item', 'CSRC item', 'uint', {
    base: 'hex',
    width: 4,
    about: 'A source that a mixer combined.',
    clause: CLAUSE,
  }),
  extensionProfile: field('rtp.ext.profile', 'Defined by profile', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Which profile defines the header extension.',
    clause: 'RFC 3550 5.3.1',
  }),
  extensionLength: field('rtp.ext.len', 'Extension length', 'uint', {
    width: 2,
    about: 'Words of 32 bits in the header extension.',
    clause: 'RFC 3550 5.3.1',
  }),
  extensionWord: field('rtp.hdr_ext', 'Header extension', 'uint', {
    base: 'hex',
    width: 4,
    about: 'A word of the header extension.',
    clause: 'RFC 3550 5.3.1',
  }),
  payload: field('rtp.payload', 'Payload', 'bytes', { width: 0, about: 'Media.', clause: CLAUSE }),
  paddingData: field('rtp.padding.data', 'Padding data', 'bytes', {
    width: 0,
    about: 'Octets to be ignored.',
    clause: CLAUSE,
  }),
  paddingCount: field('rtp.padding.count', 'Padding count', 'uint', {
    about: 'Octets of padding, this one included.',
    clause: CLAUSE,
  }),
} as const;

const FIXED_HEADER = [
  fields.version,
  fields.padding,
  fields.extension,
  fields.csrcCount,
  fields.marker,
  fields.payloadType,
  fields.sequence,
  fields.timestamp,
  fields.ssrc,
];

/** RTP and its fields. */
export const rtpProtocol: Protocol = {
  name: 'rtp',
  title: 'Real-Time Transport Protocol',
  about: 'Carries media in time.',
  clause: 'RFC 3550',
  fields,
};

/**
 * Where the payload begins: behind contributing sources and header extension; -1 where they do not fit, or the padding
 * does not. The fixed header has been checked.
 */
function payloadStart(bytes: Uint8Array, at: number, end: number): number {
  const flags = bytes[at];
  let start = at + HEADER + 4 * (flags & 0x0f);
  if (flags & 0x10) {
    if (start + 4 > end) return -1;
    start += 4 + 4 * uint16(bytes, start + 2);
  }
  if (start > end) return -1;
  if (flags & 0x20) {
    const padding = end > start ? bytes[end - 1] : 0;
    if (padding === 0 || padding > end - start) return -1;
  }
  return start;
}

/** True where the header is whole, its version is 2, and sources, extension and padding fit the length. */
export function isWellFormedRtp(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= HEADER && bytes[at] >>> 6 === 2 && payloadStart(bytes, at, end) >= 0;
}

/**
 * Says whether a UDP payload is to be read as RTP. RTP has no mark of its own, so all of this has to hold:
 *
 * - at least 12 octets; version 2; payload type static and assigned, or dynamic 96 to 127. The types 72 to 76, which
 *   RTCP packets would show, are not among them;
 * - contributing sources, header extension and padding fit the length;
 * - both ports are 1024 or higher and neither is one that another protocol is known for (`internet/ports.ts`);
 * - the destination port is even, as RFC 3551 8 asks; on an odd one the first octet must be exactly 0x80 (no padding,
 *   extension or contributing sources), the commonest case, because there everything else is more probably RTCP.
 *
 * Random octets pass with about one chance in ten at an even port. It is a name for a human reader, not evidence.
 */
export function looksLikeRtp(
  bytes: Uint8Array,
  at: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
): boolean {
  if (end - at < HEADER) return false;
  const flags = bytes[at];
  if (flags >>> 6 !== 2 || PLAUSIBLE_TYPE[bytes[at + PAYLOAD_TYPE] & 0x7f] === 0) return false;
  if (sourcePort < FIRST_MEDIA_PORT || destinationPort < FIRST_MEDIA_PORT) return false;
  if (flags !== 0x80) {
    if (destinationPort & 1) return false;
    if (payloadStart(bytes, at, end) < 0) return false;
  }
  return !UDP_PORT_NAMES.has(sourcePort) && !UDP_PORT_NAMES.has(destinationPort);
}

/**
 * Decodes one RTP packet that fills the octets.
 *
 * @returns true where it is well formed (RFC 3550 A.1, the checks that need no state)
 */
export function decodeRtp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  if (tree === null) return isWellFormedRtp(bytes, at, end);
  const available = Math.max(0, end - at);
  tree.begin(rtpProtocol, at, available);
  if (available < HEADER) {
    tree.problem('rtp.cut', at, `an RTP header has 12 octets, ${available} are there`);
    tree.end();
    return false;
  }
  addFields(tree, bytes, at, FIXED_HEADER);
  const good = addTail(bytes, at, end, tree);
  tree.end();
  return good;
}

/** What follows the fixed header. */
function addTail(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): boolean {
  const flags = bytes[at];
  if (flags >>> 6 !== 2) {
    tree.problem('rtp.version', at, `the RTP version is ${flags >>> 6}, not 2`);
    return false;
  }
  const start = payloadStart(bytes, at, end);
  if (start < 0) {
    tree.problem('rtp.length', at + HEADER, 'contributing sources, extension or padding do not fit the packet');
    return false;
  }
  let next = at + HEADER;
  for (let index = 0; index < (flags & 0x0f); index++) next = addFields(tree, bytes, next, [fields.csrc]);
  if (flags & 0x10) {
    next = addFields(tree, bytes, next, [fields.extensionProfile, fields.extensionLength]);
    while (next < start) next = addFields(tree, bytes, next, [fields.extensionWord]);
  }
  const padding = flags & 0x20 ? bytes[end - 1] : 0;
  const payloadEnd = end - padding;
  addOctets(tree, fields.payload, bytes, start, payloadEnd);
  if (padding > 0) {
    addOctets(tree, fields.paddingData, bytes, payloadEnd, end - 1);
    tree.add(fields.paddingCount, end - 1, 1, padding);
  }
  return true;
}

/** One phrase for an event, e.g. `RTP PCMU seq 12`; the sequence number stands last. The fixed header has been checked. */
export function describeRtp(bytes: Uint8Array, at: number): string {
  return `RTP ${PAYLOAD_NAMES[rtpPayloadType(bytes, at)]} seq ${rtpSequence(bytes, at)}`;
}

/** Payload type, 0 to 127. The fixed header has been checked. */
export function rtpPayloadType(bytes: Uint8Array, at: number): number {
  return bytes[at + PAYLOAD_TYPE] & 0x7f;
}

/** Sequence number, 16 bits. The fixed header has been checked. */
export function rtpSequence(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at + SEQUENCE);
}

/** What an RTP packet says. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  readonly marker?: boolean;
  readonly csrc?: readonly number[];
  /** A header extension; its data is a whole number of 32-bit words. */
  readonly extension?: { readonly profile: number; readonly data: Uint8Array };
  /** Octets of padding, 0 to 255, the count octet included. */
  readonly padding?: number;
}

/** An RTP packet. */
export function encodeRtp(packet: RtpPacket): Uint8Array {
  const csrc = packet.csrc ?? [];
  const padding = packet.padding ?? 0;
  const writer = new OctetWriter()
    .uint8(0x80 | (padding > 0 ? 0x20 : 0) | (packet.extension ? 0x10 : 0) | (csrc.length & 0x0f))
    .uint8((packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f))
    .uint16(packet.sequence)
    .uint32(packet.timestamp)
    .uint32(packet.ssrc);
  for (const source of csrc) writer.uint32(source);
  if (packet.extension) {
    writer
      .uint16(packet.extension.profile)
      .uint16(packet.extension.data.length / 4)
      .bytes(packet.extension.data);
  }
  writer.bytes(packet.payload);
  if (padding > 0) writer.bytes(new Uint8Array(padding - 1)).uint8(padding);
  return writer.take();
}
