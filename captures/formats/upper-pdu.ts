// LINKTYPE_WIRESHARK_UPPER_PDU (252), written: tags that tell Wireshark which dissector to call, then the PDU. Wireshark
// opens such a frame with no configuration (epan/exported_pdu.h). The reader stands with the other framings.

import { padded } from './pcapng-layout.ts';
import { smallPiece } from './small-pieces.ts';

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
  const octets = smallPiece(headerOctets + pdu.length);
  // The length covers the padding, as in what Wireshark itself writes.
  put(octets, 0, 2, TAG_DISSECTOR_NAME);
  put(octets, 2, 2, nameOctets);
  for (let index = 0; index < dissector.length; index++) octets[TAG_PREFIX + index] = dissector.charCodeAt(index);
  let at = TAG_PREFIX + nameOctets;
  if (originalFrame !== undefined) {
    put(octets, at, 2, TAG_ORIGINAL_FRAME);
    put(octets, at + 2, 2, FRAME_NUMBER_OCTETS);
    put(octets, at + TAG_PREFIX, FRAME_NUMBER_OCTETS, originalFrame);
    at += TAG_PREFIX + FRAME_NUMBER_OCTETS;
  }
  put(octets, at, TAG_PREFIX, TAG_END);
  octets.set(pdu, headerOctets);
  return octets;
}

/** A number of so many octets, the highest first. */
function put(octets: Uint8Array, at: number, count: number, number: number): void {
  let rest = number;
  for (let index = at + count - 1; index >= at; index--) {
    octets[index] = rest & 0xff;
    rest >>>= 8;
  }
}
