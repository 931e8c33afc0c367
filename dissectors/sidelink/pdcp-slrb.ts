// The PDCP header of a sidelink radio bearer (TS 36.323 6.2.10): five octets in the clear in front of the SDU, which may
// be ciphered. No integrity, no control PDUs.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';

/** The specification says (TS 36.323 6.2.10, 6.3.12 to 6.3.14, Table 6.3.2.1). */
/** Octets of the header. */
export const PDCP_HEADER_OCTETS = 5;
/** Offset of SDU Type (3 high bits) and PGK Index (5 low bits). */
export const SLRB_TYPE_AND_INDEX = 0;
/** Offset of the PTK Identity, 2 octets. */
export const SLRB_PTK_ID = 1;
/** Offset of the PDCP SN, 2 octets. */
export const SLRB_SN = 3;
/** Shift that gives the SDU Type. */
export const SDU_TYPE_SHIFT = 5;
/** Bits of the PGK Index. */
export const PGK_INDEX_MASK = 0x1f;
/** Octets of the largest PDCP SDU (TS 36.323 4.3.1). */
export const LONGEST_SDU = 8188;

/** Values of SDU Type (TS 36.323 Table 6.3.14.1). 4 to 7 are reserved. */
export const SduType = { ip: 0, arp: 1, pc5Signalling: 2, nonIp: 3 } as const;

/** `sduType` of a message event (interfaces 3), by value of SDU Type. */
export const SDU_TYPE_NAMES = ['ip', 'arp', 'pc5-s', 'non-ip', 'reserved', 'reserved', 'reserved', 'reserved'] as const;

/** A name of `SDU_TYPE_NAMES`. */
export type SduTypeName = (typeof SDU_TYPE_NAMES)[number];

const SDU_TYPES = new Map([
  [0, 'IP'],
  [1, 'ARP'],
  [2, 'PC5 Signalling'],
  [3, 'Non-IP'],
  [4, 'Reserved'],
  [5, 'Reserved'],
  [6, 'Reserved'],
  [7, 'Reserved'],
]);

const fields = {
  sduType: field('slrb.sdu-type', 'SDU Type', 'uint', {
    mask: 0xe0,
    values: SDU_TYPES,
    about: 'What the SDU is; 4 to 7 are reserved.',
    clause: 'TS 36.323 6.3.14',
  }),
  pgkIndex: field('slrb.pgk-index', 'PGK Index', 'uint', {
    mask: PGK_INDEX_MASK,
    about: 'The five low bits of the identity of the PGK in use; 0 with PTK Identity 0: not ciphered.',
    clause: 'TS 36.323 6.3.12',
  }),
  ptkId: field('slrb.ptk-id', 'PTK Identity', 'uint', {
    base: 'dec_hex',
    width: 2,
    about: "Which of the source's PTKs under that PGK.",
    clause: 'TS 36.323 6.3.13',
  }),
  sessionId: field('slrb.kd-sess-id', 'K_D-sess Identity', 'uint', {
    base: 'dec_hex',
    width: 2,
    about: 'In one-to-one communication: the session key in use.',
    clause: 'TS 36.323 6.3.15',
  }),
  sn: field('slrb.sn', 'PDCP SN', 'uint', {
    width: 2,
    about: 'Sequence number, and the low half of the counter that goes into the cipher.',
    clause: 'TS 36.323 6.3.2',
  }),
  data: field('slrb.data', 'Data', 'bytes', {
    base: 'none',
    width: 0,
    about: 'The SDU as it was sent, ciphered or not; in a segmented SDU, the piece in this frame.',
    clause: 'TS 36.323 6.3.3',
  }),
};

/** PDCP on a sidelink radio bearer. */
export const PDCP_SLRB: Protocol = {
  name: 'pdcp-slrb',
  title: 'PDCP (SLRB, one-to-many)',
  about: 'Names the key that ciphers the SDU and counts the packets.',
  clause: 'TS 36.323 6.2.10',
  fields,
};

/** SDU Type, 0 to 7. The caller has checked that the header is there; so for the four readers below. */
export function slrbSduType(bytes: Uint8Array, at: number): number {
  return bytes[at + SLRB_TYPE_AND_INDEX] >> SDU_TYPE_SHIFT;
}

/** PGK Index, 0 to 31. */
export function slrbPgkIndex(bytes: Uint8Array, at: number): number {
  return bytes[at + SLRB_TYPE_AND_INDEX] & PGK_INDEX_MASK;
}

/** PTK Identity, 0 to 65,535. */
export function slrbPtkId(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at + SLRB_PTK_ID);
}

/** PDCP SN, 0 to 65,535. */
export function slrbSn(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at + SLRB_SN);
}

/**
 * Shows the header of one PDCP PDU, or of the first segment of one. The numbers of the fast path are read by the engine
 * with the readers above, after reassembly; this one judges nothing for it.
 *
 * @param available one behind the last octet at hand
 * @param length octets of the PDU, or of its first segment
 * @param whole whether that is the whole PDU
 * @param unicast one-to-one communication (SL-SCH version 2): K_D-sess Identity instead of PTK Identity
 */
export function decodePdcpSlrbHeader(
  bytes: Uint8Array,
  at: number,
  available: number,
  length: number,
  whole: boolean,
  unicast: boolean,
  tree: TreeWriter,
): void {
  const here = Math.max(0, available - at);
  const from = here === 0 ? Math.min(at, available) : at;
  tree.begin(PDCP_SLRB, from, here);
  if (here < PDCP_HEADER_OCTETS) {
    if (here < length) reportProblem(tree, Problem.snapCut, from);
    else if (whole) reportProblem(tree, Problem.pdcpHeaderCut, from);
    else if (here > 0) tree.add(fields.data, at, here, bytes.subarray(at, at + here));
    tree.end();
    return;
  }
  tree.add(fields.sduType, at, 1, slrbSduType(bytes, at));
  if (!unicast) tree.add(fields.pgkIndex, at, 1, slrbPgkIndex(bytes, at));
  tree.add(unicast ? fields.sessionId : fields.ptkId, at + SLRB_PTK_ID, 2, slrbPtkId(bytes, at));
  tree.add(fields.sn, at + SLRB_SN, 2, slrbSn(bytes, at));
  if (here > PDCP_HEADER_OCTETS) {
    tree.add(
      fields.data,
      at + PDCP_HEADER_OCTETS,
      here - PDCP_HEADER_OCTETS,
      bytes.subarray(at + PDCP_HEADER_OCTETS, at + here),
    );
  } else if (whole && length === PDCP_HEADER_OCTETS) {
    reportProblem(tree, Problem.pdcpNoData, at);
  }
  tree.end();
}

/** What `encodePdcpSlrb` writes. */
export interface PdcpSlrbPdu {
  /** 3 bits. */
  readonly sduType: number;
  /** 5 bits. */
  readonly pgkIndex: number;
  /** 16 bits. */
  readonly ptkId: number;
  /** 16 bits. */
  readonly sn: number;
  /** The SDU, ciphered or not. */
  readonly sdu: Uint8Array;
}

/** A one-to-many data PDU (TS 36.323 6.2.10, Figure 6.2.10.1). Numbers are cut to their width. */
export function encodePdcpSlrb(pdu: PdcpSlrbPdu): Uint8Array {
  return new OctetWriter()
    .uint8((pdu.sduType << SDU_TYPE_SHIFT) | (pdu.pgkIndex & PGK_INDEX_MASK))
    .uint16(pdu.ptkId)
    .uint16(pdu.sn)
    .bytes(pdu.sdu)
    .take();
}
