// Columns of a table, one behind the other in one piece of memory, so that threads can share them, and kernels find them by an
// offset that is known when they are put together.

/** A kind of column. */
type ColumnKind =
  | Float64ArrayConstructor
  | Uint32ArrayConstructor
  | Int32ArrayConstructor
  | Uint16ArrayConstructor
  | Uint8ArrayConstructor;

/** The columns of a table by name, the widest first, so that each is aligned. */
export type ColumnKinds = Readonly<Record<string, ColumnKind>>;

/** Columns of these kinds. */
export type Columns<Kinds extends ColumnKinds> = { [Name in keyof Kinds]: ColumnOf<Kinds[Name]> };

type ColumnOf<Kind> = Kind extends Float64ArrayConstructor
  ? Float64Array
  : Kind extends Uint32ArrayConstructor
    ? Uint32Array
    : Kind extends Int32ArrayConstructor
      ? Int32Array
      : Kind extends Uint16ArrayConstructor
        ? Uint16Array
        : Uint8Array;

/** Where columns lie. */
export interface ColumnLayout<Kinds extends ColumnKinds> {
  /** Octets from the first column to each. */
  readonly at: Readonly<Record<keyof Kinds, number>>;
  /** Octets of all of them. */
  readonly octets: number;
}

const PAGE_OCTETS = 4096;
/**
 * We chose: how much further into its page each column begins than the one before it. Where the same row of all columns stands at
 * the same place of a page, a processor takes a load from one for a load of what was just stored to another, of which it
 * compares the low 12 bits first, and their lines take turns in few places of the first cache (docs/performance.md).
 * An odd number of lines, so that no two of 64 columns begin at the same place.
 */
const APART = 3 * 64;

/** Lays out columns of so many rows. @param rows a multiple of 8 */
export function layOutColumns<Kinds extends ColumnKinds>(kinds: Kinds, rows: number): ColumnLayout<Kinds> {
  const at: Partial<Record<keyof Kinds, number>> = {};
  let octets = 0;
  for (const [index, name] of Object.keys(kinds).entries()) {
    if (octets % PAGE_OCTETS > 0) octets += PAGE_OCTETS - (octets % PAGE_OCTETS);
    octets += (index * APART) % PAGE_OCTETS;
    at[name as keyof Kinds] = octets;
    octets += rows * kinds[name].BYTES_PER_ELEMENT;
  }
  return { at: at as Record<keyof Kinds, number>, octets };
}

/**
 * Columns of so many rows, as they were laid out.
 *
 * @param from octet of `memory` at which the first one begins, a multiple of 8
 */
export function createColumns<Kinds extends ColumnKinds>(
  kinds: Kinds,
  rows: number,
  memory: SharedArrayBuffer,
  from: number,
): Columns<Kinds> {
  const { at } = layOutColumns(kinds, rows);
  return columnsOf(kinds, (column, name) => new column(memory, from + at[name], rows));
}

/**
 * Columns of so many rows that are not shared. Where each takes a page and more they lie in one piece of memory: the C library
 * clears pieces that are smaller than its reserve, and so touches all of them, while of a large one only rows that are used
 * are touched.
 */
export function createOwnColumns<Kinds extends ColumnKinds>(kinds: Kinds, rows: number): Columns<Kinds> {
  if (rows < PAGE_OCTETS) return columnsOf(kinds, (column) => new column(rows));
  const { at, octets } = layOutColumns(kinds, rows);
  const memory = new ArrayBuffer(octets);
  return columnsOf(kinds, (column, name) => new column(memory, at[name], rows));
}

type Column = new (memory: ArrayBufferLike | number, at?: number, rows?: number) => object;

function columnsOf<Kinds extends ColumnKinds>(
  kinds: Kinds,
  make: (column: Column, name: keyof Kinds) => object,
): Columns<Kinds> {
  const columns = Object.keys(kinds).map((name: keyof Kinds) => [name, make(kinds[name] as Column, name)]);
  return Object.fromEntries(columns) as Columns<Kinds>;
}
