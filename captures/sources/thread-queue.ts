// Another thread of this process, as a queue of what it says. The end of the thread, for whatever reason, ends the queue.

import type { MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

import type { CaptureProblem } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import { captureProblem } from '../problems.ts';

/** The thread is gone. Comes last, and always. */
export interface Stopped {
  readonly kind: 'stopped';
  /** Code of the error that ended it, or its exit code. */
  readonly reason: string;
}

/** How a thread is started. */
export interface ThreadStart {
  /** The compiled file: Node 20 loads no TypeScript. */
  readonly file: URL;
  /** What it is called in a debugger. */
  readonly name: string;
  /** What it gets as `workerData`, or as its first message, beside `port`, the channel on which it answers. */
  readonly data: object;
  /** One that was started before, and waits for that message; absent or gone: another one is started. */
  readonly ahead?: Worker | null;
  /** Channels among `data` that go over to the thread. */
  readonly channels?: readonly MessagePort[];
  /** MiB at most of memory for young objects; absent: as Node has it. */
  readonly youngMost?: number;
}

/** What Node says is the number of a thread that has ended. */
const GONE = -1;

/** See the head of the file. Who fills it bounds it: a thread says no more than it has room to give back. */
export class ThreadQueue<Said> {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #messageOn: typeof receiveMessageOnPort;
  readonly #queue: (Said | Stopped)[] = [];
  #wake: () => void = () => {};
  #error: Error | null = null;
  #isEnding = false;

  constructor({ file, name, data, ahead = null, channels = [], youngMost }: ThreadStart) {
    // Loaded with the first thread: it takes as long as a tenth of a small capture, which has none.
    const threads = process.getBuiltinModule('node:worker_threads');
    const { port1, port2 } = new threads.MessageChannel();
    this.#messageOn = threads.receiveMessageOnPort;
    this.#port = port1;
    this.#port.on('message', (message: Said) => {
      this.#put(message);
    });
    const start = { ...data, port: port2 };
    const transferList = [port2, ...channels];
    if (ahead !== null && ahead.threadId !== GONE) {
      this.#worker = ahead;
      ahead.postMessage(start, transferList);
    } else {
      this.#worker = new threads.Worker(file, {
        name,
        // Some options of a process (`--input-type`) would keep a file from being loaded.
        execArgv: [],
        ...(youngMost === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngMost } }),
        workerData: start,
        transferList,
      });
    }
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
  }

  /** The thread, for tests that end it. */
  get worker(): Worker {
    return this.#worker;
  }

  /** What it said next, or null where it has said nothing more so far. Needs no turn of the event loop. */
  take(): Said | Stopped | null {
    return this.#queue.shift() ?? this.#receive();
  }

  /** Ends when there may be something to take. */
  async wait(): Promise<void> {
    this.#worker.ref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    // Its end is waited for where somebody does.
    if (!this.#isEnding) this.#worker.unref();
  }

  /** What it says next, waited for. */
  async next(): Promise<Said | Stopped> {
    let said = this.take();
    while (said === null) {
      await this.wait();
      said = this.take();
    }
    return said;
  }

  /** Ends a wait. */
  wake(): void {
    this.#wake();
  }

  /** Says something to the thread. */
  post(message: unknown): void {
    this.#port.postMessage(message, []);
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#port.close();
    await this.#worker.terminate();
  }

  #receive(): Said | null {
    return (this.#messageOn(this.#port)?.message as Said | undefined) ?? null;
  }

  #put(said: Said | Stopped): void {
    this.#queue.push(said);
    this.#wake();
  }
}

/** What an error of a thread is called. Its text may quote input and stays out. */
export function causeOf(error: Error): string {
  const code = systemCode(error);
  return code === 'unknown' ? error.name : code;
}

/**
 * The problem of an input whose reading thread stopped before its end.
 *
 * @param reason code of the error that ended it, or its exit code
 * @param consumed octets of the input that were read
 * @param work what it did
 */
export function readerStopped(reason: string, consumed: number, work: 'reads' | 'judges' = 'reads'): CaptureProblem {
  const sentence = `the thread that ${work} the input stopped (${reason}), ${consumed} octets into it`;
  return captureProblem('capture.reader-stopped', consumed, sentence);
}
