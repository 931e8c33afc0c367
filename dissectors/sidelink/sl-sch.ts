// The MAC PDU of the sidelink shared channel (TS 36.321 6.1.6): one SL-SCH subheader, a subheader for each SDU and for
// padding, the SDUs, padding. Leaves source, destination and the RLC data elements in the columns.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import { clearFrame, createWalkTable, noteProblem, resetWalkTable } from '../walk-columns.ts';
import { ElementFlag, Outcome, type WalkTable } from '../walk-table.ts';
import { decodePc5Signalling } from './pc5-signalling.ts';
import { PDCP_HEADER_OCTETS, SduType, slrbSduType } from './pdcp-slrb.ts';
import { decodeRlcUm } from './rlc-um.ts';
import {
  E_BIT,
  F_BIT,
  LCID_LAST_DATA,
  LCID_MASK,
  LCID_PADDING,
  slSchDestination,
  slSchHeaderOctets,
  slSchSource,
  VERSION_V2X,
} from './sl-sch-header.ts';

/** The specification says (TS 36.321 6.1.6, 6.2.4, Table 6.2.4-1). */
const VERSION_GROUPCAST = 1;
const VERSION_UNICAST = 2;
const RESERVED_BITS = 0x0f;
/** Of a subheader. */
const SUBHEADER_RESERVED = 0xc0;
/** PC5-S from here to 30; this one is not protected. */
const LCID_FIRST_PC5_S = 28;

/** Constants we chose. */
/** Subheaders of one PDU, padding included. A PDU with more is damaged; the radio has 10 logical channels and padding. */
export const MAX_SUBHEADERS = 64;

/** Flags that tell whether an element is a whole SDU, all of it captured. */
const WHOLE_AND_CUT = ElementFlag.starts | ElementFlag.ends | ElementFlag.cut;

/** Length of an SDU that runs to the end of the PDU, in `lengths`. */
const TO_THE_END = -1;

const LCIDS = new Map<number, string>([
  [0, 'Reserved'],
  ...Array.from({ length: 10 }, (_, index): [number, string] => [index + 1, String(index + 1)]),
  ...Array.from({ length: 10 }, (_, index): [number, string] => [index + 11, `Duplicate of ${index + 1}`]),
  ...Array.from({ length: 7 }, (_, index): [number, string] => [index + 21, 'Reserved']),
  [28, 'PC5-S messages that are not protected'],
  [29, 'PC5-S messages "Direct Security Mode Command" and "Direct Security Mode Complete"'],
  [30, 'Other PC5-S messages that are protected'],
  [31, 'Padding'],
]);

const fields = {
  marker: field('mac-lte.slsch', 'SL-SCH', 'marker', {
    base: 'none',
    width: 0,
    about: 'Present in every SL-SCH PDU.',
    clause: 'TS 36.321 6.1.6',
  }),
  version: field('mac-lte.slsch.version', 'Version', 'uint', {
    mask: 0xf0,
    values: new Map([
      [VERSION_GROUPCAST, 'one-to-many'],
      [VERSION_UNICAST, 'one-to-one'],
      [VERSION_V2X, 'V2X, 24-bit destination'],
    ]),
    about: 'Kind of destination and width of its field.',
    clause: 'TS 36.321 6.2.4',
  }),
  reserved: field('mac-lte.slsch.reserved', 'Reserved bits', 'uint', {
    base: 'hex',
    mask: RESERVED_BITS,
    about: 'Reserved bits of a header or subheader, sent as 0.',
    clause: 'TS 36.321 6.2.4',
  }),
  subheaderReserved: field('mac-lte.slsch.reserved', 'Reserved bits', 'uint', {
    base: 'hex',
    mask: SUBHEADER_RESERVED,
    about: 'Reserved bits of a header or subheader, sent as 0.',
    clause: 'TS 36.321 6.2.4',
  }),
  source: field('mac-lte.slsch.src-l2-id', 'Source Layer-2 ID', 'l2id', {
    base: 'hex',
    width: 3,
    about: 'ProSe UE ID of the sender.',
    clause: 'TS 36.321 6.2.4',
  }),
  destination: field('mac-lte.slsch.dst-l2-id', 'Destination Layer-2 ID', 'l2id', {
    base: 'hex',
    width: 3,
    about: 'The group, or the peer, of version 3.',
    clause: 'TS 36.321 6.2.4',
  }),
  destinationHigh: field('mac-lte.slsch.dst-l2-id', 'Destination Layer-2 ID (16 high bits)', 'l2id', {
    base: 'hex',
    width: 2,
    about: 'The group, or the peer, of version 1 and 2, which carry only its 16 high bits.',
    clause: 'TS 36.321 6.2.4',
  }),
  extension: field('mac-lte.slsch.extended', 'Extension', 'uint', {
    base: 'hex',
    mask: E_BIT,
    about: 'Whether another subheader follows.',
    clause: 'TS 36.321 6.2.4',
  }),
  lcid: field('mac-lte.slsch.lcid', 'LCID', 'uint', {
    base: 'hex_dec',
    mask: LCID_MASK,
    values: LCIDS,
    about: 'Logical channel of the SDU, or padding; unique within one source and destination.',
    clause: 'TS 36.321 Table 6.2.4-1',
  }),
  format: field('mac-lte.slsch.format', 'Format', 'bool', {
    base: 'none',
    mask: F_BIT,
    about: 'Whether the length has 15 bits instead of 7.',
    clause: 'TS 36.321 6.2.4',
  }),
  length: field('mac-lte.slsch.length', 'Length', 'uint', {
    width: 0,
    about: 'Octets of the SDU; absent in the last subheader and in padding.',
    clause: 'TS 36.321 6.2.4',
  }),
  sdu: field('mac-lte.slsch.sdu', 'SDU', 'bytes', {
    base: 'none',
    width: 0,
    about: 'One MAC SDU: an RLC PDU.',
    clause: 'TS 36.321 6.1.6',
  }),
  padding: field('mac-lte.padding-data', 'Padding data', 'bytes', {
    base: 'none',
    width: 0,
    about: 'Octets behind the last SDU; they may hold anything.',
    clause: 'TS 36.321 6.1.6',
  }),
  paddingLength: field('mac-lte.padding-length', 'Padding length', 'uint', {
    width: 0,
    about: 'Octets of padding behind the last SDU.',
    clause: 'TS 36.321 6.1.6',
  }),
};

/** MAC on the sidelink shared channel. */
export const SL_SCH: Protocol = {
  name: 'sl-sch',
  title: 'MAC PDU (SL-SCH)',
  about: 'Says who sends to which group, and which logical channels the SDUs belong to.',
  clause: 'TS 36.321 6.1.6',
  fields,
};

// What the header said, until the SDUs behind it are visited.
const lcids = new Uint8Array(MAX_SUBHEADERS);
const lengths = new Int32Array(MAX_SUBHEADERS);
const subheaderAt = new Uint32Array(MAX_SUBHEADERS);
/** Takes what is shown in a tree but is no data element: PC5-S, one-to-one. */
const shown = createWalkTable(1);

/**
 * Decodes one SL-SCH MAC PDU. Fills `version`, `source` and `destination` of the frame and appends the data elements of
 * a one-to-many PDU; one-to-one and PC5-S SDUs give none. Good elements in front of damage stay.
 *
 * @param available one behind the last octet captured
 * @param end one behind the last octet of the PDU
 * @returns what the octets say of the frame: `malformed`, `paddingOnly`, `unicast`, `pc5Signalling` or `data`
 */
export function decodeSlSch(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const frames = table.frames;
  if (tree !== null) tree.begin(SL_SCH, at, Math.max(0, Math.min(available, end) - at));
  if (at >= end) return damaged(table, row, Problem.macEmpty, at, tree);
  if (at >= available) return damaged(table, row, Problem.snapCut, at, tree);
  const first = bytes[at];
  const version = first >> 4;
  if (tree !== null) reportVersion(tree, first, at);
  if (version < VERSION_GROUPCAST || version > VERSION_V2X) {
    return damaged(table, row, Problem.macReservedVersion, at, tree);
  }
  let cursor = at + slSchHeaderOctets(version);
  if (cursor > end) return damaged(table, row, Problem.macHeaderCut, at, tree);
  if (cursor > available) return damaged(table, row, Problem.snapCut, at, tree);
  frames.version[row] = version;
  frames.source[row] = slSchSource(bytes, at);
  frames.destination[row] = slSchDestination(bytes, at, version);
  if (tree !== null) reportAddresses(tree, frames.source[row], frames.destination[row], version, at);
  let reserved = first & RESERVED_BITS;

  let count = 0;
  for (let more = true; more; count++) {
    if (count === MAX_SUBHEADERS) return damaged(table, row, Problem.macTooManySubheaders, cursor, tree);
    if (cursor >= end) return damaged(table, row, Problem.macSubheaderCut, cursor, tree);
    if (cursor >= available) return damaged(table, row, Problem.snapCut, cursor, tree);
    const subheader = bytes[cursor];
    const lcid = subheader & LCID_MASK;
    more = (subheader & E_BIT) !== 0;
    reserved |= subheader & SUBHEADER_RESERVED;
    subheaderAt[count] = cursor;
    lcids[count] = lcid;
    lengths[count] = TO_THE_END;
    cursor++;
    // Padding never has a length, not even where a tester writes one: with E = 0 it falls into the padding itself.
    if (more && lcid !== LCID_PADDING) {
      const octets = cursor < available && bytes[cursor] >= F_BIT ? 2 : 1;
      if (cursor + octets > end) return damaged(table, row, Problem.macSubheaderCut, cursor - 1, tree);
      if (cursor + octets > available) return damaged(table, row, Problem.snapCut, cursor - 1, tree);
      lengths[count] = octets === 2 ? uint16(bytes, cursor) & 0x7fff : bytes[cursor];
      cursor += octets;
    }
    if (tree !== null) reportSubheader(tree, bytes, count, cursor);
  }
  if (reserved !== 0) {
    noteProblem(frames, row, Problem.macReservedBits, at);
    if (tree !== null) reportProblem(tree, Problem.macReservedBits, at);
  }
  if (tree !== null) reportSdus(tree, bytes, count, cursor, available, end);
  return visitSdus(bytes, count, cursor, available, end, row, table, tree);
}

/** The SDUs behind the header, in the order of their subheaders. */
function visitSdus(
  bytes: Uint8Array,
  count: number,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const frames = table.frames;
  const unicast = frames.version[row] === VERSION_UNICAST;
  let sdus = 0;
  let pc5Signalling = false;
  let good = true;
  let sduAt = at;
  for (let index = 0; index < count; index++) {
    const lcid = lcids[index];
    if (lcid === LCID_PADDING) continue;
    sdus++;
    const length = lengths[index];
    const sduEnd = length === TO_THE_END ? end : sduAt + length;
    if (sduEnd > end) {
      noteProblem(frames, row, Problem.macLengthBeyondPdu, subheaderAt[index]);
      return Outcome.malformed;
    }
    if (lcid >= 1 && lcid <= LCID_LAST_DATA) {
      if (!unicast) {
        if (!decodeRlcUm(bytes, sduAt, available, sduEnd, row, lcid, table, tree)) good = false;
      } else if (tree !== null) {
        showSdu(bytes, sduAt, available, sduEnd, lcid, VERSION_UNICAST, tree);
      }
    } else if (lcid >= LCID_FIRST_PC5_S) {
      pc5Signalling = true;
      if (tree !== null) showSdu(bytes, sduAt, available, sduEnd, lcid, frames.version[row], tree);
    } else {
      noteProblem(frames, row, Problem.macReservedLcid, subheaderAt[index]);
      good = false;
    }
    sduAt = sduEnd;
  }
  if (!good) return Outcome.malformed;
  if (sdus === 0) return Outcome.paddingOnly;
  if (unicast) return Outcome.unicast;
  return pc5Signalling ? Outcome.pc5Signalling : Outcome.data;
}

/**
 * Shows the RLC PDU of an SDU that is not judged: its elements and problems stay out of the frame's columns. PC5-S
 * messages that are not protected are shown too.
 */
function showSdu(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  lcid: number,
  version: number,
  tree: TreeWriter,
): void {
  resetWalkTable(shown, 1);
  clearFrame(shown.frames, 0);
  shown.frames.version[0] = version;
  decodeRlcUm(bytes, at, available, end, 0, lcid, shown, tree);
  if (lcid !== LCID_FIRST_PC5_S) return;
  const { elements } = shown;
  for (let index = 0; index < elements.count; index++) {
    const sduAt = elements.at[index] + PDCP_HEADER_OCTETS;
    const sduEnd = elements.at[index] + elements.length[index];
    const whole = (elements.flags[index] & WHOLE_AND_CUT) === ElementFlag.starts + ElementFlag.ends;
    if (!whole || sduAt >= sduEnd || slrbSduType(bytes, elements.at[index]) !== SduType.pc5Signalling) continue;
    decodePc5Signalling(bytes, sduAt, sduEnd, tree);
  }
}

function damaged(table: WalkTable, row: number, problem: Problem, at: number, tree: TreeWriter | null): Outcome {
  noteProblem(table.frames, row, problem, at);
  if (tree !== null) {
    reportProblem(tree, problem, at);
    tree.end();
  }
  return Outcome.malformed;
}

function reportVersion(tree: TreeWriter, first: number, at: number): void {
  tree.add(fields.marker, at, 1, true);
  tree.add(fields.version, at, 1, first >> 4);
  tree.add(fields.reserved, at, 1, first & RESERVED_BITS);
}

function reportAddresses(tree: TreeWriter, source: number, destination: number, version: number, at: number): void {
  tree.add(fields.source, at + 1, 3, source);
  if (version === VERSION_V2X) tree.add(fields.destination, at + 4, 3, destination);
  else tree.add(fields.destinationHigh, at + 4, 2, destination >>> 8);
}

function reportSubheader(tree: TreeWriter, bytes: Uint8Array, index: number, end: number): void {
  const at = subheaderAt[index];
  const lcid = lcids[index];
  const length = lengths[index];
  const extent = length !== TO_THE_END ? `length=${length}` : 'length is remainder';
  tree.group(lcid === LCID_PADDING ? 'Sub-header (padding)' : `Sub-header (lcid=${lcid}, ${extent})`, at, end - at);
  tree.add(fields.subheaderReserved, at, 1, bytes[at] >> 6);
  tree.add(fields.extension, at, 1, (bytes[at] & E_BIT) === 0 ? 0 : 1);
  tree.add(fields.lcid, at, 1, lcid);
  if (length !== TO_THE_END) {
    tree.add(fields.format, at + 1, 1, bytes[at + 1] >= F_BIT);
    tree.add(fields.length, at + 1, end - at - 1, length);
  }
  tree.end();
}

/** Shows where the SDUs and the padding lie, as far as the header can be followed, and closes the layer. */
function reportSdus(
  tree: TreeWriter,
  bytes: Uint8Array,
  count: number,
  at: number,
  available: number,
  end: number,
): void {
  let sduAt = at;
  let placed = true;
  for (let index = 0; index < count && placed; index++) {
    const lcid = lcids[index];
    if (lcid === LCID_PADDING) continue;
    const sduEnd = lengths[index] === TO_THE_END ? end : sduAt + lengths[index];
    placed = sduEnd <= end;
    if (!placed) reportProblem(tree, Problem.macLengthBeyondPdu, subheaderAt[index]);
    else if (lcid === 0 || (lcid > LCID_LAST_DATA && lcid < LCID_FIRST_PC5_S)) {
      reportProblem(tree, Problem.macReservedLcid, subheaderAt[index]);
    }
    const to = Math.min(sduEnd, available, end);
    if (to > sduAt) tree.add(fields.sdu, sduAt, to - sduAt, bytes.subarray(sduAt, to));
    sduAt = sduEnd;
  }
  if (placed && sduAt < end) {
    const from = Math.min(sduAt, available);
    const to = Math.min(end, available);
    tree.add(fields.padding, from, to - from, bytes.subarray(from, to));
    tree.generated(fields.paddingLength, end - sduAt);
  }
  tree.end();
}

/** One SDU for `encodeSlSch`. */
export interface SlSchSdu {
  /** 5 bits. */
  readonly lcid: number;
  /** Up to 32,767 octets. */
  readonly sdu: Uint8Array;
}

/** What `encodeSlSch` writes. */
export interface SlSchPdu {
  /** 4 bits; 3 gives the long header. */
  readonly version: number;
  /** 24 bits each. Versions other than 3 carry the 16 high bits of the destination. */
  readonly source: number;
  readonly destination: number;
  /** In order; none gives a PDU of padding alone. */
  readonly sdus: readonly SlSchSdu[];
  /** Octets of the transport block. Absent or too small: no padding. */
  readonly size?: number;
  /** Value of every padding octet, 0 where absent. */
  readonly fill?: number;
  /**
   * Only without SDUs: writes a length behind the padding subheader, as a tester was seen to do, 15 bits wide: the
   * transport block less its header.
   */
  readonly lengthAfterPadding?: boolean;
}

/**
 * A MAC PDU on SL-SCH (TS 36.321 6.1.6). Padding takes the form that the size asks for: one or two octets are padding
 * subheaders at the front; more are a padding subheader at the end of the header and octets behind the SDUs.
 */
export function encodeSlSch(pdu: SlSchPdu): Uint8Array {
  const wide = pdu.version === VERSION_V2X;
  const header = slSchHeaderOctets(pdu.version);
  const bare = pdu.sdus.reduce(
    (sum, { sdu }, index) => sum + 1 + (index < pdu.sdus.length - 1 ? lengthOctets(sdu) : 0) + sdu.length,
    header,
  );
  const missing = Math.max(0, (pdu.size ?? bare) - bare);
  const atEnd = pdu.sdus.length === 0 || missing > 2;
  const writer = new OctetWriter();
  writer.uint8(pdu.version << 4).uint24(pdu.source);
  if (wide) writer.uint24(pdu.destination);
  else writer.uint16(pdu.destination >>> 8);
  for (let index = 0; !atEnd && index < missing; index++) writer.uint8(E_BIT | LCID_PADDING);
  pdu.sdus.forEach(({ lcid, sdu }, index) => {
    const last = index === pdu.sdus.length - 1 && !atEnd;
    writer.uint8((last ? 0 : E_BIT) | (lcid & LCID_MASK));
    if (last) return;
    if (lengthOctets(sdu) === 2) writer.uint16(0x8000 | sdu.length);
    else writer.uint8(sdu.length);
  });
  if (atEnd) writer.uint8(LCID_PADDING);
  if (pdu.sdus.length === 0 && pdu.lengthAfterPadding === true) {
    writer.uint16(0x8000 | Math.max(0, (pdu.size ?? header + 3) - header));
  }
  for (const { sdu } of pdu.sdus) writer.bytes(sdu);
  if (atEnd) while (writer.length < (pdu.size ?? 0)) writer.uint8(pdu.fill ?? 0);
  return writer.take();
}

/** Octets of F and L in front of an SDU. */
function lengthOctets(sdu: Uint8Array): number {
  return sdu.length < 128 ? 1 : 2;
}
