// RTCP (RFC 3550 6): compound packets of sender and receiver reports, source descriptions, BYE and APP, with the floor
// control messages that MCPTT puts into APP (TS 24.380 8.2).

import { UDP_PORT_NAMES } from '../internet/ports.ts';
import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { ntpToNanoseconds } from '../ntp.ts';
import { OctetWriter, uint16, uint32 } from '../octets.ts';
import { safeText } from '../text.ts';

// Offsets of the common header (RFC 3550 6.4).
const COUNT = 0;
const PACKET_TYPE = 1;
const LENGTH = 2;
const HEADER = 4;

/** The specification says. */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const APPLICATION = 204;
const SENDER_INFO = 20;
const REPORT_BLOCK = 24;

const PACKET_TYPES = new Map([
  [SENDER_REPORT, 'Sender Report'],
  [RECEIVER_REPORT, 'Receiver Report'],
  [SOURCE_DESCRIPTION, 'Source description'],
  [GOODBYE, 'Goodbye'],
  [APPLICATION, 'Application specific'],
  [205, 'Generic RTP Feedback'],
  [206, 'Payload-specific Feedback'],
  [207, 'Extended report (RFC 3611)'],
]);

/** Short names for summaries. */
const SHORT_NAMES = new Map([
  [SENDER_REPORT, 'SR'],
  [RECEIVER_REPORT, 'RR'],
  [SOURCE_DESCRIPTION, 'SDES'],
  [GOODBYE, 'BYE'],
  [APPLICATION, 'APP'],
  [205, 'RTPFB'],
  [206, 'PSFB'],
  [207, 'XR'],
]);

const SDES_TYPES = new Map([
  [0, 'END'],
  [1, 'CNAME (user and domain)'],
  [2, 'NAME (common name)'],
  [3, 'EMAIL (e-mail address)'],
  [4, 'PHONE (phone number)'],
  [5, 'LOC (geographic location)'],
  [6, 'TOOL (name/version of source app)'],
  [7, 'NOTE (note about source)'],
  [8, 'PRIV (private extensions)'],
]);

/** Floor control messages by the low 4 bits of the subtype; bit 4 asks for an acknowledgement (TS 24.380 8.2.2). */
const FLOOR_MESSAGES = new Map([
  [0, 'Floor Request'],
  [1, 'Floor Granted'],
  [2, 'Floor Taken'],
  [3, 'Floor Deny'],
  [4, 'Floor Release'],
  [5, 'Floor Idle'],
  [6, 'Floor Revoke'],
  [8, 'Floor Queue Position Request'],
  [9, 'Floor Queue Position Info'],
  [10, 'Floor Ack'],
]);
const FLOOR_CONTROL_NAME = 'MCPT';

/** Constants we chose. */
/** Packets of one compound packet that a summary names. */
const NAMED_PACKETS = 4;
const FIRST_MEDIA_PORT = 1024;

const CLAUSE = 'RFC 3550 6.4';
const SDES_CLAUSE = 'RFC 3550 6.5';
const APP_CLAUSE = 'RFC 3550 6.7';

function ssrcField(name: string, label: string, about: string, clause: string): Field {
  return field(name, label, 'uint', { base: 'hex', width: 4, about, clause });
}

const fields = {
  version: field('rtcp.version', 'Version', 'uint', { mask: 0xc0, about: 'Version of RTP, 2.', clause: CLAUSE }),
  padding: field('rtcp.padding', 'Padding', 'bool', {
    mask: 0x20,
    about: 'Padding ends this packet.',
    clause: CLAUSE,
  }),
  reportCount: field('rtcp.rc', 'Reception report count', 'uint', {
    mask: 0x1f,
    about: 'Report blocks in this packet.',
    clause: CLAUSE,
  }),
  sourceCount: field('rtcp.sc', 'Source count', 'uint', {
    mask: 0x1f,
    about: 'Sources in this packet.',
    clause: SDES_CLAUSE,
  }),
  packetType: field('rtcp.pt', 'Packet type', 'uint', {
    values: PACKET_TYPES,
    about: 'Kind of this packet.',
    clause: CLAUSE,
  }),
  length: field('rtcp.length', 'Length', 'uint', {
    width: 2,
    about: 'Words of 32 bits in this packet, less one.',
    clause: CLAUSE,
  }),
  senderSsrc: ssrcField('rtcp.senderssrc', 'Sender SSRC', 'Who sends this packet.', CLAUSE),
  ntp: field('rtcp.timestamp.ntp', 'MSW and LSW as NTP timestamp', 'time', {
    width: 8,
    about: 'Wall clock when the report was sent.',
    clause: 'RFC 3550 6.4.1',
  }),
  rtpTimestamp: field('rtcp.timestamp.rtp', 'RTP timestamp', 'uint', {
    width: 4,
    about: 'The same instant in units of the media clock.',
    clause: 'RFC 3550 6.4.1',
  }),
  packetCount: field('rtcp.sender.packetcount', "Sender's packet count", 'uint', {
    width: 4,
    about: 'RTP packets sent so far.',
    clause: 'RFC 3550 6.4.1',
  }),
  octetCount: field('rtcp.sender.octetcount', "Sender's octet count", 'uint', {
    width: 4,
    about: 'Payload octets sent so far.',
    clause: 'RFC 3550 6.4.1',
  }),
  reportSsrc: ssrcField('rtcp.ssrc.identifier', 'Identifier', 'Source that is spoken of.', CLAUSE),
  fraction: field('rtcp.ssrc.fraction', 'Fraction lost', 'uint', {
    about: 'Packets lost since the last report, in 1/256.',
    clause: CLAUSE,
  }),
  lost: field('rtcp.ssrc.cum_nr', 'Cumulative number of packets lost', 'uint', {
    width: 3,
    about: 'Packets lost since the beginning (24 bits, may be negative).',
    clause: CLAUSE,
  }),
  highest: field('rtcp.ssrc.ext_high', 'Extended highest sequence number received', 'uint', {
    width: 4,
    about: 'Cycles and highest sequence number.',
    clause: CLAUSE,
  }),
  jitter: field('rtcp.ssrc.jitter', 'Interarrival jitter', 'uint', {
    width: 4,
    about: 'Jitter in units of the media clock.',
    clause: CLAUSE,
  }),
  lastReport: field('rtcp.ssrc.lsr', 'Last SR timestamp', 'uint', {
    width: 4,
    about: 'Middle 32 bits of the NTP time of the last sender report.',
    clause: CLAUSE,
  }),
  delay: field('rtcp.ssrc.dlsr', 'Delay since last SR timestamp', 'uint', {
    width: 4,
    about: 'In 1/65536 s.',
    clause: CLAUSE,
  }),
  profileExtension: field('rtcp.profile-specific-extension', 'Profile-specific extension', 'bytes', {
    width: 0,
    about: 'Octets behind the report blocks.',
    clause: CLAUSE,
  }),
  sdesType: field('rtcp.sdes.type', 'Type', 'uint', {
    values: SDES_TYPES,
    about: 'What the text says.',
    clause: SDES_CLAUSE,
  }),
  sdesLength: field('rtcp.sdes.length', 'Length', 'uint', { about: 'Octets of the text.', clause: SDES_CLAUSE }),
  sdesText: field('rtcp.sdes.text', 'Text', 'text', {
    width: 0,
    about: 'What the source says of itself, or why it leaves.',
    clause: SDES_CLAUSE,
  }),
  appSubtype: field('rtcp.app.subtype', 'Subtype', 'uint', {
    mask: 0x1f,
    about: 'Which of the messages of the application.',
    clause: APP_CLAUSE,
  }),
  appName: field('rtcp.app.name', 'Name (ASCII)', 'text', {
    width: 4,
    about: 'Which application defines the packet.',
    clause: APP_CLAUSE,
  }),
  appData: field('rtcp.app.data', 'Application specific data', 'bytes', {
    width: 0,
    about: 'What the application says.',
    clause: APP_CLAUSE,
  }),
  floorMessage: field('rtcp.app.mcpt.message', 'Floor control message', 'text', {
    width: 0,
    about: 'Message of MCPTT floor control.',
    clause: 'TS 24.380 8.2.2',
  }),
  body: field('rtcp.fci', 'Feedback Control Information (FCI)', 'bytes', {
    width: 0,
    about: 'Content of a packet of another type.',
    clause: 'RFC 4585 6.1',
  }),
  paddingCount: field('rtcp.padding.count', 'Padding count', 'uint', {
    about: 'Octets of padding, this one included.',
    clause: CLAUSE,
  }),
} as const;

const SENDER_FIELDS = [fields.rtpTimestamp, fields.packetCount, fields.octetCount];
const REPORT_FIELDS = [
  fields.reportSsrc,
  fields.fraction,
  fields.lost,
  fields.highest,
  fields.jitter,
  fields.lastReport,
  fields.delay,
];

/** RTCP and its fields. */
export const rtcpProtocol: Protocol = {
  name: 'rtcp',
  title: 'Real-time Transport Control Protocol',
  about: 'Reports on RTP streams and, in MCPTT, passes the floor.',
  clause: 'RFC 3550 6',
  fields,
};

/** Octets of the packet at `at` as its header claims. The header has been checked to be there. */
function packetLength(bytes: Uint8Array, at: number): number {
  return HEADER + 4 * uint16(bytes, at + LENGTH);
}

/**
 * Walks a compound packet.
 *
 * @returns packets in it, or 0 where it is no RTCP: a version that is not 2, a type outside 200 to 207, or lengths that
 *   do not add up to the octets exactly
 */
function countPackets(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  let packets = 0;
  while (next < end) {
    if (next + HEADER > end || bytes[next] >>> 6 !== 2 || !PACKET_TYPES.has(bytes[next + PACKET_TYPE])) return 0;
    next += packetLength(bytes, next);
    packets++;
  }
  return next === end ? packets : 0;
}

/**
 * Says whether a UDP payload is to be read as RTCP: every packet of the compound has version 2 and a known type, their
 * lengths add up to the payload exactly, both ports are 1024 or higher and known for nothing else. That the first one be
 * a report (RFC 3550 6.1) is not asked: MCPTT floor control sends APP alone (TS 24.380 8.1).
 */
export function looksLikeRtcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
): boolean {
  const type = end - at >= 8 ? bytes[at + PACKET_TYPE] : 0;
  if (type < SENDER_REPORT || type > 207) return false;
  if (sourcePort < FIRST_MEDIA_PORT || destinationPort < FIRST_MEDIA_PORT) return false;
  if (UDP_PORT_NAMES.has(sourcePort) || UDP_PORT_NAMES.has(destinationPort)) return false;
  return countPackets(bytes, at, end) > 0;
}

/**
 * Decodes a compound packet that fills the octets.
 *
 * @returns true where every packet of it is well formed
 */
export function decodeRtcp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  let next = at;
  let good = end > at;
  if (!good) {
    tree?.begin(rtcpProtocol, at, 0);
    tree?.problem('rtcp.cut', at, 'the packet is empty');
    tree?.end();
  }
  while (next < end) {
    const available = end - next;
    const length = available < HEADER ? available : Math.min(available, packetLength(bytes, next));
    tree?.begin(rtcpProtocol, next, length);
    const fault = decodePacket(bytes, next, end, tree);
    if (fault !== null) tree?.problem(fault.code, fault.at, fault.text);
    tree?.end();
    if (fault !== null) good = false;
    next += length;
  }
  return good;
}

/** What is wrong with one packet. */
interface Fault {
  readonly code: string;
  readonly at: number;
  readonly text: string;
}

function decodePacket(bytes: Uint8Array, at: number, limit: number, tree: TreeWriter | null): Fault | null {
  if (limit - at < HEADER) {
    return { code: 'rtcp.cut', at, text: `an RTCP header has 4 octets, ${limit - at} are there` };
  }
  const type = bytes[at + PACKET_TYPE];
  const count = bytes[at + COUNT] & 0x1f;
  if (tree !== null) {
    const countField =
      type === SENDER_REPORT || type === RECEIVER_REPORT
        ? fields.reportCount
        : type === APPLICATION
          ? fields.appSubtype
          : fields.sourceCount;
    addFields(tree, bytes, at, [fields.version, fields.padding, countField, fields.packetType, fields.length]);
  }
  if (bytes[at] >>> 6 !== 2) {
    return { code: 'rtcp.version', at, text: `the RTCP version is ${bytes[at] >>> 6}, not 2` };
  }
  let end = at + packetLength(bytes, at);
  if (end > limit) {
    return {
      code: 'rtcp.length',
      at: at + LENGTH,
      text: `the packet claims ${end - at} octets, ${limit - at} are there`,
    };
  }
  if (bytes[at] & 0x20) {
    const padding = end > at + HEADER ? bytes[end - 1] : 0;
    if (padding === 0 || padding > end - at - HEADER) {
      return { code: 'rtcp.padding', at: end - 1, text: 'the padding does not fit the packet' };
    }
    tree?.add(fields.paddingCount, end - 1, 1, padding);
    end -= padding;
  }
  const body = at + HEADER;
  switch (type) {
    case SENDER_REPORT:
    case RECEIVER_REPORT:
      return decodeReport(bytes, body, end, type, count, tree);
    case SOURCE_DESCRIPTION:
      return decodeSourceDescription(bytes, body, end, count, tree);
    case GOODBYE:
      return decodeGoodbye(bytes, body, end, count, tree);
    case APPLICATION:
      return decodeApplication(bytes, body, end, count, tree);
    default:
      if (end - body < 4) return { code: 'rtcp.cut', at: body, text: 'the packet has no SSRC' };
      if (tree !== null) addOctets(tree, fields.body, bytes, addFields(tree, bytes, body, [fields.senderSsrc]), end);
      return null;
  }
}

/** Sender and receiver report (RFC 3550 6.4.1, 6.4.2). */
function decodeReport(
  bytes: Uint8Array,
  at: number,
  end: number,
  type: number,
  count: number,
  tree: TreeWriter | null,
): Fault | null {
  const infoLength = type === SENDER_REPORT ? SENDER_INFO : 0;
  const needed = 4 + infoLength + count * REPORT_BLOCK;
  if (end - at < needed) {
    return { code: 'rtcp.cut', at, text: `the report needs ${needed} octets, ${end - at} are there` };
  }
  if (tree === null) return null;
  let next = addFields(tree, bytes, at, [fields.senderSsrc]);
  if (type === SENDER_REPORT) {
    tree.add(fields.ntp, next, 8, ntpToNanoseconds(uint32(bytes, next), uint32(bytes, next + 4)));
    next = addFields(tree, bytes, next + 8, SENDER_FIELDS);
  }
  for (let index = 0; index < count; index++) {
    tree.group(`Source ${index + 1}`, next, REPORT_BLOCK);
    next = addFields(tree, bytes, next, REPORT_FIELDS);
    tree.end();
  }
  addOctets(tree, fields.profileExtension, bytes, next, end);
  return null;
}

/** Source description (RFC 3550 6.5): chunks of SSRC and items, each chunk padded to 32 bits by at least one 0. */
function decodeSourceDescription(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  tree: TreeWriter | null,
): Fault | null {
  let next = at;
  for (let chunk = 0; chunk < count; chunk++) {
    if (next + 4 > end) return { code: 'rtcp.cut', at: next, text: `chunk ${chunk + 1} has no SSRC` };
    const start = next;
    tree?.group(`Chunk ${chunk + 1}`, start, end - start);
    if (tree !== null) addFields(tree, bytes, next, [fields.reportSsrc]);
    next += 4;
    const fault = decodeItems(bytes, next, end, tree);
    tree?.end();
    if (typeof fault !== 'number') return fault;
    next = start + ((fault - start + 3) & ~3);
  }
  return null;
}

/** Items of one chunk. @returns the octet behind the END item, or what is wrong */
function decodeItems(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): number | Fault {
  let next = at;
  while (next < end) {
    if (bytes[next] === 0) return next + 1;
    const length = next + 2 <= end ? bytes[next + 1] : end;
    if (next + 2 + length > end) return { code: 'rtcp.cut', at: next, text: 'an SDES item goes beyond the packet' };
    if (tree !== null) {
      addFields(tree, bytes, next, [fields.sdesType, fields.sdesLength]);
      if (length > 0) tree.add(fields.sdesText, next + 2, length, safeText(bytes, next + 2, next + 2 + length, 255));
    }
    next += 2 + length;
  }
  return { code: 'rtcp.cut', at: end, text: 'a chunk does not end' };
}

/** BYE (RFC 3550 6.6). */
function decodeGoodbye(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  tree: TreeWriter | null,
): Fault | null {
  if (end - at < 4 * count) return { code: 'rtcp.cut', at, text: `${count} sources do not fit the packet` };
  let next = at;
  for (let index = 0; index < count; index++, next += 4) tree?.add(fields.reportSsrc, next, 4, uint32(bytes, next));
  if (next === end) return null;
  const length = bytes[next];
  if (next + 1 + length > end) return { code: 'rtcp.cut', at: next, text: 'the reason goes beyond the packet' };
  tree?.add(fields.sdesLength, next, 1, length);
  if (length > 0) tree?.add(fields.sdesText, next + 1, length, safeText(bytes, next + 1, next + 1 + length, 255));
  return null;
}

/** APP (RFC 3550 6.7). */
function decodeApplication(
  bytes: Uint8Array,
  at: number,
  end: number,
  subtype: number,
  tree: TreeWriter | null,
): Fault | null {
  if (end - at < 8) return { code: 'rtcp.cut', at, text: 'an APP packet has an SSRC and a name' };
  if (tree === null) return null;
  addFields(tree, bytes, at, [fields.senderSsrc]);
  const name = safeText(bytes, at + 4, at + 8);
  tree.add(fields.appName, at + 4, 4, name);
  if (name === FLOOR_CONTROL_NAME) tree.generated(fields.floorMessage, floorMessage(subtype));
  addOctets(tree, fields.appData, bytes, at + 8, end);
  return null;
}

function floorMessage(subtype: number): string {
  const name = FLOOR_MESSAGES.get(subtype & 0x0f) ?? `message ${subtype & 0x0f}`;
  return subtype & 0x10 ? `${name}, to be acknowledged` : name;
}

/** One phrase for an event, e.g. `RTCP SR SDES` or `RTCP APP MCPT Floor Granted`. */
export function describeRtcp(bytes: Uint8Array, at: number, end: number): string {
  let text = 'RTCP';
  let next = at;
  for (let packets = 0; packets < NAMED_PACKETS && next + HEADER <= end; packets++) {
    const type = bytes[next + PACKET_TYPE];
    text += ` ${SHORT_NAMES.get(type) ?? `type ${type}`}`;
    if (type === APPLICATION && next + 12 <= end) {
      const name = safeText(bytes, next + 8, next + 12);
      text += name === FLOOR_CONTROL_NAME ? ` MCPT ${floorMessage(bytes[next] & 0x1f)}` : ` ${name}`;
    }
    next += packetLength(bytes, next);
  }
  return text;
}

/** A packet of a compound packet, as its body is on the wire. */
export interface RtcpPacket {
  readonly type: number;
  /** Report count, source count or subtype, 0 to 31. */
  readonly count: number;
  /** Everything behind the header; filled up with zeros to 32 bits. */
  readonly body: Uint8Array;
}

/** One packet; join several for a compound packet. */
export function encodeRtcp(packet: RtcpPacket): Uint8Array {
  const words = Math.ceil(packet.body.length / 4);
  return new OctetWriter()
    .uint8(0x80 | (packet.count & 0x1f))
    .uint8(packet.type)
    .uint16(words)
    .bytes(packet.body)
    .bytes(new Uint8Array(words * 4 - packet.body.length))
    .take();
}

/** Body of a sender report without report blocks. @param ntp 64-bit NTP timestamp */
export function senderReportBody(
  ssrc: number,
  ntp: bigint,
  rtpTimestamp: number,
  packets: number,
  octets: number,
): Uint8Array {
  return new OctetWriter().uint32(ssrc).uint64(ntp).uint32(rtpTimestamp).uint32(packets).uint32(octets).take();
}

/** Body of an APP packet. @param name four ASCII characters */
export function applicationBody(ssrc: number, name: string, data: Uint8Array): Uint8Array {
  return new OctetWriter().uint32(ssrc).bytes(new TextEncoder().encode(name).subarray(0, 4)).bytes(data).take();
}
