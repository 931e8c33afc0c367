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
  #kept = new KeptFrames();

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
    return numbers.filter((number) => this.#kept.has(number)).map((number) => this.#kept.batch(number));
  }

  async #scan(numbers: readonly number[]): Promise<void> {
    const wanted = new Set(numbers);
    const last = numbers[numbers.length - 1];
    const kept = new KeptFrames();
    const source = await this.#open();
    try {
      for (;;) {
        const next = source.next();
        const batch = next instanceof Promise ? await next : next;
        if (batch === null || batch.firstFrame > last + NEIGHBOURS) break;
        const isFar = batch.firstFrame + batch.count < last - NEIGHBOURS;
        if (isFar && !numbers.some((number) => number >= batch.firstFrame && number < batch.firstFrame + batch.count)) {
          continue;
        }
        for (let row = 0; row < batch.count; row++) {
          const number = batch.firstFrame + row;
          const isNear = Math.abs(number - last) <= NEIGHBOURS && kept.octets < KEPT_OCTETS;
          if (isNear || wanted.has(number)) kept.add(number, batch, row);
        }
      }
    } finally {
      await source.close();
    }
    this.#kept = kept;
  }
}

/** Frames in memory of their own, columns as in a batch. */
class KeptFrames {
  octets = 0;
  #bytes = new Uint8Array(256 * 1024);
  readonly #index = new Map<number, number>();
  readonly #offset: number[] = [];
  readonly #captured: number[] = [];
  readonly #original: number[] = [];
  readonly #seconds: number[] = [];
  readonly #nanoseconds: number[] = [];
  readonly #digits: number[] = [];
  readonly #linkType: number[] = [];
  readonly #interfaceId: number[] = [];

  has(number: number): boolean {
    return this.#index.has(number);
  }

  add(number: number, from: FrameBatch, row: number): void {
    const length = from.captured[row];
    if (this.octets + length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.octets + length, this.#bytes.length * 2));
      wider.set(this.#bytes.subarray(0, this.octets));
      this.#bytes = wider;
    }
    this.#bytes.set(from.bytes.subarray(from.offset[row], from.offset[row] + length), this.octets);
    this.#index.set(number, this.#offset.length);
    this.#offset.push(this.octets);
    this.#captured.push(length);
    this.#original.push(from.original[row]);
    this.#seconds.push(from.seconds[row]);
    this.#nanoseconds.push(from.nanoseconds[row]);
    this.#digits.push(from.digits[row]);
    this.#linkType.push(from.linkType[row]);
    this.#interfaceId.push(from.interfaceId[row]);
    this.octets += length;
  }

  /** A batch of one row. */
  batch(number: number): FrameBatch {
    const at = this.#index.get(number) as number;
    const bytes = this.#bytes.slice(this.#offset[at], this.#offset[at] + this.#captured[at]);
    return {
      bytes,
      view: new DataView(bytes.buffer),
      count: 1,
      firstFrame: number,
      offset: new Uint32Array(1),
      captured: Uint32Array.of(this.#captured[at]),
      original: Uint32Array.of(this.#original[at]),
      seconds: Float64Array.of(this.#seconds[at]),
      nanoseconds: Uint32Array.of(this.#nanoseconds[at]),
      digits: Uint8Array.of(this.#digits[at]),
      linkType: Uint16Array.of(this.#linkType[at]),
      interfaceId: Uint16Array.of(this.#interfaceId[at]),
      marks: [],
    };
  }
}
