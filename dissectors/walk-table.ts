// What a walk from the link layer down to RLC leaves behind: one row a frame, one row an RLC data element. The engine
// reads these columns; nothing on the way makes an object per frame.

import type { SharedMemory } from './security/wasm/shared-memory.ts';

/** What became of a frame as far as its own octets tell. Order is the order of precedence of interfaces 3, summary. */
export const Outcome = {
  unknownLinkType: 0,
  keyManagement: 1,
  notSidelink: 2,
  slBch: 3,
  crcFailed: 4,
  malformed: 5,
  paddingOnly: 6,
  duplicate: 7,
  unicast: 8,
  pc5Signalling: 9,
  lostReassembly: 10,
  pendingReassembly: 11,
  /** Holds RLC data elements and nothing that hinders them from becoming messages. */
  data: 12,
} as const;

/** A value of `Outcome`. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Names of outcomes in the summary's `undecoded`, by number; `data` has none. */
export const OUTCOME_NAMES = [
  'unknown-linktype',
  'key-management',
  'not-sidelink',
  'sl-bch',
  'crc-failed',
  'malformed',
  'padding-only',
  'duplicate',
  'unicast',
  'pc5-signalling',
  'lost-reassembly',
  'pending-reassembly',
] as const;

/** A name under `undecoded`. */
export type OutcomeName = (typeof OUTCOME_NAMES)[number];

/** What carried the sidelink PDU in the capture. */
export const Framing = {
  none: 0,
  macLteFramed: 1,
  macLteUdp: 2,
  rlcLteUdp: 3,
  pdcpLteUdp: 4,
  gsmtap2: 5,
  gsmtap3: 6,
} as const;

/** A value of `Framing`. */
export type Framing = (typeof Framing)[keyof typeof Framing];

/** Flags of an RLC data element. */
export const ElementFlag = {
  /** Its first octet is the first octet of an RLC SDU (a PDCP PDU). */
  starts: 1,
  /** Its last octet is the last octet of an RLC SDU. */
  ends: 2,
  /** The first element of its RLC PDU. */
  firstOfPdu: 4,
  /** The capture's snap length cut it: `available` is less than `length`. */
  cut: 8,
  /** A whole PDCP PDU that came without RLC (framing pdcp-lte). */
  withoutRlc: 16,
} as const;

/** The tables of one batch. Made once and reused; `reset` empties them. */
export interface WalkTable {
  readonly frames: FrameColumns;
  readonly elements: ElementColumns;
  /** Memory that threads share, in which they were made from octet `at` on (shared-walk.ts); absent: there is none. */
  readonly shared?: { readonly memory: SharedMemory; readonly at: number };
}

/** One row a frame, aligned with the rows of the FrameBatch. Offsets are into `FrameBatch.bytes`. */
export interface FrameColumns {
  outcome: Uint8Array;
  /** First problem seen (dissectors/problems.ts), and its octet counted from the start of the frame. */
  problem: Uint8Array;
  problemAt: Uint32Array;
  framing: Uint8Array;
  /**
   * First octet of the context in front of the PDU, behind its start string where it has one; meaningful where `framing`
   * is not `none`. With one of MAC, the octets from here to the end of the PDU are a `mac-lte-framed` record.
   */
  framingAt: Uint32Array;
  /** The MAC PDU (or RLC, PDCP PDU where the framing begins there): where it is, its octets, and how many were captured. */
  pduAt: Uint32Array;
  pduLength: Uint32Array;
  pduAvailable: Uint32Array;
  /** SL-SCH version 1, 2, 3; 0 where the framing begins below MAC. */
  version: Uint8Array;
  /** Source Layer-2 id, 24 bits. */
  source: Uint32Array;
  /** Destination Layer-2 id, 24 bits; with version 1 and 2 the low 8 bits are 0 because they are not in the PDU. */
  destination: Uint32Array;
  /** Rows of `elements` that belong to this frame: first and count. */
  firstElement: Uint32Array;
  elementCount: Uint16Array;
  /** For `keyManagement`: the UDP payload. */
  payloadAt: Uint32Array;
  payloadLength: Uint32Array;
}

/** One row an RLC data element, in the order of the octets. */
export interface ElementColumns {
  count: number;
  frameRow: Uint32Array;
  at: Uint32Array;
  length: Uint32Array;
  available: Uint32Array;
  lcid: Uint8Array;
  /** RLC SN, 5 bits. */
  sn: Uint8Array;
  flags: Uint8Array;
}
