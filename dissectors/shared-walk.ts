// The tables of a walk in memory that threads share, and behind them what its kernel is told and tells (plain-frames-kernel.ts).

import { createColumns, layOutColumns } from './column-layout.ts';
import type { SharedMemory } from './security/wasm/shared-memory.ts';
import { ELEMENT_COLUMNS, FIRST_ELEMENTS_PER_FRAME, FIRST_FRAMES, FRAME_COLUMNS } from './walk-columns.ts';
import type { WalkTable } from './walk-table.ts';

const ELEMENT_ROWS = FIRST_FRAMES * FIRST_ELEMENTS_PER_FRAME;
const FRAMES = layOutColumns(FRAME_COLUMNS, FIRST_FRAMES);
const ELEMENTS = layOutColumns(ELEMENT_COLUMNS, ELEMENT_ROWS);

/** Octets from the first column of frames to each of them. */
export const FRAME_COLUMN_AT = FRAMES.at;
/** Octets from the first column of frames to the first one of elements, and from there to each of these. */
export const ELEMENTS_AT = FRAMES.octets;
export const ELEMENT_COLUMN_AT = ELEMENTS.at;

/** Octets of headers that a kernel compares: three vectors. */
export const COMPARED_OCTETS = 48;
/** Octets from the first column to the headers of a kind, to their mask, and to the row at which a call ended. */
export const HEADERS_AT = ELEMENTS_AT + ELEMENTS.octets;
export const MASK_AT = HEADERS_AT + COMPARED_OCTETS;
export const ENDED_AT = MASK_AT + COMPARED_OCTETS;

/** Octets of all of it. */
export const SHARED_WALK_OCTETS = ENDED_AT + 16;

/**
 * Tables in memory that threads share. What makes them grow takes them elsewhere.
 *
 * @param at octet at which `SHARED_WALK_OCTETS` are theirs, a multiple of 16
 */
export function createSharedWalkTable(memory: SharedMemory, at: number): WalkTable {
  return {
    frames: createColumns(FRAME_COLUMNS, FIRST_FRAMES, memory.buffer, at),
    elements: { count: 0, ...createColumns(ELEMENT_COLUMNS, ELEMENT_ROWS, memory.buffer, at + ELEMENTS_AT) },
    shared: { memory, at },
  };
}

/** Octet of the first column of tables that lie in memory that threads share; -1 where they lie elsewhere, or no longer. */
export function walkColumnsAt({ frames, elements, shared }: WalkTable, memory: ArrayBufferLike): number {
  const lies = shared?.memory.buffer === memory && frames.pduAt.buffer === memory && elements.at.buffer === memory;
  return lies ? shared.at : -1;
}
