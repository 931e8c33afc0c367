// Captured frames to octets of rotating pcapng files. Each frame is an enhanced packet block that bears the daemon's frame
// number (epb_packetid, `frame.packet_id` in Wireshark) and a CRC-32 of the frame (epb_hash), so that numbers need no
// arithmetic and a torn or rotten frame is found.

import { crc32 } from 'node:zlib';
import { Block, Option, padded } from '../../captures/formats/pcapng-layout.ts';
import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import { MAX_RECORD_OCTETS } from '../../captures/formats/record-reader.ts';
import { CUSTOM_BLOCK_LINKTYPE, type FrameBatch, NO_INTERFACE } from '../../captures/frame-batch.ts';
import { describe, type InterfaceTable } from './interface-table.ts';
import type { FileNames } from './journal-file.ts';
import type { InterfaceRow } from './journal-port.ts';
import { Outbox } from './outbox.ts';

/** Constants of the specification (draft-ietf-opsawg-pcapng 4.3). */
/** Options of an enhanced packet block, and the algorithm that a hash names first. */
export const PACKET_ID = 5;
export const PACKET_HASH = 3;
export const HASH_CRC32 = 2;
/** Octets of a block before the frame: type, length, interface, time (8), captured, original. */
export const PACKET_HEAD = 28;

/** Constants we chose. */
/** Octets behind a frame: the two options, the end of options, the length again. */
export const PACKET_TAIL = 12 + 12 + 4 + 4;
const APPLICATION = 'sidescope journal';
/** Rows of octets that are no frame of an interface. */
const NO_INTERFACE_ROW: InterfaceRow = {
  interfaceId: NO_INTERFACE,
  source: '',
  name: 'none',
  linkType: CUSTOM_BLOCK_LINKTYPE,
  track: '',
};
/** A pcapng time has 64 bits: the last second that nanoseconds can say. */
const LAST_NANOSECOND_TIME = 18_446_744_072;

/** When a file is complete. Null: no such limit. */
export interface FileLimits {
  readonly octets: number | null;
  readonly milliseconds: number | null;
}

/** An interface of the file at hand. */
interface FileInterface {
  readonly index: number;
  frames: number;
}

/** See the head of the file. */
export class FrameEncoder {
  readonly outbox = new Outbox();
  readonly #table: InterfaceTable;
  readonly #limits: FileLimits;
  readonly #now: () => number;
  readonly #names: FileNames;
  #writer: PcapngWriter | null = null;
  /** Interfaces of the file by interface number and digits of a second. */
  #interfaces = new Map<number, FileInterface>();
  #described = 0;
  #lastNumber = 0;
  #lastSeconds = 0;
  #lastNanoseconds = 0;
  readonly #time = new TimeUnits();

  /** @param now milliseconds since 1970 */
  constructor(table: InterfaceTable, limits: FileLimits, now: () => number, names: FileNames) {
    this.#table = table;
    this.#limits = limits;
    this.#now = now;
    this.#names = names;
  }

  /** Puts the frames of a batch behind the others. */
  append(batch: FrameBatch): void {
    const { outbox } = this;
    for (let row = 0; row < batch.count; row++) {
      const number = batch.firstFrame + row;
      if (this.isDue) this.finish();
      if (outbox.file === null) this.#begin(number);
      this.#frame(batch, row, number);
      outbox.note(number, number);
    }
  }

  /** True where the file has reached a limit. */
  get isDue(): boolean {
    const { file, fileOctets } = this.outbox;
    if (file === null) return false;
    const { octets, milliseconds } = this.#limits;
    return (
      (octets !== null && fileOctets >= octets) || (milliseconds !== null && this.#now() - file.begun >= milliseconds)
    );
  }

  /** Ends the file: what each interface brought (interface statistics blocks), and no more. */
  finish(): void {
    if (this.outbox.file === null) return;
    for (const { index, frames } of this.#interfaces.values()) {
      if (frames === 0) continue;
      const time = { seconds: this.#lastSeconds, nanoseconds: this.#lastNanoseconds };
      this.#writer?.statistics({ interfaceId: index, ...time, received: frames });
    }
    this.outbox.note(this.#lastNumber, this.#lastNumber);
    this.outbox.finish();
  }

  #begin(number: number): void {
    const { outbox } = this;
    outbox.begin(this.#names.begin('frames', number, this.#now()));
    this.#writer = new PcapngWriter((block) => outbox.put(block), APPLICATION);
    this.#interfaces = new Map();
    this.#described = 0;
    // All of them, so that any file brings the numbers back.
    for (const row of this.#table.rows) this.#describe(row, 6);
  }

  #describe(row: InterfaceRow, digits: number): FileInterface {
    const { interfaceId, source, name, linkType } = row;
    this.#writer?.addInterface({
      linkType,
      name: source === '' ? name : `${source}/${name}`,
      description: describe(row),
      resolution: digits === 9 ? 'nanoseconds' : 'microseconds',
    });
    const described = { index: this.#described++, frames: 0 };
    this.outbox.file?.described?.push({ row, digits: digits === 9 ? 9 : 6 });
    this.#interfaces.set(interfaceId * 16 + digits, described);
    return described;
  }

  #interface(interfaceId: number, digits: number): FileInterface {
    const row = this.#table.rows[interfaceId] ?? NO_INTERFACE_ROW;
    return this.#interfaces.get(row.interfaceId * 16 + digits) ?? this.#describe(row, digits);
  }

  #frame(batch: FrameBatch, row: number, number: number): void {
    const { outbox } = this;
    const digits = batch.digits[row];
    const origin = this.#interface(batch.interfaceId[row], digits);
    const captured = Math.min(batch.captured[row], MAX_RECORD_OCTETS);
    const length = PACKET_HEAD + padded(captured) + PACKET_TAIL;
    const start = outbox.fileOctets;
    outbox.room(length);
    const { bytes, view, at } = outbox;
    const from = batch.offset[row];
    const frame = batch.bytes.subarray(from, from + captured);
    const seconds = batch.seconds[row];
    const nanoseconds = batch.nanoseconds[row];
    this.#time.set(seconds, nanoseconds, digits);
    view.setUint32(at, Block.enhancedPacket, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, origin.index, true);
    view.setUint32(at + 12, this.#time.high, true);
    view.setUint32(at + 16, this.#time.low, true);
    view.setUint32(at + 20, captured, true);
    view.setUint32(at + 24, batch.original[row], true);
    bytes.set(frame, at + PACKET_HEAD);
    const options = at + PACKET_HEAD + padded(captured);
    bytes.fill(0, at + PACKET_HEAD + captured, at + length);
    view.setUint16(options, PACKET_ID, true);
    view.setUint16(options + 2, 8, true);
    view.setUint32(options + 4, number >>> 0, true);
    view.setUint32(options + 8, Math.floor(number / 0x1_0000_0000), true);
    view.setUint16(options + 12, PACKET_HASH, true);
    view.setUint16(options + 14, 5, true);
    bytes[options + 16] = HASH_CRC32;
    view.setUint32(options + 17, crc32(frame), true);
    view.setUint16(options + 24, Option.end, true);
    view.setUint32(options + 28, length, true);
    outbox.at = at + length;
    outbox.file?.index?.add(number, start);
    origin.frames++;
    this.#lastNumber = number;
    this.#lastSeconds = seconds;
    this.#lastNanoseconds = nanoseconds;
  }
}

/** Times as pcapng says them: 64 bits, in units of 10^-6 or 10^-9 s. What cannot be said becomes the nearest. */
export class TimeUnits {
  high = 0;
  low = 0;
  #second = Number.NaN;
  #digits = 0;
  #baseHigh = 0;
  #baseLow = 0;

  /** @param digits 9: units of 10^-9 s, else of 10^-6 s (what is finer is cut off) */
  set(seconds: number, nanoseconds: number, digits: number): void {
    if (seconds !== this.#second || digits !== this.#digits) this.#turnTo(seconds, digits);
    const low = this.#baseLow + (digits === 9 ? nanoseconds : Math.floor(nanoseconds / 1000));
    this.low = low >>> 0;
    this.high = low > 0xffff_ffff ? this.#baseHigh + 1 : this.#baseHigh;
  }

  #turnTo(seconds: number, digits: number): void {
    this.#second = seconds;
    this.#digits = digits;
    const most = digits === 9 ? LAST_NANOSECOND_TIME : Number.POSITIVE_INFINITY;
    const units = BigInt(Math.min(Math.max(seconds, 0), most)) * (digits === 9 ? 1_000_000_000n : 1_000_000n);
    this.#baseHigh = Number(units >> 32n);
    this.#baseLow = Number(units & 0xffff_ffffn);
  }
}
