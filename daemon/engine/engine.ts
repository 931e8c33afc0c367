// The one pipeline: frames in; walked down to RLC, copies removed, SDUs put together, deciphered, judged; every frame
// accounted for. What it finds it says to its sink in the order of the capture.

import type { CaptureMark, FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { Problem } from '../../dissectors/problems.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import type { OutcomeName } from '../../dissectors/walk-table.ts';
import { ElementFlag, Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { Accounting } from './accounting.ts';
import { DuplicateFilter } from './duplicates.ts';
import type { Attempt } from './judge.ts';
import { Judgement, type JudgementOptions } from './judgement.ts';
import { KeyMessageCopies } from './key-message-copies.ts';
import { MessageFlag, MessageTable, PART_ROWS, PLAIN_OCTETS, Place, ROUND_MESSAGES } from './message-table.ts';
import { Fate, type LossListener, Reassembly } from './reassembly.ts';
import { createSharedWalk } from './shared-tables.ts';
import { WholeFrames } from './whole-frames.ts';

/** Who hears what the engine finds. Rows and batches are valid during the call. */
export interface EngineSink {
  /** A judged message. Messages come in frame order. */
  message(table: MessageTable, row: number): void;
  /** A frame that is a copy of an earlier transmission; one with a key-management message has no source or destination. */
  copy?(batch: FrameBatch, row: number, walk: WalkTable): void;
  /** A frame with something wrong in its octets (dissectors/problems.ts). */
  problem?(batch: FrameBatch, row: number, walk: WalkTable): void;
  /** Any frame, before its messages: its time, lengths and interface are in the batch. */
  frame?(batch: FrameBatch, row: number, walk: WalkTable): void;
  /**
   * Frames from `row` on and before `until`, of which nothing is to be told but messages, the first of them `message`:
   * takes as many as it can at once. Those are told in no other way, and were taken in their order.
   *
   * @returns frames taken, each with one message
   */
  run?(batch: FrameBatch, row: number, until: number, table: MessageTable, message: number): number;
  /** The same frame, after its messages, whose rows are still valid. */
  frameDone?(batch: FrameBatch, row: number): void;
  /** An SDU that was begun and given up. */
  readonly loss?: LossListener;
  /** A key-management message: its octets in `batch.bytes`. Judgement of later frames sees what it changes. */
  keyManagement?(batch: FrameBatch, row: number, at: number, length: number): void;
  /** What the capture file says of itself. */
  mark?(mark: CaptureMark): void;
  /** Frames from row `from` on and before row `until` were told, with their messages, which are still in the table. */
  roundDone?(batch: FrameBatch, from: number, until: number, table: MessageTable): void;
}

/** What an engine needs to know: where its keys are; null where it has none, and messages are judged by somebody else. */
export type EngineOptions = JudgementOptions | null;

/** What bounded tables gave up, by table. */
export type Evictions = Readonly<Record<string, number>>;

/** What an engine says of the frames it has seen so far. */
export interface EngineReport {
  readonly frames: number;
  /** Frames that came to nothing, by category. */
  readonly undecoded: Partial<Record<OutcomeName, number>>;
  /** Messages for which the trial budget ran out. */
  readonly trialLimited: number;
  /** What bounded tables gave up; empty where none did. */
  readonly evictions: Evictions;
}

/** Feeds on batches of frames. One engine sees one capture, or one live feed. */
export class Engine {
  readonly accounting = new Accounting();
  readonly #sink: EngineSink;
  readonly #walk: WalkTable;
  readonly #duplicates: DuplicateFilter;
  readonly #keyMessages = new KeyMessageCopies();
  readonly #reassembly: Reassembly;
  readonly #wholeFrames: WholeFrames;
  #table = new MessageTable();
  readonly #judgement: Judgement | null;
  // State of the frame at hand, for segments given up while it is taken in.
  #frame = 0;
  #time = 0;
  #waiting = 0;
  #orphan = false;
  #plainNeeded = 0;
  // What happened to frames that the sink has not heard of yet, and the row of the first such frame.
  #notices: Notice[] = [];
  #told = 0;
  #mark = 0;
  #row = 0;
  // The batch at hand: which of its frames are copies, and the row that is taken next.
  #copies: Uint8Array = new Uint8Array(0);
  #next = 0;

  /** @param shared memory in which batches and tables lie, where threads share it (round-kernel.ts) */
  constructor(options: EngineOptions, sink: EngineSink, shared: SharedMemory | null = null) {
    this.#sink = sink;
    this.#walk = shared === null ? createWalkTable() : createSharedWalk(shared);
    this.#duplicates = new DuplicateFilter(shared);
    this.#wholeFrames = new WholeFrames(shared);
    this.#judgement = options === null ? null : new Judgement(options, shared);
    this.#reassembly = new Reassembly((frames, source, destination, version, lcid) => {
      if (frames.includes(this.#frame)) {
        this.#waiting--;
        this.#orphan = true;
      }
      this.accounting.lose(frames);
      if (this.#sink.loss !== undefined) {
        const tell = (): void => this.#sink.loss?.(frames, source, destination, version, lcid);
        this.#notices.push({ row: this.#row, tell });
      }
    });
  }

  /** Takes the next batch of the capture. */
  push(batch: FrameBatch): void {
    this.begin(batch);
    while (this.goOn(batch)) {
      // Round by round.
    }
  }

  /** The same for who takes one round at a time: begins a batch, of which `goOn` tells. */
  begin(batch: FrameBatch): void {
    walkBatch(batch, this.#walk);
    this.#table.reset(batch);
    this.#plainNeeded = 0;
    this.#told = 0;
    this.#mark = 0;
    this.#next = 0;
    this.#copies = this.#duplicates.copies(batch, this.#walk);
  }

  /**
   * Tells of the next round of the batch that was begun, which is one at most.
   *
   * @param into table for its messages; absent: the engine's own
   * @returns whether there may be more of the batch
   */
  goOn(batch: FrameBatch, into: MessageTable = this.#table): boolean {
    if (into !== this.#table) {
      this.#table = into;
      into.reset(batch);
    }
    const copies = this.#copies;
    const told = this.#told;
    let row = this.#next;
    while (row < batch.count && this.#told === told) {
      const next = this.#takeWhole(batch, row, copies);
      if (next === row) this.#take(batch, row, copies[row] === 1);
      row = Math.max(next, row + 1);
    }
    this.#next = row;
    if (this.#told !== told) return true;
    this.#tell(batch, batch.count);
    while (this.#mark < batch.marks.length) this.#tellMark(batch);
    return false;
  }

  /** What is to be said of the frames so far. */
  report(): EngineReport {
    const evictions: Record<string, number> = {
      transmissions: this.#duplicates.evictions,
      'key-messages': this.#keyMessages.evictions,
      'rlc-entities': this.#reassembly.evictions,
      'open-sdus': this.#reassembly.overflows,
      ...this.#judgement?.evictions(),
    };
    return {
      frames: this.accounting.frames,
      undecoded: this.accounting.undecoded(),
      trialLimited: this.#judgement?.trialLimited ?? 0,
      evictions: withoutZeros(evictions),
    };
  }

  /** As `Judgement.judgeAgain` has it. */
  judgeAgain(table: MessageTable, row: number): boolean {
    return this.#judgement?.judgeAgain(table, row) ?? false;
  }

  /** Wipes what was derived from these PGKs, by serial: they were destroyed, or are used in another way now. */
  forgetKeys(serials: ReadonlySet<number>): void {
    this.#judgement?.forgetKeys(serials);
  }

  /** Wipes the traffic keys. */
  close(): void {
    this.#judgement?.close();
  }

  /** Writes down each key tried from here on; null ends it. Whoever reads the list empties it after each message. */
  traceInto(attempts: Attempt[] | null): void {
    this.#judgement?.traceInto(attempts);
  }

  /** Takes frames from row `row` on that are one message each. @returns the row behind them */
  #takeWhole(batch: FrameBatch, row: number, copies: Uint8Array): number {
    if (copies[row] === 1 || this.#walk.frames.elementCount[row] !== 1 || this.#reassembly.isWaiting) return row;
    const table = this.#table;
    const room = { messages: ROUND_MESSAGES - table.count, octets: PLAIN_OCTETS - this.#plainNeeded };
    const taken = this.#wholeFrames.take(batch, row, copies, this.#walk, table, room);
    this.accounting.settleCompleted(taken.row - row);
    this.#plainNeeded += taken.octets;
    this.#tellFull(batch, taken.row);
    return taken.row;
  }

  #take(batch: FrameBatch, row: number, isCopy: boolean): void {
    const { frames } = this.#walk;
    const outcome = frames.outcome[row];
    this.#frame = batch.firstFrame + row;
    this.#time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
    this.#row = row;
    if (frames.problem[row] !== 0 && this.#sink.problem !== undefined) {
      this.#notices.push({ row, tell: () => this.#sink.problem?.(batch, row, this.#walk) });
    }
    if (outcome === Outcome.keyManagement) {
      const at = frames.payloadAt[row];
      const length = frames.payloadLength[row];
      const { view, seconds, nanoseconds, interfaceId } = batch;
      if (this.#keyMessages.isCopy(view, at, length, seconds[row], nanoseconds[row], interfaceId[row])) {
        // Counted as what fits first (interfaces 3, summary).
        this.#dropCopy(batch, row, outcome);
        return;
      }
      this.accounting.settle(outcome, false, false);
      if (this.#sink.keyManagement === undefined) return;
      this.#notices.push({ row, tell: () => this.#sink.keyManagement?.(batch, row, at, length) });
      // Told at once: judgement of what follows must see the keys that it brings.
      this.#tell(batch, row + 1);
      return;
    }
    const count = frames.elementCount[row];
    if (isCopy) {
      this.#dropCopy(batch, row, Math.min(outcome, Outcome.duplicate));
      return;
    }
    if (count === 0) {
      this.accounting.settle(outcome, false, false);
      return;
    }
    this.#takeElements(batch, row, outcome, count);
  }

  /** A copy is told of and counted, and nothing comes of it. */
  #dropCopy(batch: FrameBatch, row: number, outcome: number): void {
    this.accounting.settle(outcome, false, false);
    if (this.#sink.copy !== undefined) {
      this.#notices.push({ row, tell: () => this.#sink.copy?.(batch, row, this.#walk) });
    }
  }

  #takeElements(batch: FrameBatch, row: number, frameOutcome: number, count: number): void {
    const { frames, elements } = this.#walk;
    let outcome = frameOutcome;
    let completed = false;
    this.#waiting = 0;
    this.#orphan = false;
    const first = frames.firstElement[row];
    for (let element = first; element < first + count; element++) {
      const flags = elements.flags[element];
      const fate =
        (flags & ElementFlag.withoutRlc) !== 0
          ? Fate.whole
          : this.#reassembly.take(
              frames.source[row],
              frames.destination[row],
              frames.version[row],
              elements.lcid[element],
              elements.sn[element],
              flags,
              batch.bytes,
              elements.at[element],
              elements.length[element],
              elements.available[element],
              this.#frame,
              this.#time,
            );
      if (fate === Fate.waiting) this.#waiting++;
      else if (fate === Fate.orphan) this.#orphan = true;
      else if (this.#addMessage(batch, row, element, fate)) completed = true;
      else outcome = Math.min(outcome, Outcome.malformed);
    }
    if (completed || this.#waiting <= 0) this.accounting.settle(outcome, completed, this.#orphan);
    else this.accounting.defer(this.#frame, outcome, this.#orphan, this.#waiting);
    this.#tellFull(batch, row + 1);
  }

  /** Tells of every frame before row `until` where the round is full. */
  #tellFull(batch: FrameBatch, until: number): void {
    if (this.#plainNeeded > PLAIN_OCTETS || this.#table.count >= ROUND_MESSAGES) this.#tell(batch, until);
  }

  /** A complete PDCP PDU becomes a message; false where it is shorter than its header. */
  #addMessage(batch: FrameBatch, row: number, element: number, fate: Fate): boolean {
    const { frames, elements } = this.#walk;
    const table = this.#table;
    const joined = fate === Fate.completed ? this.#reassembly.completed : null;
    const wireLength = joined === null ? elements.length[element] : joined.wireLength;
    const available = joined === null ? elements.available[element] : joined.length;
    if (available < PDCP_HEADER_OCTETS) {
      if (joined !== null) this.accounting.lose(joined.frames);
      this.#blame(batch, row, elements.at[element], available < wireLength ? Problem.snapCut : Problem.pdcpHeaderCut);
      return false;
    }
    if (wireLength === PDCP_HEADER_OCTETS) this.#blame(batch, row, elements.at[element], Problem.pdcpNoData);
    const message = table.add();
    let bytes = batch.bytes;
    let at = elements.at[element];
    table.rawPlace[message] = Place.frame;
    if (joined !== null) {
      at = table.keepJoined(joined.bytes, joined.length);
      bytes = table.joined;
      table.rawPlace[message] = Place.joined;
      if (joined.frames.length > 1) table.keepFrames(message, joined.frames);
      this.accounting.complete(joined.frames);
    }
    table.frameRow[message] = row;
    table.frame[message] = this.#frame;
    table.time[message] = this.#time;
    table.version[message] = frames.version[row];
    table.source[message] = frames.source[row];
    table.destination[message] = frames.destination[row];
    table.lcid[message] = elements.lcid[element];
    // TS 36.323 6.2.10: SDU type (3 bits) and PGK index (5 bits), PTK identity (16), PDCP SN (16).
    table.sduType[message] = bytes[at] >>> 5;
    table.pgkIndex[message] = bytes[at] & 31;
    const ptkId = (bytes[at + 1] << 8) | bytes[at + 2];
    const sn = (bytes[at + 3] << 8) | bytes[at + 4];
    table.ptkId[message] = ptkId;
    table.sn[message] = sn;
    table.counter[message] = (ptkId << 16) | sn;
    table.rawAt[message] = at + PDCP_HEADER_OCTETS;
    table.length[message] = wireLength - PDCP_HEADER_OCTETS;
    if (available < wireLength) table.flags[message] |= MessageFlag.damaged;
    this.#plainNeeded += wireLength;
    return true;
  }

  /** Says what is wrong with a PDCP PDU of a frame, unless something else was wrong with the frame before. */
  #blame(batch: FrameBatch, row: number, at: number, problem: Problem): void {
    const { frames } = this.#walk;
    if (frames.problem[row] !== Problem.none || this.#sink.problem === undefined) return;
    frames.problem[row] = problem;
    frames.problemAt[row] = at - batch.offset[row];
    this.#notices.push({ row, tell: () => this.#sink.problem?.(batch, row, this.#walk) });
  }

  #tellMark(batch: FrameBatch): void {
    const mark = batch.marks[this.#mark++];
    this.#sink.mark?.(mark);
  }

  /**
   * Judges the messages gathered so far, tells the sink of every frame before row `until` and of what came of it, frame
   * by frame, and empties the table. Where the batches begin and end changes nothing of the order.
   */
  #tell(batch: FrameBatch, until: number): void {
    const table = this.#table;
    const sink = this.#sink;
    const { marks } = batch;
    const judgement = this.#judgement;
    judgement?.prepare(table);
    const takesRuns = sink.run !== undefined;
    // What comes of a message changes nothing of how those behind it are judged.
    if (takesRuns) judgement?.judge(table, 0, table.count);
    let message = 0;
    let notice = 0;
    let row = this.#told;
    while (row < until) {
      while (this.#mark < marks.length && marks[this.#mark].beforeRow <= row) this.#tellMark(batch);
      let end = notice < this.#notices.length ? this.#notices[notice].row : until;
      if (this.#mark < marks.length) end = Math.min(end, marks[this.#mark].beforeRow);
      if (takesRuns && row < end) {
        const part = Math.min(end, row + PART_ROWS);
        const taken = sink.run?.(batch, row, part, table, message) ?? 0;
        row += taken;
        message += taken;
        if (row === part) continue;
      }
      sink.frame?.(batch, row, this.#walk);
      while (notice < this.#notices.length && this.#notices[notice].row === row) this.#notices[notice++].tell();
      while (message < table.count && table.frameRow[message] === row) {
        if (!takesRuns) judgement?.judge(table, message, message + 1);
        sink.message(table, message);
        message++;
      }
      sink.frameDone?.(batch, row);
      row++;
    }
    sink.roundDone?.(batch, this.#told, until, table);
    this.#told = until;
    if (this.#notices.length > 0) this.#notices = [];
    table.reset(batch);
    this.#plainNeeded = 0;
  }
}

/** Counts without those that are 0. */
export function withoutZeros(counts: Readonly<Record<string, number>>): Evictions {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Something that happened to a frame, to be told in its place. Bounded by the rows of a batch. */
interface Notice {
  readonly row: number;
  readonly tell: () => void;
}
