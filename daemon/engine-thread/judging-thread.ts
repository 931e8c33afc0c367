// A capture that a thread of its own reads, deciphers and judges, while this one listens. Rounds of judged frames come
// through a ring of slots in shared memory (round-slot.ts), what is said of them through a message channel.

import { readSync } from 'node:fs';
import type { CaptureProblem } from '../../captures/frame-batch.ts';
import { CaptureOpenError } from '../../captures/open-error.ts';
import { readerStopped, type Stopped, ThreadQueue } from '../../captures/sources/thread-queue.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { MessageTable } from '../engine/message-table.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { plainKeyring } from '../keyring/keyring-copy.ts';
import {
  type JudgingMessage,
  type JudgingOrder,
  RING_SLOTS,
  type RoundMessage,
  type RoundNotices,
} from './judging-messages.ts';
import { RoundSlot } from './round-slot.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const JUDGING_FILE = new URL('./judging-worker.js', import.meta.url);

const NO_REPORT: EngineReport = { frames: 0, undecoded: {}, trialLimited: 0, evictions: {} };

/** What to judge, and how. */
export interface JudgingOptions {
  /** Copied; what the capture delivers is learned in both threads. */
  readonly keyring: Keyring;
  readonly allowStale?: boolean;
  readonly frames?: number;
  /** Whether a large compressed capture is decompressed in one more thread. */
  readonly readsAside: boolean;
}

/** Frames that were judged, valid until the next ones are asked for. */
export interface JudgedRound {
  readonly frames: RoundSlot['frames'];
  readonly table: MessageTable;
  readonly notices: RoundNotices | null;
}

/** See the head of the file. */
export class JudgingThread {
  /** Octets of input in all, or null where nobody knows. */
  readonly total: number | null;
  #problem: CaptureProblem | null = null;
  #report: EngineReport = NO_REPORT;
  #consumed = 0;
  readonly #thread: ThreadQueue<JudgingMessage>;
  readonly #ring: readonly RoundSlot[];
  readonly #told: Int32Array;
  readonly #descriptor: number | null;
  #taken = 0;
  #holds = false;
  #ended = false;

  /** @param thread one that said that it has opened the input */
  constructor(
    thread: ThreadQueue<JudgingMessage>,
    ring: readonly RoundSlot[],
    told: SharedArrayBuffer,
    { total, descriptor }: { readonly total: number | null; readonly descriptor: number | null },
  ) {
    this.#thread = thread;
    this.#ring = ring;
    this.#told = new Int32Array(told);
    this.total = total;
    this.#descriptor = descriptor;
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
    const descriptor = this.#descriptor;
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
  next(): JudgedRound | null | Promise<JudgedRound | null> {
    this.#giveBack();
    if (this.#ended) return null;
    const said = this.#thread.take();
    return said === null ? this.#thread.next().then((late) => this.#take(late)) : this.#take(said);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#thread.end();
  }

  #giveBack(): void {
    if (!this.#holds) return;
    this.#holds = false;
    Atomics.add(this.#told, 0, 1);
    Atomics.notify(this.#told, 0);
  }

  #take(said: JudgingMessage | Stopped): JudgedRound | null {
    if (said.kind === 'round') return this.#takeRound(said);
    this.#ended = true;
    if (said.kind === 'ended') {
      this.#problem = said.problem;
      this.#report = said.report;
      this.#consumed = said.consumed;
    } else this.#problem = readerStopped(said.kind === 'stopped' ? said.reason : said.kind, this.#consumed);
    return null;
  }

  #takeRound(said: RoundMessage): JudgedRound {
    const slot = this.#ring[this.#taken++ % RING_SLOTS];
    slot.accept(said);
    this.#holds = true;
    this.#report = said.report;
    this.#consumed = said.consumed;
    return { frames: slot.frames, table: slot.table, notices: said.notices };
  }
}

/**
 * Opens a capture in a thread that judges it. A thread that dies ends the capture with the problem
 * `capture.reader-stopped`, behind everything that it had handed over.
 *
 * @param path a file, a pipe, or `-` for the process's standard input, which must be a file, a pipe or a socket
 * @throws CaptureOpenError where there is nothing to read, or no thread to read it
 */
export async function openJudging(path: string, options: JudgingOptions): Promise<JudgingThread> {
  const ring = Array.from({ length: RING_SLOTS }, () => new RoundSlot());
  const told = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const order: JudgingOrder = {
    path,
    keyring: plainKeyring(options.keyring),
    allowStale: options.allowStale ?? false,
    frames: options.frames ?? Number.POSITIVE_INFINITY,
    readsAside: options.readsAside,
    ring: ring.map(({ memory }) => memory),
    told,
  };
  const thread = new ThreadQueue<JudgingMessage>({ file: JUDGING_FILE, name: 'sidescope engine', data: order });
  const said = await thread.next();
  if (said.kind === 'opened') return new JudgingThread(thread, ring, told, said);
  await thread.end();
  throw new CaptureOpenError(path, 'reason' in said ? said.reason : said.kind);
}
