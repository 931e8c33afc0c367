// The plain frame: a mac-lte-framed record with one SDU that fills its MAC PDU, and in it one RLC data element that is a
// whole RLC SDU, all of it captured. Most frames of a capture are plain, and differ in their headers by a few numbers only.
// So the octets in front of the data element of such a frame are remembered when the walk has found nothing wrong with it,
// and a frame that has the same, but for bits that no decoder decides by, is walked as it was, without any decoder.
//
// This is no second parser: which bits are free is said where the protocol is (framing/mac-lte.ts, sidelink/), and all
// others must be those of a frame that was decoded. A test holds walks with and without it equal.

import type { FrameBatch } from '../captures/frame-batch.ts';
import { maskMacLteNumbers } from './framing/mac-lte.ts';
import { buildPlainFramesKernel, type PlainFramesKernel } from './plain-frames-kernel.ts';
import { Problem } from './problems.ts';
import { LONE_ELEMENT_HEADER, LONE_ELEMENT_NUMBERS } from './sidelink/rlc-um.ts';
import {
  dataLcid,
  loneSduHeader,
  maskLoneSduNumbers,
  slSchDestination,
  slSchSource,
} from './sidelink/sl-sch-header.ts';
import { ElementFlag, Framing, Outcome, type WalkTable } from './walk-table.ts';

/** We chose: octets of headers that are remembered, as words. The longest context of srsRAN has 19, MAC and RLC take 9. */
const WORDS = 10;
const WORD_OCTETS = 4;
/** We chose: kinds of headers that are remembered. A capture has one for each kind of receiver; above it the oldest goes. */
const KINDS = 4;

const WHOLE = ElementFlag.firstOfPdu | ElementFlag.starts | ElementFlag.ends;

/** Headers of a plain frame that was decoded. Offsets count from the start of the frame. */
export interface Headers {
  readonly linkType: number;
  readonly version: number;
  readonly pduAt: number;
  readonly dataAt: number;
  /** Octets that a frame has at least whose headers are compared. */
  readonly leastOctets: number;
  /** The headers as little-endian words, with zeros for free bits and for what lies behind them. */
  readonly words: Int32Array;
  readonly mask: Int32Array;
}

/** See the head of the file. What is remembered is true of octets, whichever capture they come from. */
export class PlainFrames {
  readonly #known: Headers[] = [];
  #oldest = 0;
  /** Of the memory that it is told last; null where the host cannot run it. */
  #kernel: PlainFramesKernel | null = null;
  #shared: WalkTable['shared'];

  /**
   * Walks frames from row `from` on into their rows, up to the first that is not as plain as one that was learned.
   *
   * @returns the row of that frame, of which nothing is written; `batch.count` where all were plain
   */
  walk(batch: FrameBatch, from: number, table: WalkTable): number {
    const known = this.#known;
    let row = from;
    for (let tried = 0; row < batch.count && tried < known.length; ) {
      const until = this.#walkAlike(known[tried], batch, row, table);
      // A frame that is of another kind than the last is held against all of them.
      tried = until === row ? tried + 1 : 0;
      row = until;
    }
    return row;
  }

  #walkAlike(headers: Headers, batch: FrameBatch, from: number, table: WalkTable): number {
    const { elements, shared } = table;
    // Threads are started for large captures, where a kernel pays from the first batch on.
    if (shared !== undefined && shared !== this.#shared) {
      this.#shared = shared;
      this.#kernel = buildPlainFramesKernel(shared.memory, shared.at);
    }
    const until = Math.min(batch.count, from + elements.at.length - elements.count);
    const walked = shared === undefined ? -1 : (this.#kernel?.walk(headers, batch, from, until, table) ?? -1);
    return walked === -1 ? walkAlike(headers, batch, from, until, table) : walked;
  }

  /** Remembers the headers of a frame that was walked into its row, where it is plain. */
  learn(batch: FrameBatch, row: number, table: WalkTable): void {
    const { frames, elements } = table;
    const at = batch.offset[row];
    const captured = batch.captured[row];
    const isPlain =
      frames.outcome[row] === Outcome.data &&
      frames.problem[row] === Problem.none &&
      frames.framing[row] === Framing.macLteFramed &&
      frames.framingAt[row] === at &&
      frames.elementCount[row] === 1 &&
      captured === batch.original[row];
    if (!isPlain) return;
    const element = frames.firstElement[row];
    const pduAt = frames.pduAt[row] - at;
    const dataAt = elements.at[element] - at;
    const version = frames.version[row];
    const isLone =
      elements.flags[element] === WHOLE &&
      dataAt === pduAt + loneSduHeader(version) + LONE_ELEMENT_HEADER &&
      dataAt + elements.length[element] === captured;
    if (!isLone || dataAt > WORDS * WORD_OCTETS || captured < WORDS * WORD_OCTETS) return;
    this.#known[this.#oldest] = headersOf(batch, row, version, pduAt, dataAt);
    this.#oldest = (this.#oldest + 1) % KINDS;
  }
}

function headersOf(batch: FrameBatch, row: number, version: number, pduAt: number, dataAt: number): Headers {
  const at = batch.offset[row];
  const mask = new Uint8Array(WORDS * WORD_OCTETS).fill(0xff, 0, dataAt);
  maskMacLteNumbers(batch.bytes, at, at + pduAt, mask);
  maskLoneSduNumbers(version, mask.subarray(pduAt));
  mask[dataAt - LONE_ELEMENT_HEADER] &= ~LONE_ELEMENT_NUMBERS;
  const maskView = new DataView(mask.buffer);
  const masks = Int32Array.from({ length: WORDS }, (_, word) => maskView.getInt32(word * WORD_OCTETS, true));
  const words = masks.map((bits, word) => batch.view.getInt32(at + word * WORD_OCTETS, true) & bits);
  const leastOctets = WORDS * WORD_OCTETS;
  return { linkType: batch.linkType[row], version, pduAt, dataAt, leastOctets, words, mask: masks };
}

/**
 * Walks frames that have these headers, as the decoders would, up to the first that has not. One of the hot loops: each row of
 * each table is written here, without a call, because it also runs before anything is optimised.
 *
 * @returns the row of that frame
 */
function walkAlike(headers: Headers, batch: FrameBatch, from: number, until: number, table: WalkTable): number {
  const { version, pduAt, dataAt, words, mask } = headers;
  const { bytes, view, offset, captured, original, linkType } = batch;
  const { frames, elements } = table;
  const wordCount = Math.ceil(dataAt / WORD_OCTETS);
  let element = elements.count;
  let row = from;
  for (; row < until; row++, element++) {
    const octets = captured[row];
    if (octets !== original[row] || octets < headers.leastOctets || linkType[row] !== headers.linkType) break;
    const at = offset[row];
    let word = 0;
    while (word < wordCount && (view.getInt32(at + word * WORD_OCTETS, true) & mask[word]) === words[word]) word++;
    if (word < wordCount) break;
    const data = at + dataAt;
    const lcid = dataLcid(bytes[data - LONE_ELEMENT_HEADER - 1]);
    if (lcid === 0) break;
    const pdu = at + pduAt;
    frames.outcome[row] = Outcome.data;
    frames.problem[row] = Problem.none;
    frames.problemAt[row] = 0;
    frames.payloadAt[row] = 0;
    frames.payloadLength[row] = 0;
    frames.framing[row] = Framing.macLteFramed;
    frames.framingAt[row] = at;
    frames.pduAt[row] = pdu;
    frames.pduLength[row] = octets - pduAt;
    frames.pduAvailable[row] = octets - pduAt;
    frames.version[row] = version;
    frames.source[row] = slSchSource(bytes, pdu);
    frames.destination[row] = slSchDestination(bytes, pdu, version);
    frames.firstElement[row] = element;
    frames.elementCount[row] = 1;
    elements.frameRow[element] = row;
    elements.at[element] = data;
    elements.length[element] = octets - dataAt;
    elements.available[element] = octets - dataAt;
    elements.lcid[element] = lcid;
    elements.sn[element] = bytes[data - LONE_ELEMENT_HEADER] & LONE_ELEMENT_NUMBERS;
    elements.flags[element] = WHOLE;
  }
  elements.count = element;
  return row;
}
