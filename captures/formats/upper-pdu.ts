// LINKTYPE_WIRESHARK_UPPER_PDU (252), written: tags that tell Wireshark which dissector to call, then the PDU. Wireshark
// opens such a frame with no configuration (epan/exported_pdu.h). The reader stands with the other framings.

import { padded } from './pcapng-layout.ts';

/** Constants of the specification. */
export const LINKTYPE_WIRESHARK_UPPER_PDU = 252;
const TAG_END = 0;
const TAG_DISSECTOR_NAME = 12;
const TAG_ORIGINAL_FRAME = 30;
/** Octets of a tag and its length. */
const TAG_PREFIX = 4;
const FRAME_NUMBER_OCTETS = 4;

/**
 * The frame that hands `pdu` to a dissector of Wireshark.
 * @param dissector Wireshark's name of the dissector, ASCII, e.g. `mac-lte-framed` or `ip`
 * @param originalFrame number of the frame it was taken from, 1 to 2^32 - 1; absent: not said
 * @returns tags and PDU in fresh memory; numbers are big endian, the name is padded with zeros to a multiple of 4
 */
export function encodeUpperPdu(dissector: string, pdu: Uint8Array, originalFrame?: number): Uint8Array {
  const nameOctets = padded(dissector.length);
  const frameOctets = originalFrame === undefined ? 0 : TAG_PREFIX + FRAME_NUMBER_OCTETS;
  const headerOctets = TAG_PREFIX + nameOctets + frameOctets + TAG_PREFIX;
  // All of it is written here.
  const octets = Buffer.allocUnsafe(headerOctets + pdu.length);
  // The length covers the padding, as in what Wireshark itself writes.
  octets.writeUInt16BE(TAG_DISSECTOR_NAME, 0);
  octets.writeUInt16BE(nameOctets, 2);
  octets.fill(0, TAG_PREFIX, TAG_PREFIX + nameOctets);
  octets.write(dissector, TAG_PREFIX, 'latin1');
  let at = TAG_PREFIX + nameOctets;
  if (originalFrame !== undefined) {
    octets.writeUInt16BE(TAG_ORIGINAL_FRAME, at);
    octets.writeUInt16BE(FRAME_NUMBER_OCTETS, at + 2);
    octets.writeUInt32BE(originalFrame, at + TAG_PREFIX);
    at += TAG_PREFIX + FRAME_NUMBER_OCTETS;
  }
  octets.writeUInt32BE(TAG_END, at);
  octets.set(pdu, headerOctets);
  return octets;
}
