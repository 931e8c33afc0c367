// Ctrl-C and SIGTERM while `read` reads: the first ends the input, so that what was read until then is concluded and printed. The
// second ends the program, as each of them does before anything is read.

import { ExitCode } from '../daemon/errors.ts';
import type { BatchInput, StopRequest } from '../daemon/stop-request.ts';

const EXIT_CODES = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const;
type InterruptSignal = keyof typeof EXIT_CODES;

/**
 * We chose: milliseconds after which signals are looked for. A plain file is read without a turn of the event loop, and one
 * takes some microseconds. A clock that was set brings it forward; a steady one takes Node 2 ms to load.
 */
const TURN_MS = 50;

/** See the head of the file. */
export class Interruption implements StopRequest {
  #signal: InterruptSignal | null = null;
  #turned = Date.now();
  /** Ends the wait that is under way. */
  #wake: () => void = () => {};

  /** The signal that came; null: none did. */
  get signal(): InterruptSignal | null {
    return this.#signal;
  }

  get isMade(): boolean {
    return this.#signal !== null;
  }

  /** That of a program that the signal ended; null: none came. */
  get exitCode(): ExitCode | null {
    return this.#signal === null ? null : EXIT_CODES[this.#signal];
  }

  next<Batch>(input: BatchInput<Batch>): Batch | null | Promise<Batch | null> {
    if (this.#signal !== null) return null;
    return Math.abs(Date.now() - this.#turned) < TURN_MS ? this.#ask(input) : this.#askLater(input);
  }

  #ask<Batch>(input: BatchInput<Batch>): Batch | null | Promise<Batch | null> {
    const next = input.next();
    return next instanceof Promise ? this.#orNull(next) : next;
  }

  async #askLater<Batch>(input: BatchInput<Batch>): Promise<Batch | null> {
    await new Promise(setImmediate);
    this.#turned = Date.now();
    return this.#signal === null ? this.#ask(input) : null;
  }

  #orNull<Batch>(waited: Promise<Batch | null>): Promise<Batch | null> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(null);
      // Whoever ends both programs of a pipe with one Ctrl-C has interrupted, not come to the end. The signal may have come
      // after this turn of the event loop began: it shows in the next.
      const end = (): void => void setImmediate(resolve, null);
      waited.then((batch) => (batch === null ? setImmediate(end) : resolve(batch)), reject);
    });
  }

  /** Listens from here on. Before, either signal ends the program at once. */
  listen(): void {
    process.once('SIGINT', this.#interrupt);
    process.once('SIGTERM', this.#interrupt);
  }

  readonly #interrupt = (signal: NodeJS.Signals): void => {
    // Whichever comes now finds nobody who listens.
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#interrupt);
    this.#signal = signal as InterruptSignal;
    this.#wake();
  };
}
