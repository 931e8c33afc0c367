// Where datagrams wait until they are taken: blocks of octets with their columns, filled one after the other and used
// again.

import { BATCH_ROWS, type FrameBatch } from '../frame-batch.ts';
import { FrameColumns } from '../frame-columns.ts';
import { InputWindow } from '../input-window.ts';
import { type DatagramEnds, LINKTYPE_RAW, udpFrameOctets, writeUdpFrame } from './udp-frame.ts';

/** Constants we chose. */
/** Octets of one block: room for several of the longest datagrams, little enough for a cache. */
export const DATAGRAM_BLOCK_OCTETS = 1 << 17;

interface Block {
  readonly window: InputWindow;
  readonly columns: FrameColumns;
}

/** A queue of datagrams that has a cap. */
export class DatagramBlocks {
  readonly #most: number;
  #blocks = 0;
  readonly #free: Block[] = [];
  /** Full ones, the oldest first. */
  readonly #full: Block[] = [];
  #filling: Block | null = null;
  #given: Block | null = null;

  /** @param octets held at most; 2 blocks at least: one is read while the other is filled */
  constructor(octets: number) {
    this.#most = Math.max(2, Math.floor(octets / DATAGRAM_BLOCK_OCTETS));
  }

  /**
   * Adds a datagram as a frame.
   * @param time wall clock, milliseconds since 1970
   * @returns false where there is no room for it
   */
  add(ends: DatagramEnds, datagram: Uint8Array, time: number): boolean {
    const octets = udpFrameOctets(ends.source.length, datagram.length);
    const block = this.#roomFor(octets);
    if (block === null) return false;
    const { window, columns } = block;
    const row = columns.count;
    const at = window.end;
    const microseconds = Math.floor(time * 1000);
    const seconds = Math.floor(microseconds / 1e6);
    window.end += writeUdpFrame(window.bytes, at, ends, datagram);
    columns.offset[row] = at;
    columns.captured[row] = octets;
    columns.original[row] = octets;
    columns.seconds[row] = seconds;
    columns.nanoseconds[row] = (microseconds - seconds * 1e6) * 1000;
    columns.digits[row] = 6;
    columns.linkType[row] = LINKTYPE_RAW;
    columns.interfaceId[row] = 0;
    columns.count = row + 1;
    return true;
  }

  /** The oldest datagrams, or null where there are none. The batch given before is void. */
  take(): FrameBatch | null {
    if (this.#given !== null) {
      this.#given.columns.reset();
      this.#given.window.end = 0;
      this.#free.push(this.#given);
    }
    this.#given = this.#full.shift() ?? null;
    if (this.#given === null && this.#filling !== null && this.#filling.columns.count > 0) {
      this.#given = this.#filling;
      this.#filling = null;
    }
    return this.#given?.columns ?? null;
  }

  #roomFor(octets: number): Block | null {
    const filling = this.#filling;
    if (filling !== null) {
      const { window, columns } = filling;
      if (columns.count < BATCH_ROWS && window.bytes.length - window.end >= octets) return filling;
      this.#full.push(filling);
    }
    this.#filling = this.#free.pop() ?? this.#newBlock();
    return this.#filling;
  }

  #newBlock(): Block | null {
    if (this.#blocks === this.#most) return null;
    this.#blocks++;
    const window = new InputWindow(DATAGRAM_BLOCK_OCTETS);
    return { window, columns: new FrameColumns(window) };
  }
}
