// One attempt of a source to run: from its start until it ends or fails. supervised-source.ts makes a lasting source of
// one attempt after the other.

import type { FrameBatch } from '../frame-batch.ts';
import type { SourceProblem } from './live-source.ts';

/** How an attempt came to its end. `finished`: nothing more will ever come, though something may have been wrong. */
export interface AttemptEnding {
  readonly kind: 'finished' | 'failed';
  readonly problem: SourceProblem | null;
}

/** Frames from a start to an end. */
export interface SourceAttempt {
  /** The next batch, as soon as there is a frame; null at the end. Not to be called while a call waits. */
  next(): FrameBatch | null | Promise<FrameBatch | null>;
  /** Valid once `next` gave null. */
  readonly ending: AttemptEnding;
  /** `starting`: its first batch will say that it runs. `waiting`: what it reads is not there (`problem` says so). */
  readonly state: 'starting' | 'running' | 'waiting';
  /** Goes up with each new capture, whose interfaces count from 0 again, before the first batch of it is given. */
  readonly capture: number;
  /** Frames that kernel or capture program lost in this attempt, beside the drops that the capture itself tells; or null. */
  readonly dropped: number | null;
  /** Frames that this attempt let go because its buffer was full. */
  readonly overflowed: number;
  /** What is wrong though it goes on. */
  readonly problem: SourceProblem | null;
  /** Takes no new input; what has been taken is still given out. */
  finish(): void;
  /** Ends it at once: a `next` that waits gives null. Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** An attempt that could not begin, or that could not go on. */
export class SourceFailure extends Error {
  readonly problem: SourceProblem;

  constructor(problem: SourceProblem) {
    super(problem.message);
    this.name = 'SourceFailure';
    this.problem = problem;
  }
}
