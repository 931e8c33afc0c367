// RLC unacknowledged mode with a 5-bit SN, as STCH uses it (TS 36.322 6.2.1.3, 6.2.2). Finds the data elements of one
// PDU; putting segments together is the engine's work.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import { appendElement, MAX_ELEMENTS, noteProblem } from '../walk-columns.ts';
import { ElementFlag, type WalkTable } from '../walk-table.ts';
import { decodePdcpSlrbHeader } from './pdcp-slrb.ts';

/** The specification says (TS 36.322 6.2.1.3, 6.2.2.3 to 6.2.2.6). */
/** Octets of the fixed header: FI (2 bits), E (1), SN (5). */
const FIXED_HEADER = 1;
/** FI: set where the first octet of the data field does not begin an RLC SDU. */
const FI_CONTINUES = 0x80;
/** FI: set where the last octet of the data field does not end an RLC SDU. */
const FI_CONTINUED = 0x40;
const E_BIT = 0x20;
const SN_MASK = 0x1f;
/** Bits of one extension part: E (1), LI (11). */
const LI_MASK = 0x7ff;

const FRAMING_INFO = new Map([
  [0, 'begins and ends on SDU borders'],
  [1, 'begins on an SDU border, last octet does not end an SDU'],
  [2, 'first octet does not begin an SDU, ends on an SDU border'],
  [3, 'first octet does not begin an SDU, last octet does not end one'],
]);
const EXTENSION = new Map([
  [0, 'data follows'],
  [1, 'a length indicator follows'],
]);

const fields = {
  fi: field('rlc-lte.um.fi', 'Framing Info', 'uint', {
    base: 'hex',
    mask: 0xc0,
    values: FRAMING_INFO,
    about: 'Whether the first octet begins an RLC SDU and the last one ends one.',
    clause: 'TS 36.322 6.2.2.6',
  }),
  extension: field('rlc-lte.um.fixed.e', 'Extension', 'uint', {
    base: 'hex',
    mask: E_BIT,
    values: EXTENSION,
    about: 'Whether length indicators follow the fixed header.',
    clause: 'TS 36.322 6.2.2.4',
  }),
  sn: field('rlc-lte.um.sn', 'Sequence number', 'uint', {
    mask: SN_MASK,
    about: 'Counts UMD PDUs of one source, destination and LCID, modulo 32.',
    clause: 'TS 36.322 6.2.2.3',
  }),
  liExtension: field('rlc-lte.extension.e', 'Extension', 'uint', {
    base: 'hex',
    values: EXTENSION,
    about: 'Whether another length indicator follows this one.',
    clause: 'TS 36.322 6.2.2.4',
  }),
  li: field('rlc-lte.extension.li', 'Length Indicator', 'uint', {
    width: 2,
    about: 'Octets of the data element that this indicator stands for; 0 is reserved.',
    clause: 'TS 36.322 6.2.2.5',
  }),
  liPadding: field('rlc-lte.extension.padding', 'Padding', 'uint', {
    base: 'hex',
    mask: 0x0f,
    about: 'Four bits that fill the header to an octet after an odd count of length indicators.',
    clause: 'TS 36.322 6.2.1.3',
  }),
  data: field('rlc-lte.um.data', 'UM Data', 'bytes', {
    base: 'none',
    width: 0,
    about: 'One data element: a whole RLC SDU or a piece of one.',
    clause: 'TS 36.322 6.2.2.2',
  }),
};

/** RLC UM on STCH. */
export const RLC_UM: Protocol = {
  name: 'rlc-um',
  title: 'RLC Unacknowledged Mode (STCH)',
  about: 'Carries PDCP PDUs, whole, in pieces or several at a time; 5-bit sequence number.',
  clause: 'TS 36.322 6.2.1.3',
  fields,
};

/** Octets that `count` length indicators take, behind the fixed header: 12 bits each, filled to an octet. */
function liOctets(count: number): number {
  return (count * 3 + 1) >> 1;
}

/** The E and LI bits of length indicator `index`: E in bit 11, LI below. `at` is the first octet of the list. */
function liPair(bytes: Uint8Array, at: number, index: number): number {
  const first = at + (index >> 1) * 3;
  return (index & 1) === 0 ? uint16(bytes, first) >> 4 : uint16(bytes, first + 1) & 0xfff;
}

/** Octets in front of a data element that is the only one of its PDU. */
export const LONE_ELEMENT_HEADER = FIXED_HEADER;
/** Bits of that header that say nothing of how the PDU is walked: the sequence number. */
export const LONE_ELEMENT_NUMBERS = SN_MASK;

/**
 * Decodes one UMD PDU and appends its data elements. A PDU whose header contradicts itself gives no element: a receiver
 * discards it whole (TS 36.322 5.5.1).
 *
 * @param available one behind the last octet captured
 * @param end one behind the last octet of the PDU
 * @param row the frame that it belongs to
 * @returns false where the PDU is damaged; the problem is noted for the frame
 */
export function decodeRlcUm(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  lcid: number,
  table: WalkTable,
  tree: TreeWriter | null,
): boolean {
  const dataAt = at + FIXED_HEADER;
  if (dataAt > end) return damaged(table, row, Problem.rlcHeaderCut, at, end, tree);
  if (dataAt > available) return damaged(table, row, Problem.snapCut, at, available, tree);
  const fixed = bytes[at];
  if (tree !== null) reportFixedHeader(tree, fixed, at, available, end);
  if ((fixed & E_BIT) !== 0) return decodeElementList(bytes, at, available, end, row, lcid, table, tree);
  if (dataAt === end) return refused(table, row, Problem.rlcNoData, at, tree);
  if (table.elements.count - table.frames.firstElement[row] >= MAX_ELEMENTS) {
    return refused(table, row, Problem.rlcTooManyElements, at, tree);
  }
  const flags =
    ElementFlag.firstOfPdu |
    ((fixed & FI_CONTINUES) === 0 ? ElementFlag.starts : 0) |
    ((fixed & FI_CONTINUED) === 0 ? ElementFlag.ends : 0);
  appendElement(table.elements, row, dataAt, end - dataAt, available, lcid, fixed & SN_MASK, flags);
  if (tree !== null) reportElements(tree, bytes, table, table.elements.count - 1, available);
  return true;
}

/** The PDU with length indicators: first the list is checked as a whole, then the elements are appended. */
function decodeElementList(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  lcid: number,
  table: WalkTable,
  tree: TreeWriter | null,
): boolean {
  const listAt = at + FIXED_HEADER;
  const room = MAX_ELEMENTS - (table.elements.count - table.frames.firstElement[row]);
  let count = 0;
  let claimed = 0;
  for (let more = true; more; count++) {
    // One element more than there are indicators.
    if (count + 2 > room) return refused(table, row, Problem.rlcTooManyElements, at, tree);
    const pairAt = listAt + (count >> 1) * 3 + (count & 1);
    if (pairAt + 2 > end) return refused(table, row, Problem.rlcHeaderCut, pairAt, tree);
    if (pairAt + 2 > available) return refused(table, row, Problem.snapCut, pairAt, tree);
    const pair = liPair(bytes, listAt, count);
    const li = pair & LI_MASK;
    more = pair > LI_MASK;
    if (tree !== null) reportLengthIndicator(tree, bytes, pairAt, pair, !more && (count & 1) === 0);
    if (li === 0) return refused(table, row, Problem.rlcLengthZero, pairAt, tree);
    claimed += li;
  }
  let elementAt = listAt + liOctets(count);
  if (elementAt + claimed > end) return refused(table, row, Problem.rlcLengthBeyondPdu, at, tree);
  // The element without an indicator takes what is left, and something has to be left.
  if (elementAt + claimed === end) return refused(table, row, Problem.rlcNoData, at, tree);

  const fixed = bytes[at];
  const sn = fixed & SN_MASK;
  const first = table.elements.count;
  let flags = ElementFlag.firstOfPdu | ElementFlag.ends | ((fixed & FI_CONTINUES) === 0 ? ElementFlag.starts : 0);
  for (let index = 0; index < count; index++) {
    const length = liPair(bytes, listAt, index) & LI_MASK;
    appendElement(table.elements, row, elementAt, length, available, lcid, sn, flags);
    elementAt += length;
    flags = ElementFlag.starts | ElementFlag.ends;
  }
  if ((fixed & FI_CONTINUED) !== 0) flags = ElementFlag.starts;
  appendElement(table.elements, row, elementAt, end - elementAt, available, lcid, sn, flags);
  if (tree !== null) reportElements(tree, bytes, table, first, available);
  return true;
}

/** Damage before the layer was opened in the tree. */
function damaged(
  table: WalkTable,
  row: number,
  problem: Problem,
  at: number,
  last: number,
  tree: TreeWriter | null,
): false {
  tree?.begin(RLC_UM, at, Math.max(0, last - at));
  return refused(table, row, problem, at, tree);
}

/** Damage inside the layer, which is open in the tree. */
function refused(table: WalkTable, row: number, problem: Problem, at: number, tree: TreeWriter | null): false {
  noteProblem(table.frames, row, problem, at);
  if (tree !== null) {
    reportProblem(tree, problem, at);
    tree.end();
  }
  return false;
}

function reportFixedHeader(tree: TreeWriter, fixed: number, at: number, available: number, end: number): void {
  tree.begin(RLC_UM, at, Math.min(available, end) - at);
  tree.add(fields.fi, at, 1, fixed >> 6);
  tree.add(fields.extension, at, 1, (fixed & E_BIT) === 0 ? 0 : 1);
  tree.add(fields.sn, at, 1, fixed & SN_MASK);
}

function reportLengthIndicator(tree: TreeWriter, bytes: Uint8Array, at: number, pair: number, padded: boolean): void {
  tree.group('Extension part', at, 2);
  tree.add(fields.liExtension, at, 1, pair >> 11);
  tree.add(fields.li, at, 2, pair & LI_MASK);
  if (padded) tree.add(fields.liPadding, at + 1, 1, bytes[at + 1] & 0x0f);
  tree.end();
}

/** Closes the RLC layer after its data, and shows the PDCP header of every element that begins an SDU. */
function reportElements(tree: TreeWriter, bytes: Uint8Array, table: WalkTable, first: number, available: number): void {
  const { at, available: captured, length, flags, frameRow, count } = table.elements;
  for (let index = first; index < count; index++) {
    const from = Math.min(at[index], available);
    tree.add(fields.data, from, captured[index], bytes.subarray(from, from + captured[index]));
  }
  tree.end();
  const unicast = table.frames.version[frameRow[first]] === 2;
  for (let index = first; index < count; index++) {
    if ((flags[index] & ElementFlag.starts) === 0) continue;
    const whole = (flags[index] & ElementFlag.ends) !== 0;
    decodePdcpSlrbHeader(bytes, at[index], at[index] + captured[index], length[index], whole, unicast, tree);
  }
}

/** What `encodeRlcUm` writes. */
export interface RlcUmPdu {
  /** Framing info, 2 bits: 2 where the first octet continues an SDU, 1 where the last one does not end it. */
  readonly fi: number;
  /** Sequence number, 5 bits. */
  readonly sn: number;
  /** Data elements in order, at least one; all but the last of 1 to 2,047 octets. */
  readonly elements: readonly Uint8Array[];
}

/** A UMD PDU with 5-bit SN (TS 36.322 6.2.1.3). Lengths are cut to 11 bits. */
export function encodeRlcUm(pdu: RlcUmPdu): Uint8Array {
  const lengths = pdu.elements.slice(0, -1).map((element) => element.length & LI_MASK);
  const dataAt = FIXED_HEADER + liOctets(lengths.length);
  const bytes = new Uint8Array(dataAt + pdu.elements.reduce((sum, element) => sum + element.length, 0));
  bytes[0] = (pdu.fi << 6) | (lengths.length > 0 ? E_BIT : 0) | (pdu.sn & SN_MASK);
  lengths.forEach((length, index) => {
    const pair = (index < lengths.length - 1 ? LI_MASK + 1 : 0) | length;
    const pairAt = FIXED_HEADER + (index >> 1) * 3 + (index & 1);
    if ((index & 1) === 0) {
      bytes[pairAt] = pair >> 4;
      bytes[pairAt + 1] = (pair & 0xf) << 4;
    } else {
      bytes[pairAt] |= pair >> 8;
      bytes[pairAt + 1] = pair;
    }
  });
  let at = dataAt;
  for (const element of pdu.elements) {
    bytes.set(element, at);
    at += element.length;
  }
  return bytes;
}
