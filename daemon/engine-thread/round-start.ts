// Starts a thread behind an analysis in several. Loads little, so that the thread is under way before the program has loaded
// what it needs itself, and has read a keyring.

import { ThreadQueue } from '../../captures/sources/thread-queue.ts';
import type { RoundOrder, ThreadMessage } from './round-messages.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const WORKER_FILE = new URL('./round-worker.js', import.meta.url);

/** A thread that opens a capture, and reads on when it has the keys that it was told to wait for. */
export type StartedThread = ThreadQueue<ThreadMessage>;

/**
 * Starts the thread, or the two of them, that read and judge. Keys follow (`openJudged`).
 *
 * @param path a file, a pipe, or `-` for the process's standard input, which must be a file, a pipe or a socket
 * @param frames stops after this many
 * @param threads of all, 2, or 3: reading and walking is done in one of its own, and decompressing of a large file in one
 *   more
 * @returns what `end` ends, together with what it started
 */
export function startJudging(path: string, frames: number, threads: 2 | 3): StartedThread {
  return start({ path, frames, judges: true, walksAside: threads === 3 }, 'sidescope engine');
}

/** In the thread that judges: starts the one that reads and walks for it. */
export function startReading({ path, frames }: RoundOrder): StartedThread {
  return start({ path, frames, judges: false, walksAside: true }, 'sidescope reader');
}

function start(data: RoundOrder, name: string): StartedThread {
  return new ThreadQueue<ThreadMessage>({ file: WORKER_FILE, name, data });
}
