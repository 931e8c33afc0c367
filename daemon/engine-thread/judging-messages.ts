// What the thread that judges and the one that listens say to each other, beside the rounds in shared memory
// (round-slot.ts).

import type { CaptureMark, CaptureProblem } from '../../captures/frame-batch.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { PlainKeyring } from '../keyring/keyring-copy.ts';
import type { FilledRound, RoundMemory } from './round-slot.ts';

/**
 * We chose: slots of the ring: one that is being told of, one that is being filled, one that evens out their speeds. Above
 * it the thread that judges waits. Each takes some 3 MiB, and with the longest blocks that a capture may have 40.
 */
export const RING_SLOTS = 3;

/** What a judging thread is started with. It goes over a channel of this process and nowhere else: it holds keys. */
export interface JudgingOrder {
  /** A path, or `-` for standard input. */
  readonly path: string;
  readonly keyring: PlainKeyring;
  readonly allowStale: boolean;
  /** Stops after this many frames. */
  readonly frames: number;
  /** Whether a compressed capture may be decompressed in a thread of its own again. */
  readonly readsAside: boolean;
  readonly ring: readonly RoundMemory[];
  /** One 32-bit number: rounds that were told of and may be overwritten. */
  readonly told: SharedArrayBuffer;
}

/** An SDU that was begun and given up. */
export interface Loss {
  readonly frames: readonly number[];
  readonly source: number;
  readonly destination: number;
  readonly lcid: number;
  readonly time: number;
}

/** What an engine told of the frames of a round beside their messages. */
export interface RoundNotices {
  /** In the order of the capture, as round-notices.ts writes them. */
  readonly words: Uint32Array;
  /** What the words refer to, in order. */
  readonly losses: readonly Loss[];
  readonly marks: readonly CaptureMark[];
}

/** Frames that were judged: their place in the ring follows from their number. */
export interface RoundMessage extends FilledRound {
  readonly kind: 'round';
  /** Null where there is none. */
  readonly notices: RoundNotices | null;
  readonly report: EngineReport;
  /** Octets of input consumed so far. */
  readonly consumed: number;
}

/** What a judging thread says. */
export type JudgingMessage =
  | {
      readonly kind: 'opened';
      readonly total: number | null;
      /** Where the octets of the input can be read again, open as long as the thread is there; null: nowhere. */
      readonly descriptor: number | null;
    }
  /** It cannot be opened; `reason` is the operating system's code. */
  | { readonly kind: 'refused'; readonly reason: string }
  | RoundMessage
  | {
      readonly kind: 'ended';
      readonly problem: CaptureProblem | null;
      readonly report: EngineReport;
      readonly consumed: number;
    };
