// One capture analysed from end to end in several threads: others read and judge it (round-worker.ts), this one hears of it
// and concludes. What it says is what analysis.ts says, in the same order.

import type { CaptureProblem } from '../../captures/frame-batch.ts';
import type { FileSource } from '../../captures/sources/file.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import type { AnalysisListener, AnalysisOptions } from '../analysis.ts';
import { Conclusions, gathersFrames } from '../conclusions.ts';
import type { MessageAccount } from '../engine/message-account.ts';
import type { SummaryEvent } from '../events.ts';
import type { FindingWatch } from '../findings/watch.ts';
import { plainKeyring } from '../keyring/keyring-copy.ts';
import type { StopRequest } from '../stop-request.ts';
import { AttemptReader } from './round-attempts.ts';
import type { JudgingMessage } from './round-messages.ts';
import { NoticeReader } from './round-notices.ts';
import { RoundReader } from './round-reader.ts';
import type { StartedThread } from './round-start.ts';
import { openRounds, type Round, type RoundThread } from './round-thread.ts';

/** What of the options concerns the threads that read and judge. */
export type JudgingOptions = Pick<AnalysisOptions, 'keyring' | 'allowStale' | 'explain' | 'frames'>;

/** Options of an analysis that a file can have: nothing comes late. */
export type ThreadedOptions = Omit<AnalysisOptions, 'live' | 'allowStale' | 'frames'>;

/**
 * A capture to be analysed in several threads, open.
 *
 * @param thread as `startJudging` started it
 * @param path what it was told to read
 * @param source where it is read in this thread: that file, open, and closed with the rest; else null
 * @param keyring is copied without its rosters; what the capture delivers is learned by both that have one
 * @throws CaptureOpenError where there is nothing to read, or no thread to read it
 */
export async function openJudged(
  thread: StartedThread,
  path: string,
  source: FileSource | null,
  { keyring, allowStale = false, explain = false, frames = Number.POSITIVE_INFINITY }: JudgingOptions,
): Promise<RoundThread> {
  const judging: JudgingMessage = {
    kind: 'keys',
    keyring: plainKeyring(keyring, false),
    allowStale,
    explains: explain,
  };
  thread.post(judging);
  // What was posted is a copy.
  judging.keyring.keys.octets.fill(0);
  const { reading } = thread;
  const reader = source === null || reading === null ? null : new RoundReader(source, frames, reading);
  return openRounds(thread, path, reader);
}

/** See the head of the file. */
export class ThreadedAnalysis {
  readonly #conclusions: Conclusions;
  readonly #listener: AnalysisListener;
  readonly #thread: RoundThread;
  readonly #stop: StopRequest | undefined;
  readonly #walk = createWalkTable();
  readonly #gathers: boolean;
  /** Null where nobody asks for the keys that were tried. */
  readonly #attempts: AttemptReader | null;

  /** @param options with the keyring, and with what is explained, that the thread was told of */
  constructor(thread: RoundThread, options: ThreadedOptions, listener: AnalysisListener) {
    this.#thread = thread;
    this.#listener = listener;
    this.#stop = options.stop;
    this.#gathers = gathersFrames(listener);
    this.#conclusions = new Conclusions(options, listener, () => undefined, thread.opened.ring.shared);
    const explains = this.#gathers && options.explain === true;
    this.#attempts = explains ? new AttemptReader(this.#conclusions.index) : null;
  }

  /** Findings; what the message at hand raised is in `raised()` while `row` and `message` are called. */
  get findings(): FindingWatch {
    return this.#conclusions.findings;
  }

  /** What was counted of the messages so far. */
  get account(): MessageAccount {
    return this.#conclusions.account;
  }

  /** Hears of everything to the end, or until it is to stop, and finishes. The thread is ended in any case; that takes a while, for which nobody waits. */
  async run(): Promise<{ summary: SummaryEvent; problem: CaptureProblem | null }> {
    const thread = this.#thread;
    this.findings.rereadFrom(thread);
    try {
      for (;;) {
        // Where the thread is ahead, no promise is waited for.
        const next = this.#stop === undefined ? thread.next() : this.#stop.next(thread);
        const round = next instanceof Promise ? await next : next;
        if (round === null) break;
        this.#tell(round);
        this.account.frames(round.frames);
        this.#listener.progress?.(thread.consumed, thread.total);
      }
      const summary = this.#conclusions.finish(thread.report, thread.problem);
      return { summary, problem: thread.problem };
    } finally {
      void thread.close();
      this.#conclusions.close();
    }
  }

  /** Tells of every frame of a round and of what came of it, frame by frame, as engine.ts does in one thread. */
  #tell({ frames, table, notices, attempts }: Round): void {
    const { sink, attempts: tried } = this.#conclusions;
    const walk = this.#walk;
    // Walking once more costs less than handing the tables of a walk over.
    if (this.#gathers || notices !== null) walkBatch(frames, walk);
    this.#attempts?.begin(attempts);
    const noted = notices === null ? null : new NoticeReader(notices, walk);
    let message = 0;
    let row = 0;
    while (row < frames.count) {
      noted?.tellMarks(row, sink);
      const end = noted === null ? frames.count : noted.nextRow(frames.count);
      if (row < end) {
        const part = Math.min(end, row + this.#conclusions.rowsAtOnce);
        const taken = sink.run?.(frames, row, part, table, message) ?? 0;
        row += taken;
        message += taken;
        if (row === part) continue;
      }
      sink.frame?.(frames, row, walk);
      noted?.tell(frames, row, walk, sink);
      while (message < table.count && table.frameRow[message] === row) {
        this.#attempts?.tell(table, message, tried);
        sink.message(table, message++);
      }
      sink.frameDone?.(frames, row);
      row++;
    }
    noted?.tellMarks(frames.count, sink);
  }
}
