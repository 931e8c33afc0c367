// The capture that `read` analyses, opened: with its engine in this thread, or in others where that pays.

import { fstatSync, type Stats, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { CaptureProblem } from '../captures/frame-batch.ts';
import { Analysis, type AnalysisListener, type AnalysisOptions } from '../daemon/analysis.ts';
import type { MessageAccount } from '../daemon/engine/message-account.ts';
import type { FindingWatch } from '../daemon/findings/watch.ts';
import { openInput, orInputError } from './open-input.ts';

/**
 * We chose: octets of a capture, and frames of it that are wanted, from which on other threads have caught up their start
 * (docs/performance.md).
 */
const WORTH_THREADS_OCTETS = 1 << 26;
const WORTH_THREADS_FRAMES = 1 << 19;

/** An analysis, in however many threads. */
export interface RunningAnalysis {
  readonly findings: FindingWatch;
  readonly account: MessageAccount;
}

/** A capture that is open. */
export interface AnalysedInput {
  /** Octets of it in all, or null where nobody knows. */
  readonly total: number | null;
  /** Analyses it to its end, and closes it. @param explains whether the keys that were tried are written down */
  analyse(
    listener: AnalysisListener,
    explains: boolean,
  ): Promise<RunningAnalysis & { readonly problem: CaptureProblem | null }>;
  close(): void | Promise<void>;
}

/** How a capture is opened. */
export interface InputOptions {
  /** What `--threads` says; absent: as many as pay. */
  readonly threads?: number | undefined;
  /** Whether the keys that were tried may have to be written down, which is done in one thread. */
  readonly mayExplain: boolean;
  /** Whether messages or frames are printed, which keeps the thread that listens as busy as another one. */
  readonly prints: boolean;
}

/**
 * Opens a capture to be analysed.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @throws SidescopeError `capture.*`, exit code 2
 */
export async function openAnalysed(
  path: string,
  options: Omit<AnalysisOptions, 'live' | 'explain'>,
  { threads, mayExplain, prints }: InputOptions,
): Promise<AnalysedInput> {
  if (mayExplain || !isWorthThread(path, threads, options.frames)) {
    const source = await openInput(path, threads ?? 'auto');
    return {
      total: source.total,
      close: () => source.close(),
      analyse: async (listener, explains) => {
        const analysis = new Analysis({ ...options, explain: explains }, listener);
        const { problem } = await analysis.run(source);
        return { findings: analysis.findings, account: analysis.account, problem };
      },
    };
  }
  // Loaded only here: small captures do without.
  const { openJudged, ThreadedAnalysis } = await import('../daemon/engine-thread/threaded-analysis.ts');
  const pays = prints && availableParallelism() < 3 ? 2 : 3;
  const thread = await orInputError(openJudged(path, options, (threads ?? pays) === 2 ? 2 : 3));
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

/** Whether the engine gets a thread of its own. */
function isWorthThread(path: string, threads: number | undefined, frames = Number.POSITIVE_INFINITY): boolean {
  if (threads === 1) return false;
  const stats = statsOf(path);
  if (stats === null) return false;
  // A terminal stays with the thread that it belongs to.
  if (threads !== undefined) return path !== '-' || stats.isFile() || stats.isFIFO() || stats.isSocket();
  return (
    path !== '-' &&
    stats.isFile() &&
    stats.size >= WORTH_THREADS_OCTETS &&
    frames >= WORTH_THREADS_FRAMES &&
    availableParallelism() > 1
  );
}

/** Null where there is nothing: whoever opens it says why. */
function statsOf(path: string): Stats | null {
  try {
    return path === '-' ? fstatSync(0) : statSync(path);
  } catch {
    return null;
  }
}
