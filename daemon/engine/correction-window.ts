// Messages of a live feed that nothing opened, kept for a short while: a key that arrives after them may open them yet
// (interfaces 3; the second pass of `--late-keys` does the same for a file). Copies, because a batch is gone when the next
// one comes.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { MessageTable, Place, VerdictCode } from './message-table.ts';

// We chose. Above each of them the oldest messages are let go, and stay as they were told.
/** How long a message may still be corrected, in milliseconds of capture time. */
export const CORRECTION_MS = 10_000;
export const CORRECTION_MESSAGES = 4096;
export const CORRECTION_OCTETS = 4 * 1024 * 1024;

/** What of a message judgement needs. */
interface Kept {
  readonly frame: number;
  readonly frames: readonly number[];
  readonly time: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly version: number;
  readonly source: number;
  readonly destination: number;
  readonly lcid: number;
  readonly sduType: number;
  readonly pgkIndex: number;
  readonly ptkId: number;
  readonly sn: number;
  readonly counter: number;
  readonly verdict: number;
  /** As it was on the air. */
  readonly sdu: Uint8Array;
}

/** See the head of the file. */
export class CorrectionWindow {
  /** The row at hand is row 0 of this table. */
  readonly table = new MessageTable();
  #kept: Kept[] = [];
  #octets = 0;

  /** Messages that may still be corrected. */
  get size(): number {
    return this.#kept.length;
  }

  /** A judged message: kept where a key that comes later could change its verdict. */
  note(table: MessageTable, row: number): void {
    const verdict = table.verdict[row];
    if (verdict !== VerdictCode.noKey && verdict !== VerdictCode.forged) return;
    const from = table.rawAt[row];
    const length = table.length[row];
    const batch = table.batch as FrameBatch;
    const frameRow = table.frameRow[row];
    this.#kept.push({
      ...{ frame: table.frame[row], frames: table.framesOf(row), time: table.time[row] },
      ...{ seconds: batch.seconds[frameRow], nanoseconds: batch.nanoseconds[frameRow] },
      ...{ digits: batch.digits[frameRow], version: table.version[row], source: table.source[row] },
      ...{ destination: table.destination[row], lcid: table.lcid[row], sduType: table.sduType[row] },
      ...{ pgkIndex: table.pgkIndex[row], ptkId: table.ptkId[row], sn: table.sn[row], counter: table.counter[row] },
      verdict,
      // `slice` of a Buffer would be no copy.
      sdu: Uint8Array.prototype.slice.call(table.rawBytes(row), from, from + length),
    });
    this.#octets += length;
    this.#letGo(table.time[row]);
  }

  /**
   * Goes through the messages that a key with one of these PGK Indexes could open, the oldest first.
   *
   * @param time capture time at which the key arrived, milliseconds since 1970
   * @param judge judges row 0 of `table` again; true where the verdict is another one now: the message is not kept longer
   */
  judgeAgain(pgkIndexes: ReadonlySet<number>, time: number, judge: () => boolean): void {
    this.#letGo(time);
    const still: Kept[] = [];
    for (const kept of this.#kept) {
      if (pgkIndexes.has(kept.pgkIndex)) {
        this.#fill(kept);
        if (judge()) {
          this.#octets -= kept.sdu.length;
          continue;
        }
      }
      still.push(kept);
    }
    this.#kept = still;
    this.table.plain.fill(0, 0, this.table.plainLength);
  }

  /** Lets go what is too old or too much. */
  #letGo(time: number): void {
    let gone = 0;
    while (gone < this.#kept.length) {
      const isOld = time - this.#kept[gone].time > CORRECTION_MS;
      if (!isOld && this.#kept.length - gone <= CORRECTION_MESSAGES && this.#octets <= CORRECTION_OCTETS) break;
      this.#octets -= this.#kept[gone].sdu.length;
      gone++;
    }
    if (gone > 0) this.#kept.splice(0, gone);
  }

  #fill(kept: Kept): void {
    const { table } = this;
    table.reset(batchOf(kept));
    const row = table.add();
    table.frameRow[row] = 0;
    table.frame[row] = kept.frame;
    table.time[row] = kept.time;
    if (kept.frames.length > 1) table.keepFrames(row, kept.frames);
    table.version[row] = kept.version;
    table.source[row] = kept.source;
    table.destination[row] = kept.destination;
    table.lcid[row] = kept.lcid;
    table.sduType[row] = kept.sduType;
    table.pgkIndex[row] = kept.pgkIndex;
    table.ptkId[row] = kept.ptkId;
    table.sn[row] = kept.sn;
    table.counter[row] = kept.counter;
    table.verdict[row] = kept.verdict;
    table.length[row] = kept.sdu.length;
    table.rawPlace[row] = Place.joined;
    table.rawAt[row] = table.keepJoined(kept.sdu, kept.sdu.length);
  }
}

/** A batch of the frame that completed the message: its time is all that is asked of it. */
function batchOf(kept: Kept): FrameBatch {
  const none = new Uint8Array(0);
  return {
    ...{ bytes: none, view: new DataView(none.buffer), count: 1, firstFrame: kept.frame, marks: [] },
    ...{ offset: new Uint32Array(1), captured: new Uint32Array(1), original: new Uint32Array(1) },
    ...{ seconds: Float64Array.of(kept.seconds), nanoseconds: Uint32Array.of(kept.nanoseconds) },
    ...{ digits: Uint8Array.of(kept.digits), linkType: new Uint16Array(1), interfaceId: new Uint16Array(1) },
  };
}
