// The thread that judges for `read` of a large capture (../daemon/engine-thread/), started before the command is loaded: until it
// can take an order the system and Node need longer than the program needs for all that it does until then.

import type { Worker } from 'node:worker_threads';
import { YOUNG_MOST } from '../daemon/engine-thread/round-messages.ts';
import { WORTH_THREADS_OCTETS } from './threads-worth.ts';

/** Options that say in how many threads, that few frames may be wanted, or columns, which may need nothing judged. */
const MAYBE_UNWANTED = /^(--threads|--count|-c|--column|-e|--help|-h)/;

/**
 * Starts it where a command line looks as if it will be wanted. Who finds out that it is not ends it.
 *
 * @param argv what follows the name of the program
 * @returns a thread that waits for an order (round-messages.ts), and does not hold the process; null: none
 */
export function startThreadAhead(argv: readonly string[]): Worker | null {
  if (argv[0] !== 'read' || argv.some((word) => MAYBE_UNWANTED.test(word)) || !argv.some(isLargeFile)) return null;
  if (process.getBuiltinModule('node:os').availableParallelism() === 1) return null;
  const { Worker: Thread } = process.getBuiltinModule('node:worker_threads');
  try {
    // As ../captures/sources/thread-queue.ts starts one, which is in a chunk that is not loaded yet.
    const thread = new Thread(new URL('../daemon/engine-thread/round-worker.js', import.meta.url), {
      ...{ name: 'sidescope engine', execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MOST } },
    });
    thread.on('error', () => undefined);
    thread.unref();
    return thread;
  } catch {
    // Whoever wants one tries again where it is none, or is gone by then, and says why there is none.
    return null;
  }
}

/** What is no path, or of a file that nobody may look at, is the command's to complain of. */
function isLargeFile(word: string): boolean {
  if (word.startsWith('-')) return false;
  try {
    const stats = process.getBuiltinModule('node:fs').statSync(word);
    return stats.isFile() && stats.size >= WORTH_THREADS_OCTETS;
  } catch {
    return false;
  }
}
