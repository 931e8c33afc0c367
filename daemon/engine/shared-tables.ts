// What an engine has in memory that threads share (shared-layout.ts), and elsewhere where there is none.

import { BATCH_ROWS } from '../../captures/frame-batch.ts';
import { createMessageKernel, type MessageKernel } from '../../dissectors/security/wasm/message-kernel.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { createSharedWalkTable } from '../../dissectors/shared-walk.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import { COPIES_AT, MESSAGE_KERNEL_AT, WALK_AT } from './shared-layout.ts';

/** Tables of the walk. */
export function createSharedWalk(memory: SharedMemory): WalkTable {
  return createSharedWalkTable(memory, WALK_AT);
}

/** The column that says which frames of a batch are copies. */
export function createSharedCopies(memory: SharedMemory): Uint8Array {
  return new Uint8Array(memory.buffer, COPIES_AT, BATCH_ROWS);
}

/** The kernel of round-kernel.ts; null where the host cannot run it. */
export function createSharedMessageKernel(memory: SharedMemory): MessageKernel | null {
  return createMessageKernel(memory, MESSAGE_KERNEL_AT);
}
