// NR MAC SL-SCH (TS 38.321 6.1.6, 6.2.4): recognised and named, so that nobody takes it for LTE. It carries no group key
// scheme (TS 33.536 5.4), so nothing in it is judged. Used with a layer tree only.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { uint16 } from '../octets.ts';

// The specification says (TS 38.321 6.1.6): V and R, 16 bits of source, 8 of destination; the rest is in the SCI.
const HEADER_OCTETS = 4;
const LCID_MASK = 0x3f;
const F_BIT = 0x40;
const LCID_DRX_COMMAND = 61;
const LCID_CSI_REPORT = 62;
const LCID_PADDING = 63;

// We chose: subPDUs shown of one PDU; a transport block holds a few.
const MOST_SUBPDUS = 256;

const LCID_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'SCCH, PC5-S not protected'],
  [1, 'SCCH, PC5-S security mode command, complete'],
  [2, 'SCCH, other protected PC5-S'],
  [3, 'SCCH, PC5-RRC'],
  ...Array.from({ length: 16 }, (_, i): [number, string] => [4 + i, `logical channel ${4 + i}`]),
  [20, 'duplicate of SCCH 1'],
  [21, 'duplicate of SCCH 2'],
  [22, 'duplicate of SCCH 3'],
  ...Array.from({ length: 16 }, (_, i): [number, string] => [23 + i, `duplicate of logical channel ${4 + i}`]),
  [53, 'enhanced inter-UE coordination request'],
  [54, 'enhanced inter-UE coordination information'],
  [55, 'SCCH of a relay, end-to-end SRB'],
  [56, 'SCCH of a relay, SL-RLC0'],
  [57, 'SCCH of a relay, SL-RLC1'],
  [58, 'SCCH, discovery'],
  [59, 'inter-UE coordination request'],
  [60, 'inter-UE coordination information'],
  [LCID_DRX_COMMAND, 'DRX command'],
  [LCID_CSI_REPORT, 'CSI report'],
  [LCID_PADDING, 'padding'],
]);

const HEADER_CLAUSE = 'TS 38.321 6.1.6';
const FIELD_CLAUSE = 'TS 38.321 6.2.4';

const fields = {
  version: field('nr-sl-sch.version', 'Version', 'uint', {
    mask: 0xf0,
    about: 'Version of the SL-SCH subheader; 0 in NR.',
    clause: HEADER_CLAUSE,
  }),
  source: field('nr-sl-sch.src-l2-id', 'Source Layer-2 ID, 16 high bits', 'uint', {
    base: 'hex',
    width: 2,
    about: 'The 16 high bits of the source Layer-2 id; the SCI carries the 8 low ones.',
    clause: HEADER_CLAUSE,
  }),
  destination: field('nr-sl-sch.dst-l2-id', 'Destination Layer-2 ID, 8 high bits', 'uint', {
    base: 'hex',
    about: 'The 8 high bits of the destination Layer-2 id; the SCI carries the 16 low ones.',
    clause: HEADER_CLAUSE,
  }),
  lcid: field('nr-sl-sch.lcid', 'LCID', 'uint', {
    mask: LCID_MASK,
    values: LCID_NAMES,
    about: 'Logical channel or control element of a subPDU.',
    clause: FIELD_CLAUSE,
  }),
  length: field('nr-sl-sch.length', 'Length', 'uint', {
    width: 0,
    about: 'Octets of the SDU that follows its subheader.',
    clause: FIELD_CLAUSE,
  }),
  sdu: field('nr-sl-sch.sdu', 'SDU', 'bytes', {
    base: 'none',
    width: 0,
    about: 'A MAC SDU or control element, or padding.',
    clause: HEADER_CLAUSE,
  }),
};

/** NR MAC SL-SCH. */
export const NR_SL_SCH: Protocol = {
  name: 'nr-sl-sch',
  title: 'NR MAC SL-SCH',
  about: 'Sidelink MAC PDU of New Radio: named, not judged.',
  clause: HEADER_CLAUSE,
  fields,
};

/** Shows an NR SL-SCH PDU from octet `at` to before `end`. */
export function describeNrSlSch(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  tree.begin(NR_SL_SCH, at, end - at);
  if (at + HEADER_OCTETS > end) {
    tree.problem('mac.header-cut', at, 'the NR SL-SCH header is shorter than 4 octets');
    tree.end();
    return;
  }
  tree.add(fields.version, at, 1, bytes[at] >>> 4);
  tree.add(fields.source, at + 1, 2, uint16(bytes, at + 1));
  tree.add(fields.destination, at + 3, 1, bytes[at + 3]);
  let next = at + HEADER_OCTETS;
  for (let shown = 0; next < end && shown < MOST_SUBPDUS; shown++) next = describeSubPdu(bytes, next, end, tree);
  tree.end();
}

/** One subPDU; where it cannot be placed the rest of the PDU counts to it. */
function describeSubPdu(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): number {
  const lcid = bytes[at] & LCID_MASK;
  const lengthOctets = lcid >= LCID_DRX_COMMAND ? 0 : (bytes[at] & F_BIT) === 0 ? 1 : 2;
  const dataAt = at + 1 + lengthOctets;
  let length = 0;
  if (lengthOctets === 0) length = lcid === LCID_PADDING ? end - dataAt : lcid === LCID_CSI_REPORT ? 1 : 0;
  else if (dataAt <= end) length = lengthOctets === 1 ? bytes[at + 1] : uint16(bytes, at + 1);
  const dataEnd = Math.min(end, dataAt + length);
  tree.group(LCID_NAMES.get(lcid) ?? `reserved LCID ${lcid}`, at, Math.max(1, dataEnd - at));
  tree.add(fields.lcid, at, 1, lcid);
  if (lengthOctets > 0 && dataAt <= end) tree.add(fields.length, at + 1, lengthOctets, length);
  if (dataAt + length > end) tree.problem('mac.length-beyond-pdu', at, 'a subPDU claims more octets than the PDU has');
  if (dataEnd > dataAt) tree.add(fields.sdu, dataAt, dataEnd - dataAt, bytes.subarray(dataAt, dataEnd));
  tree.end();
  return Math.max(dataEnd, at + 1);
}
