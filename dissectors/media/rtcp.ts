// RTCP (RFC 3550 6): compound packets of sender and receiver reports, source descriptions, BYE and APP, with the floor
// control messages that MCPTT puts into APP (TS 24.380 8.2).

import { UDP_PORT_NAMES } from '../internet/ports.ts';
import type { TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { ntpToNanoseconds } from '../ntp.ts';
import { OctetWriter, uint16, uint32 } from '../octets.ts';
import { safeText } from '../text.ts';
import {
  APPLICATION,
  rtcpFields as f,
  GOODBYE,
  RECEIVER_REPORT,
  RTCP_PACKET_TYPES,
  rtcpProtocol,
  SENDER_REPORT,
  SOURCE_DESCRIPTION,
} from './rtcp-fields.ts';

export { rtcpProtocol } from './rtcp-fields.ts';

// Offsets of the common header (RFC 3550 6.4).
const COUNT = 0;
const PACKET_TYPE = 1;
const LENGTH = 2;
const HEADER = 4;

/** The specification says. */
const SENDER_INFO = 20;
const REPORT_BLOCK = 24;

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

const SENDER_FIELDS = [f.rtpTimestamp, f.packetCount, f.octetCount];
const REPORT_FIELDS = [f.reportSsrc, f.fraction, f.lost, f.highest, f.jitter, f.lastReport, f.delay];

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
    if (next + HEADER > end || bytes[next] >>> 6 !== 2 || !RTCP_PACKET_TYPES.has(bytes[next + PACKET_TYPE])) return 0;
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
        ? f.reportCount
        : type === APPLICATION
          ? f.appSubtype
          : f.sourceCount;
    addFields(tree, bytes, at, [f.version, f.padding, countField, f.packetType, f.length]);
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
    tree?.add(f.paddingCount, end - 1, 1, padding);
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
      if (tree !== null) addOctets(tree, f.body, bytes, addFields(tree, bytes, body, [f.senderSsrc]), end);
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
  let next = addFields(tree, bytes, at, [f.senderSsrc]);
  if (type === SENDER_REPORT) {
    tree.add(f.ntp, next, 8, ntpToNanoseconds(uint32(bytes, next), uint32(bytes, next + 4)));
    next = addFields(tree, bytes, next + 8, SENDER_FIELDS);
  }
  for (let index = 0; index < count; index++) {
    tree.group(`Source ${index + 1}`, next, REPORT_BLOCK);
    next = addFields(tree, bytes, next, REPORT_FIELDS);
    tree.end();
  }
  addOctets(tree, f.profileExtension, bytes, next, end);
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
    if (tree !== null) addFields(tree, bytes, next, [f.reportSsrc]);
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
      addFields(tree, bytes, next, [f.sdesType, f.sdesLength]);
      if (length > 0) tree.add(f.sdesText, next + 2, length, safeText(bytes, next + 2, next + 2 + length, 255));
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
  for (let index = 0; index < count; index++, next += 4) tree?.add(f.reportSsrc, next, 4, uint32(bytes, next));
  if (next === end) return null;
  const length = bytes[next];
  if (next + 1 + length > end) return { code: 'rtcp.cut', at: next, text: 'the reason goes beyond the packet' };
  tree?.add(f.sdesLength, next, 1, length);
  if (length > 0) tree?.add(f.sdesText, next + 1, length, safeText(bytes, next + 1, next + 1 + length, 255));
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
  addFields(tree, bytes, at, [f.senderSsrc]);
  const name = safeText(bytes, at + 4, at + 8);
  tree.add(f.appName, at + 4, 4, name);
  if (name === FLOOR_CONTROL_NAME) tree.generated(f.floorMessage, floorMessage(subtype));
  addOctets(tree, f.appData, bytes, at + 8, end);
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
