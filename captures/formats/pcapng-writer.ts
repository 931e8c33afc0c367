// pcapng, written (draft-ietf-opsawg-pcapng): one section, little endian, times in nanoseconds or microseconds.

import type { CaptureSink } from './pcap-writer.ts';
import {
  BLOCK_HEADER_OCTETS,
  BLOCK_OVERHEAD,
  Block,
  BYTE_ORDER_MAGIC,
  MAX_BLOCK_OCTETS,
  NameRecord,
  Option,
  padded,
} from './pcapng-layout.ts';
import { MAX_RECORD_OCTETS } from './record-reader.ts';
import { smallPiece } from './small-pieces.ts';

/** Constants of the specification. */
/** Section length that says that nobody counted (section 4.1). */
const UNKNOWN_LENGTH = -1n;
/** if_tsresol of nanoseconds and of microseconds: digits of a second (4.2). */
const NANOSECOND_RESOLUTION = 9;
const MICROSECOND_RESOLUTION = 6;
/** Octets that an option or a name record holds at most. */
const MAX_OPTION_OCTETS = 0xffff;
/** Octets of UTF-8 that a UTF-16 unit takes at most. */
const MOST_OCTETS_OF_UNIT = 3;
const MAX_TIME = 0xffff_ffff_ffff_ffffn;

const NANOSECONDS = 1_000_000_000n;
const encoder = new TextEncoder();

/** One interface of the section. */
export interface WrittenInterface {
  /** LINKTYPE_ number, 0 to 0xffff. */
  readonly linkType: number;
  readonly name?: string;
  readonly description?: string;
  /** Octets after which frames were cut; 0, the default, for no limit. */
  readonly snapLength?: number;
  /** Unit of its times; default nanoseconds. What microseconds cannot hold is cut off. */
  readonly resolution?: 'nanoseconds' | 'microseconds';
}

/** One frame. */
export interface WrittenFrame {
  /** As `addInterface` gave it. */
  readonly interfaceId: number;
  /** Whole seconds since 1970 UTC. A time outside 1970 to 2554, which the format cannot say, becomes the nearest. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
  readonly bytes: Uint8Array;
  /** Octets on the wire; default the frame's length. */
  readonly original?: number;
  /** Comments, each an option of its own; what is longer than 65,535 octets is cut. */
  readonly comments?: readonly string[];
  readonly direction?: 'inbound' | 'outbound';
}

/** What an interface counted until a moment. */
export interface WrittenStatistics {
  readonly interfaceId: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Packets received and packets lost by the interface, 0 or more. */
  readonly received?: number;
  readonly dropped?: number;
}

/** An address of 4 or 16 octets and its name. */
export interface WrittenName {
  readonly address: Uint8Array;
  readonly name: string;
}

/**
 * Writes one pcapng section. A block of more than 16 MiB (through comments or names without end) is a RangeError. Each
 * block goes to the sink as one piece of fresh memory.
 */
export class PcapngWriter {
  readonly #sink: CaptureSink;
  /** Nanoseconds in a unit of time, by interface. */
  readonly #units: bigint[] = [];
  /** Serves one block after the other. */
  readonly #body = new BodyBuilder();

  /**
   * Writes the section header.
   * @param application name of the program, for capinfos and Wireshark's file properties
   */
  constructor(sink: CaptureSink, application: string) {
    this.#sink = sink;
    const body = this.#body.begin();
    body.uint32(BYTE_ORDER_MAGIC);
    body.uint16(1);
    body.uint16(0);
    body.uint64(BigInt.asUintN(64, UNKNOWN_LENGTH));
    body.option(Option.sectionApplication, encoder.encode(application));
    body.endOfOptions();
    this.#block(Block.sectionHeader, body);
  }

  /** Writes an interface description and gives the interface's number, 0 for the first. */
  addInterface(described: WrittenInterface): number {
    const body = this.#body.begin();
    body.uint16(described.linkType);
    body.uint16(0);
    body.uint32(described.snapLength ?? 0);
    if (described.name !== undefined) {
      body.option(Option.interfaceName, encoder.encode(described.name));
    }
    if (described.description !== undefined) {
      body.option(Option.interfaceDescription, encoder.encode(described.description));
    }
    const micro = described.resolution === 'microseconds';
    body.option(Option.interfaceResolution, Uint8Array.of(micro ? MICROSECOND_RESOLUTION : NANOSECOND_RESOLUTION));
    body.endOfOptions();
    this.#block(Block.interfaceDescription, body);
    return this.#units.push(micro ? 1000n : 1n) - 1;
  }

  /**
   * Writes a frame.
   * @throws RangeError where the frame has more than 262,144 octets or its interface was not added
   */
  frame(frame: WrittenFrame): void {
    if (frame.bytes.length > MAX_RECORD_OCTETS) {
      throw new RangeError(`a frame of ${frame.bytes.length} octets; a record takes up to ${MAX_RECORD_OCTETS}`);
    }
    this.#checkInterface(frame.interfaceId);
    const body = this.#body.begin();
    body.uint32(frame.interfaceId);
    body.time(frame.seconds, frame.nanoseconds, this.#units[frame.interfaceId]);
    body.uint32(frame.bytes.length);
    body.uint32(frame.original ?? frame.bytes.length);
    body.octets(frame.bytes);
    const comments = frame.comments ?? [];
    for (const comment of comments) {
      body.textOption(Option.comment, comment);
    }
    if (frame.direction !== undefined) {
      // epb_flags, bits 0 and 1 (4.3.1).
      body.option(Option.packetFlags, Uint8Array.of(frame.direction === 'inbound' ? 1 : 2, 0, 0, 0));
    }
    if (comments.length > 0 || frame.direction !== undefined) {
      body.endOfOptions();
    }
    this.#block(Block.enhancedPacket, body);
  }

  /**
   * Writes names of addresses; Wireshark shows them with `-N n`. A name is cut after 255 octets.
   * @throws RangeError where an address has neither 4 nor 16 octets
   */
  names(names: Iterable<WrittenName>): void {
    const body = this.#body.begin();
    for (const { address, name } of names) {
      if (address.length !== 4 && address.length !== 16) {
        throw new RangeError(`an address of ${address.length} octets; it has 4 or 16`);
      }
      const type = address.length === 4 ? NameRecord.ipv4 : NameRecord.ipv6;
      const text = cutText(encoder.encode(name), 255);
      const value = new Uint8Array(address.length + text.length + 1);
      value.set(address);
      value.set(text, address.length);
      body.option(type, value);
    }
    body.endOfOptions();
    this.#block(Block.nameResolution, body);
  }

  /**
   * Writes what an interface counted.
   * @throws RangeError where the interface was not added
   */
  statistics(statistics: WrittenStatistics): void {
    this.#checkInterface(statistics.interfaceId);
    const body = this.#body.begin();
    body.uint32(statistics.interfaceId);
    body.time(statistics.seconds, statistics.nanoseconds, this.#units[statistics.interfaceId]);
    if (statistics.received !== undefined) {
      body.option(Option.statisticsReceived, uint64Octets(statistics.received));
    }
    if (statistics.dropped !== undefined) {
      body.option(Option.statisticsInterfaceDropped, uint64Octets(statistics.dropped));
    }
    body.endOfOptions();
    this.#block(Block.interfaceStatistics, body);
  }

  #checkInterface(interfaceId: number): void {
    if (!Number.isInteger(interfaceId) || interfaceId < 0 || interfaceId >= this.#units.length) {
      throw new RangeError(`interface ${interfaceId} was not added; there are ${this.#units.length}`);
    }
  }

  #block(type: number, body: BodyBuilder): void {
    this.#sink(body.block(type));
  }
}

/** Octets of UTF-8 text, at most `cap`, not cut inside a character. */
function cutText(text: Uint8Array, cap: number): Uint8Array {
  if (text.length <= cap) {
    return text;
  }
  let end = cap;
  // Octets 10xxxxxx go on with a character.
  while (end > 0 && (text[end] & 0xc0) === 0x80) {
    end--;
  }
  return text.subarray(0, end);
}

function uint64Octets(value: number): Uint8Array {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, BigInt(value), true);
  return octets;
}

/** Gathers the body of a block behind room for the block's header, one block after the other. */
class BodyBuilder {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #view = new DataView(this.#bytes.buffer);
  #at = BLOCK_HEADER_OCTETS;

  /** Begins a block; what is left of one that was not finished is gone. */
  begin(): this {
    this.#at = BLOCK_HEADER_OCTETS;
    return this;
  }

  uint16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  uint32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  uint64(value: bigint): void {
    this.#room(8);
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
  }

  /** A timestamp in units of so many nanoseconds, upper half first. */
  time(seconds: number, nanoseconds: number, unit = 1n): void {
    const exact = (BigInt(seconds) * NANOSECONDS + BigInt(nanoseconds)) / unit;
    const time = exact < 0n ? 0n : exact > MAX_TIME ? MAX_TIME : exact;
    this.uint32(Number(time >> 32n));
    this.uint32(Number(time & 0xffffffffn));
  }

  /** Octets, padded with zeros to a multiple of 4. */
  octets(value: Uint8Array): void {
    const end = this.#at + padded(value.length);
    this.#room(padded(value.length));
    this.#bytes.set(value, this.#at);
    this.#bytes.fill(0, this.#at + value.length, end);
    this.#at = end;
  }

  /** An option or a name record. */
  option(code: number, value: Uint8Array): void {
    const cut = cutText(value, MAX_OPTION_OCTETS);
    this.uint16(code);
    this.uint16(cut.length);
    this.octets(cut);
  }

  /** An option of text, not copied on the way where it is short enough for any text of its length. */
  textOption(code: number, text: string): void {
    if (MOST_OCTETS_OF_UNIT * text.length > MAX_OPTION_OCTETS) {
      this.option(code, encoder.encode(text));
      return;
    }
    this.uint16(code);
    this.#room(2 + padded(MOST_OCTETS_OF_UNIT * text.length));
    const length = this.#bytes.write(text, this.#at + 2);
    this.uint16(length);
    this.#bytes.fill(0, this.#at + length, this.#at + padded(length));
    this.#at += padded(length);
  }

  endOfOptions(): void {
    this.uint32(Option.end);
  }

  /** The finished block in memory of its own. The next block begins. */
  block(type: number): Uint8Array {
    const length = this.#at - BLOCK_HEADER_OCTETS + BLOCK_OVERHEAD;
    if (length > MAX_BLOCK_OCTETS) {
      throw new RangeError(`a block of ${length} octets; readers take up to ${MAX_BLOCK_OCTETS}`);
    }
    this.uint32(length);
    this.#view.setUint32(0, type, true);
    this.#view.setUint32(4, length, true);
    const block = smallPiece(length);
    block.set(this.#bytes.subarray(0, length));
    return block;
  }

  #room(octets: number): void {
    if (this.#at + octets > this.#bytes.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + octets));
      wider.set(this.#bytes);
      this.#bytes = wider;
      this.#view = new DataView(wider.buffer);
    }
  }
}
