// The list of messages that the kernel of message-kernel.ts works on: what it is told of each, what it writes, and where list and
// key stream lie in its memory.

import { CALL_BLOCKS } from '../aes-eea2.ts';

/** Words of an entry of the list, and what stands in them. */
export const LIST_WORDS = 8;
export const Entry = {
  /** Addresses in the memory: where the message lies, and where it goes, on a boundary of 16 octets. */
  from: 0,
  to: 1,
  /** At least 1. */
  octets: 2,
  /** COUNT, and BEARER, DIRECTION and 26 zeros: the first two words of a counter block. Only `layOut` reads them. */
  count: 3,
  stream: 4,
  /**
   * Written: the sum of all its 16-bit halves, low octets first and not folded. A last single octet is a low one. Before it, what
   * was read of the message while its lines were touched.
   */
  sum: 5,
  /** Octets of key stream before its own: a multiple of 16, and under 128-EEA2 that of its counter blocks. */
  keyStream: 6,
  /** Whoever fills the list may note here whose message it is. */
  row: 7,
} as const;

// We chose: where things lie in the memory, in octets from where the kernel begins there. Masks for last blocks of 0 to 15
// octets, and of a whole one, are 16 vectors.
export const MASKS_AT = 0;
export const MASKS_OCTETS = 16 * 16;
export const LIST_AT = MASKS_AT + MASKS_OCTETS;
export const STREAM_AT = LIST_AT + CALL_BLOCKS * LIST_WORDS * 4;
export const STREAM_OCTETS = CALL_BLOCKS * 16;
/** Octets that are the kernel's own. */
export const MESSAGE_KERNEL_OCTETS = STREAM_AT + STREAM_OCTETS;
/** We chose: octets from one to the next that are touched before messages are worked on, a line of the cache. */
export const LINE_OCTETS = 64;
/** Octets that it may read behind the last one of a message. */
export const MESSAGE_READ_BEHIND_OCTETS = LINE_OCTETS + 4;
