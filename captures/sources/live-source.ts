// What every source of a daemon is: something that brings frames as they come, says how it fares, and can be stopped.

import type { FrameBatch } from '../frame-batch.ts';

/** Whose time the gate for plaintext goes by: the clock on the wall, or the capture's own (replays). */
export type SourceClock = 'wall' | 'capture';

/** `waiting`: it failed and is tried again. `ended`: a file or replay that came to its end. */
export type SourceState = 'starting' | 'running' | 'waiting' | 'ended' | 'stopped';

/** Why a source does not run: a stable code, one sentence, and what to do next. No secrets. */
export interface SourceProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** How a source fares. */
export interface SourceStatus {
  readonly name: string;
  /** What it is, for people: `interface wlan0 through dumpcap`, `udp 0.0.0.0:4729 gsmtap`. No secrets. */
  readonly kind: string;
  readonly clock: SourceClock;
  readonly state: SourceState;
  readonly frames: number;
  readonly octets: number;
  /** Frames that the kernel or the capture program says it lost; null where it cannot know. */
  readonly dropped: number | null;
  /** Frames that this source itself had to let go (its buffer was full). */
  readonly overflowed: number;
  /** How often it was started again. */
  readonly restarts: number;
  /** Milliseconds since 1970 (wall clock) of the last frame, or null. */
  readonly lastFrameAt: number | null;
  /** Why it does not run, or what was lost, and what to do; null while all is well. */
  readonly problem: SourceProblem | null;
  /** Milliseconds until the next attempt, while `waiting`. */
  readonly retryIn: number | null;
}

/** A source of frames that lives as long as the daemon. It looks after its own restarts. */
export interface LiveSource {
  readonly name: string;
  readonly clock: SourceClock;
  /**
   * Brings batches to the consumer until it has ended or is stopped. To be called once. While the promise of a call is
   * pending the next batch is not brought (a pipe then presses back on its writer; a UDP source buffers up to a cap and
   * counts beyond it). `interfaceId` and `firstFrame` count within this source through all its restarts: an interface
   * keeps its number, each has one link type. Blocks that are no frames (CUSTOM_BLOCK_LINKTYPE) are left out. A batch
   * may have marks and no row. Never rejects: failures are in `status`; a consumer that throws stops the source.
   */
  run(consumer: (batch: FrameBatch) => void | Promise<void>): Promise<void>;
  /** Name of one of its interfaces (`wlan0`, `gsmtap`), as far as known; for the journal. */
  interfaceName(interfaceId: number): string;
  status(): SourceStatus;
  /** Ends it for good; `run` then resolves. */
  stop(): Promise<void>;
}
