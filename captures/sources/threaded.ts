// A capture that a thread of its own opens, reads and decompresses, while this one analyses. Frames come through shared
// memory (threaded-slot.ts); what is said of them, and the slots that come free again, through a message channel.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

import type { CaptureProblem, FrameBatch, FrameSource } from '../frame-batch.ts';
import { CaptureOpenError, systemCode } from '../open-error.ts';
import { captureProblem } from '../problems.ts';
import { type ReaderMessage, type ReaderOrder, RING_SLOTS, ThreadedSlot } from './threaded-slot.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const READER_FILE = new URL('./threaded-worker.js', import.meta.url);

/** The thread is gone. Comes last, and always. */
interface Stopped {
  readonly kind: 'stopped';
  /** Code of the error that ended it, or its exit code. */
  readonly reason: string;
}

/** The reading thread, as a queue of what it says. The end of the thread, for whatever reason, ends the queue. */
class Reader {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** Not read yet; the ring bounds it. */
  readonly #queue: (ReaderMessage | Stopped)[] = [];
  #wake: () => void = () => {};
  #error: Error | null = null;

  constructor(order: ReaderOrder, told: (worker: Worker) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.on('message', (message: ReaderMessage) => {
      this.#put(message);
    });
    this.#worker = new Worker(READER_FILE, {
      name: 'sidescope reader',
      // Some options of a process (`--input-type`) would keep a file from being loaded.
      execArgv: [],
      workerData: { ...order, port: port2 },
      transferList: [port2],
    });
    this.#worker.on('error', (error: Error) => {
      this.#error = error;
    });
    this.#worker.on('exit', (code) => {
      // What it said before its end may still be on its way.
      for (let note = this.#receive(); note !== null; note = this.#receive()) this.#put(note);
      this.#put({ kind: 'stopped', reason: this.#error === null ? `exit code ${code}` : causeOf(this.#error) });
      this.#port.close();
    });
    // A caller that fails before it closes the source shall end the process all the same: only a wait holds it.
    this.#port.unref();
    this.#worker.unref();
    told(this.#worker);
  }

  /** What it said next, or null where it has said nothing more so far. Needs no turn of the event loop. */
  take(): ReaderMessage | Stopped | null {
    return this.#queue.shift() ?? this.#receive();
  }

  /** Ends when there may be something to take. */
  async wait(): Promise<void> {
    this.#worker.ref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#worker.unref();
  }

  /** Ends a wait. */
  wake(): void {
    this.#wake();
  }

  giveBack(slot: number): void {
    this.#port.postMessage(slot, []);
  }

  async end(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }

  #receive(): ReaderMessage | null {
    return (receiveMessageOnPort(this.#port)?.message as ReaderMessage | undefined) ?? null;
  }

  #put(message: ReaderMessage | Stopped): void {
    this.#queue.push(message);
    this.#wake();
  }
}

/** Frames that another thread reads. */
class ThreadedSource implements FrameSource {
  readonly total: number | null;
  readonly #reader: Reader;
  readonly #ring: readonly ThreadedSlot[];
  /** The slot that was given out last. */
  #held: ThreadedSlot | null = null;
  #problem: CaptureProblem | null = null;
  #consumed = 0;
  #ended = false;

  constructor(reader: Reader, ring: readonly ThreadedSlot[], total: number | null) {
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
      this.#reader.giveBack(this.#held.number);
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
      const reason = message.kind === 'stopped' ? message.reason : message.kind;
      const sentence = `the thread that reads the input stopped (${reason}), ${this.#consumed} octets into it`;
      this.#problem = captureProblem('capture.reader-stopped', this.#consumed, sentence);
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
  const reader = new Reader({ path, ring: ring.map(({ memory }) => memory) }, told);
  let message = reader.take();
  while (message === null) {
    await reader.wait();
    message = reader.take();
  }
  if (message.kind === 'opened') return new ThreadedSource(reader, ring, message.total);
  await reader.end();
  throw new CaptureOpenError(path, 'reason' in message ? message.reason : message.kind);
}

/** What an error of the thread is called. Its text may quote input and stays out. */
function causeOf(error: Error): string {
  const code = systemCode(error);
  return code === 'unknown' ? error.name : code;
}
