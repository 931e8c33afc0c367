// The capture that `read` analyses, opened: with its engine in this thread, or in others where that pays.

import type { Worker } from 'node:worker_threads';
import type { CaptureProblem } from '../captures/frame-batch.ts';
import { FileSource } from '../captures/sources/file.ts';
import { Analysis, type AnalysisListener, type AnalysisOptions } from '../daemon/analysis.ts';
import type { MessageAccount } from '../daemon/engine/message-account.ts';
import type { StartedThread } from '../daemon/engine-thread/round-start.ts';
import type { FindingWatch } from '../daemon/findings/watch.ts';
import { openInput, orInputError } from './open-input.ts';

/** An analysis, in however many threads. */
export interface RunningAnalysis {
  readonly findings: FindingWatch;
  readonly account: MessageAccount;
}

/** A capture that is open. */
export interface AnalysedInput {
  /** Octets of it in all, or null where nobody knows. */
  readonly total: number | null;
  /** Analyses it to its end, and closes it. */
  analyse(listener: AnalysisListener): Promise<RunningAnalysis & { readonly problem: CaptureProblem | null }>;
  close(): void | Promise<void>;
}

/** How a capture is opened. */
export interface InputOptions {
  /** In how many threads it is analysed (read-threads.ts). */
  readonly threads: 1 | 2 | 3;
  /** What `--threads` says; absent: as many as pay. */
  readonly asked: number | undefined;
  /** The thread that has opened it already, or judges what is read in this one; null: there is none. */
  readonly started: StartedThread | null;
  /** One that waits for its order, where `started` is null and `threads` is not 1; null: there is none. */
  readonly ahead: Worker | null;
}

/**
 * Opens a capture to be analysed.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @throws SidescopeError `capture.*`, exit code 2
 */
export async function openAnalysed(
  path: string,
  options: Omit<AnalysisOptions, 'live'>,
  { threads, asked, started, ahead }: InputOptions,
): Promise<AnalysedInput> {
  if (started === null && threads === 1) {
    const source = await openInput(path, asked ?? 'auto');
    return {
      total: source.total,
      close: () => source.close(),
      analyse: async (listener) => {
        const analysis = new Analysis(options, listener);
        const { problem } = await analysis.run(source);
        return { findings: analysis.findings, account: analysis.account, problem };
      },
    };
  }
  const source = started === null || started.reading === null ? null : await openInput(path);
  if (source !== null && !(source instanceof FileSource)) {
    // Somebody has compressed it since it was looked at.
    await Promise.all([source.close(), started?.end()]);
    return openAnalysed(path, options, { threads, asked, started: null, ahead: null });
  }
  // Loaded only here: small captures do without.
  const { openJudged, ThreadedAnalysis } = await import('../daemon/engine-thread/threaded-analysis.ts');
  const thread = await orInputError(
    openJudged(started ?? (await startedLate(path, options.frames, threads, ahead)), path, source, options),
  );
  return {
    total: thread.total,
    close: () => thread.close(),
    analyse: async (listener) => {
      const analysis = new ThreadedAnalysis(thread, options, listener);
      const { problem } = await analysis.run();
      return { findings: analysis.findings, account: analysis.account, problem };
    },
  };
}

/** A thread for an input of which it was not known before that it is analysed in several. */
async function startedLate(
  path: string,
  frames = Number.POSITIVE_INFINITY,
  threads: 1 | 2 | 3,
  ahead: Worker | null,
): Promise<StartedThread> {
  const { startJudging } = await import('../daemon/engine-thread/round-start.ts');
  return startJudging(path, frames, threads === 2 ? 2 : 3, ahead);
}
