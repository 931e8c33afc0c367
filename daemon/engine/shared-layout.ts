// Where the kernels of an engine lie in memory that threads share, each at the front for itself, and the octets that all of
// them work on behind them (../engine-thread/ring-memory.ts).

import { BATCH_ROWS } from '../../captures/frame-batch.ts';
import { MESSAGE_KERNEL_OCTETS, MESSAGE_READ_BEHIND_OCTETS } from '../../dissectors/security/wasm/message-list.ts';
import { SHARED_WALK_OCTETS } from '../../dissectors/shared-walk.ts';
import { DUPLICATE_KERNEL_OCTETS, FRAME_READ_BEHIND_OCTETS } from './duplicate-rows.ts';
import { GATHER_KERNEL_OCTETS } from './gather-rows.ts';
import { JUDGING_MEMORY_OCTETS } from './judging-memory.ts';
import { NEXT_MESSAGE_KERNEL_OCTETS } from './next-message-rows.ts';

/** Octets for the numbers with which the kernel of whole frames is called, and for what it says. */
const WHOLE_FRAMES_OCTETS = 16;
/** Octets for what ../engine-thread/records-kernel.ts says. */
const RECORDS_OCTETS = 8;

/** The kernel of duplicates.ts is at the very front; here the one of round-kernel.ts begins, on a line of the cache. */
export const MESSAGE_KERNEL_AT = (DUPLICATE_KERNEL_OCTETS + 63) & ~63;
/** The tables of the walk, which of the frames are copies (duplicates.ts), and what whole-frames-kernel.ts is told and tells. */
export const WALK_AT = (MESSAGE_KERNEL_AT + MESSAGE_KERNEL_OCTETS + 63) & ~63;
export const COPIES_AT = (WALK_AT + SHARED_WALK_OCTETS + 63) & ~63;
export const WHOLE_FRAMES_AT = COPIES_AT + BATCH_ROWS;
/** What the kernel of records says, in the thread that reads. */
export const RECORDS_AT = WHOLE_FRAMES_AT + WHOLE_FRAMES_OCTETS;
/** Behind it is what the findings keep there (../findings/usual-call.ts), the ring of positions first, in the thread that concludes, */
export const FINDINGS_AT = (RECORDS_AT + RECORDS_OCTETS + 63) & ~63;
/** with room for as much. What is never written takes no memory. */
const FINDINGS_OCTETS = 51 << 20;
/** What gather-kernel.ts and next-message-kernel.ts both have to know, and what is theirs alone. */
export const JUDGING_MEMORY_AT = FINDINGS_AT + FINDINGS_OCTETS;
export const NEXT_MESSAGE_KERNEL_AT = (JUDGING_MEMORY_AT + JUDGING_MEMORY_OCTETS + 63) & ~63;
export const GATHER_KERNEL_AT = (NEXT_MESSAGE_KERNEL_AT + NEXT_MESSAGE_KERNEL_OCTETS + 63) & ~63;
/** A line of the cache with how far somebody has touched the memory ahead (../engine-thread/memory-ahead.ts). */
export const AHEAD_AT = (GATHER_KERNEL_AT + GATHER_KERNEL_OCTETS + 63) & ~63;
/** Behind all that there is room for others. */
export const KERNELS_OCTETS = AHEAD_AT + 64;
/** Octets that any of them may read behind the last one of a batch. */
export const READ_BEHIND_OCTETS = Math.max(FRAME_READ_BEHIND_OCTETS, MESSAGE_READ_BEHIND_OCTETS);
