// Frames that are one message each: one RLC data element that is a whole PDCP PDU, all of it captured, in a frame with which
// nothing is wrong. Nearly every frame is. Their messages are written column by column of a loop that asks for no column
// twice; every other frame goes the long way (engine.ts). A test holds both equal.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { Problem } from '../../dissectors/problems.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { ElementFlag, Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { type MessageTable, NO_PLAIN, NONE, Place, UNKNOWN_STATE } from './message-table.ts';
import { buildWholeFramesKernel, type WholeFramesKernel } from './whole-frames-kernel.ts';

const WHOLE = ElementFlag.starts | ElementFlag.ends;

/** Messages and octets of PDCP PDUs that a round has room for. */
export interface RoundRoom {
  readonly messages: number;
  readonly octets: number;
}

/** Takes them with a kernel where the tables lie in memory that threads share. */
export class WholeFrames {
  readonly #kernel: WholeFramesKernel | null;

  /** @param shared null: they lie elsewhere */
  constructor(shared: SharedMemory | null) {
    this.#kernel = shared === null ? null : buildWholeFramesKernel(shared);
  }

  /** As `takeWholeFrames` has it. */
  take(
    batch: FrameBatch,
    row: number,
    copies: Uint8Array,
    walk: WalkTable,
    table: MessageTable,
    room: RoundRoom,
  ): ReturnType<typeof takeWholeFrames> {
    const taken = this.#kernel?.take(batch, row, copies, walk, table, room) ?? null;
    return taken ?? takeWholeFrames(batch, row, copies, walk, table, room);
  }
}

/**
 * Adds the messages of frames from row `row` on, up to the first frame that is another one, or that reaches the end of the
 * room. To be called while no SDU is open.
 *
 * @param copies 1 for a frame that repeats an earlier one
 * @returns the row behind the last frame taken, and the octets of their PDCP PDUs
 */
export function takeWholeFrames(
  batch: FrameBatch,
  row: number,
  copies: Uint8Array,
  { frames, elements }: WalkTable,
  table: MessageTable,
  room: RoundRoom,
): { readonly row: number; readonly octets: number } {
  const { count: rows, bytes, firstFrame, seconds, nanoseconds } = batch;
  table.makeRoom(Math.min(room.messages, rows - row));
  const { outcome, problem, elementCount, firstElement } = frames;
  const { flags: elementFlags, length: elementLength, at: elementAt, lcid: elementLcid } = elements;
  const { version: frameVersion, source: frameSource, destination: frameDestination } = frames;
  const { frameRow, frame, time, framesCount, version, source, destination, lcid, sduType, pgkIndex, ptkId, sn } =
    table;
  const { length, rawPlace, rawAt, counter, plainWord, deciphered, verdict, evidence, passed, failed, flags } = table;
  const { group, epoch, epochState, context, traffic } = table;
  const most = table.count + room.messages;
  let message = table.count;
  let octets = 0;
  let next = row;
  for (; next < rows && message < most && octets <= room.octets; next++, message++) {
    if (copies[next] !== 0 || outcome[next] !== Outcome.data) break;
    if (elementCount[next] !== 1 || problem[next] !== Problem.none) break;
    const element = firstElement[next];
    const kind = elementFlags[element];
    const pdu = elementLength[element];
    const isWhole = (kind & WHOLE) === WHOLE || (kind & ElementFlag.withoutRlc) !== 0;
    if (!isWhole || (kind & ElementFlag.cut) !== 0 || pdu <= PDCP_HEADER_OCTETS) break;
    const at = elementAt[element];
    // TS 36.323 6.2.10: SDU type (3 bits) and PGK index (5 bits), PTK identity (16), PDCP SN (16).
    const ptk = (bytes[at + 1] << 8) | bytes[at + 2];
    const pdcpSn = (bytes[at + 3] << 8) | bytes[at + 4];
    frameRow[message] = next;
    frame[message] = firstFrame + next;
    time[message] = millisecondsOf(seconds[next], nanoseconds[next]);
    framesCount[message] = 0;
    version[message] = frameVersion[next];
    source[message] = frameSource[next];
    destination[message] = frameDestination[next];
    lcid[message] = elementLcid[element];
    sduType[message] = bytes[at] >>> 5;
    pgkIndex[message] = bytes[at] & 31;
    ptkId[message] = ptk;
    sn[message] = pdcpSn;
    counter[message] = (ptk << 16) | pdcpSn;
    length[message] = pdu - PDCP_HEADER_OCTETS;
    rawPlace[message] = Place.frame;
    rawAt[message] = at + PDCP_HEADER_OCTETS;
    plainWord[message] = NO_PLAIN;
    deciphered[message] = 0;
    verdict[message] = 0;
    evidence[message] = 0;
    passed[message] = 0;
    failed[message] = 0;
    flags[message] = 0;
    group[message] = NONE;
    epoch[message] = NONE;
    epochState[message] = UNKNOWN_STATE;
    context[message] = NONE;
    traffic[message] = NONE;
    octets += pdu;
  }
  table.count = message;
  return { row: next, octets };
}
