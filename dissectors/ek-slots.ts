// Which values of a document of `-T ek` change from message to message of one sender, and how each is read. Everything else
// of a document is compared octet by octet before the document is used again (ek-template.ts), so that a field which is
// missing here costs time and nothing else.

import { frameProtocol } from './frame-fields.ts';
import { MAC_LTE } from './framing/mac-lte.ts';
import { IPV4 } from './internet/ipv4.ts';
import { IPV6 } from './internet/ipv6.ts';
import { UDP } from './internet/udp.ts';
import { judgedProtocol } from './judged-fields.ts';
import type { Field, Protocol } from './layer.ts';
import { rtpProtocol } from './media/rtp.ts';
import { WALK_PROTOCOLS } from './registry.ts';
import { dataProtocol } from './sdu.ts';
import { PDCP_SLRB } from './sidelink/pdcp-slrb.ts';
import { RLC_UM } from './sidelink/rlc-um.ts';
import { SL_SCH } from './sidelink/sl-sch.ts';

/** The specification says (Wireshark, packet-mac-lte.h): a system frame number has ten bits, of twelve that are sent. */
const SFN_BITS = 0x3ff0;

/**
 * Numbers that say nothing of how the octets around them are read, with the bits that hold them. No value of another field
 * depends on them but the checksums' status, which is worked out anew.
 */
export const SLOT_BITS: ReadonlyMap<Field, number> = new Map([
  [MAC_LTE.fields.sfn, SFN_BITS],
  [MAC_LTE.fields.subframe, 0x000f],
  [RLC_UM.fields.sn, 0x1f],
  [PDCP_SLRB.fields.ptkId, 0xffff],
  [PDCP_SLRB.fields.sn, 0xffff],
  [IPV4.fields.identification, 0xffff],
  [IPV4.fields.checksum, 0xffff],
  [UDP.fields.checksum, 0xffff],
  [rtpProtocol.fields.sequence, 0xffff],
  [rtpProtocol.fields.timestamp, 0xffff_ffff],
]);

/**
 * Values that say who speaks, and to whom, and nothing of how the octets around them are read. No value of another field
 * depends on them but the checksums' status and what a message is judged to be.
 */
export const SENDER_FIELDS: ReadonlySet<Field> = new Set([
  SL_SCH.fields.source,
  SL_SCH.fields.destination,
  SL_SCH.fields.destinationHigh,
  IPV4.fields.source,
  IPV4.fields.destination,
  IPV6.fields.source,
  IPV6.fields.destination,
  rtpProtocol.fields.ssrc,
]);

/** Octets that are shown as they are. What is read inside them tells of itself: layers and fields of their own. */
export const SLOT_OCTETS: ReadonlySet<Field> = new Set([
  SL_SCH.fields.sdu,
  RLC_UM.fields.data,
  PDCP_SLRB.fields.data,
  rtpProtocol.fields.payload,
]);

/**
 * Layers of which a document is made again from its slots alone: how they are read depends on no octet outside of their
 * fields and of the extent they tell.
 */
export const TEMPLATE_LAYERS: ReadonlySet<Protocol> = new Set([
  frameProtocol,
  ...WALK_PROTOCOLS,
  judgedProtocol,
  rtpProtocol,
  dataProtocol,
]);
