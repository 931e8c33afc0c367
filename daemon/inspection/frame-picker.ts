// Single frames of a capture by their number. Every format can only be read from its beginning, which is quick (some ten
// million frames a second); frames near the one that was asked for last are kept, because the next question is about one
// of them.

import type { FrameBatch, FrameSource } from '../../captures/frame-batch.ts';

/** Constants we chose. */
/** Frames kept before and behind the one that was asked for. */
const NEIGHBOURS = 2048;
/** Octets of frames kept; above it the farthest neighbours are not kept. */
const KEPT_OCTETS = 16 * 1024 * 1024;

/** A source of frames from the start of the capture. */
export type OpenSource = () => Promise<FrameSource>;

/** See the head of the file. */
export class FramePicker {
  readonly #open: OpenSource;
  #kept = new Map<number, FrameBatch>();

  constructor(open: OpenSource) {
    this.#open = open;
  }

  /**
   * Frames as batches of one row each, in the order of their numbers; numbers that the capture lacks are left out.
   *
   * @param numbers ascending
   */
  async pick(numbers: readonly number[]): Promise<FrameBatch[]> {
    if (!numbers.every((number) => this.#kept.has(number))) await this.#scan(numbers);
    return numbers.map((number) => this.#kept.get(number)).filter((batch) => batch !== undefined);
  }

  async #scan(numbers: readonly number[]): Promise<void> {
    const wanted = new Set(numbers);
    const last = numbers[numbers.length - 1];
    const kept = new Map<number, FrameBatch>();
    let octets = 0;
    const source = await this.#open();
    try {
      for (;;) {
        const next = source.next();
        const batch = next instanceof Promise ? await next : next;
        if (batch === null || batch.firstFrame > last + NEIGHBOURS) break;
        for (let row = 0; row < batch.count; row++) {
          const number = batch.firstFrame + row;
          const isNear = Math.abs(number - last) <= NEIGHBOURS && octets < KEPT_OCTETS;
          if (!isNear && !wanted.has(number)) continue;
          kept.set(number, oneRow(batch, row));
          octets += batch.captured[row];
        }
      }
    } finally {
      await source.close();
    }
    this.#kept = kept;
  }
}

/** One row in memory of its own. */
function oneRow(batch: FrameBatch, row: number): FrameBatch {
  const bytes = batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]);
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count: 1,
    firstFrame: batch.firstFrame + row,
    offset: new Uint32Array(1),
    captured: batch.captured.slice(row, row + 1),
    original: batch.original.slice(row, row + 1),
    seconds: batch.seconds.slice(row, row + 1),
    nanoseconds: batch.nanoseconds.slice(row, row + 1),
    digits: batch.digits.slice(row, row + 1),
    linkType: batch.linkType.slice(row, row + 1),
    interfaceId: batch.interfaceId.slice(row, row + 1),
    marks: [],
  };
}
