// How a frame is written so that Wireshark opens it with no configuration: a MAC PDU as an exported PDU for
// `mac-lte-framed`, whatever carried it, its context octet by octet; every other frame as it was captured.

import { MAX_RECORD_OCTETS } from '../../captures/formats/record-reader.ts';
import { encodeUpperPdu, LINKTYPE_WIRESHARK_UPPER_PDU } from '../../captures/formats/upper-pdu.ts';
import { CUSTOM_BLOCK_LINKTYPE, type FrameBatch } from '../../captures/frame-batch.ts';
import { PDCP_LTE_STRING } from '../../dissectors/framing/pdcp-lte.ts';
import { RLC_LTE_STRING } from '../../dissectors/framing/rlc-lte.ts';
import { encodeExportedPdu } from '../../dissectors/link/exported-pdu.ts';
import { LinkKind, linkKind } from '../../dissectors/registry.ts';
import { Framing, type WalkTable } from '../../dissectors/walk-table.ts';

/** A frame as it is written. */
export interface Reframed {
  /** LINKTYPE_ number: 252 where it was re-framed, else its own. */
  readonly linkType: number;
  /** Fresh memory where it was re-framed, else a view of the batch. */
  readonly bytes: Uint8Array;
  /** Octets it would have had, had the snap length not cut it. */
  readonly original: number;
}

/** How a framing is exported: the octets of the start string in front of its context that go along, and the encoder. */
interface Export {
  readonly stringOctets: number;
  encode(record: Uint8Array, originalFrame: number): Uint8Array;
}

const MAC: Export = {
  stringOctets: 0,
  encode: (record, originalFrame) => encodeUpperPdu('mac-lte-framed', record, originalFrame),
};
// Wireshark has no dissector that takes RLC or PDCP alone: its heuristics read the form that came over UDP.
const RLC: Export = {
  stringOctets: RLC_LTE_STRING.length,
  encode: (record, originalFrame) => encodeExportedPdu({ heuristic: 'rlc_lte_udp', originalFrame }, record),
};
const PDCP: Export = {
  stringOctets: PDCP_LTE_STRING.length,
  encode: (record, originalFrame) => encodeExportedPdu({ heuristic: 'pdcp_lte_udp', originalFrame }, record),
};

/**
 * One frame of a batch as it is written.
 *
 * MAC PDUs in any framing that is read become exported PDUs. So do RLC and PDCP PDUs on LINKTYPE_USER, which Wireshark
 * shows as nothing or takes for something else; on links that Wireshark knows they stay as they are. A frame whose context
 * is damaged, or that would grow beyond what a record holds, stays too.
 *
 * @param walk the walk of that batch
 * @returns null for a row that is no frame (CUSTOM_BLOCK_LINKTYPE)
 */
export function reframe(batch: FrameBatch, row: number, walk: WalkTable): Reframed | null {
  const linkType = batch.linkType[row];
  if (linkType === CUSTOM_BLOCK_LINKTYPE) return null;
  const { frames } = walk;
  const exported = exportOf(linkType, frames.framing[row] as Framing);
  const pduAt = frames.pduAt[row];
  // A PDU is placed behind its context only where all of the context could be read.
  if (exported !== null && pduAt > frames.framingAt[row]) {
    const from = frames.framingAt[row] - exported.stringOctets;
    const record = batch.bytes.subarray(from, pduAt + frames.pduAvailable[row]);
    const bytes = exported.encode(record, (batch.firstFrame + row) % 0x1_0000_0000);
    if (bytes.length <= MAX_RECORD_OCTETS) {
      const missing = frames.pduLength[row] - frames.pduAvailable[row];
      return { linkType: LINKTYPE_WIRESHARK_UPPER_PDU, bytes, original: bytes.length + missing };
    }
  }
  const at = batch.offset[row];
  return { linkType, bytes: batch.bytes.subarray(at, at + batch.captured[row]), original: batch.original[row] };
}

/** Null where the frame is to stay as it is. */
function exportOf(linkType: number, framing: Framing): Export | null {
  switch (framing) {
    case Framing.macLteFramed:
      return linkType === LINKTYPE_WIRESHARK_UPPER_PDU ? null : MAC;
    case Framing.macLteUdp:
    case Framing.gsmtap2:
    case Framing.gsmtap3:
      return MAC;
    case Framing.rlcLteUdp:
      return linkKind(linkType) === LinkKind.user ? RLC : null;
    case Framing.pdcpLteUdp:
      return linkKind(linkType) === LinkKind.user ? PDCP : null;
    case Framing.none:
      return null;
  }
}
