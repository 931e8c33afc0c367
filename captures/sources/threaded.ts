// A capture that a thread of its own opens, reads and decompresses, while this one analyses. Frames come through shared
// memory (threaded-slot.ts); what is said of them, and the slots that come free again, through a message channel.

import type { Worker } from 'node:worker_threads';

import type { CaptureProblem, FrameBatch, FrameSource } from '../frame-batch.ts';
import { CaptureOpenError } from '../open-error.ts';
import { readerStopped, type Stopped, ThreadQueue } from './thread-queue.ts';
import { type ReaderMessage, type ReaderOrder, RING_SLOTS, ThreadedSlot } from './threaded-slot.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const READER_FILE = new URL('./threaded-worker.js', import.meta.url);

/** Frames that another thread reads. */
class ThreadedSource implements FrameSource {
  readonly total: number | null;
  readonly #reader: ThreadQueue<ReaderMessage>;
  readonly #ring: readonly ThreadedSlot[];
  /** The slot that was given out last. */
  #held: ThreadedSlot | null = null;
  #problem: CaptureProblem | null = null;
  #consumed = 0;
  #ended = false;

  constructor(reader: ThreadQueue<ReaderMessage>, ring: readonly ThreadedSlot[], total: number | null) {
    this.#reader = reader;
    this.#ring = ring;
    this.total = total;
  }

  get problem(): CaptureProblem | null {
    return this.#problem;
  }

  get consumed(): number {
    return this.#consumed;
  }

  /** The next batch: at once where the reader is ahead. Not to be called while a call waits. */
  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#held !== null) {
      this.#reader.post(this.#held.number);
      this.#held = null;
    }
    if (this.#ended) return null;
    const message = this.#reader.take();
    return message === null ? this.#waitForNext() : this.#take(message);
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#reader.wake();
    await this.#reader.end();
  }

  async #waitForNext(): Promise<FrameBatch | null> {
    while (!this.#ended) {
      await this.#reader.wait();
      const message = this.#ended ? null : this.#reader.take();
      if (message !== null) return this.#take(message);
    }
    return null;
  }

  #take(message: ReaderMessage | Stopped): FrameBatch | null {
    if (message.kind === 'batch') {
      this.#consumed = message.consumed;
      this.#held = this.#ring[message.slot].accept(message);
      return this.#held;
    }
    this.#ended = true;
    if (message.kind === 'ended') {
      this.#consumed = message.consumed;
      this.#problem = message.problem;
    } else {
      this.#problem = readerStopped(message.kind === 'stopped' ? message.reason : message.kind, this.#consumed);
    }
    return null;
  }
}

/**
 * Opens a capture in a thread of its own. `next` is synchronous where the thread is ahead. A thread that dies ends the
 * capture with the problem `capture.reader-stopped`, behind everything that it had read.
 *
 * @param path a file, a pipe, or `-` for the process's standard input, which must be a file, a pipe or a socket
 * @param told gets the thread, for tests that end it
 * @throws CaptureOpenError where there is nothing to read, or no thread to read it
 */
export async function openThreaded(path: string, told: (worker: Worker) => void = () => {}): Promise<FrameSource> {
  const ring = Array.from({ length: RING_SLOTS }, (_, number) => new ThreadedSlot(number));
  const data: ReaderOrder = { path, ring: ring.map(({ memory }) => memory) };
  const reader = new ThreadQueue<ReaderMessage>({ file: READER_FILE, name: 'sidescope reader', data });
  told(reader.worker);
  const message = await reader.next();
  if (message.kind === 'opened') return new ThreadedSource(reader, ring, message.total);
  await reader.end();
  throw new CaptureOpenError(path, 'reason' in message ? message.reason : message.kind);
}
