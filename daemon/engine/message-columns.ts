// Where the columns of messages lie in memory that threads share, each behind the other, so that kernels find them by an
// offset that is known when they are put together.

import { MAX_ELEMENTS } from '../../dissectors/walk-columns.ts';
import { type MessageTable, ROUND_MESSAGES } from './message-table.ts';

/** Messages of one round at most (engine.ts): each column has as many rows. */
export const ROUND_ROWS = ROUND_MESSAGES + MAX_ELEMENTS;

/** Columns of a message, the widest first, so that each is aligned. */
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

/** A column of a message. */
export type MessageColumn = keyof typeof COLUMNS;

/** All columns, in the order in which they lie. */
export const MESSAGE_COLUMNS = Object.keys(COLUMNS) as readonly MessageColumn[];

/** Octets from the first column to each. */
export const MESSAGE_COLUMN_AT = places();

/** Octets of all columns. */
export const MESSAGE_COLUMNS_OCTETS = MESSAGE_COLUMNS.reduce((sum, name) => sum + octetsOf(name), 0);

/**
 * Gives a table its columns in this memory.
 *
 * @param at octet of the first column, a multiple of 8
 */
export function layMessageColumns(table: MessageTable, memory: SharedArrayBuffer, at: number): void {
  const views: object[] = MESSAGE_COLUMNS.map((name) => {
    const column = COLUMNS[name] as new (memory: SharedArrayBuffer, at: number, rows: number) => object;
    return { [name]: new column(memory, at + MESSAGE_COLUMN_AT[name], ROUND_ROWS) };
  });
  Object.assign(table, ...views);
}

/** Octet of the first column of a table whose columns lie in this memory; -1 where they lie elsewhere. */
export function messageColumnsAt({ frame }: MessageTable, memory: ArrayBufferLike): number {
  return frame.buffer === memory ? frame.byteOffset - MESSAGE_COLUMN_AT.frame : -1;
}

function octetsOf(name: MessageColumn): number {
  return ROUND_ROWS * COLUMNS[name].BYTES_PER_ELEMENT;
}

function places(): Readonly<Record<MessageColumn, number>> {
  let at = 0;
  const all: Partial<Record<MessageColumn, number>> = {};
  for (const name of MESSAGE_COLUMNS) {
    all[name] = at;
    at += octetsOf(name);
  }
  return all as Record<MessageColumn, number>;
}
