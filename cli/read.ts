// `sidescope read`: analyse one capture and print what it holds. Loads no more than what a command line is made of: a thread
// that reads a large file is under way before the rest is loaded (read-capture.ts).

import type { Worker } from 'node:worker_threads';
import type { Command } from 'commander';
import type { StartedThread } from '../daemon/engine-thread/round-start.ts';
import {
  addReadOptions,
  checkReadOptions,
  type OutputType,
  printsFrames,
  printsTrees,
  type ReadOptions,
} from './read-options.ts';
import { engineThreads, hasLargeKeyring, isUncompressed } from './read-threads.ts';

/** Forms that need every message. */
const OF_MESSAGES: readonly OutputType[] = ['text', 'ndjson'];

/**
 * Adds the options and the action of `read`.
 *
 * @param ahead a thread that was started for it (thread-ahead.ts); null: none was
 */
export function configure(command: Command, ahead: Worker | null): void {
  addReadOptions(command);
  command.action((file: string | undefined, options: ReadOptions) => run(file, options, command, ahead));
}

async function run(
  file: string | undefined,
  options: ReadOptions,
  command: Command,
  ahead: Worker | null,
): Promise<void> {
  const path = checkReadOptions(file, options);
  const prints = printsFrames(options, command.getOptionValueSource('type') === 'cli');
  const { threads, isFile } = engineThreads(path, options, prints);
  let started: StartedThread | null = null;
  // What looked as if it would be large is not, or is not the capture.
  if (threads === 1) void ahead?.terminate();
  if (threads > 1 && isFile && needsThreads(options, prints)) {
    const { startJudging } = await import('../daemon/engine-thread/round-start.ts');
    // Who prints or writes, or concludes of many senders, is busy enough.
    const isBusy = prints || options.write !== undefined || hasLargeKeyring(options);
    const readsHere = threads === 2 && !isBusy && isUncompressed(path);
    const kind = readsHere ? 'here' : threads === 2 ? 2 : 3;
    started = startJudging(path, options.count ?? Number.POSITIVE_INFINITY, kind, ahead);
  }
  try {
    const { readCapture } = await import('./read-capture.ts');
    await readCapture(path, options, { prints, threads, started, ahead });
  } catch (error) {
    // What fails before it reads leaves no thread behind.
    await started?.end();
    throw error;
  }
}

/** Whether nothing that is still to be loaded can ask for an analysis in one thread, or for none. */
function needsThreads(options: ReadOptions, prints: boolean): boolean {
  if (options.lateKeys === true || options.filter !== undefined) return false;
  return !prints || OF_MESSAGES.includes(options.type) || printsTrees(options);
}
