// Wireshark's exported PDUs (LINKTYPE_WIRESHARK_UPPER_PDU, 252): tags that name a dissector, then a PDU for it
// (reference wireshark-interop 1.5). Opens in Wireshark with no configuration.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16, uint32 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';
import { safeText } from '../text.ts';

/** The specification says (Wireshark, wsutil/exported_pdu_tlvs.h). */
/** Octets of a tag's number and length. */
const TAG_HEADER = 4;
const TAG_END = 0;
const TAG_DISSECTOR = 12;
const TAG_HEURISTIC = 13;
const TAG_ORIGINAL_FRAME = 30;
const TAG_COLUMN = 33;

/** What follows the tags, as far as we know it. */
export const ExportedContent = { other: 0, macLteFramed: 1, startString: 2, ip: 3, ethernet: 4, mikey: 5 } as const;

/** A value of `ExportedContent`. */
export type ExportedContent = (typeof ExportedContent)[keyof typeof ExportedContent];

const DISSECTORS = new Map<string, ExportedContent>([
  ['mac-lte-framed', ExportedContent.macLteFramed],
  ['ip', ExportedContent.ip],
  ['ipv6', ExportedContent.ip],
  ['eth', ExportedContent.ethernet],
  ['eth_withoutfcs', ExportedContent.ethernet],
  ['eth_maybefcs', ExportedContent.ethernet],
  ['mikey', ExportedContent.mikey],
]);
const HEURISTICS = new Map<string, ExportedContent>([
  ['mac_lte_udp', ExportedContent.startString],
  ['rlc_lte_udp', ExportedContent.startString],
  ['pdcp_lte_udp', ExportedContent.startString],
  ['mac_nr_udp', ExportedContent.startString],
  ['rlc_nr_udp', ExportedContent.startString],
  ['pdcp_nr_udp', ExportedContent.startString],
]);

/** Constants we chose. */
/** Octets of a dissector's name that are compared; longer names are none of ours. */
const LONGEST_NAME = 32;

const CLAUSE = 'Wireshark exported_pdu_tlvs.h';

const fields = {
  tag: field('exported_pdu.tag', 'Tag', 'uint', {
    width: 2,
    values: new Map([
      [TAG_END, 'End-of-options'],
      [TAG_DISSECTOR, 'PDU content dissector name'],
      [TAG_HEURISTIC, 'PDU content heuristic dissector name'],
      [TAG_ORIGINAL_FRAME, 'Original frame number'],
      [TAG_COLUMN, 'Column protocol string'],
    ]),
    about: 'What the value says.',
    clause: CLAUSE,
  }),
  tagLength: field('exported_pdu.tag_len', 'Length', 'uint', {
    width: 2,
    about: 'Octets of the value.',
    clause: CLAUSE,
  }),
  dissector: field('exported_pdu.prot_name', 'Protocol Name', 'text', {
    base: 'none',
    width: 0,
    about: 'Dissector that the PDU is for.',
    clause: CLAUSE,
  }),
  heuristic: field('exported_pdu.heur_prot_name', 'Heuristic Protocol Name', 'text', {
    base: 'none',
    width: 0,
    about: 'Heuristic dissector that the PDU is for.',
    clause: CLAUSE,
  }),
  originalFrame: field('exported_pdu.orig_fno', 'Original Frame Number', 'uint', {
    width: 4,
    about: 'Frame of another capture that it was taken from.',
    clause: CLAUSE,
  }),
  value: field('exported_pdu.unknown_tag.val', 'Tag value', 'bytes', {
    base: 'none',
    width: 0,
    about: 'Value of a tag that says nothing we need.',
    clause: CLAUSE,
  }),
};

/** Exported PDU. */
export const EXPORTED_PDU: Protocol = {
  name: 'exported-pdu',
  title: 'Exported PDU',
  about: 'A PDU with the name of its dissector, as Wireshark exports it.',
  clause: CLAUSE,
  fields,
};

/** What the tags leave for the next decoder. */
export interface ExportedCursor {
  content: ExportedContent;
  payloadAt: number;
  /** Octet of the tag at which the octets end. */
  problemAt: number;
}

/** Names are matched octet by octet, so that a hostile name makes no text on the fast path. */
const NAMES = [...DISSECTORS, ...HEURISTICS].map(([text, content]) => ({
  octets: new TextEncoder().encode(text),
  content,
  heuristic: HEURISTICS.has(text),
}));

function contentOf(bytes: Uint8Array, at: number, length: number, heuristic: boolean): ExportedContent {
  let end = at + length;
  while (end > at && bytes[end - 1] === 0) end--;
  if (end - at > LONGEST_NAME) return ExportedContent.other;
  for (const name of NAMES) {
    if (name.heuristic !== heuristic || name.octets.length !== end - at) continue;
    let same = true;
    for (let index = 0; same && index < name.octets.length; index++) same = bytes[at + index] === name.octets[index];
    if (same) return name.content;
  }
  return ExportedContent.other;
}

/**
 * Decodes the tags.
 *
 * @param end one behind the last octet at hand
 * @returns false where the octets end inside them; `content` then says what was read so far
 */
export function decodeExportedPdu(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: ExportedCursor,
  tree: TreeWriter | null,
): boolean {
  cursor.content = ExportedContent.other;
  cursor.payloadAt = at;
  if (tree !== null) {
    // Where the layer ends is known only at its end tag.
    const whole = decodeExportedPdu(bytes, at, end, cursor, null);
    tree.begin(EXPORTED_PDU, at, Math.max(0, (whole ? cursor.payloadAt : end) - at));
  }
  for (let tagAt = at; ; ) {
    const valueAt = tagAt + TAG_HEADER;
    if (valueAt > end || valueAt + uint16(bytes, tagAt + 2) > end) {
      cursor.problemAt = tagAt;
      if (tree !== null) {
        reportProblem(tree, Problem.linkHeaderCut, tagAt);
        tree.end();
      }
      return false;
    }
    const tag = uint16(bytes, tagAt);
    const length = uint16(bytes, tagAt + 2);
    if (tree !== null) reportTag(tree, bytes, tagAt, tag, length);
    if (tag === TAG_END) {
      cursor.payloadAt = valueAt + length;
      if (tree !== null) tree.end();
      return true;
    }
    if (tag === TAG_DISSECTOR || tag === TAG_HEURISTIC) {
      cursor.content = contentOf(bytes, valueAt, length, tag === TAG_HEURISTIC);
    }
    tagAt = valueAt + length;
  }
}

function reportTag(tree: TreeWriter, bytes: Uint8Array, at: number, tag: number, length: number): void {
  const valueAt = at + TAG_HEADER;
  const value = bytes.subarray(valueAt, valueAt + length);
  tree.add(fields.tag, at, 2, tag);
  tree.add(fields.tagLength, at + 2, 2, length);
  if (tag === TAG_DISSECTOR || tag === TAG_HEURISTIC) {
    let nameEnd = valueAt + length;
    while (nameEnd > valueAt && bytes[nameEnd - 1] === 0) nameEnd--;
    const text = safeText(bytes, valueAt, nameEnd);
    tree.add(tag === TAG_DISSECTOR ? fields.dissector : fields.heuristic, valueAt, length, text);
  } else if (tag === TAG_ORIGINAL_FRAME && length === 4) {
    tree.add(fields.originalFrame, valueAt, 4, uint32(bytes, valueAt));
  } else if (length > 0) {
    tree.add(fields.value, valueAt, length, value);
  }
}

/** What `encodeExportedPdu` writes in front of a PDU. One of the two names. */
export interface ExportedPduValues {
  /** Dissector name, e.g. `mac-lte-framed`. */
  readonly dissector?: string;
  /** Heuristic dissector's short name, e.g. `mac_lte_udp`. */
  readonly heuristic?: string;
  /** Frame of another capture that it was taken from. */
  readonly originalFrame?: number;
  /** Text for the protocol column. */
  readonly column?: string;
}

/** A record of link type 252: tags, PDU. Values are filled with zeros to four octets, as Wireshark writes them. */
export function encodeExportedPdu(values: ExportedPduValues, pdu: Uint8Array): Uint8Array {
  const writer = new OctetWriter();
  const text = (tag: number, value: string): void => {
    const octets = new TextEncoder().encode(value);
    const padded = new Uint8Array(Math.ceil(octets.length / 4) * 4);
    padded.set(octets);
    writer.uint16(tag).uint16(padded.length).bytes(padded);
  };
  if (values.dissector !== undefined) text(TAG_DISSECTOR, values.dissector);
  if (values.heuristic !== undefined) text(TAG_HEURISTIC, values.heuristic);
  if (values.originalFrame !== undefined) writer.uint16(TAG_ORIGINAL_FRAME).uint16(4).uint32(values.originalFrame);
  if (values.column !== undefined) text(TAG_COLUMN, values.column);
  return writer.uint16(TAG_END).uint16(0).bytes(pdu).take();
}
