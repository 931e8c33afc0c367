// The rows that the kernel of duplicate-kernel.ts works on, and where they and what belongs to them lie in its memory.

import { HASH_BLOCK_OCTETS, PAIRED_OCTETS } from './pdu-hash.ts';
import { TRANSMISSIONS_OCTETS } from './transmissions.ts';

/** We chose: frames and octets of a call. With the lines that they touch they fit into the first cache, or nearly so. */
export const CALL_ROWS = 256;
export const CALL_OCTETS = 32 * 1024;

// One frame of a call, in octets: its place among the octets, which gives way to whether it is a copy; its length, interface,
// bucket, time, hash, and its row in the batch.
export const Row = { at: 0, isCopy: 0, length: 4, interfaceId: 8, bucket: 12, time: 16, hash: 24, row: 32 } as const;
export const ROW_OCTETS = 40;

// Behind what is remembered.
export const KEYS_AT = TRANSMISSIONS_OCTETS;
export const KEYS_OCTETS = HASH_BLOCK_OCTETS + PAIRED_OCTETS;
/** Ones, then zeros: read from further behind, fewer ones. */
export const MASK_AT = KEYS_AT + KEYS_OCTETS;
export const ROWS_AT = MASK_AT + 2 * PAIRED_OCTETS;
export const EVICTIONS_AT = ROWS_AT + CALL_ROWS * ROW_OCTETS;
export const TOUCHED_AT = EVICTIONS_AT + 4;
/** Where listing ended: the row, and how many frames were listed. */
export const LISTED_AT = EVICTIONS_AT + 8;
export const OCTETS_AT = EVICTIONS_AT + 16;
/** Octets that may be read behind the last one of a frame: as many as are paired. */
export const FRAME_READ_BEHIND_OCTETS = PAIRED_OCTETS;
/** Octets at the front of its memory that are the kernel's own. */
export const DUPLICATE_KERNEL_OCTETS = OCTETS_AT + CALL_OCTETS + FRAME_READ_BEHIND_OCTETS;
