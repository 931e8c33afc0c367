// One capture analysed from end to end in two threads: one reads and judges it (judging-worker.ts), this one hears of it
// and concludes. What it says is what analysis.ts says, in the same order.

import type { CaptureProblem } from '../../captures/frame-batch.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import type { AnalysisListener, AnalysisOptions } from '../analysis.ts';
import { Conclusions, gathersFrames } from '../conclusions.ts';
import type { MessageAccount } from '../engine/message-account.ts';
import type { SummaryEvent } from '../events.ts';
import type { FindingWatch } from '../findings/watch.ts';
import type { JudgedRound, JudgingThread } from './judging-thread.ts';
import { NoticeReader } from './round-notices.ts';

/** Options of an analysis that a file can have: nothing comes late, and no attempts are explained. */
export type ThreadedOptions = Omit<AnalysisOptions, 'live' | 'explain' | 'allowStale' | 'frames'>;

/** See the head of the file. */
export class ThreadedAnalysis {
  readonly #conclusions: Conclusions;
  readonly #listener: AnalysisListener;
  readonly #thread: JudgingThread;
  readonly #walk = createWalkTable();
  readonly #gathers: boolean;

  /** @param options with the keyring that the thread was started with */
  constructor(thread: JudgingThread, options: ThreadedOptions, listener: AnalysisListener) {
    this.#thread = thread;
    this.#listener = listener;
    this.#gathers = gathersFrames(listener);
    this.#conclusions = new Conclusions(options, listener, () => undefined);
  }

  /** Findings; what the message at hand raised is in `raised()` while `row` and `message` are called. */
  get findings(): FindingWatch {
    return this.#conclusions.findings;
  }

  /** What was counted of the messages so far. */
  get account(): MessageAccount {
    return this.#conclusions.account;
  }

  /** Hears of everything to the end, and finishes. The thread is ended in any case. */
  async run(): Promise<{ summary: SummaryEvent; problem: CaptureProblem | null }> {
    const thread = this.#thread;
    this.findings.rereadFrom(thread);
    try {
      for (;;) {
        // Where the thread is ahead, no promise is waited for.
        const next = thread.next();
        const round = next instanceof Promise ? await next : next;
        if (round === null) break;
        this.#tell(round);
        this.account.frames(round.frames);
        this.#listener.progress?.(thread.consumed, thread.total);
      }
      const summary = this.#conclusions.finish(thread.report, thread.problem);
      return { summary, problem: thread.problem };
    } finally {
      await thread.close();
      this.#conclusions.close();
    }
  }

  /** Tells of every frame of a round and of what came of it, frame by frame, as engine.ts does in one thread. */
  #tell({ frames, table, notices }: JudgedRound): void {
    const { sink } = this.#conclusions;
    const walk = this.#walk;
    // Walking once more costs less than handing the tables of a walk over.
    if (this.#gathers || notices !== null) walkBatch(frames, walk);
    const noted = notices === null ? null : new NoticeReader(notices, walk);
    let message = 0;
    for (let row = 0; row < frames.count; row++) {
      noted?.tellMarks(row, sink);
      sink.frame?.(frames, row, walk);
      noted?.tell(frames, row, walk, sink);
      while (message < table.count && table.frameRow[message] === row) sink.message(table, message++);
      sink.frameDone?.(frames, row);
    }
    noted?.tellMarks(frames.count, sink);
  }
}
