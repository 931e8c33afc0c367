// Where the header of an SL-SCH MAC PDU has what (TS 36.321 6.1.6, 6.2.4), for who reads a few of its fields without decoding
// the PDU, which sl-sch.ts does.

import { uint16, uint24 } from '../octets.ts';

/** The specification says (TS 36.321 6.2.4, Table 6.2.4-1). */
/** The version with a destination of 24 bits. */
export const VERSION_V2X = 3;
/** Octets of the SL-SCH subheader with a 16-bit destination, and with the 24-bit one of version 3. */
const HEADER_16 = 6;
const HEADER_24 = 7;
/** Whether another subheader follows. */
export const E_BIT = 0x20;
export const LCID_MASK = 0x1f;
/** The F bit of a length octet: set where L has 15 bits instead of 7. */
export const F_BIT = 0x80;
/** LCIDs. 1 to 10 are logical channels, 11 to 20 their duplicates of Rel-15. */
export const LCID_LAST_DATA = 20;
export const LCID_PADDING = 31;

/** Octets in front of the subheaders. */
export function slSchHeaderOctets(version: number): number {
  return version === VERSION_V2X ? HEADER_24 : HEADER_16;
}

/**
 * Subheaders of a PDU that `decodeSlSch` has found nothing wrong with.
 *
 * @param at first octet of the PDU
 * @param version of its SL-SCH header
 */
export function subheaderCount(bytes: Uint8Array, at: number, version: number): number {
  let count = 1;
  for (let cursor = firstSubheader(at, version); (bytes[cursor] & E_BIT) !== 0; count++) {
    cursor = nextSubheader(bytes, cursor);
  }
  return count;
}

/** LCID of one of them. */
export function subheaderLcid(bytes: Uint8Array, at: number, version: number, index: number): number {
  let cursor = firstSubheader(at, version);
  for (let skipped = 0; skipped < index; skipped++) cursor = nextSubheader(bytes, cursor);
  return bytes[cursor] & LCID_MASK;
}

/** Octets of the subheaders in front of an SDU that is the only one and runs to the end of the PDU. */
export function loneSduHeader(version: number): number {
  return slSchHeaderOctets(version) + 1;
}

/**
 * Sets to 0, in `mask`, the bits of such subheaders that say nothing of how the PDU is walked: who sends, to whom, and the
 * logical channel, as long as it is one of data.
 *
 * @param mask an octet for each of the PDU
 */
export function maskLoneSduNumbers(version: number, mask: Uint8Array): void {
  const octets = loneSduHeader(version);
  mask.fill(0, 1, octets - 1);
  mask[octets - 1] = ~LCID_MASK;
}

/** LCID in the subheader of an SDU; 0 where it is none of data. */
export function dataLcid(subheader: number): number {
  const lcid = subheader & LCID_MASK;
  return lcid <= LCID_LAST_DATA ? lcid : 0;
}

/**
 * Source Layer-2 id, 24 bits.
 *
 * @param at first octet of a PDU
 */
export function slSchSource(bytes: Uint8Array, at: number): number {
  return uint24(bytes, at + 1);
}

/** Destination Layer-2 id, 24 bits; with version 1 and 2 the low 8 bits are 0 because they are not in the PDU. */
export function slSchDestination(bytes: Uint8Array, at: number, version: number): number {
  return version === VERSION_V2X ? uint24(bytes, at + 4) : uint16(bytes, at + 4) << 8;
}

function firstSubheader(at: number, version: number): number {
  return at + slSchHeaderOctets(version);
}

/** The octet behind a subheader that another one follows. */
function nextSubheader(bytes: Uint8Array, at: number): number {
  if ((bytes[at] & LCID_MASK) === LCID_PADDING) return at + 1;
  return at + (bytes[at + 1] >= F_BIT ? 3 : 2);
}
