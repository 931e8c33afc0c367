// Makes and fills the tables of a walk: one row a frame, one row an RLC data element. Decoders call these; the tables'
// shape is in walk-table.ts.

import { createOwnColumns } from './column-layout.ts';
import { Problem } from './problems.ts';
import { type ElementColumns, ElementFlag, type FrameColumns, type WalkTable } from './walk-table.ts';

/** Constants we chose. */
/** Frames that tables have room for when nobody says how many: a batch of a source has as many. */
export const FIRST_FRAMES = 8192;
/**
 * Data elements of one RLC PDU, and of one frame. The largest SL-SCH transport block has 31,704 bits (TS 36.213
 * 14.1.1.4B), so no more than 3,963 octets, and a PDCP PDU with its length indicator takes 7.5: 528 fit. Above the cap
 * the RLC PDU counts as damaged and gives no element.
 */
export const MAX_ELEMENTS = 1024;
/**
 * Rows that the element columns begin with, for each row of frames. They double when full; because a frame adds at most
 * `MAX_ELEMENTS`, they end at frames times `MAX_ELEMENTS` and no element is ever lost for want of room.
 */
export const FIRST_ELEMENTS_PER_FRAME = 2;

/** Columns of a frame, and of a data element. */
export const FRAME_COLUMNS = {
  ...{ problemAt: Uint32Array, framingAt: Uint32Array, pduAt: Uint32Array, pduLength: Uint32Array },
  ...{ pduAvailable: Uint32Array, source: Uint32Array, destination: Uint32Array, firstElement: Uint32Array },
  ...{ payloadAt: Uint32Array, payloadLength: Uint32Array, elementCount: Uint16Array },
  ...{ outcome: Uint8Array, problem: Uint8Array, framing: Uint8Array, version: Uint8Array },
} as const;
export const ELEMENT_COLUMNS = {
  ...{ frameRow: Uint32Array, at: Uint32Array, length: Uint32Array, available: Uint32Array },
  ...{ lcid: Uint8Array, sn: Uint8Array, flags: Uint8Array },
} as const;

/**
 * Empty tables for batches of up to `rows` frames. A larger batch makes them grow.
 *
 * @param rows frames, at least 1
 */
export function createWalkTable(rows: number = FIRST_FRAMES): WalkTable {
  return { frames: createOwnColumns(FRAME_COLUMNS, rows), elements: createElements(rows * FIRST_ELEMENTS_PER_FRAME) };
}

function createElements(rows: number): ElementColumns {
  return { count: 0, ...createOwnColumns(ELEMENT_COLUMNS, rows) };
}

/** Empties the tables and makes room for `rows` frames. What stands in these rows is cleared when a frame is walked into one. */
export function resetWalkTable(table: WalkTable, rows: number): void {
  table.elements.count = 0;
  const frames = table.frames;
  if (frames.outcome.length < rows) Object.assign(frames, createOwnColumns(FRAME_COLUMNS, rows));
}

/** Sets every column of a row of frames to nothing. */
export function clearFrame(frames: FrameColumns, row: number): void {
  frames.outcome[row] = 0;
  frames.problem[row] = Problem.none;
  frames.problemAt[row] = 0;
  frames.framing[row] = 0;
  frames.framingAt[row] = 0;
  frames.pduAt[row] = 0;
  frames.pduLength[row] = 0;
  frames.pduAvailable[row] = 0;
  frames.version[row] = 0;
  frames.source[row] = 0;
  frames.destination[row] = 0;
  frames.firstElement[row] = 0;
  frames.elementCount[row] = 0;
  frames.payloadAt[row] = 0;
  frames.payloadLength[row] = 0;
}

/**
 * Keeps the first problem of a frame. Reserved bits are only a remark: a problem that costs something replaces them.
 *
 * @param at octet of `bytes`; the walk makes it relative to the frame when it has finished it
 */
export function noteProblem(frames: FrameColumns, row: number, problem: Problem, at: number): void {
  const held = frames.problem[row];
  if (held !== Problem.none && (held !== Problem.macReservedBits || problem === Problem.macReservedBits)) return;
  frames.problem[row] = problem;
  frames.problemAt[row] = at;
}

/** Where the sidelink PDU of a frame lies. `available` is one behind the last octet captured, `end` behind the last. */
export function placePdu(frames: FrameColumns, row: number, at: number, available: number, end: number): void {
  frames.pduAt[row] = at;
  frames.pduLength[row] = end > at ? end - at : 0;
  frames.pduAvailable[row] = available > at ? available - at : 0;
}

/**
 * Appends one RLC data element and marks it `cut` where octets of it were not captured.
 *
 * @param available one behind the last octet captured
 */
export function appendElement(
  elements: ElementColumns,
  row: number,
  at: number,
  length: number,
  available: number,
  lcid: number,
  sn: number,
  flags: number,
): void {
  const index = elements.count;
  if (index === elements.at.length) growElements(elements);
  const captured = available - at;
  elements.frameRow[index] = row;
  elements.at[index] = at;
  elements.length[index] = length;
  elements.lcid[index] = lcid;
  elements.sn[index] = sn;
  if (captured < length) {
    elements.available[index] = Math.max(captured, 0);
    elements.flags[index] = flags | ElementFlag.cut;
  } else {
    elements.available[index] = length;
    elements.flags[index] = flags;
  }
  elements.count = index + 1;
}

function growElements(elements: ElementColumns): void {
  const grown = createElements(Math.max(1, elements.at.length) * 2);
  grown.frameRow.set(elements.frameRow);
  grown.at.set(elements.at);
  grown.length.set(elements.length);
  grown.available.set(elements.available);
  grown.lcid.set(elements.lcid);
  grown.sn.set(elements.sn);
  grown.flags.set(elements.flags);
  Object.assign(elements, grown, { count: elements.count });
}
