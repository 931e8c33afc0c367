// The context in front of an RLC PDU in UDP datagrams: the string `rlc-lte`, the mode, tags (Wireshark,
// packet-rlc-lte.h; reference wireshark-interop 1.3). No channel type stands for STCH: what could be one is taken as one.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { Problem, reportProblem } from '../problems.ts';

/** The specification says (Wireshark, packet-rlc-lte.h). */
/** What it begins with. */
export const RLC_LTE_STRING = new TextEncoder().encode('rlc-lte');
/** Octets in front of the tags: the RLC mode. */
const FIXED = 1;
/** RLC mode: unacknowledged. */
const UM = 2;
const TAG_PAYLOAD = 0x01;
const TAG_SN_LENGTH = 0x02;
const TAG_CHANNEL_TYPE = 0x06;
const TAG_CHANNEL_ID = 0x07;
/** Octets behind each tag, by tag. */
const VALUE_OCTETS = [-1, 0, 1, 1, 1, 2, 2, 2, 0, 1];
const CHANNEL_DRB = 5;
/** Channel types above this one are unknown to Wireshark; tools that mean STCH have to use one. */
const LAST_CHANNEL_TYPE = 8;
/** SN length of STCH (TS 36.331, STCH configuration). */
const STCH_SN_LENGTH = 5;
const LCID_MASK = 0x1f;

const CLAUSE = 'Wireshark packet-rlc-lte.h';

const fields = {
  mode: field('rlc-lte.mode', 'RLC Mode', 'uint', {
    values: new Map([
      [1, 'Transparent Mode'],
      [2, 'Unacknowledged Mode'],
      [4, 'Acknowledged Mode'],
      [8, 'Predefined data'],
    ]),
    about: 'Mode of the RLC entity.',
    clause: CLAUSE,
  }),
  snLength: field('rlc-lte.um-seqnum-length', 'UM Sequence number length', 'uint', {
    about: 'Bits of the sequence number; 5 on STCH.',
    clause: CLAUSE,
  }),
  direction: field('rlc-lte.direction', 'Direction', 'uint', {
    values: new Map([
      [0, 'Uplink'],
      [1, 'Downlink'],
    ]),
    about: 'Direction on the air; there is none for sidelink.',
    clause: CLAUSE,
  }),
  priority: field('rlc-lte.priority', 'Priority', 'uint', { about: 'Priority of the channel.', clause: CLAUSE }),
  ueid: field('rlc-lte.ueid', 'UEId', 'uint', { width: 2, about: 'Number the capture gave the UE.', clause: CLAUSE }),
  channelType: field('rlc-lte.channel-type', 'Channel Type', 'uint', {
    width: 2,
    values: new Map([
      [1, 'CCCH'],
      [2, 'BCCH_BCH'],
      [3, 'PCCH'],
      [4, 'SRB'],
      [5, 'DRB'],
      [6, 'BCCH_DL_SCH'],
      [7, 'MCCH'],
      [8, 'MTCH'],
    ]),
    about: 'Logical channel; STCH has no number, DRB or an unknown one stands for it.',
    clause: CLAUSE,
  }),
  channelId: field('rlc-lte.channel-id', 'Channel ID', 'uint', {
    width: 2,
    about: 'Number of the bearer; taken as the LCID.',
    clause: CLAUSE,
  }),
  nbMode: field('rlc-lte.nb-mode', 'NB Mode', 'uint', { about: 'Narrow-band IoT mode.', clause: CLAUSE }),
  length: field('rlc-lte.pdu-length', 'PDU Length', 'uint', {
    width: 0,
    about: 'Octets of the RLC PDU.',
    clause: CLAUSE,
  }),
};

/** The context in front of an RLC PDU. */
export const RLC_LTE: Protocol = {
  name: 'rlc-lte',
  title: 'RLC-LTE context',
  about: 'What the capture tool says of an RLC PDU that comes without its MAC PDU.',
  clause: CLAUSE,
  fields,
};

const TAG_FIELDS: readonly (Field | null)[] = [
  null,
  null,
  fields.snLength,
  fields.direction,
  fields.priority,
  fields.ueid,
  fields.channelType,
  fields.channelId,
  null,
  fields.nbMode,
];

/** What a context leaves for the next decoder. */
export interface RlcLteContext {
  /** Whether it can be STCH: unacknowledged mode, and nothing read so far speaks against a 5-bit SN on DRB or unknown. */
  sidelink: boolean;
  /** Channel id where it fits into 5 bits, else 0. */
  lcid: number;
  /** First octet of the RLC PDU; meaningful where there is no problem. */
  pduAt: number;
  /** Octet at which the problem shows, where there is one. */
  problemAt: number;
}

/** A context to reuse. */
export function createRlcLteContext(): RlcLteContext {
  return { sidelink: false, lcid: 0, pduAt: 0, problemAt: 0 };
}

/**
 * Decodes a context up to its payload tag.
 *
 * @param at first octet behind the string `rlc-lte`
 * @param available one behind the last octet captured
 * @param end one behind the last octet of the datagram
 * @returns `none`, `framingCut`, `framingUnknownTag` or `snapCut`
 */
export function decodeRlcLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  context: RlcLteContext,
  tree: TreeWriter | null,
): Problem {
  if (tree !== null) {
    // Where the layer ends is known only at its payload tag.
    const problem = decodeRlcLte(bytes, at, available, end, context, null);
    tree.begin(RLC_LTE, at, (problem === Problem.none ? context.pduAt : available) - at);
  }
  context.sidelink = true;
  context.lcid = 0;
  let snLength = 0;
  let cursor = at + FIXED;
  if (cursor > available) return stop(context, available < end ? Problem.snapCut : Problem.framingCut, at, tree);
  context.sidelink = bytes[at] === UM;
  if (tree !== null) tree.add(fields.mode, at, 1, bytes[at]);
  for (;;) {
    if (cursor >= available) {
      return stop(context, available < end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    }
    const tag = bytes[cursor];
    const valueAt = cursor + 1;
    if (tag === TAG_PAYLOAD) {
      context.pduAt = valueAt;
      // The SN length is mandatory for unacknowledged mode; without it nobody knows where the header ends.
      if (snLength !== STCH_SN_LENGTH) context.sidelink = false;
      if (tree !== null) {
        tree.generated(fields.length, Math.max(0, end - valueAt));
        tree.end();
      }
      return Problem.none;
    }
    const octets = tag < VALUE_OCTETS.length ? VALUE_OCTETS[tag] : -1;
    if (octets < 0) return stop(context, Problem.framingUnknownTag, cursor, tree);
    const next = valueAt + octets;
    if (next > available) return stop(context, next <= end ? Problem.snapCut : Problem.framingCut, cursor, tree);
    const value = octets === 2 ? uint16(bytes, valueAt) : octets === 1 ? bytes[valueAt] : 0;
    if (tag === TAG_SN_LENGTH) {
      snLength = value;
      if (value !== STCH_SN_LENGTH) context.sidelink = false;
    } else if (tag === TAG_CHANNEL_TYPE) {
      if (value !== 0 && value !== CHANNEL_DRB && value <= LAST_CHANNEL_TYPE) context.sidelink = false;
    } else if (tag === TAG_CHANNEL_ID) {
      context.lcid = value <= LCID_MASK ? value : 0;
    }
    if (tree !== null) {
      const named = TAG_FIELDS[tag];
      if (named !== null) tree.add(named, valueAt, octets, value);
    }
    cursor = next;
  }
}

function stop(context: RlcLteContext, problem: Problem, at: number, tree: TreeWriter | null): Problem {
  context.problemAt = at;
  if (tree !== null) {
    reportProblem(tree, problem, at);
    tree.end();
  }
  return problem;
}

/** What `encodeRlcLteUdp` writes in front of a PDU. Absent members leave their tag out. */
export interface RlcLteValues {
  /** 2, unacknowledged, where absent. */
  readonly mode?: number;
  /** 5 where absent. */
  readonly snLength?: number;
  readonly direction?: number;
  readonly ueid?: number;
  readonly channelType?: number;
  readonly channelId?: number;
}

/** A UDP payload of the form `rlc-lte`: string, mode, tags, PDU. */
export function encodeRlcLteUdp(values: RlcLteValues, pdu: Uint8Array): Uint8Array {
  const writer = new OctetWriter()
    .bytes(RLC_LTE_STRING)
    .uint8(values.mode ?? UM)
    .uint8(TAG_SN_LENGTH)
    .uint8(values.snLength ?? STCH_SN_LENGTH);
  if (values.direction !== undefined) writer.uint8(0x03).uint8(values.direction);
  if (values.ueid !== undefined) writer.uint8(0x05).uint16(values.ueid);
  if (values.channelType !== undefined) writer.uint8(TAG_CHANNEL_TYPE).uint16(values.channelType);
  if (values.channelId !== undefined) writer.uint8(TAG_CHANNEL_ID).uint16(values.channelId);
  return writer.uint8(TAG_PAYLOAD).bytes(pdu).take();
}
