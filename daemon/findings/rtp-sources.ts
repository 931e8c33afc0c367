// RTP sources that move to another sender (findings, bind.ssrc). Only messages that opened come here.

import { looksLikeRtp } from '../../dissectors/media/rtp.ts';
import { Check } from '../engine/evidence-checks.ts';
import { type MessageTable, NONE } from '../engine/message-table.ts';
import { grown, SlotTable } from '../engine/slot-table.ts';
import { addressWord } from './address.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import type { Members } from './members.ts';
import type { Observed } from './observed.ts';
import { NO_PGK, type Recorder } from './recorder.ts';

// We chose: RTP has no mark of its own. Three packets in a row from one sender whose sequence numbers run on (28 bits
// beside the shape) make an SSRC of it; fewer say nothing.
const SURE_PACKETS = 3;
export const MOST_AHEAD = 64;
/** RTP sources remembered; above it the one silent for longest is forgotten. */
const SSRC_CAP = 1 << 18;

// The specification says: RFC 791 3.1, RFC 768, RFC 3550 5.1.
const IPV4_HEADER = 20;
const UDP_HEADER = 8;
const RTP_HEADER = 12;
const SEQUENCE = 2;
const SSRC = 8;

/** Octet of an IPv4 datagram with UDP at which its RTP begins. */
export const RTP_AT = IPV4_HEADER + UDP_HEADER;
/** Octets of such a datagram that has an RTP header. */
export const RTP_END = RTP_AT + RTP_HEADER;
/** Octet of such a datagram at which its SSRC stands, and its sequence number. */
export const SSRC_AT = RTP_AT + SSRC;
export const SEQUENCE_AT = RTP_AT + SEQUENCE;

/** Checks that a datagram with UDP over IPv4 passed. */
export const UDP_OVER_IPV4 = (1 << Check.ipv4Start) | (1 << Check.protocolUdp) | (1 << Check.udpLength);
const UDP_OVER_IPV6 = (1 << Check.ipv6Length) | (1 << Check.udpLength);
const IPV6_HEADER = 40;
const NEXT_UDP = 17;

/** Checks whose outcome this looks at. */
export const RTP_CHECKS = UDP_OVER_IPV4 | UDP_OVER_IPV6;

const MOVED = findingNumber('bind.ssrc');

/** See the head of the file. */
export class RtpSources {
  readonly #recorder: Recorder;
  readonly #members: Members;
  readonly #slots: SlotTable;
  #source = new Uint32Array(0);
  #sequence = new Uint16Array(0);
  #packets = new Uint8Array(0);
  #frame = new Float64Array(0);
  /** A sender that begins to use it. */
  #other = new Uint32Array(0);
  #otherSequence = new Uint16Array(0);
  #otherPackets = new Uint8Array(0);

  constructor(recorder: Recorder, members: Members) {
    this.#recorder = recorder;
    this.#members = members;
    this.#slots = new SlotTable(SSRC_CAP, (capacity) => {
      this.#source = grown(this.#source, capacity);
      this.#sequence = grown(this.#sequence, capacity);
      this.#packets = grown(this.#packets, capacity);
      this.#frame = grown(this.#frame, capacity);
      this.#other = grown(this.#other, capacity);
      this.#otherSequence = grown(this.#otherSequence, capacity);
      this.#otherPackets = grown(this.#otherPackets, capacity);
    });
  }

  /** Whether another SSRC makes it forget one. */
  get isFull(): boolean {
    return this.#slots.isFull;
  }

  /** SSRCs forgotten so far. */
  get evictions(): number {
    return this.#slots.evictions;
  }

  /** A message that opened. */
  note(seen: Observed): void {
    const table = seen.table as MessageTable;
    const { row } = seen;
    const passed = table.passed[row];
    const bytes = table.bodyBytes(row);
    const start = table.bodyAt(row);
    let udp: number;
    if ((passed & UDP_OVER_IPV4) === UDP_OVER_IPV4) udp = start + IPV4_HEADER;
    else if ((passed & UDP_OVER_IPV6) === UDP_OVER_IPV6 && bytes[start + 6] === NEXT_UDP) udp = start + IPV6_HEADER;
    else return;
    const rtp = udp + UDP_HEADER;
    if (bytes[rtp] >>> 6 !== 2 || rtp + RTP_HEADER > start + table.length[row]) return;
    const ssrc = addressWord(bytes, rtp + SSRC);
    const sequence = (bytes[rtp + SEQUENCE] << 8) | bytes[rtp + SEQUENCE + 1];
    if (ssrc === 0 || this.#runsOn(seen.member, seen.groupKey, seen.source, ssrc, sequence)) return;
    const sourcePort = (bytes[udp] << 8) | bytes[udp + 1];
    const destinationPort = (bytes[udp + 2] << 8) | bytes[udp + 3];
    if (!looksLikeRtp(bytes, rtp, start + table.length[row], sourcePort, destinationPort)) return;
    this.#packet(seen, ssrc, sequence);
  }

  /**
   * Lends the RTP stream of a source that goes on as it was: until it is given back, who has it follows its sequence
   * numbers (`isNext`), and for everybody else it is not sure.
   *
   * @param body where a body with RTP over UDP over IPv4 begins in `bytes`
   * @returns its slot, or NONE where the message is not the next packet of that stream
   */
  lend(member: number, groupKey: number, source: number, bytes: Uint8Array, body: number): number {
    const rtp = body + RTP_AT;
    const slot = this.#members.rtp[member] - 1;
    if (!this.#slots.holds(slot, groupKey, addressWord(bytes, rtp + SSRC), 0)) return NONE;
    if (this.#source[slot] !== source || this.#packets[slot] < SURE_PACKETS || this.#otherPackets[slot] > 0)
      return NONE;
    if (!isNext(this.#sequence[slot], (bytes[rtp + SEQUENCE] << 8) | bytes[rtp + SEQUENCE + 1])) return NONE;
    this.#slots.touch(slot);
    this.#packets[slot] = 0;
    return slot;
  }

  /** Sequence number and frame of the last packet of a stream. */
  sequenceOf(slot: number): number {
    return this.#sequence[slot];
  }

  frameOf(slot: number): number {
    return this.#frame[slot];
  }

  /** Takes a stream back, with the last packet that was followed. */
  giveBack(slot: number, sequence: number, frame: number): void {
    this.#packets[slot] = SURE_PACKETS;
    this.#sequence[slot] = sequence;
    this.#frame[slot] = frame;
  }

  /** The common case: the next packet of the stream that this source is known for. */
  #runsOn(member: number, groupKey: number, source: number, ssrc: number, sequence: number): boolean {
    const slot = this.#members.rtp[member] - 1;
    if (!this.#slots.holds(slot, groupKey, ssrc, 0)) return false;
    if (this.#source[slot] !== source || this.#packets[slot] < SURE_PACKETS) return false;
    if (!isNext(this.#sequence[slot], sequence)) return false;
    this.#slots.touch(slot);
    this.#sequence[slot] = sequence;
    this.#otherPackets[slot] = 0;
    this.#frame[slot] = this.#recorder.frame;
    return true;
  }

  #packet(seen: Observed, ssrc: number, sequence: number): void {
    const obtained = this.#obtain(seen, ssrc);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    this.#members.rtp[seen.member] = slot + 1;
    if (obtained < 0) {
      this.#take(slot, seen.source, sequence, 1);
      return;
    }
    if (this.#source[slot] === seen.source) {
      const runsOn = isNext(this.#sequence[slot], sequence);
      // Late packets of a sender that is sure do not make it less so.
      if (runsOn || this.#packets[slot] < SURE_PACKETS) {
        this.#take(slot, seen.source, sequence, runsOn ? Math.min(SURE_PACKETS, this.#packets[slot] + 1) : 1);
      }
      this.#frame[slot] = this.#recorder.frame;
      return;
    }
    if (this.#packets[slot] < SURE_PACKETS) {
      this.#take(slot, seen.source, sequence, 1);
      return;
    }
    this.#raise(seen, slot, ssrc);
    this.#challenge(slot, seen.source, sequence);
  }

  /** Its slot, which its sender remembers where it used it last; a new one is `-1 - slot`. */
  #obtain(seen: Observed, ssrc: number): number {
    const remembered = this.#members.rtp[seen.member] - 1;
    if (!this.#slots.holds(remembered, seen.groupKey, ssrc, 0)) return this.#slots.obtain(seen.groupKey, ssrc, 0);
    this.#slots.touch(remembered);
    return remembered;
  }

  #challenge(slot: number, source: number, sequence: number): void {
    const runsOn = this.#other[slot] === source && isNext(this.#otherSequence[slot], sequence);
    this.#otherPackets[slot] = runsOn ? this.#otherPackets[slot] + 1 : 1;
    this.#other[slot] = source;
    this.#otherSequence[slot] = sequence;
    if (this.#otherPackets[slot] >= SURE_PACKETS) this.#take(slot, source, sequence, SURE_PACKETS);
  }

  #take(slot: number, source: number, sequence: number, packets: number): void {
    this.#source[slot] = source;
    this.#sequence[slot] = sequence;
    this.#packets[slot] = packets;
    this.#frame[slot] = this.#recorder.frame;
    this.#otherPackets[slot] = 0;
  }

  #raise(seen: Observed, slot: number, ssrc: number): void {
    const frame = this.#frame[slot];
    const { groupKey, source } = seen;
    const sure = ConfidenceLevel.strong;
    const now = this.#recorder.frame;
    const record = this.#recorder.raise(MOVED, SeverityLevel.medium, sure, groupKey, source, NO_PGK, now, frame);
    if (record === null) return;
    const other = this.#source[slot].toString(16).padStart(6, '0');
    const name = `0x${ssrc.toString(16).padStart(8, '0')}`;
    record.summary = `sends RTP with SSRC ${name}, which ${other} used in frame ${frame}`;
    record.evidence = { ssrc: name, otherSource: other, otherFrame: frame };
  }
}

/** Whether a sequence number runs on from the one before. */
export function isNext(before: number, sequence: number): boolean {
  const ahead = (sequence - before) & 0xffff;
  return ahead >= 1 && ahead <= MOST_AHEAD;
}
