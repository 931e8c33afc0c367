// The account of every frame (interfaces 3, summary): it took part in at least one message, or it is counted once under
// `undecoded`, the first that fits. A frame whose segments still wait is decided when they complete or are given up.

import { OUTCOME_NAMES, Outcome, type OutcomeName } from '../../dissectors/walk-table.ts';

interface OpenFrame {
  /** Segments of it that wait. */
  waiting: number;
  /** What it counts as if no message comes of it; `Outcome.data` where nothing else is wrong with it. */
  outcome: number;
  lost: boolean;
}

/** Counts frames. Frames that wait are bounded by the SDUs that reassembly holds open. */
export class Accounting {
  frames = 0;
  inMessages = 0;
  readonly #undecoded = new Float64Array(OUTCOME_NAMES.length);
  readonly #open = new Map<number, OpenFrame>();

  /**
   * Closes the books on a frame that has no element waiting.
   *
   * @param completed whether it took part in a message
   * @param orphan whether it held a segment of an SDU whose beginning is missing
   */
  settle(outcome: number, completed: boolean, orphan: boolean): void {
    this.frames++;
    if (completed) this.inMessages++;
    else this.#count(outcome, orphan);
  }

  /** Closes the books on so many frames that each took part in a message. */
  settleCompleted(frames: number): void {
    this.frames += frames;
    this.inMessages += frames;
  }

  /** Keeps a frame open: `waiting` of its elements belong to SDUs that lack their end. */
  defer(frame: number, outcome: number, orphan: boolean, waiting: number): void {
    this.frames++;
    this.#open.set(frame, { waiting, outcome, lost: orphan });
  }

  /** An SDU was completed: its frames took part in a message. */
  complete(frames: readonly number[]): void {
    for (const frame of frames) {
      if (this.#open.delete(frame)) this.inMessages++;
    }
  }

  /** An SDU was given up. */
  lose(frames: readonly number[]): void {
    for (const frame of frames) {
      const open = this.#open.get(frame);
      if (open === undefined) continue;
      open.lost = true;
      open.waiting--;
      if (open.waiting > 0) continue;
      this.#open.delete(frame);
      this.#count(open.outcome, true);
    }
  }

  /** Counts by name of what came to nothing so far; frames that wait are `pending-reassembly`. */
  undecoded(): Partial<Record<OutcomeName, number>> {
    const counts = Float64Array.from(this.#undecoded);
    for (const open of this.#open.values()) {
      if (open.outcome < Outcome.lostReassembly) counts[open.outcome]++;
      else counts[open.lost ? Outcome.lostReassembly : Outcome.pendingReassembly]++;
    }
    const named: Partial<Record<OutcomeName, number>> = {};
    for (let i = 0; i < OUTCOME_NAMES.length; i++) {
      if (counts[i] > 0) named[OUTCOME_NAMES[i]] = counts[i];
    }
    return named;
  }

  #count(outcome: number, lost: boolean): void {
    if (outcome < Outcome.lostReassembly) this.#undecoded[outcome]++;
    else this.#undecoded[lost ? Outcome.lostReassembly : outcome]++;
  }
}
