// The incremental parser that every source uses: knows the format by the first octets, then turns whatever octets stand
// in the window into rows, and says at the end of the input whether it was whole.

import type { CaptureProblem } from '../frame-batch.ts';
import type { FrameColumns } from '../frame-columns.ts';
import type { InputWindow } from '../input-window.ts';
import { captureProblem } from '../problems.ts';
import { isPcapMagic, openPcap } from './pcap.ts';
import { isPcapngStart, PcapngReader } from './pcapng.ts';
import { BLOCK_OVERHEAD, Block } from './pcapng-layout.ts';
import type { RecordReader, UsualRecordsBuilder } from './record-reader.ts';

/** Octets of a magic number. */
const MAGIC_OCTETS = 4;
/** Constants we chose. */
/** First octets shown of an input that is no capture: as many as tell a file type. */
const SHOWN_OCTETS = 16;

/** Parses one capture, piece by piece, into one batch. */
export class CaptureParser {
  /** Of who takes usual records of a classic pcap at once, to be set before the first octets are parsed; null: nobody. */
  buildUsual: UsualRecordsBuilder | null = null;
  #reader: RecordReader | null = null;
  #problem: CaptureProblem | null = null;

  /** What ended the capture early, or null. */
  get problem(): CaptureProblem | null {
    return this.#problem;
  }

  /**
   * Adds every complete record of the window to the batch, as far as the batch has room, and consumes them. What stays
   * in the window is an incomplete record, or the batch is full, or there is a problem.
   */
  parse(window: InputWindow, columns: FrameColumns): void {
    if (this.#problem === null && this.#reader === null) {
      this.#open(window);
    }
    if (this.#problem === null && this.#reader !== null) {
      this.#problem = this.#reader.read(window, columns);
    }
  }

  /**
   * The input has ended and `parse` took what it could: what is left in the window is a problem.
   * @param cause what is wrong with the input itself, e.g. a damaged compressed stream; it explains whatever is left
   */
  finish(window: InputWindow, cause: CaptureProblem | null): void {
    const left = window.end - window.begin;
    if (this.#problem !== null || cause !== null) {
      this.#problem ??= cause;
    } else if (this.#reader !== null) {
      if (left > 0) {
        const sentence = `the capture ends inside a record, ${left} octets after it began`;
        this.#problem = captureProblem('capture.cut-record', window.position, sentence);
      }
    } else if (left === 0) {
      this.#problem = captureProblem('capture.empty', 0, 'the input is empty');
    } else if (left >= MAGIC_OCTETS && startsLikeCapture(window)) {
      const sentence = `the capture ends inside its file header, after ${left} octets`;
      this.#problem = captureProblem('capture.cut-header', window.position, sentence);
    } else {
      this.#problem = notACapture(window);
    }
  }

  #open(window: InputWindow): void {
    const { view, begin } = window;
    const left = window.end - begin;
    if (left < MAGIC_OCTETS) {
      return;
    }
    if (isPcapMagic(view, begin)) {
      const opened = openPcap(window, this.buildUsual);
      if (opened !== null && 'code' in opened) {
        this.#problem = opened;
      } else {
        this.#reader = opened;
      }
    } else if (!startsLikeCapture(window)) {
      // Nothing is shown before there are octets enough to show, so that pieces of any length give the same sentence.
      this.#problem = left >= SHOWN_OCTETS ? notACapture(window) : null;
    } else if (left >= BLOCK_OVERHEAD) {
      this.#reader = new PcapngReader();
    }
  }
}

/** True where the octets that are there, at least 4, may begin a capture. */
function startsLikeCapture(window: InputWindow): boolean {
  const { view, begin, end } = window;
  if (end - begin >= BLOCK_OVERHEAD && isPcapngStart(view, begin)) {
    return true;
  }
  const section = view.getUint32(begin, true) === Block.sectionHeader && end - begin < BLOCK_OVERHEAD;
  return section || isPcapMagic(view, begin);
}

function notACapture(window: InputWindow): CaptureProblem {
  const first = window.bytes.subarray(window.begin, Math.min(window.end, window.begin + SHOWN_OCTETS));
  const shown = Array.from(first, (octet) => octet.toString(16).padStart(2, '0')).join(' ');
  const sentence = `the input is no capture that we read: it begins with the octets ${shown}`;
  return captureProblem('capture.not-a-capture', window.position, sentence);
}
