// Starts the threads behind an analysis in several. Loads little, so that they are under way before the program has loaded
// what it needs itself, and has read a keyring.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { causeOf, ThreadQueue } from '../../captures/sources/thread-queue.ts';
import { type ReaderStoppedMessage, type RoundOrder, type ThreadMessage, YOUNG_MOST } from './round-messages.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const WORKER_FILE = new URL('./round-worker.js', import.meta.url);

/** A thread that opens a capture, and judges when it has the keys that it waits for; with the one that reads for it. */
export class StartedThread extends ThreadQueue<ThreadMessage> {
  /** Channel to it for who reads in this thread; null: it reads itself, or another thread does. */
  readonly reading: MessagePort | null;
  readonly #reader: Worker | null;

  /**
   * @param reader a thread that answers on the channel of the order; null: there is none
   * @param reading the other end of that channel, where it is read in this thread
   * @param ahead a thread that waits for the order; null: one is started
   */
  constructor(order: RoundOrder, reader: Worker | null, reading: MessagePort | null, ahead: Worker | null) {
    const channels = order.reader === null ? [] : [order.reader];
    super({ file: WORKER_FILE, name: 'sidescope engine', data: order, ahead, channels, youngMost: YOUNG_MOST });
    this.#reader = reader;
    this.reading = reading;
    let cause: string | null = null;
    reader?.on('error', (error: Error) => {
      cause = causeOf(error);
    });
    reader?.on('exit', (code) => {
      const stopped: ReaderStoppedMessage = { kind: 'reader-stopped', reason: cause ?? `exit code ${code}` };
      this.post(stopped);
    });
    reader?.unref();
  }

  /** Ends the thread, and the one that reads for it. */
  override async end(): Promise<void> {
    this.reading?.close();
    await Promise.all([super.end(), this.#reader?.terminate()]);
  }
}

/**
 * Starts the thread, or the two of them, that read and judge. Keys follow (`openJudged`).
 *
 * @param path a file, a pipe, or `-` for the process's standard input, which must be a file, a pipe or a socket
 * @param frames stops after this many
 * @param threads of all, 2, or 3: reading and walking is done in one of its own, and decompressing of a large file in one
 *   more; `here`: of two, that is done in this one (round-reader.ts), for a plain file whose conclusions take little
 * @param ahead a thread of the same file that waits for its order; null: one is started
 */
export function startJudging(
  path: string,
  frames: number,
  threads: 2 | 3 | 'here',
  ahead: Worker | null = null,
): StartedThread {
  const order: RoundOrder = {
    path,
    frames,
    judges: true,
    decompressesAside: false,
    reader: null,
    readsInProgram: false,
  };
  if (threads === 2) return new StartedThread(order, null, null, ahead);
  const { port1, port2 } = new MessageChannel();
  if (threads === 'here')
    return new StartedThread({ ...order, reader: port2, readsInProgram: true }, null, port1, ahead);
  const reading: RoundOrder = { ...order, judges: false, decompressesAside: true };
  // First, as the other one waits for it. Options of the process as for other threads (thread-queue.ts).
  const reader = new Worker(WORKER_FILE, {
    ...{ name: 'sidescope reader', execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MOST } },
    ...{ workerData: { ...reading, port: port1 }, transferList: [port1] },
  });
  return new StartedThread({ ...order, reader: port2 }, reader, null, ahead);
}
