// A pass over a capture that lets others have their turn, and can be called off.

import { setImmediate as turn } from 'node:timers/promises';
import type { CaptureProblem, FrameSource } from '../../captures/frame-batch.ts';
import type { Analysis } from '../analysis.ts';

/** We chose: ms of work between two turns of the event loop. Questions about single frames wait no longer. */
const WORK_MS = 12;

/** How far a pass has come, and whether it goes on. */
export interface Pace {
  readonly signal: AbortSignal;
  /** Milliseconds, never going back. */
  now(): number;
  /** Before each turn. */
  turned(source: FrameSource): void;
}

/**
 * Runs an analysis over a source, which is closed in any case.
 *
 * @returns what cut the input short, or null; also null where the pass was called off
 */
export async function pacedPass(source: FrameSource, analysis: Analysis, pace: Pace): Promise<CaptureProblem | null> {
  let begun = pace.now();
  try {
    while (!pace.signal.aborted) {
      const next = source.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === null) {
        analysis.finish(source.problem);
        pace.turned(source);
        return source.problem;
      }
      analysis.push(batch);
      if (pace.now() - begun < WORK_MS) continue;
      pace.turned(source);
      await turn();
      begun = pace.now();
    }
    return null;
  } finally {
    await source.close();
    analysis.close();
  }
}
