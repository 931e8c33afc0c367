// A capture that another thread reads, and that it or one behind it judges, while this one takes rounds of frames from a
// ring of slots in shared memory (round-slot.ts). What is said of them comes through a message channel.

import { readSync } from 'node:fs';
import type { CaptureProblem } from '../../captures/frame-batch.ts';
import { CaptureOpenError } from '../../captures/open-error.ts';
import { readerStopped, type Stopped, type ThreadQueue } from '../../captures/sources/thread-queue.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { MessageTable } from '../engine/message-table.ts';
import { MemoryAhead } from './memory-ahead.ts';
import type { OpenedMessage, RoundMessage, RoundNotices, ThreadMessage } from './round-messages.ts';
import type { RoundReader } from './round-reader.ts';
import { type FilledRound, RoundSlot } from './round-slot.ts';

const NO_REPORT: EngineReport = { frames: 0, undecoded: {}, trialLimited: 0, evictions: {} };

/** Frames and their messages, valid until the next ones are asked for. */
export interface Round {
  readonly frames: RoundSlot['frames'];
  readonly table: MessageTable;
  readonly notices: RoundNotices | null;
  readonly attempts: Uint32Array | null;
  /** Where they stand, and what was said of it. */
  readonly slot: RoundSlot;
  readonly filled: FilledRound;
}

/** What such a thread says, in order; its end comes last. */
export type RoundQueue = Pick<ThreadQueue<ThreadMessage>, 'take' | 'next' | 'end'>;

/** See the head of the file. */
export class RoundThread {
  /** Octets of input in all, or null where nobody knows. */
  readonly total: number | null;
  /** Where the octets of the input can be read again until `close`; null: nowhere. */
  readonly descriptor: number | null;
  /** What the thread said first. */
  readonly opened: OpenedMessage;
  #problem: CaptureProblem | null = null;
  #report: EngineReport = NO_REPORT;
  #consumed = 0;
  readonly #thread: RoundQueue;
  readonly #ring: readonly RoundSlot[];
  readonly #taken: Int32Array;
  /** Reads for the thread in this one; null: it is read elsewhere. */
  readonly #reader: RoundReader | null;
  /** What is done while there is nothing to take; null: nothing. */
  readonly #ahead: MemoryAhead | null;
  #count = 0;
  #holds = false;
  #ended = false;

  /**
   * @param opened what the thread said first
   * @param reader reads on whenever the next frames are asked for, and is closed with this
   */
  constructor(thread: RoundQueue, opened: OpenedMessage, reader: RoundReader | null = null) {
    const { total, descriptor, ring, taken } = opened;
    this.#thread = thread;
    this.#reader = reader;
    this.opened = opened;
    this.#ring = ring.slots.map((memory) => new RoundSlot(memory));
    this.#taken = new Int32Array(taken);
    this.#ahead = ring.shared === null || total === null ? null : new MemoryAhead(ring.shared, total);
    this.total = total;
    this.descriptor = descriptor;
  }

  /** After `next` gave null: what cut the input short, or null where it was whole. */
  get problem(): CaptureProblem | null {
    return this.#problem;
  }

  /** What the engine says of the frames given out so far. */
  get report(): EngineReport {
    return this.#report;
  }

  /** Octets of input consumed so far. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Reads octets of the input again; null where only a plain file could. As `FrameSource.reread` has it. */
  get reread(): ((place: number, into: Uint8Array) => number) | null {
    const descriptor = this.descriptor;
    if (descriptor === null) return null;
    return (place, into) => {
      try {
        return this.#ended ? 0 : readSync(descriptor, into, 0, into.length, place);
      } catch {
        return 0;
      }
    };
  }

  /** The next frames, at once where the thread is ahead. Not to be called while a call waits. */
  next(): Round | null | Promise<Round | null> {
    if (this.#holds) this.#giveBack();
    return this.passed();
  }

  /** The next frames for who passes the last ones on, and does not give their slot back. */
  passed(): Round | null | Promise<Round | null> {
    this.#holds = false;
    if (this.#ended) return null;
    this.#reader?.readOn();
    let said = this.#thread.take();
    while (said === null && this.#ahead?.touch() === true) said = this.#thread.take();
    return said === null ? this.#thread.next().then((late) => this.#take(late)) : this.#take(said);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#reader?.close();
    await this.#thread.end();
  }

  #giveBack(): void {
    Atomics.add(this.#taken, 0, 1);
    Atomics.notify(this.#taken, 0);
  }

  #take(said: ThreadMessage | Stopped): Round | null {
    if (said.kind === 'round') return this.#takeRound(said);
    this.#ended = true;
    if (said.kind === 'ended') {
      this.#problem = said.problem;
      this.#report = said.report;
      this.#consumed = said.consumed;
    } else {
      const reason = said.kind === 'stopped' ? said.reason : said.kind;
      this.#problem = readerStopped(reason, this.#consumed, this.#reader === null ? 'reads' : 'judges');
    }
    return null;
  }

  #takeRound(said: RoundMessage): Round {
    const slot = this.#ring[this.#count++ % this.#ring.length];
    slot.accept(said);
    this.#holds = true;
    this.#report = said.report;
    this.#consumed = said.consumed;
    const { notices, attempts } = said;
    return { frames: slot.frames, table: slot.table, notices, attempts, slot, filled: said };
  }
}

/**
 * A capture that a thread, or `reader`, opens. A thread that dies ends the capture with the problem `capture.reader-stopped`, behind everything
 * that it had handed over.
 *
 * @param thread as round-start.ts starts it
 * @param path what it was told to read
 * @param reader who reads for the thread in this one; null: nobody
 * @throws CaptureOpenError where there is nothing to read, or no thread to read it
 */
export async function openRounds(
  thread: RoundQueue,
  path: string,
  reader: RoundReader | null = null,
): Promise<RoundThread> {
  // While the thread starts, its first rounds are read.
  reader?.readOn();
  const said = await thread.next();
  if (said.kind === 'opened') return new RoundThread(thread, said, reader);
  reader?.close();
  await thread.end();
  throw new CaptureOpenError(path, 'reason' in said ? said.reason : said.kind);
}
