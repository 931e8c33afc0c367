// Questions to the child that wait for their answer. Each is answered, or fails when the child goes.

import { SidescopeError } from '../errors.ts';
import { type PipedError, pipedExitCode } from './pipe-messages.ts';

/** We chose: questions that may wait; above it a new one fails at once. */
const WAITING_MOST = 4096;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: SidescopeError) => void;
}

/** See the head of the file. */
export class PendingQuestions {
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  /** Whether some question waits. */
  get some(): boolean {
    return this.#waiting.size > 0;
  }

  /** Sends a question under a number of its own. */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#waiting.size >= WAITING_MOST) {
      const error: PipedError = {
        code: 'engine.busy',
        message: `the engine has ${WAITING_MOST} questions to answer`,
        hint: 'ask again later, and less',
        exitCode: 1,
      };
      return Promise.reject(raised(error));
    }
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  answered(id: number, answer: unknown): void {
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  failed(id: number, error: PipedError): void {
    this.#waiting.get(id)?.reject(raised(error));
    this.#waiting.delete(id);
  }

  /** The child has gone. */
  failAll(error: PipedError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(raised(error));
  }
}

/** An error of the child as one of the parent. */
export function raised({ code, message, hint, exitCode }: PipedError): SidescopeError {
  return new SidescopeError(code, message, hint, pipedExitCode(exitCode));
}
