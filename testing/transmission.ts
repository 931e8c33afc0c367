// From PDCP PDUs to transport blocks: segmentation and concatenation (TS 36.322), several SDUs and padding (TS 36.321).

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { PDCP_HEADER_OCTETS } from '../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch, type SlSchPdu } from '../dissectors/sidelink/sl-sch.ts';
import type { Random } from './random.ts';
import type { MessageStep } from './scenario-steps.ts';
import type { SentMessage } from './sent-message.ts';

/** The specification says: FI bits (TS 36.322 6.2.2.6), a reserved LCID and version (TS 36.321 6.2.4). */
const FI_CONTINUES = 2;
const FI_CONTINUED = 1;
const RESERVED_LCID = 21;
const RESERVED_VERSION = 7;
const VERSION_UNICAST = 2;
const RLC_SN_MASK = 0x1f;
/** The most that the length fields say, of all but the last element: LI of 11 bits, L of 15 bits. */
const MOST_RLC_ELEMENT = 0x7ff;
const MOST_MAC_SDU = 0x7fff;
/** Octets of a PDCP PDU that is shorter than its header. */
const SHORT_PDCP = 3;

/** A piece of a message in an RLC PDU. */
export interface Element {
  readonly message: SentMessage;
  /** Which piece, from 0, of how many. */
  readonly part: number;
  readonly parts: number;
}

/** One RLC PDU. */
export interface RlcPdu {
  readonly lcid: number;
  readonly sn: number;
  readonly elements: readonly Element[];
  readonly octets: Uint8Array;
}

/** One transport block on the air. */
export interface Transmission {
  /** The MAC PDU. */
  readonly pdu: Uint8Array;
  /** Microseconds after the start. */
  readonly time: number;
  readonly rlcPdus: readonly RlcPdu[];
  /**
   * Octets of the MAC PDU up to the end of the first PDCP header, where the first RLC PDU has no length indicators: up to
   * the end of the RLC header where it begins inside an SDU, and of the MAC header where it is one-to-one.
   */
  readonly headerOctets: number;
  /** Damaged on purpose: nothing in it can be read. */
  readonly malformed: boolean;
}

/** A message and when it is sent, in microseconds after the start. */
export interface TimedMessage {
  readonly message: SentMessage;
  readonly time: number;
}

/** Puts the messages of one step into transport blocks. `nextSn` gives the RLC SN of the next PDU of a channel. */
export function packMessages(
  step: Pick<MessageStep, 'at' | 'wire' | 'every'>,
  messages: readonly TimedMessage[],
  nextSn: (lcid: number) => number,
  random: Random,
): Transmission[] {
  const { wire } = step;
  let pieces: TimedPieces[];
  if (wire.pduOctets !== null) pieces = byOctets(messages, wire.pduOctets);
  else if (wire.segments > 1) pieces = messages.flatMap((timed) => inSegments(timed, wire.segments, step.every * 1000));
  else pieces = chunks(messages, wire.concatenate).map(wholePieces);
  const transmissions: Transmission[] = [];
  for (const group of chunks(pieces, wire.perMacPdu)) {
    const rlcPdus = group.map(({ elements, octets }) => toRlc(elements, octets, nextSn, step));
    transmissions.push(toMac(rlcPdus, group[group.length - 1].time, step, random));
  }
  return transmissions;
}

interface TimedPieces {
  readonly time: number;
  readonly elements: readonly Element[];
  readonly octets: readonly Uint8Array[];
}

function chunks<T>(entries: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < entries.length; at += size) parts.push(entries.slice(at, at + size));
  return parts;
}

function wholePieces(messages: readonly TimedMessage[]): TimedPieces {
  return {
    time: messages[messages.length - 1].time,
    elements: messages.map(({ message }) => ({ message, part: 0, parts: 1 })),
    octets: messages.map(({ message }) => message.pdu),
  };
}

/** One message in equal pieces, spread over the time until the next message. */
function inSegments({ message, time }: TimedMessage, segments: number, every: number): TimedPieces[] {
  const parts = Math.min(segments, message.pdu.length);
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((message.pdu.length * part) / parts);
    const to = Math.floor((message.pdu.length * (part + 1)) / parts);
    return {
      time: time + Math.floor((every * part) / (parts + 1)),
      elements: [{ message, part, parts }],
      octets: [message.pdu.subarray(from, to)],
    };
  });
}

/** Messages of each channel as one stream, cut every `size` octets. */
function byOctets(messages: readonly TimedMessage[], size: number): TimedPieces[] {
  const all: TimedPieces[] = [];
  for (const lcid of new Set(messages.map(({ message }) => message.lcid))) {
    let current: { time: number; pieces: { message: SentMessage; from: number; to: number }[] } = {
      time: 0,
      pieces: [],
    };
    const cut: (typeof current)[] = [];
    let room = size;
    for (const { message, time } of messages) {
      if (message.lcid !== lcid) continue;
      for (let from = 0; from < message.pdu.length; ) {
        const to = Math.min(message.pdu.length, from + room);
        current.pieces.push({ message, from, to });
        current.time = time;
        room -= to - from;
        from = to;
        if (room > 0) continue;
        cut.push(current);
        current = { time, pieces: [] };
        room = size;
      }
    }
    if (current.pieces.length > 0) cut.push(current);
    all.push(...numbered(cut));
  }
  return all.sort((a, b) => a.time - b.time);
}

function numbered(
  cut: readonly { time: number; pieces: readonly { message: SentMessage; from: number; to: number }[] }[],
): TimedPieces[] {
  const parts = new Map<SentMessage, number>();
  for (const { pieces } of cut) for (const { message } of pieces) parts.set(message, (parts.get(message) ?? 0) + 1);
  const next = new Map<SentMessage, number>();
  return cut.map(({ time, pieces }) => ({
    time,
    elements: pieces.map(({ message }) => {
      const part = next.get(message) ?? 0;
      next.set(message, part + 1);
      return { message, part, parts: parts.get(message) ?? 1 };
    }),
    octets: pieces.map(({ message, from, to }) => message.pdu.subarray(from, to)),
  }));
}

function toRlc(
  elements: readonly Element[],
  octets: readonly Uint8Array[],
  nextSn: (lcid: number) => number,
  { at, wire: { damage } }: Pick<MessageStep, 'at' | 'wire'>,
): RlcPdu {
  const { lcid } = elements[0].message;
  const sn = nextSn(lcid) & RLC_SN_MASK;
  const first = elements[0];
  const last = elements[elements.length - 1];
  refuseLonger(octets, MOST_RLC_ELEMENT, at, 'element of an RLC PDU');
  const fi = (first.part > 0 ? FI_CONTINUES : 0) | (last.part < last.parts - 1 ? FI_CONTINUED : 0);
  if (damage === 'rlc-length') {
    // A second element is announced, and its place is cut away together with part of the first.
    const whole = encodeRlcUm({ fi, sn, elements: [octets[0], Uint8Array.of(0)] });
    return { lcid, sn, elements, octets: whole.slice(0, -SHORT_PDCP) };
  }
  if (damage === 'pdcp-header') {
    return { lcid, sn, elements, octets: encodeRlcUm({ fi: 0, sn, elements: [octets[0].slice(0, SHORT_PDCP)] }) };
  }
  return { lcid, sn, elements, octets: encodeRlcUm({ fi, sn, elements: octets }) };
}

/** Refuses pieces that another one follows and whose length has no room in its field. */
function refuseLonger(pieces: readonly Uint8Array[], most: number, at: number, what: string): void {
  const longest = Math.max(0, ...pieces.slice(0, -1).map(({ length }) => length));
  if (longest <= most) return;
  const message = `step at ${at} s: an ${what} that another one follows has ${longest} octets; it takes up to ${most}`;
  throw new SidescopeError('scenario.too-large', message, 'Lessen octets, or put less into each PDU', ExitCode.usage);
}

/** Octets that a broken length makes too many. */
const CUT_OCTETS = 5;

function toMac(
  rlcPdus: readonly RlcPdu[],
  time: number,
  step: Pick<MessageStep, 'at' | 'wire'>,
  random: Random,
): Transmission {
  const { wire } = step;
  refuseLonger(
    rlcPdus.map(({ octets }) => octets),
    MOST_MAC_SDU,
    step.at,
    'SDU of a MAC PDU',
  );
  const { source, group, version } = rlcPdus[0].elements[0].message;
  const bare: SlSchPdu = {
    version: wire.damage === 'mac-version' ? RESERVED_VERSION : version,
    source,
    destination: group.id,
    sdus: rlcPdus.map(({ lcid, octets }) => ({ lcid: wire.damage === 'mac-lcid' ? RESERVED_LCID : lcid, sdu: octets })),
    fill: wire.fill,
  };
  const padding = wire.damage === 'mac-length' ? CUT_OCTETS : random.between(wire.padding[0], wire.padding[1]);
  const length = encodeSlSch(bare).length;
  let pdu = encodeSlSch({ ...bare, size: length + padding });
  const [first] = rlcPdus;
  const rlcAt = Buffer.from(pdu).indexOf(first.octets);
  // Inside the first SDU, so that none of several is whole.
  if (wire.damage === 'mac-length') pdu = pdu.slice(0, rlcAt + first.octets.length - CUT_OCTETS);
  const inRlc = 1 + (first.elements[0].part === 0 ? PDCP_HEADER_OCTETS : 0);
  // Nobody looks below the MAC header of what is one-to-one.
  const unicast = version === VERSION_UNICAST;
  const malformed = wire.damage !== null && (!unicast || wire.damage.startsWith('mac'));
  return { pdu, time, rlcPdus, headerOctets: rlcAt + (unicast ? 0 : inRlc), malformed };
}
