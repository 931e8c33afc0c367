// What threads that pass rounds of frames on say to each other, beside the rounds in shared memory (round-slot.ts).

import type { MessagePort } from 'node:worker_threads';
import type { CaptureMark, CaptureProblem } from '../../captures/frame-batch.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { PlainKeyring } from '../keyring/keyring-copy.ts';
import type { RingMemory } from './ring-memory.ts';
import type { FilledRound } from './round-slot.ts';

/**
 * We chose: slots of a ring: one that is being worked on, one that is being filled, one that evens out their speeds. Above
 * it the thread that fills waits. Each takes some 4 MiB, and with the longest blocks that a capture may have 40.
 */
export const RING_SLOTS = 3;
/** We chose: the same where a thread in between judges in the slots, with one more that it works on. */
export const JUDGED_RING_SLOTS = 4;

/**
 * We chose: MiB for young objects of each thread. Its loops make few, and Node's own choice, which grows with the memory of the
 * machine, is filled before it is emptied. With each of them goes a result of OpenSSL, kilobytes that are given back no sooner:
 * with 2 these take 13 MiB less than with 4, and no more time.
 */
export const YOUNG_MOST = 2;

/** What a thread is started with, or told first. */
export interface RoundOrder {
  /** A path, or `-` for standard input. */
  readonly path: string;
  /** Stops after this many frames. */
  readonly frames: number;
  /** Whether messages are judged, with the keys that follow; else they are only put together, and whoever takes them judges. */
  readonly judges: boolean;
  /** Whether a large file is decompressed in one more thread. */
  readonly decompressesAside: boolean;
  /** Channel of who reads, a thread or the program (round-reader.ts), and which of them; null: this one does. */
  readonly reader: MessagePort | null;
  readonly readsInProgram: boolean;
}

/**
 * What messages are judged with. Follows the order, which goes out before anybody has read a keyring, over a channel of this
 * process and nowhere else: it holds keys.
 */
export interface JudgingMessage {
  readonly kind: 'keys';
  readonly keyring: PlainKeyring;
  readonly allowStale: boolean;
  /** Whether the keys that were tried are handed over with the rounds. */
  readonly explains: boolean;
}

/** The thread that reads for the one that is told has ended, for whatever reason. */
export interface ReaderStoppedMessage {
  readonly kind: 'reader-stopped';
  readonly reason: string;
}

/** What such a thread is told after its order. */
export type ThreadInstruction = JudgingMessage | ReaderStoppedMessage;

/** The ring of a capture. Whoever fills it makes it; whoever judges in it passes it on. */
export interface SharedRing {
  readonly ring: RingMemory;
  /** One 32-bit number: rounds that whoever comes last has taken, and that may be overwritten. */
  readonly taken: SharedArrayBuffer;
}

/** An SDU that was begun and given up. */
export interface Loss {
  readonly frames: readonly number[];
  readonly source: number;
  readonly destination: number;
  readonly version: number;
  readonly lcid: number;
}

/** What an engine told of the frames of a round beside their messages. */
export interface RoundNotices {
  /** In the order of the capture, as round-notices.ts writes them. */
  readonly words: Uint32Array;
  /** What the words refer to, in order. */
  readonly losses: readonly Loss[];
  readonly marks: readonly CaptureMark[];
}

/** What is said of a round beside what is in its slot, which follows from its number. */
export interface RoundStanding {
  /** Null where there is none. */
  readonly notices: RoundNotices | null;
  /** Keys that were tried on its messages, as round-attempts.ts writes them; null where all was as usual, or nobody asked. */
  readonly attempts: Uint32Array | null;
  /** What is to be said of all frames so far. */
  readonly report: EngineReport;
  /** Octets of input consumed so far. */
  readonly consumed: number;
}

/** A slot is full. */
export interface RoundMessage extends FilledRound, RoundStanding {
  readonly kind: 'round';
}

/** The input is open. */
export interface OpenedMessage extends SharedRing {
  readonly kind: 'opened';
  readonly total: number | null;
  /** Where the octets of the input can be read again, open as long as the thread is there; null: nowhere. */
  readonly descriptor: number | null;
}

/** What such a thread says. */
export type ThreadMessage =
  | OpenedMessage
  /** It cannot be opened; `reason` is the operating system's code. */
  | { readonly kind: 'refused'; readonly reason: string }
  | RoundMessage
  | {
      readonly kind: 'ended';
      readonly problem: CaptureProblem | null;
      readonly report: EngineReport;
      readonly consumed: number;
    };
