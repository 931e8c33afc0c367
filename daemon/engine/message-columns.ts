// Where the columns of messages lie in memory that threads share.

import { createColumns, layOutColumns } from '../../dissectors/column-layout.ts';
import { MAX_ELEMENTS } from '../../dissectors/walk-columns.ts';
import { type MessageTable, ROUND_MESSAGES } from './message-table.ts';

/** Messages of one round at most (engine.ts): each column has as many rows. */
export const ROUND_ROWS = ROUND_MESSAGES + MAX_ELEMENTS;

const COLUMNS = {
  ...{ frame: Float64Array, time: Float64Array },
  ...{ frameRow: Uint32Array, framesAt: Uint32Array, source: Uint32Array, destination: Uint32Array },
  ...{ length: Uint32Array, rawAt: Uint32Array, counter: Uint32Array, plainWord: Uint32Array, sum: Uint32Array },
  ...{
    passed: Uint32Array,
    failed: Uint32Array,
    group: Int32Array,
    epoch: Int32Array,
    context: Int32Array,
    traffic: Int32Array,
  },
  ...{ framesCount: Uint16Array, ptkId: Uint16Array, sn: Uint16Array, evidence: Uint16Array, flags: Uint16Array },
  ...{ version: Uint8Array, lcid: Uint8Array, sduType: Uint8Array, pgkIndex: Uint8Array },
  ...{ rawPlace: Uint8Array, deciphered: Uint8Array, verdict: Uint8Array, epochState: Uint8Array },
} as const;

/** All columns, in the order in which they lie. */
export const MESSAGE_COLUMNS = Object.keys(COLUMNS) as readonly (keyof typeof COLUMNS)[];

const LAYOUT = layOutColumns(COLUMNS, ROUND_ROWS);

/** Octets from the first column to each. */
export const MESSAGE_COLUMN_AT = LAYOUT.at;

/** Octets of all columns. */
export const MESSAGE_COLUMNS_OCTETS = LAYOUT.octets;

/**
 * Gives a table its columns in this memory.
 *
 * @param at octet of the first column, a multiple of 8
 */
export function layMessageColumns(table: MessageTable, memory: SharedArrayBuffer, at: number): void {
  Object.assign(table, createColumns(COLUMNS, ROUND_ROWS, memory, at));
}

/** Octet of the first column of a table whose columns lie in this memory; -1 where they lie elsewhere. */
export function messageColumnsAt({ frame }: MessageTable, memory: ArrayBufferLike): number {
  return frame.buffer === memory ? frame.byteOffset - MESSAGE_COLUMN_AT.frame : -1;
}
