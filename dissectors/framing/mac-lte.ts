// The context that capture tools put in front of an LTE MAC PDU: `mac-lte-framed`, and the same behind the string
// `mac-lte` in UDP datagrams (Wireshark, packet-mac-lte.h; reference wireshark-interop 1.1). Big endian; tags in any
// order; no lengths, so an unknown tag ends it.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';

/** The specification says (Wireshark, packet-mac-lte.h). */
/** What the UDP form begins with. */
export const MAC_LTE_STRING = new TextEncoder().encode('mac-lte');
/** Octets in front of the tags: radio type, direction, RNTI type. */
const FIXED = 3;
const LAST_RNTI_TYPE = 10;

/** RNTI types that sidelink uses. */
export const RntiType = { slBch: 7, sl: 8 } as const;

/** Tags. */
const Tag = {
  payload: 0x01,
  rnti: 0x02,
  ueid: 0x03,
  frameSubframe: 0x04,
  predefinedData: 0x05,
  retransmission: 0x06,
  crcStatus: 0x07,
  carrierId: 0x0a,
  phy: 0x0b,
  nbMode: 0x0f,
  schedulingRequests: 0x10,
} as const;

/** Octets behind each tag; `LENGTH_OCTET` and `REQUEST_LIST` say how to find them out, `UNKNOWN` that nobody can. */
const UNKNOWN = -1;
const LENGTH_OCTET = -2;
const REQUEST_LIST = -3;
const VALUE_OCTETS = new Int8Array(256).fill(UNKNOWN);
[0, 0, 2, 2, 2, 1, 1, 1, 0, 2, 1, LENGTH_OCTET, 0, 0, 1, 1, REQUEST_LIST].forEach((octets, tag) => {
  if (tag > 0) VALUE_OCTETS[tag] = octets;
});
const REQUEST_OCTETS = 4;

/** CRC_STATUS that says the PDU is good. */
export const CRC_OK = 1;

/** Constants we chose. */
/** `crcStatus` of a context without that tag. */
export const CRC_ABSENT = -1;

const CLAUSE = 'Wireshark packet-mac-lte.h';

const fields = {
  radioType: field('mac-lte.radio-type', 'Radio Type', 'uint', {
    values: new Map([
      [1, 'FDD'],
      [2, 'TDD'],
    ]),
    about: 'Duplex mode of the cell.',
    clause: CLAUSE,
  }),
  direction: field('mac-lte.direction', 'Direction', 'uint', {
    values: new Map([
      [0, 'Uplink'],
      [1, 'Downlink'],
      [2, 'Sidelink (not standard)'],
    ]),
    about: 'Direction on the air; capture tools have none for sidelink and write uplink.',
    clause: CLAUSE,
  }),
  rntiType: field('mac-lte.rnti-type', 'RNTI Type', 'uint', {
    values: new Map([
      [0, 'NO-RNTI'],
      [1, 'P-RNTI'],
      [2, 'RA-RNTI'],
      [3, 'C-RNTI'],
      [4, 'SI-RNTI'],
      [5, 'SPS-RNTI'],
      [6, 'M-RNTI'],
      [RntiType.slBch, 'SL-BCH-RNTI'],
      [RntiType.sl, 'SL-RNTI'],
      [9, 'SC-RNTI'],
      [10, 'G-RNTI'],
    ]),
    about: 'Kind of channel: 8 is the sidelink shared channel, 7 the sidelink broadcast channel.',
    clause: CLAUSE,
  }),
  rnti: field('mac-lte.rnti', 'RNTI', 'uint', { width: 2, about: 'Radio identity, as captured.', clause: CLAUSE }),
  ueid: field('mac-lte.ueid', 'UEId', 'uint', { width: 2, about: 'Number the capture gave the UE.', clause: CLAUSE }),
  sfn: field('mac-lte.sfn', 'System Frame Number', 'uint', {
    width: 2,
    mask: 0xfff0,
    about: 'Radio frame, 0 to 1023; on sidelink often the direct frame number.',
    clause: CLAUSE,
  }),
  subframe: field('mac-lte.subframe', 'Subframe', 'uint', {
    width: 2,
    mask: 0x000f,
    about: 'Subframe within the radio frame, 0 to 9.',
    clause: CLAUSE,
  }),
  predefined: field('mac-lte.is-predefined-frame', 'Predefined frame', 'bool', {
    about: 'The PDU is test data, not MAC.',
    clause: CLAUSE,
  }),
  retransmission: field('mac-lte.retx-count', 'ReTX count', 'uint', {
    about: 'Which retransmission this is.',
    clause: CLAUSE,
  }),
  crcStatus: field('mac-lte.crc-status', 'CRC Status', 'uint', {
    values: new Map([
      [0, 'Failed'],
      [1, 'OK'],
      [2, 'High Code Rate'],
      [3, 'PDSCH Lost'],
      [4, 'Duplicate_nonzero_rv'],
      [5, 'False DCI'],
    ]),
    about: 'Whether the receiver decoded the transport block.',
    clause: CLAUSE,
  }),
  carrierId: field('mac-lte.carrier-id', 'Carrier Id', 'uint', {
    values: new Map([
      [0, 'Primary'],
      ...Array.from({ length: 7 }, (_, index): [number, string] => [index + 1, `Secondary-${index + 1}`]),
    ]),
    about: 'Component carrier.',
    clause: CLAUSE,
  }),
  nbMode: field('mac-lte.nb-mode', 'NB Mode', 'uint', { about: 'Narrow-band IoT mode.', clause: CLAUSE }),
  tag: field('mac-lte.tag', 'Context tag', 'bytes', {
    base: 'none',
    width: 0,
    about: 'A tag that says nothing of sidelink, as octets.',
    clause: CLAUSE,
  }),
  length: field('mac-lte.length', 'Length of frame', 'uint', {
    width: 0,
    about: 'Octets of the MAC PDU.',
    clause: CLAUSE,
  }),
  pdu: field('mac-lte.pdu', 'MAC PDU', 'bytes', {
    base: 'none',
    width: 0,
    about: 'The PDU of a channel that is not looked into.',
    clause: CLAUSE,
  }),
  slBch: field('mac-lte.slbch.pdu', 'SL-BCH PDU', 'bytes', {
    base: 'none',
    width: 0,
    about: 'The master information block of the sidelink broadcast channel.',
    clause: 'TS 36.331 6.5.2',
  }),
};

/** The context in front of a MAC PDU. */
export const MAC_LTE: Protocol = {
  name: 'mac-lte',
  title: 'MAC-LTE context',
  about: 'What the capture tool says of the PDU: kind of channel, timing, whether the CRC was right.',
  clause: CLAUSE,
  fields,
};

/** Fields of tags that are shown by name. */
const TAG_FIELDS: ReadonlyMap<number, Field> = new Map([
  [Tag.rnti, fields.rnti],
  [Tag.ueid, fields.ueid],
  [Tag.predefinedData, fields.predefined],
  [Tag.retransmission, fields.retransmission],
  [Tag.crcStatus, fields.crcStatus],
  [Tag.carrierId, fields.carrierId],
  [Tag.nbMode, fields.nbMode],
]);

/** What a context leaves for the next decoder. */
export interface MacLteContext {
  /** -1 where the octets end before it. */
  rntiType: number;
  /** `CRC_ABSENT` where the tag is. */
  crcStatus: number;
  /** Whether the PDU is test data instead of MAC. */
  predefined: boolean;
  /** First octet of the MAC PDU; meaningful where there is no problem. */
  pduAt: number;
  /** Octet at which the problem shows, where there is one. */
  problemAt: number;
}

/** A context to reuse. */
export function createMacLteContext(): MacLteContext {
  return { rntiType: -1, crcStatus: CRC_ABSENT, predefined: false, pduAt: 0, problemAt: 0 };
}

/** Whether octets could be a context: radio type, direction (2 is tolerated) and RNTI type in range. */
export function looksLikeMacLte(bytes: Uint8Array, at: number, available: number): boolean {
  if (at + FIXED > available) return false;
  const radioType = bytes[at];
  return (radioType === 1 || radioType === 2) && bytes[at + 1] <= 2 && bytes[at + 2] <= LAST_RNTI_TYPE;
}

/**
 * Decodes a context up to its payload tag. What was read before a problem stays in `context`.
 *
 * @param at first octet behind the string `mac-lte`, where there is one
 * @param available one behind the last octet captured
 * @param end one behind the last octet of the record
 * @returns `none`, `framingCut`, `framingUnknownTag` or `snapCut`
 */
export function decodeMacLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  context: MacLteContext,
  tree: TreeWriter | null,
): Problem {
  if (tree !== null) {
    // Where the layer ends is known only at its payload tag.
    const problem = decodeMacLte(bytes, at, available, end, context, null);
    tree.begin(MAC_LTE, at, (problem === Problem.none ? context.pduAt : available) - at);
  }
  context.rntiType = -1;
  context.crcStatus = CRC_ABSENT;
  context.predefined = false;
  let saysPredefined = false;
  let cursor = at + FIXED;
  if (cursor > available) return stop(context, available < end ? Problem.snapCut : Problem.framingCut, at, tree);
  context.rntiType = bytes[at + 2];
  if (tree !== null) reportFixed(tree, bytes, at);
  for (;;) {
    if (cursor >= available) {
      return stop(context, available < end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    }
    const tag = bytes[cursor];
    const valueAt = cursor + 1;
    if (tag === Tag.payload) {
      context.pduAt = valueAt;
      if (tree !== null) {
        if (!saysPredefined) tree.generated(fields.predefined, false);
        tree.generated(fields.length, Math.max(0, end - valueAt));
        tree.end();
      }
      return Problem.none;
    }
    let octets = VALUE_OCTETS[tag];
    if (octets < 0) {
      if (octets === UNKNOWN) return stop(context, Problem.framingUnknownTag, cursor, tree);
      const said = valueAt < available ? bytes[valueAt] : 0;
      octets = octets === LENGTH_OCTET ? 1 + said : 1 + said * REQUEST_OCTETS;
    }
    const next = valueAt + octets;
    if (next > available) {
      return stop(context, next <= end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    }
    if (tag === Tag.crcStatus) context.crcStatus = bytes[valueAt];
    else if (tag === Tag.predefinedData) {
      context.predefined = bytes[valueAt] !== 0;
      saysPredefined = true;
    }
    if (tree !== null) reportTag(tree, bytes, cursor, tag, octets);
    cursor = next;
  }
}

/**
 * Sets to 0, in `mask`, the octets of a context that say nothing of how the frame is walked: numbers of cell, UE and
 * subframe. They change from frame to frame.
 *
 * @param at first octet of a context that `decodeMacLte` found nothing wrong with
 * @param pduAt first octet behind its payload tag
 * @param mask an octet for each from `at` on
 */
export function maskMacLteNumbers(bytes: Uint8Array, at: number, pduAt: number, mask: Uint8Array): void {
  for (let cursor = at + FIXED; cursor < pduAt - 1; ) {
    const tag = bytes[cursor++];
    const octets = VALUE_OCTETS[tag];
    const isNumber = tag === Tag.rnti || tag === Tag.ueid || tag === Tag.frameSubframe;
    // What has no fixed length is left to the octets behind it, which then are no tags: nothing of it may be masked.
    if (octets < 0) return;
    if (isNumber) mask.fill(0, cursor - at, cursor - at + octets);
    cursor += octets;
  }
}

function stop(context: MacLteContext, problem: Problem, at: number, tree: TreeWriter | null): Problem {
  context.problemAt = at;
  if (tree !== null) {
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

function reportFixed(tree: TreeWriter, bytes: Uint8Array, at: number): void {
  tree.add(fields.radioType, at, 1, bytes[at]);
  tree.add(fields.direction, at + 1, 1, bytes[at + 1]);
  tree.add(fields.rntiType, at + 2, 1, bytes[at + 2]);
}

function reportTag(tree: TreeWriter, bytes: Uint8Array, at: number, tag: number, octets: number): void {
  const valueAt = at + 1;
  const named = TAG_FIELDS.get(tag);
  if (tag === Tag.frameSubframe) {
    const value = uint16(bytes, valueAt);
    tree.add(fields.sfn, valueAt, 2, (value >> 4) & 0x3ff);
    tree.add(fields.subframe, valueAt, 2, value & 0x0f);
  } else if (named !== undefined) {
    const value = octets === 2 ? uint16(bytes, valueAt) : bytes[valueAt];
    tree.add(named, valueAt, octets, named.type === 'bool' ? value !== 0 : value);
  } else {
    tree.add(fields.tag, at, 1 + octets, bytes.subarray(at, valueAt + octets));
  }
}

/** Shows a PDU that is not looked into, as far as it was captured. */
export function reportMacPdu(tree: TreeWriter, bytes: Uint8Array, at: number, available: number, slBch: boolean): void {
  if (available <= at) return;
  tree.begin(MAC_LTE, at, available - at);
  tree.add(slBch ? fields.slBch : fields.pdu, at, available - at, bytes.subarray(at, available));
  tree.end();
}

/** What `encodeMacLteFramed` writes in front of a PDU. Absent members leave their tag out. */
export interface MacLteValues {
  /** 1 FDD (where absent), 2 TDD. */
  readonly radioType?: number;
  /** 0 uplink (where absent), 1 downlink. */
  readonly direction?: number;
  /** 8, SL-RNTI, where absent. */
  readonly rntiType?: number;
  /** 16 bits. */
  readonly rnti?: number;
  /** 16 bits. */
  readonly ueid?: number;
  /** 10 bits; written with `subframe`. */
  readonly sfn?: number;
  /** 4 bits, 0 where absent. */
  readonly subframe?: number;
  readonly retransmission?: number;
  readonly crcStatus?: number;
  readonly carrierId?: number;
  readonly nbMode?: number;
}

/** A `mac-lte-framed` record: context, payload tag, PDU. Tags in the order in which srsRAN writes them. */
export function encodeMacLteFramed(values: MacLteValues, pdu: Uint8Array): Uint8Array {
  const writer = new OctetWriter();
  writer
    .uint8(values.radioType ?? 1)
    .uint8(values.direction ?? 0)
    .uint8(values.rntiType ?? RntiType.sl);
  if (values.rnti !== undefined) writer.uint8(Tag.rnti).uint16(values.rnti);
  if (values.ueid !== undefined) writer.uint8(Tag.ueid).uint16(values.ueid);
  if (values.sfn !== undefined) {
    writer.uint8(Tag.frameSubframe).uint16((values.sfn << 4) | ((values.subframe ?? 0) & 0x0f));
  }
  if (values.retransmission !== undefined) writer.uint8(Tag.retransmission).uint8(values.retransmission);
  if (values.crcStatus !== undefined) writer.uint8(Tag.crcStatus).uint8(values.crcStatus);
  if (values.carrierId !== undefined) writer.uint8(Tag.carrierId).uint8(values.carrierId);
  if (values.nbMode !== undefined) writer.uint8(Tag.nbMode).uint8(values.nbMode);
  return writer.uint8(Tag.payload).bytes(pdu).take();
}

/** The UDP form: the string `mac-lte` in front of `encodeMacLteFramed`. */
export function encodeMacLteUdp(values: MacLteValues, pdu: Uint8Array): Uint8Array {
  return new OctetWriter().bytes(MAC_LTE_STRING).bytes(encodeMacLteFramed(values, pdu)).take();
}
