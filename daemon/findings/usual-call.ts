// What the kernel of usual messages (usual-kernel.ts) is told in a call and what it says, and where that lies in memory that
// threads share, beside the lines of contexts and the ring of positions that it works on. What is never written takes no
// memory.

import { ROUND_ROWS } from '../engine/message-columns.ts';
import { SUM_WORDS } from '../engine/run-sums.ts';
import { FINDINGS_AT } from '../engine/shared-layout.ts';
import { RING_MESSAGES } from './position-ring.ts';
import { ENTRY_OCTETS } from './ring-entries.ts';
import { LINES_OCTETS } from './usual-lines.ts';

/** First, where who touches them ahead looks for them (../engine-thread/memory-ahead.ts). */
export const ENTRIES_AT = FINDINGS_AT;
export const LINES_AT = ENTRIES_AT + RING_MESSAGES * ENTRY_OCTETS;
/** Sums of the run by context (../engine/run-sums.ts), of as many as a round has messages. */
export const SUMS_AT = LINES_AT + LINES_OCTETS;
export const SUMS_WORDS = ROUND_ROWS * SUM_WORDS;
/** Words, then numbers of 64 bits. */
export const CALL_AT = (SUMS_AT + SUMS_WORDS * 4 + 63) & ~63;

/** Words of a call, as their octets in it. */
export const Call = {
  /** Row of the first frame; in the end of the first one that is not taken. */
  row: 0,
  /** Row behind the last frame: each up to it has a message, and an entry in the stretch at hand. */
  until: 4,
  /** Row of the first message, and behind the last one of the round. */
  message: 8,
  count: 12,
  /** Addresses: columns of messages, `captured` and `linkType` of frames, deciphered octets; */
  columns: 16,
  captured: 20,
  linkType: 24,
  plain: 28,
  /** and how far behind those of `captured` are those of `original`, and of `interfaceId` behind `linkType`. */
  original: 32,
  interfaces: 36,
  /** The stamp of lines that hold, and the interface of the frame before. */
  stamp: 40,
  interfaceId: 44,
  /** Number of the first message in the ring, what makes a place of its octet in the batch, and low half of `firstFrame`. */
  number: 48,
  place: 52,
  frame: 56,
  /** Said: why it stopped before the last row. */
  stop: 60,
} as const;

/** Numbers of a call, as their octets in it: time of the frame before, when a record is due, time of the oldest gap, */
export const CallNumber = {
  latest: 64,
  due: 72,
  oldestGap: 80,
  /** and the first of the stretch. */
  firstTime: 88,
  firstFrame: 96,
} as const;
/** A word behind them, told and said: the address behind the last sum. */
export const CALL_SUMS_END = 104;
const CALL_OCTETS = 112;
export const CALL_WORDS = CALL_OCTETS / 4;
export const CALL_NUMBERS = CALL_OCTETS / 8;

/** Why the kernel stopped: at a message that the rules must look at, */
export const Stop = {
  rules: 0,
  /** at one whose context is lent nothing yet, */
  lend: 1,
  /** whose SN is one to stop at, */
  page: 2,
  /** or that the ring of positions does not keep in short. */
  entry: 3,
} as const;

/** Octets of all this. */
export const USUAL_OCTETS = CALL_AT + CALL_OCTETS - FINDINGS_AT;
