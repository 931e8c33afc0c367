// Where the kernels of an engine lie in memory that threads share, each at the front for itself, and the octets that all of
// them work on behind them (../engine-thread/ring-memory.ts).

import { MESSAGE_KERNEL_OCTETS, MESSAGE_READ_BEHIND_OCTETS } from '../../dissectors/security/wasm/message-list.ts';
import { DUPLICATE_KERNEL_OCTETS, FRAME_READ_BEHIND_OCTETS } from './duplicate-rows.ts';

/** The kernel of duplicates.ts is at the very front; here the one of round-kernel.ts begins, on a line of the cache. */
export const MESSAGE_KERNEL_AT = (DUPLICATE_KERNEL_OCTETS + 63) & ~63;
/** Behind it there is room for others. */
export const KERNELS_OCTETS = (MESSAGE_KERNEL_AT + MESSAGE_KERNEL_OCTETS + 63) & ~63;
/** Octets that either of them may read behind the last one of a batch. */
export const READ_BEHIND_OCTETS = Math.max(FRAME_READ_BEHIND_OCTETS, MESSAGE_READ_BEHIND_OCTETS);
