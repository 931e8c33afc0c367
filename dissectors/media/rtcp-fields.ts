// The field table of RTCP, and the names of its packet types (RFC 3550 6).

import { type Field, field, type Protocol } from '../layer.ts';

/** Packet types (RFC 3550 12.1). */
export const SENDER_REPORT = 200;
export const RECEIVER_REPORT = 201;
export const SOURCE_DESCRIPTION = 202;
export const GOODBYE = 203;
export const APPLICATION = 204;

/** Names of packet types. */
export const RTCP_PACKET_TYPES = new Map([
  [SENDER_REPORT, 'Sender Report'],
  [RECEIVER_REPORT, 'Receiver Report'],
  [SOURCE_DESCRIPTION, 'Source description'],
  [GOODBYE, 'Goodbye'],
  [APPLICATION, 'Application specific'],
  [205, 'Generic RTP Feedback'],
  [206, 'Payload-specific Feedback'],
  [207, 'Extended report (RFC 3611)'],
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

const CLAUSE = 'RFC 3550 6.4';
const SDES_CLAUSE = 'RFC 3550 6.5';
const APP_CLAUSE = 'RFC 3550 6.7';

function ssrcField(name: string, label: string, about: string, clause: string): Field {
  return field(name, label, 'uint', { base: 'hex', width: 4, about, clause });
}

/** Fields of RTCP. */
export const rtcpFields = {
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
    values: RTCP_PACKET_TYPES,
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

/** RTCP and its fields. */
export const rtcpProtocol: Protocol = {
  name: 'rtcp',
  title: 'Real-time Transport Control Protocol',
  about: 'Reports on RTP streams and, in MCPTT, passes the floor.',
  clause: 'RFC 3550 6',
  fields: rtcpFields,
};
