// The journal's pcapng files, read back: frames with the daemon's numbers and interfaces. Knows only what frame-encoder.ts
// writes, and finds its way behind octets that have rotted.

import { crc32 } from 'node:zlib';
import { InterfaceClock } from '../../captures/formats/interface-clock.ts';
import { isPcapngStart } from '../../captures/formats/pcapng.ts';
import { readOptions } from '../../captures/formats/pcapng-blocks.ts';
import { BLOCK_OVERHEAD, Block, MAX_BLOCK_OCTETS, Option, padded } from '../../captures/formats/pcapng-layout.ts';
import { MAX_RECORD_OCTETS } from '../../captures/formats/record-reader.ts';
import { BATCH_ROWS } from '../../captures/frame-batch.ts';
import type { FrameColumns } from '../../captures/frame-columns.ts';
import type { InputWindow } from '../../captures/input-window.ts';
import { HASH_CRC32, PACKET_HASH, PACKET_HEAD, PACKET_ID, PACKET_TAIL } from './frame-encoder.ts';
import { rowOf } from './interface-table.ts';
import type { DescribedInterface } from './journal-file.ts';
import type { InterfaceRow } from './journal-port.ts';

/** Why reading stopped. `wanting`: the window ends inside a block. `broken`: no block of the journal begins there. */
export type Stop = 'full' | 'wanting' | 'broken';

interface ReadInterface extends DescribedInterface {
  readonly clock: InterfaceClock;
}

/** Reads blocks of one file, in order. */
export class FrameBlockReader {
  readonly #interfaces: ReadInterface[] = [];
  readonly #isPrimed: boolean;
  /** Number of the last frame read; one below the first before it. */
  lastNumber: number;
  /** How many frames may be missing before the next, because octets that would have held them were passed over. */
  #mayMiss = 0;
  /** True where the last block read belongs to the end of a file (interface statistics). */
  isFinished = false;
  /** Frames read by index of the file's interface. */
  readonly frames: number[] = [];

  /**
   * @param first number of the first frame that will be read: numbers of a file follow one another
   * @param described the interfaces of the file, where it is not read from its beginning
   */
  constructor(first: number, described: readonly DescribedInterface[] | null = null) {
    this.lastNumber = first - 1;
    this.#isPrimed = described !== null;
    for (const { row, digits } of described ?? []) this.#describe(row, digits === 9 ? 9 : 6);
  }

  /** The interfaces described so far, in the order of the file. */
  get interfaces(): readonly DescribedInterface[] {
    return this.#interfaces;
  }

  /**
   * Turns blocks of the window into rows, with numbers that follow one another, until the batch is full, a number is
   * left out, or the window holds no whole block. Consumes what it read. Rows are numbered from `columns.firstFrame`.
   */
  read(window: InputWindow, columns: FrameColumns): Stop {
    while (columns.count < BATCH_ROWS) {
      const { view, bytes, begin, end } = window;
      const left = end - begin;
      if (left < BLOCK_OVERHEAD) return 'wanting';
      const type = view.getUint32(begin, true);
      const length = view.getUint32(begin + 4, true);
      if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_BLOCK_OCTETS) return 'broken';
      if (type === Block.enhancedPacket) {
        if (left < PACKET_HEAD) return 'wanting';
        const captured = view.getUint32(begin + 20, true);
        if (captured > MAX_RECORD_OCTETS || length !== PACKET_HEAD + padded(captured) + PACKET_TAIL) return 'broken';
        if (left < length) return 'wanting';
        const number = numberOf(view, bytes, begin, captured, length);
        const origin = this.#interfaces[view.getUint32(begin + 8, true)];
        if (!this.#follows(number) || origin === undefined) return 'broken';
        if (columns.count === 0) columns.firstFrame = number;
        else if (number !== columns.firstFrame + columns.count) return 'full';
        this.#row(columns, view, begin, captured, origin);
        this.lastNumber = number;
        this.#mayMiss = 0;
        this.isFinished = false;
      } else {
        if (left < length) return length > MAX_RECORD_OCTETS ? 'broken' : 'wanting';
        if (view.getUint32(begin + length - 4, true) !== length || !this.#other(window, type, length)) return 'broken';
      }
      window.begin = begin + length;
    }
    return 'full';
  }

  /**
   * Goes on to the next whole frame, whose number must be above the last, octets before it lost. False where the window
   * holds none: then all but a block's length of it is consumed.
   */
  resync(window: InputWindow): boolean {
    const { view, bytes, end } = window;
    for (let at = window.begin + 4; at + PACKET_HEAD + PACKET_TAIL <= end; at += 4) {
      if (view.getUint32(at, true) !== Block.enhancedPacket) continue;
      const length = view.getUint32(at + 4, true);
      const captured = view.getUint32(at + 20, true);
      if (captured > MAX_RECORD_OCTETS || length !== PACKET_HEAD + padded(captured) + PACKET_TAIL) continue;
      if (at + length > end || this.#interfaces[view.getUint32(at + 8, true)] === undefined) continue;
      const mayMiss = this.#mayMiss;
      this.#pass(at - window.begin);
      if (this.#follows(numberOf(view, bytes, at, captured, length))) {
        window.begin = at;
        return true;
      }
      this.#mayMiss = mayMiss;
    }
    const begin = Math.max(window.begin, end - MAX_RECORD_OCTETS - PACKET_HEAD - PACKET_TAIL);
    this.#pass(begin - window.begin);
    window.begin = begin;
    return false;
  }

  #follows(number: number): boolean {
    return number > this.lastNumber && number <= this.lastNumber + 1 + this.#mayMiss;
  }

  #pass(octets: number): void {
    this.#mayMiss += Math.ceil(octets / (PACKET_HEAD + PACKET_TAIL));
  }

  #row(columns: FrameColumns, view: DataView, at: number, captured: number, origin: ReadInterface): void {
    const row = columns.count;
    const index = view.getUint32(at + 8, true);
    this.frames[index] = (this.frames[index] ?? 0) + 1;
    columns.offset[row] = at + PACKET_HEAD;
    columns.captured[row] = captured;
    columns.original[row] = view.getUint32(at + 24, true);
    origin.clock.store(view.getUint32(at + 12, true), view.getUint32(at + 16, true), columns, row);
    columns.linkType[row] = origin.row.linkType;
    columns.interfaceId[row] = origin.row.interfaceId;
    columns.count = row + 1;
  }

  /** A block without a frame; false where it is none that the journal writes. */
  #other(window: InputWindow, type: number, length: number): boolean {
    const { bytes, view, begin } = window;
    if (type === Block.interfaceStatistics) {
      this.isFinished = true;
      return true;
    }
    if (type === Block.sectionHeader) return isPcapngStart(view, begin);
    if (type !== Block.interfaceDescription || length < BLOCK_OVERHEAD + 8) return false;
    let description = '';
    let resolution = 6;
    const body = { bytes, view, littleEndian: true, begin: begin + 8, end: begin + length - 4 };
    const isWhole = readOptions(body, begin + 16, (code, at, octets) => {
      if (code === Option.interfaceDescription) description = decoder.decode(bytes.subarray(at, at + octets));
      if (code === Option.interfaceResolution && octets === 1) resolution = view.getUint8(at);
    });
    const row = rowOf(description, view.getUint16(begin + 8, true));
    if (!isWhole || row === null) return false;
    if (!this.#isPrimed) this.#describe(row, resolution);
    return true;
  }

  #describe(row: InterfaceRow, resolution: number): void {
    const clock = new InterfaceClock(resolution, 0);
    this.#interfaces.push({ row, digits: clock.digits, clock });
  }
}

const decoder = new TextDecoder();

/** Number of the frame whose block stands whole at `at`; -1 where the block is not as it was written. */
function numberOf(view: DataView, bytes: Uint8Array, at: number, captured: number, length: number): number {
  const options = at + PACKET_HEAD + padded(captured);
  if (view.getUint32(at + length - 4, true) !== length) return -1;
  // Code and length of both options at once.
  if (view.getUint32(options, true) !== (PACKET_ID | (8 << 16))) return -1;
  if (view.getUint32(options + 12, true) !== (PACKET_HASH | (5 << 16)) || bytes[options + 16] !== HASH_CRC32) return -1;
  const frame = bytes.subarray(at + PACKET_HEAD, at + PACKET_HEAD + captured);
  if (crc32(frame) !== view.getUint32(options + 17, true)) return -1;
  return view.getUint32(options + 8, true) * 0x1_0000_0000 + view.getUint32(options + 4, true);
}
