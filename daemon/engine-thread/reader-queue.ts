// What the thread that reads says, as a queue in the thread that judges. Both were started by a third, which says when the
// one that reads has ended.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Stopped } from '../../captures/sources/thread-queue.ts';
import type { ThreadInstruction, ThreadMessage } from './round-messages.ts';
import type { RoundQueue } from './round-thread.ts';

/** See the head of the file. Bounded by the ring of the thread that reads. */
export class ReaderQueue implements RoundQueue {
  readonly #port: MessagePort;
  readonly #queue: (ThreadMessage | Stopped)[] = [];
  #wake: () => void = () => {};

  /**
   * @param port channel of the thread that reads
   * @param instructions channel on which its end is told
   */
  constructor(port: MessagePort, instructions: MessagePort) {
    this.#port = port;
    port.on('message', (message: ThreadMessage) => {
      this.#put(message);
    });
    instructions.on('message', (message: ThreadInstruction) => {
      if (message.kind !== 'reader-stopped') return;
      // What it said before its end may still be on its way.
      for (let note = this.#receive(); note !== null; note = this.#receive()) this.#put(note);
      this.#put({ kind: 'stopped', reason: message.reason });
    });
  }

  take(): ThreadMessage | Stopped | null {
    return this.#queue.shift() ?? this.#receive();
  }

  async next(): Promise<ThreadMessage | Stopped> {
    let said = this.take();
    while (said === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      said = this.take();
    }
    return said;
  }

  /** Listens no longer. Whoever started the thread ends it. */
  async end(): Promise<void> {
    this.#port.close();
  }

  #receive(): ThreadMessage | null {
    return (receiveMessageOnPort(this.#port)?.message as ThreadMessage | undefined) ?? null;
  }

  #put(said: ThreadMessage | Stopped): void {
    this.#queue.push(said);
    this.#wake();
  }
}
