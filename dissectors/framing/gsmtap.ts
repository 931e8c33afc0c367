// GSMTAP headers, version 2 and 3 (Osmocom gsmtap.h; reference wireshark-interop 1.4). Says what the payload is; the
// payloads of interest are mac-lte-framed records and the sidelink broadcast channel.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';

/** The specification says (Osmocom gsmtap.h). */
/** UDP port (IANA). */
export const GSMTAP_PORT = 4729;
const VERSION_2 = 2;
const VERSION_3 = 3;
/** Octets of the version 2 header, and of the version 3 header without metadata. */
const HEADER_2 = 16;
const HEADER_3 = 8;
/** Types of version 2. */
const TYPE_2_LTE_RRC = 0x0d;
const TYPE_2_LTE_MAC_FRAMED = 0x0f;
/** RRC sub-types of version 2: SBCCH-SL-BCH, and the one of V2X. */
const SUB_TYPE_2_SL_BCH = 12;
const SUB_TYPE_2_SL_BCH_V2X = 13;
/** Types of version 3. */
const TYPE_3_LTE_MAC = 0x0400;
const TYPE_3_LTE_RRC = 0x0403;
const SUB_TYPE_3_MAC_FRAMED = 0;
const SUB_TYPE_3_SL_BCH = 0x0101;
const SUB_TYPE_3_SL_BCH_V2X = 0x0102;

const CLAUSE = 'Osmocom gsmtap.h';

const SIGNED = 0x80;

const fields = {
  version: field('gsmtap.version', 'Version', 'uint', { about: 'Version of the header.', clause: CLAUSE }),
  headerLength: field('gsmtap.hdr_len', 'Header Length', 'uint', {
    width: 0,
    about: 'Octets of the header; sent in words of four.',
    clause: CLAUSE,
  }),
  type: field('gsmtap.type', 'Payload Type', 'uint', {
    values: new Map([
      [TYPE_2_LTE_RRC, 'LTE RRC'],
      [0x0e, 'LTE MAC'],
      [TYPE_2_LTE_MAC_FRAMED, 'LTE MAC framed'],
      [0x12, 'LTE NAS'],
    ]),
    about: 'What follows, version 2.',
    clause: CLAUSE,
  }),
  slot: field('gsmtap.ts', 'Time Slot', 'uint', { about: 'Time slot.', clause: CLAUSE }),
  uplink: field('gsmtap.uplink', 'Uplink', 'bool', {
    width: 2,
    mask: 0x4000,
    about: 'Direction on the air.',
    clause: CLAUSE,
  }),
  arfcn: field('gsmtap.arfcn', 'ARFCN', 'uint', {
    width: 2,
    mask: 0x3fff,
    about: 'Number of the carrier.',
    clause: CLAUSE,
  }),
  signal: field('gsmtap.signal_dbm', 'Signal Level', 'uint', { about: 'Received level, dBm.', clause: CLAUSE }),
  snr: field('gsmtap.snr_db', 'Signal/Noise Ratio', 'uint', { about: 'Signal to noise, dB.', clause: CLAUSE }),
  frameNumber: field('gsmtap.frame_nr', 'GSM Frame Number', 'uint', {
    width: 4,
    about: 'Frame number of the radio.',
    clause: CLAUSE,
  }),
  subType: field('gsmtap.rrc_sub_type', 'Message Type', 'uint', {
    values: new Map([
      [SUB_TYPE_2_SL_BCH, 'SBCCH-SL-BCH'],
      [SUB_TYPE_2_SL_BCH_V2X, 'SBCCH-SL-BCH-V2X'],
    ]),
    about: 'Channel of an RRC message, version 2.',
    clause: CLAUSE,
  }),
  antenna: field('gsmtap.antenna', 'Antenna Number', 'uint', { about: 'Antenna.', clause: CLAUSE }),
  subSlot: field('gsmtap.sub_slot', 'Sub-Slot', 'uint', { about: 'Sub-slot.', clause: CLAUSE }),
  type3: field('gsmtap.v3.type', 'Payload Type', 'uint', {
    base: 'hex',
    width: 2,
    values: new Map([
      [TYPE_3_LTE_MAC, 'LTE MAC'],
      [0x0401, 'LTE RLC'],
      [0x0402, 'LTE PDCP'],
      [TYPE_3_LTE_RRC, 'LTE RRC'],
      [0x0404, 'LTE NAS'],
    ]),
    about: 'What follows, version 3.',
    clause: CLAUSE,
  }),
  subType3: field('gsmtap.v3.sub_type', 'Sub-type', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Form or channel of the payload, version 3.',
    clause: CLAUSE,
  }),
  metadata: field('gsmtap.v3.metadata', 'Metadata', 'bytes', {
    base: 'none',
    width: 0,
    about: 'What the receiver says of the radio, as tags.',
    clause: CLAUSE,
  }),
};

/** GSMTAP. */
export const GSMTAP: Protocol = {
  name: 'gsmtap',
  title: 'GSM TAP Header',
  about: 'Carries what a radio tool received, of many kinds of networks, in UDP.',
  clause: CLAUSE,
  fields,
};

/** What a GSMTAP payload is. */
export const GsmtapPayload = { none: 0, other: 1, macLteFramed: 2, slBch: 3 } as const;

/** A value of `GsmtapPayload`. */
export type GsmtapPayload = (typeof GsmtapPayload)[keyof typeof GsmtapPayload];

/** What a header leaves for the next decoder. */
export interface GsmtapCursor {
  version: number;
  payloadAt: number;
}

/**
 * Decodes a header of version 2 or 3.
 *
 * @param end one behind the last octet at hand
 * @returns what follows; `none` where this is no GSMTAP header or is not all there. `payloadAt` may lie behind `end`
 */
export function decodeGsmtap(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: GsmtapCursor,
  tree: TreeWriter | null,
): GsmtapPayload {
  if (at + HEADER_3 > end) return GsmtapPayload.none;
  if (bytes[at] === VERSION_2) return decodeVersion2(bytes, at, end, cursor, tree);
  return bytes[at] === VERSION_3 ? decodeVersion3(bytes, at, end, cursor, tree) : GsmtapPayload.none;
}

function decodeVersion2(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: GsmtapCursor,
  tree: TreeWriter | null,
): GsmtapPayload {
  const length = bytes[at + 1] * 4;
  if (length < HEADER_2 || at + HEADER_2 > end) return GsmtapPayload.none;
  cursor.version = VERSION_2;
  cursor.payloadAt = at + length;
  if (tree !== null) reportVersion2(tree, bytes, at, length, end);
  const type = bytes[at + 2];
  if (type === TYPE_2_LTE_MAC_FRAMED) return GsmtapPayload.macLteFramed;
  const subType = bytes[at + 12];
  const slBch = subType === SUB_TYPE_2_SL_BCH || subType === SUB_TYPE_2_SL_BCH_V2X;
  return type === TYPE_2_LTE_RRC && slBch ? GsmtapPayload.slBch : GsmtapPayload.other;
}

function decodeVersion3(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: GsmtapCursor,
  tree: TreeWriter | null,
): GsmtapPayload {
  const length = uint16(bytes, at + 2) * 4;
  if (length < HEADER_3) return GsmtapPayload.none;
  cursor.version = VERSION_3;
  cursor.payloadAt = at + length;
  if (tree !== null) reportVersion3(tree, bytes, at, length, end);
  const type = uint16(bytes, at + 4);
  const subType = uint16(bytes, at + 6);
  if (type === TYPE_3_LTE_MAC && subType === SUB_TYPE_3_MAC_FRAMED) return GsmtapPayload.macLteFramed;
  const slBch = subType === SUB_TYPE_3_SL_BCH || subType === SUB_TYPE_3_SL_BCH_V2X;
  return type === TYPE_3_LTE_RRC && slBch ? GsmtapPayload.slBch : GsmtapPayload.other;
}

function reportVersion2(tree: TreeWriter, bytes: Uint8Array, at: number, length: number, end: number): void {
  const signal = bytes[at + 6];
  const snr = bytes[at + 7];
  tree.begin(GSMTAP, at, Math.min(length, end - at));
  tree.add(fields.version, at, 1, VERSION_2);
  tree.add(fields.headerLength, at + 1, 1, length);
  addFields(tree, bytes, at + 2, [fields.type, fields.slot, fields.uplink, fields.arfcn]);
  tree.add(fields.signal, at + 6, 1, signal >= SIGNED ? signal - 256 : signal);
  tree.add(fields.snr, at + 7, 1, snr >= SIGNED ? snr - 256 : snr);
  addFields(tree, bytes, at + 8, [fields.frameNumber, fields.subType, fields.antenna, fields.subSlot]);
  tree.end();
}

function reportVersion3(tree: TreeWriter, bytes: Uint8Array, at: number, length: number, end: number): void {
  const last = Math.min(at + length, end);
  tree.begin(GSMTAP, at, last - at);
  tree.add(fields.version, at, 1, VERSION_3);
  tree.add(fields.headerLength, at + 2, 2, length);
  addFields(tree, bytes, at + 4, [fields.type3, fields.subType3]);
  if (last > at + HEADER_3) {
    tree.add(fields.metadata, at + HEADER_3, last - at - HEADER_3, bytes.subarray(at + HEADER_3, last));
  }
  tree.end();
}

/** What the GSMTAP encoders write. */
export interface GsmtapValues {
  readonly type: number;
  /** 0 where absent. */
  readonly subType?: number;
  /** Version 3 only: tags behind the header, a multiple of 4 octets. */
  readonly metadata?: Uint8Array;
}

/** A version 2 packet: header of 16 octets, payload. Sub-type stands in octet 12. */
export function encodeGsmtap2(values: GsmtapValues, payload: Uint8Array): Uint8Array {
  return new OctetWriter()
    .uint8(VERSION_2)
    .uint8(HEADER_2 / 4)
    .uint8(values.type)
    .bytes(new Uint8Array(9))
    .uint8(values.subType ?? 0)
    .bytes(new Uint8Array(3))
    .bytes(payload)
    .take();
}

/** A version 3 packet: header of 8 octets, metadata, payload. */
export function encodeGsmtap3(values: GsmtapValues, payload: Uint8Array): Uint8Array {
  const metadata = values.metadata ?? new Uint8Array(0);
  return new OctetWriter()
    .uint8(VERSION_3)
    .uint8(0)
    .uint16((HEADER_3 + metadata.length) / 4)
    .uint16(values.type)
    .uint16(values.subType ?? 0)
    .bytes(metadata)
    .bytes(payload)
    .take();
}
