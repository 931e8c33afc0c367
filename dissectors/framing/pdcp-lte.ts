// The context in front of a PDCP PDU in UDP datagrams: the string `pdcp-lte`, three octets, tags (Wireshark,
// packet-pdcp-lte.h; reference wireshark-interop 1.3). A 16-bit SN marks the PDU of a sidelink radio bearer.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';

/** The specification says (Wireshark, packet-pdcp-lte.h). */
/** What it begins with. */
export const PDCP_LTE_STRING = new TextEncoder().encode('pdcp-lte');
/** Octets in front of the tags: no header PDU, plane, ROHC compression. */
const FIXED = 3;
const USER_PLANE = 2;
const TAG_PAYLOAD = 0x01;
const TAG_SN_LENGTH = 0x02;
const TAG_CHANNEL_ID = 0x0d;
const TAG_UEID = 0x0e;
/** Octets behind each tag, by tag. */
const VALUE_OCTETS = [-1, 0, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 2, 2];
/** SN length of an SLRB (TS 36.323 Table 6.3.2.1). */
const SLRB_SN_LENGTH = 16;
const LCID_MASK = 0x1f;

const CLAUSE = 'Wireshark packet-pdcp-lte.h';

const fields = {
  noHeader: field('pdcp-lte.no-header_pdu', 'No Header PDU', 'uint', {
    about: 'The PDU has no PDCP header: what follows is the SDU.',
    clause: CLAUSE,
  }),
  plane: field('pdcp-lte.plane', 'Plane', 'uint', {
    values: new Map([
      [1, 'Signalling'],
      [2, 'User'],
    ]),
    about: 'User plane or signalling.',
    clause: CLAUSE,
  }),
  rohc: field('pdcp-lte.rohc.compression', 'ROHC Compression', 'bool', {
    about: 'Whether headers inside are compressed.',
    clause: CLAUSE,
  }),
  snLength: field('pdcp-lte.seqnum_length', 'Seqnum length', 'uint', {
    about: 'Bits of the sequence number; 16 on a sidelink radio bearer.',
    clause: CLAUSE,
  }),
  direction: field('pdcp-lte.direction', 'Direction', 'uint', {
    values: new Map([
      [0, 'Uplink'],
      [1, 'Downlink'],
    ]),
    about: 'Direction on the air; there is none for sidelink.',
    clause: CLAUSE,
  }),
  channelType: field('pdcp-lte.channel-type', 'Channel type', 'uint', {
    values: new Map([
      [1, 'DCCH'],
      [2, 'BCCH'],
      [3, 'CCCH'],
      [4, 'PCCH'],
    ]),
    about: 'Logical channel.',
    clause: CLAUSE,
  }),
  channelId: field('pdcp-lte.channel-id', 'Channel Id', 'uint', {
    width: 2,
    about: 'Number of the bearer; taken as the LCID.',
    clause: CLAUSE,
  }),
  ueid: field('pdcp-lte.ueid', 'UE', 'uint', { width: 2, about: 'Number the capture gave the UE.', clause: CLAUSE }),
  tag: field('pdcp-lte.tag', 'Context tag', 'bytes', {
    base: 'none',
    width: 0,
    about: 'A tag that says nothing of sidelink, as octets.',
    clause: CLAUSE,
  }),
};

/** The context in front of a PDCP PDU. */
export const PDCP_LTE: Protocol = {
  name: 'pdcp-lte',
  title: 'PDCP-LTE context',
  about: 'What the capture tool says of a PDCP PDU that comes without MAC and RLC.',
  clause: CLAUSE,
  fields,
};

const TAG_FIELDS: ReadonlyMap<number, Field> = new Map([
  [TAG_SN_LENGTH, fields.snLength],
  [0x03, fields.direction],
  [0x04, fields.channelType],
  [TAG_CHANNEL_ID, fields.channelId],
  [TAG_UEID, fields.ueid],
]);

/** What a context leaves for the next decoder. */
export interface PdcpLteContext {
  /** Whether it can be an SLRB: user plane, with a header, and no other SN length than 16 read so far. */
  sidelink: boolean;
  /** Channel id where it fits into 5 bits, else 0. */
  lcid: number;
  /** First octet of the PDCP PDU; meaningful where there is no problem. */
  pduAt: number;
  /** Octet at which the problem shows, where there is one. */
  problemAt: number;
}

/** A context to reuse. */
export function createPdcpLteContext(): PdcpLteContext {
  return { sidelink: false, lcid: 0, pduAt: 0, problemAt: 0 };
}

/**
 * Decodes a context up to its payload tag.
 *
 * @param at first octet behind the string `pdcp-lte`
 * @param available one behind the last octet captured
 * @param end one behind the last octet of the datagram
 * @returns `none`, `framingCut`, `framingUnknownTag` or `snapCut`
 */
export function decodePdcpLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  context: PdcpLteContext,
  tree: TreeWriter | null,
): Problem {
  if (tree !== null) {
    // Where the layer ends is known only at its payload tag.
    const problem = decodePdcpLte(bytes, at, available, end, context, null);
    tree.begin(PDCP_LTE, at, (problem === Problem.none ? context.pduAt : available) - at);
  }
  context.sidelink = true;
  context.lcid = 0;
  let snLength = 0;
  let cursor = at + FIXED;
  if (cursor > available) return stop(context, available < end ? Problem.snapCut : Problem.framingCut, at, tree);
  context.sidelink = bytes[at] === 0 && bytes[at + 1] === USER_PLANE;
  if (tree !== null) reportFixed(tree, bytes, at);
  for (;;) {
    if (cursor >= available) {
      return stop(context, available < end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    }
    const tag = bytes[cursor];
    const valueAt = cursor + 1;
    if (tag === TAG_PAYLOAD) {
      context.pduAt = valueAt;
      if (snLength !== SLRB_SN_LENGTH) context.sidelink = false;
      if (tree !== null) tree.end();
      return Problem.none;
    }
    const octets = tag < VALUE_OCTETS.length ? VALUE_OCTETS[tag] : -1;
    if (octets < 0) return stop(context, Problem.framingUnknownTag, cursor, tree);
    const next = valueAt + octets;
    if (next > available) return stop(context, next <= end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    const value = octets === 2 ? uint16(bytes, valueAt) : bytes[valueAt];
    if (tag === TAG_SN_LENGTH) {
      snLength = value;
      if (value !== SLRB_SN_LENGTH) context.sidelink = false;
    } else if (tag === TAG_CHANNEL_ID) {
      context.lcid = value <= LCID_MASK ? value : 0;
    }
    if (tree !== null) {
      const named = TAG_FIELDS.get(tag);
      if (named !== undefined) tree.add(named, valueAt, octets, value);
      else tree.add(fields.tag, cursor, 1 + octets, bytes.subarray(cursor, next));
    }
    cursor = next;
  }
}

function stop(context: PdcpLteContext, problem: Problem, at: number, tree: TreeWriter | null): Problem {
  context.problemAt = at;
  if (tree !== null) {
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

function reportFixed(tree: TreeWriter, bytes: Uint8Array, at: number): void {
  tree.add(fields.noHeader, at, 1, bytes[at]);
  tree.add(fields.plane, at + 1, 1, bytes[at + 1]);
  tree.add(fields.rohc, at + 2, 1, bytes[at + 2] !== 0);
}

/** What `encodePdcpLteUdp` writes in front of a PDU. Absent members leave their tag out. */
export interface PdcpLteValues {
  /** 0 where absent. */
  readonly noHeader?: number;
  /** 2, user plane, where absent. */
  readonly plane?: number;
  /** 0 where absent. */
  readonly rohc?: number;
  /** 16 where absent. */
  readonly snLength?: number;
  readonly direction?: number;
  readonly channelId?: number;
  readonly ueid?: number;
}

/** A UDP payload of the form `pdcp-lte`: string, fixed octets, tags, PDU. */
export function encodePdcpLteUdp(values: PdcpLteValues, pdu: Uint8Array): Uint8Array {
  const writer = new OctetWriter()
    .bytes(PDCP_LTE_STRING)
    .uint8(values.noHeader ?? 0)
    .uint8(values.plane ?? USER_PLANE)
    .uint8(values.rohc ?? 0)
    .uint8(TAG_SN_LENGTH)
    .uint8(values.snLength ?? SLRB_SN_LENGTH);
  if (values.direction !== undefined) writer.uint8(0x03).uint8(values.direction);
  if (values.channelId !== undefined) writer.uint8(TAG_CHANNEL_ID).uint16(values.channelId);
  if (values.ueid !== undefined) writer.uint8(TAG_UEID).uint16(values.ueid);
  return writer.uint8(TAG_PAYLOAD).bytes(pdu).take();
}
