// Standard input, and a capture that is played, each as one attempt.

import type { Readable } from 'node:stream';

import type { FrameBatch, FrameSource } from '../frame-batch.ts';
import { CaptureOpenError, openCapture } from '../open.ts';
import { type ReplayClock, ReplaySource } from './replay.ts';
import { type AttemptEnding, type SourceAttempt, SourceFailure } from './source-attempt.ts';
import type { ReplayDescription } from './source-description.ts';
import { fromCapture } from './source-problems.ts';
import { frameSourceFromStream } from './stdin.ts';

/** Constants we chose. */
/** A round of a looped replay takes so long at least (ms): an empty capture must not fill a core. */
const SHORTEST_ROUND_MS = 20;

/** Frames of one capture after the other; `another` gives the next one, or null where there is none. */
class CaptureAttempt implements SourceAttempt {
  readonly state = 'running';
  readonly dropped = null;
  readonly overflowed = 0;
  readonly problem = null;
  ending: AttemptEnding = { kind: 'finished', problem: null };
  capture = 0;
  #source: FrameSource;
  readonly #another: () => Promise<FrameSource | null>;
  #ended = false;

  constructor(source: FrameSource, another: () => Promise<FrameSource | null> = async () => Promise.resolve(null)) {
    this.#source = source;
    this.#another = another;
  }

  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#ended) return null;
    const next = this.#source.next();
    if (next instanceof Promise) return this.#later(next);
    return next ?? this.#goOn();
  }

  finish(): void {
    this.#ended = true;
    void this.#source.close();
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#source.close();
  }

  async #later(next: Promise<FrameBatch | null>): Promise<FrameBatch | null> {
    return (await next) ?? this.#goOn();
  }

  async #goOn(): Promise<FrameBatch | null> {
    if (this.#ended) return null;
    const { problem } = this.#source;
    this.ending = { kind: 'finished', problem: problem === null ? null : fromCapture(problem) };
    await this.#source.close();
    // The same damage comes in every round: it is told and the rounds go on.
    const another = await this.#another();
    if (another === null || this.#ended) {
      await another?.close();
      this.#ended = true;
      return null;
    }
    this.#source = another;
    this.capture++;
    return this.next();
  }
}

/** A capture on standard input. It ends with the input. */
export function beginStdin(stream: Readable): SourceAttempt {
  return new CaptureAttempt(frameSourceFromStream(stream));
}

/** A capture that is played. @throws SourceFailure where it cannot be opened */
export async function beginReplay(
  { path, speed = 1, loop = false }: ReplayDescription,
  clock: ReplayClock,
  signal: AbortSignal,
): Promise<SourceAttempt> {
  const open = async (): Promise<FrameSource> => {
    try {
      const source = await openCapture(path);
      return new ReplaySource(source, { speed: speed === 'full' ? Number.POSITIVE_INFINITY : speed, clock });
    } catch (error) {
      if (error instanceof CaptureOpenError) {
        throw new SourceFailure({ code: error.code, message: error.message, hint: error.hint });
      }
      throw error;
    }
  };
  let began = clock.now();
  const again = async (): Promise<FrameSource | null> => {
    const lasted = clock.now() - began;
    if (lasted < SHORTEST_ROUND_MS) await clock.wait(SHORTEST_ROUND_MS - lasted, signal).catch(() => {});
    if (signal.aborted) return null;
    began = clock.now();
    return open();
  };
  return new CaptureAttempt(await open(), loop ? again : undefined);
}
