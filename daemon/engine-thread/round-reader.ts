// A plain file that is read in this thread for one that judges, a round at a time where the ring has room: in between, this
// thread concludes from what the other one has judged. Neither waits for the other while it has something to do, and code
// of both is compiled at the same time.

import type { MessagePort } from 'node:worker_threads';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { FileSource } from '../../captures/sources/file.ts';
import { JUDGED_RING_SLOTS } from './round-messages.ts';
import { RoundReading } from './round-reading.ts';
import { RoundSender } from './round-sender.ts';

/** See the head of the file. */
export class RoundReader {
  readonly #source: FileSource;
  readonly #port: MessagePort;
  readonly #sender: RoundSender;
  readonly #reading: RoundReading;
  /** What is not handed over yet of the batch at hand; null: nothing. */
  #batch: FrameBatch | null = null;
  #ended = false;

  /**
   * @param source closed by `close`
   * @param frames stops after this many
   * @param port channel to the thread that judges
   */
  constructor(source: FileSource, frames: number, port: MessagePort) {
    this.#source = source;
    this.#port = port;
    this.#sender = new RoundSender(port);
    const descriptor = source.reread === undefined ? null : source.descriptor;
    this.#sender.opened({ total: source.total, descriptor }, JUDGED_RING_SLOTS);
    this.#reading = new RoundReading(source, frames, null, this.#sender);
  }

  /** Hands rounds over as long as the ring has room, to the end of the capture. Waits for nobody. */
  readOn(): void {
    while (!this.#ended && this.#sender.hasRoom) {
      if (this.#batch === null) {
        // A plain file is read at once.
        const next = this.#reading.next() as FrameBatch | null;
        if (next === null) {
          this.#ended = true;
          this.#reading.end();
          return;
        }
        this.#batch = this.#reading.begin(next);
      }
      if (!this.#reading.goOn(this.#batch)) this.#batch = null;
    }
  }

  /** Reads no more. */
  close(): void {
    this.#ended = true;
    this.#source.close();
    this.#port.close();
  }
}
