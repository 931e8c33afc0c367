// What the kernel of gather-kernel.ts writes beside the columns of messages, and where that lies, in octets from where its memory
// begins: rows by the traffic key that they are to be deciphered with, and rows of which something else is to be done.

import { ROUND_ROWS } from './message-columns.ts';
import { TRAFFIC_KEY_CAP } from './traffic-keys.ts';

/** By slot of a traffic key: one more than the first row, or 0. */
export const FIRST_AT = 0;
/** By row: one more than the next row of the same key, or 0. */
export const NEXT_AT = FIRST_AT + TRAFFIC_KEY_CAP * 4;
/** Slots that have rows, in the order in which they got the first one. */
export const SLOTS_AT = NEXT_AT + ROUND_ROWS * 4;
/** Rows of contexts that were not seen before, the last one first. */
export const UNSEEN_AT = SLOTS_AT + ROUND_ROWS * 4;
/** Ciphered messages that were put together from several frames. */
export const JOINED_AT = UNSEEN_AT + ROUND_ROWS * 4;
export const GATHERED_AT = JOINED_AT + ROUND_ROWS * 4;

// In words: how many slots, ciphered messages, others that are deciphered by doing nothing, unseen and joined ones there are;
// whether any of the ciphered ones lies in a frame; octets of the arena that are taken; rows that a call left over.
export const Gathered = {
  slots: 0,
  ciphered: 1,
  clear: 2,
  unseen: 3,
  joined: 4,
  framed: 5,
  taken: 6,
  left: 7,
} as const;
/** And of the last list of messages: entries, blocks, and one more than the row behind them, or 0. */
export const Listed = { messages: 8, blocks: 9, next: 10 } as const;
export const GATHER_KERNEL_OCTETS = GATHERED_AT + 64;
