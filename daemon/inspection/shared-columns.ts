// Columns of messages in shared memory. Two threads may look at them without a copy; and, what matters more, the collector
// does not count them: with memory of its own kind, a million messages made it walk through the heap of the screen's thread
// 17 times, and each time a key waited (docs/performance.md, the terminal).

/** What a column is made of. */
interface ColumnType<Column> {
  readonly BYTES_PER_ELEMENT: number;
  new (memory: SharedArrayBuffer): Column;
}

interface ColumnOf {
  readonly BYTES_PER_ELEMENT: number;
  readonly constructor: unknown;
  set(values: ArrayLike<number>): void;
  subarray(from: number, to: number): ArrayLike<number>;
}

/** A column of zeros. @param length values */
export function sharedColumn<Column>(type: ColumnType<Column>, length: number): Column {
  return new type(new SharedArrayBuffer(type.BYTES_PER_ELEMENT * length));
}

/** The first values of a column, in memory of their own. */
export function sharedCopy<Column extends ColumnOf>(column: Column, length: number): Column {
  const copy = sharedColumn(column.constructor as ColumnType<Column>, length);
  copy.set(column.subarray(0, length));
  return copy;
}
