// pcapng, read (draft-ietf-opsawg-pcapng): a chain of blocks, each with its length at both ends. A section header may
// change the byte order and starts the interfaces anew. The writer is pcapng-writer.ts.
//
// Rows are numbered as Wireshark 4 numbers frames: packet blocks, and the blocks without a packet that it counts all the
// same (EVENT_BLOCKS).

import {
  BATCH_ROWS,
  type CaptureMark,
  type CaptureProblem,
  CUSTOM_BLOCK_LINKTYPE,
  NO_INTERFACE,
} from '../frame-batch.ts';
import { BATCH_MARKS, type FrameColumns } from '../frame-columns.ts';
import type { InputWindow } from '../input-window.ts';
import { type CaptureProblemCode, captureProblem } from '../problems.ts';
import {
  type BlockBody,
  type CaptureInterface,
  optionsFit,
  readDropCount,
  readInterface,
  readNames,
  readStatistics,
  secretsFit,
} from './pcapng-blocks.ts';
import {
  BLOCK_HEADER_OCTETS,
  BLOCK_OVERHEAD,
  Block,
  BYTE_ORDER_MAGIC,
  MAX_BLOCK_OCTETS,
  padded,
} from './pcapng-layout.ts';
import { MAX_RECORD_OCTETS, type RecordReader } from './record-reader.ts';

/** Constants of the specification: where the fields of a block stand, from its first octet. */
const LENGTH_AT = 4;
const BYTE_ORDER_AT = 8;
const MAJOR_AT = 12;
const MINOR_AT = 14;
const SECTION_OPTIONS_AT = 24;
const INTERFACE_AT = 8;
const PACKET_DROPS_AT = 10;
const TIME_HIGH_AT = 12;
const TIME_LOW_AT = 16;
const CAPTURED_AT = 20;
const ORIGINAL_AT = 24;
const PACKET_DATA_AT = 28;
const SIMPLE_ORIGINAL_AT = 8;
const SIMPLE_DATA_AT = 12;
/** Octets that each block has at least, both lengths included. */
const MIN_SECTION = 28;
const MIN_PACKET = 32;
const MIN_SIMPLE_PACKET = 16;
/** Drop count of an obsolete packet block that says that nobody counted (appendix A). */
const DROPS_UNKNOWN = 0xffff;

/** Constants we chose. */
/** Interfaces of a file, all sections together: the column has 16 bits and 0xffff means none. */
export const MAX_INTERFACES = NO_INTERFACE;

/** Blocks without a packet that Wireshark numbers as frames, and the octets of the body before their data. */
const EVENT_BLOCKS: ReadonlyMap<number, number> = new Map([
  [Block.custom, 4],
  [Block.customNoCopy, 4],
  [Block.systemdJournal, 0],
  [Block.sysdigEvent, 24],
  [Block.sysdigEventV2, 28],
  [Block.sysdigEventV2Large, 28],
]);

/** Byte order of the section whose header begins at `at`; null where its magic is none. Needs 12 octets. */
function byteOrder(view: DataView, at: number): 'little' | 'big' | null {
  if (view.getUint32(at + BYTE_ORDER_AT, true) === BYTE_ORDER_MAGIC) {
    return 'little';
  }
  return view.getUint32(at + BYTE_ORDER_AT, false) === BYTE_ORDER_MAGIC ? 'big' : null;
}

/** True where the 12 octets at `at` begin a section header: the way a pcapng file begins. */
export function isPcapngStart(view: DataView, at: number): boolean {
  return view.getUint32(at, true) === Block.sectionHeader && byteOrder(view, at) !== null;
}

/** Reads the blocks of one pcapng file, from its first octet on. */
export class PcapngReader implements RecordReader {
  #littleEndian = true;
  /** Interfaces of the current section. */
  #interfaces: CaptureInterface[] = [];
  #interfacesInFile = 0;
  /** Time of the last row of the batch before, for rows without a time that counts. */
  #lastSeconds = 0;
  #lastNanoseconds = 0;
  #lastDigits = 6;
  #problem: CaptureProblem | null = null;

  /** A captured length above the original, or above the interface's snap length, is handed on as Wireshark does. */
  read(window: InputWindow, columns: FrameColumns): CaptureProblem | null {
    const { view, end, base } = window;
    let at = window.begin;
    while (columns.count < BATCH_ROWS && columns.marks.length < BATCH_MARKS && end - at >= BLOCK_OVERHEAD) {
      at = this.#plainPackets(view, at, end, columns);
      if (columns.count === BATCH_ROWS || end - at < BLOCK_OVERHEAD) {
        break;
      }
      const type = view.getUint32(at, this.#littleEndian);
      // The type of a section header reads the same in both orders; nothing else of it does.
      if (type === Block.sectionHeader && !this.#turnTo(view, at, base)) {
        break;
      }
      const length = view.getUint32(at + LENGTH_AT, this.#littleEndian);
      if (!this.#lengthHolds(view, at, end, base, type, length) || length > end - at) {
        break;
      }
      const again = view.getUint32(at + length - LENGTH_AT, this.#littleEndian);
      if (again !== length) {
        const sentence = `a block begins with length ${length} and ends with length ${again}`;
        this.#fail('capture.block-lengths-differ', base + at, sentence);
        break;
      }
      const read =
        type === Block.enhancedPacket || type === Block.packet
          ? this.#packet(window, columns, at, length, type)
          : this.#otherBlock(window, columns, at, length, type);
      if (!read) {
        break;
      }
      at += length;
    }
    window.begin = at;
    const last = columns.count - 1;
    if (last >= 0) {
      this.#lastSeconds = columns.seconds[last];
      this.#lastNanoseconds = columns.nanoseconds[last];
      this.#lastDigits = columns.digits[last];
    }
    return this.#problem;
  }

  /**
   * The hot path: enhanced packet blocks that hold a packet and no option, complete and sound, one after the other. Gives
   * where it stopped: at a block of any other kind or state, which `read` then looks at with care.
   */
  #plainPackets(view: DataView, from: number, end: number, columns: FrameColumns): number {
    const { offset, captured, original, linkType, interfaceId } = columns;
    const littleEndian = this.#littleEndian;
    const interfaces = this.#interfaces;
    let at = from;
    let row = columns.count;
    while (row < BATCH_ROWS && end - at >= MIN_PACKET && view.getUint32(at, littleEndian) === Block.enhancedPacket) {
      const octets = view.getUint32(at + CAPTURED_AT, littleEndian);
      const origin = interfaces[view.getUint32(at + INTERFACE_AT, littleEndian)];
      const length = view.getUint32(at + LENGTH_AT, littleEndian);
      if (octets > MAX_RECORD_OCTETS || length !== MIN_PACKET + padded(octets) || length > end - at) {
        break;
      }
      if (origin === undefined || view.getUint32(at + length - LENGTH_AT, littleEndian) !== length) {
        break;
      }
      offset[row] = at + PACKET_DATA_AT;
      captured[row] = octets;
      original[row] = view.getUint32(at + ORIGINAL_AT, littleEndian);
      linkType[row] = origin.linkType;
      interfaceId[row] = origin.id;
      const high = view.getUint32(at + TIME_HIGH_AT, littleEndian);
      origin.clock.store(high, view.getUint32(at + TIME_LOW_AT, littleEndian), columns, row);
      row++;
      at += length;
    }
    columns.count = row;
    return at;
  }

  /** Takes the byte order of the section that begins at `at`. */
  #turnTo(view: DataView, at: number, base: number): boolean {
    const order = byteOrder(view, at);
    if (order === null) {
      return this.#fail('capture.byte-order', base + at, 'a section header has no byte-order magic');
    }
    this.#littleEndian = order === 'little';
    return true;
  }

  /** Judges a block by its first octets alone, so that nothing waits for octets that a false length promises. */
  #lengthHolds(view: DataView, at: number, end: number, base: number, type: number, length: number): boolean {
    if (length < BLOCK_OVERHEAD || length % 4 !== 0) {
      const why = length < BLOCK_OVERHEAD ? `less than ${BLOCK_OVERHEAD}` : 'not a multiple of 4';
      return this.#fail('capture.block-length', base + at, `a block gives its length as ${length}, which is ${why}`);
    }
    if (type === Block.enhancedPacket || type === Block.packet) {
      if (length >= MIN_PACKET && end - at >= ORIGINAL_AT) {
        const captured = view.getUint32(at + CAPTURED_AT, this.#littleEndian);
        if (captured > MAX_RECORD_OCTETS) {
          return this.#tooLong(base + at, captured);
        }
      }
    }
    if (length > MAX_BLOCK_OCTETS) {
      const sentence = `a block gives its length as ${length}; none has more than ${MAX_BLOCK_OCTETS} octets`;
      return this.#fail('capture.block-too-long', base + at, sentence);
    }
    return true;
  }

  /**
   * Enhanced packet block (4.3) in whatever state, and the obsolete packet block (appendix A), whose interface has 16 bits
   * and a drop count beside it.
   */
  #packet(window: InputWindow, columns: FrameColumns, at: number, length: number, type: number): boolean {
    const { view, base } = window;
    const littleEndian = this.#littleEndian;
    if (length < MIN_PACKET) {
      return this.#contradiction(base + at, 'a packet block', length);
    }
    const enhanced = type === Block.enhancedPacket;
    const interfaceId = enhanced
      ? view.getUint32(at + INTERFACE_AT, littleEndian)
      : view.getUint16(at + INTERFACE_AT, littleEndian);
    const origin = this.#interfaces[interfaceId];
    if (origin === undefined) {
      return this.#undefinedInterface(base + at, interfaceId);
    }
    const captured = view.getUint32(at + CAPTURED_AT, littleEndian);
    if (captured > length - MIN_PACKET) {
      return this.#beyondBlock(base + at, captured, length);
    }
    let dropped = 0;
    if (!enhanced) {
      const drops = view.getUint16(at + PACKET_DROPS_AT, littleEndian);
      dropped = drops === DROPS_UNKNOWN ? 0 : drops;
    }
    const optionsAt = PACKET_DATA_AT + padded(captured);
    if (optionsAt < length - LENGTH_AT) {
      const counted = readDropCount(this.#body(window, at, length), at + optionsAt);
      if (counted === null) {
        return this.#contradiction(base + at, 'the options of a packet block', length);
      }
      dropped += counted;
    }
    if (dropped > 0) {
      origin.droppedByPackets += dropped;
      this.#mark(columns, 'drops', origin.id, { dropped: totalDropped(origin), byFrame: true });
    }
    const original = view.getUint32(at + ORIGINAL_AT, littleEndian);
    const row = this.#row(columns, at + PACKET_DATA_AT, captured, original, origin);
    const high = view.getUint32(at + TIME_HIGH_AT, littleEndian);
    origin.clock.store(high, view.getUint32(at + TIME_LOW_AT, littleEndian), columns, row);
    return true;
  }

  #otherBlock(window: InputWindow, columns: FrameColumns, at: number, length: number, type: number): boolean {
    const body = this.#body(window, at, length);
    const offset = window.base + at;
    switch (type) {
      case Block.sectionHeader:
        return this.#section(body, columns, at, offset, length);
      case Block.interfaceDescription:
        return this.#interface(body, columns, offset, length);
      case Block.simplePacket:
        return this.#simplePacket(body, columns, at, offset, length);
      case Block.nameResolution: {
        const names = readNames(body);
        if (names === null) {
          return this.#contradiction(offset, 'a name resolution block', length);
        }
        this.#mark(columns, 'names', -1, { names });
        return true;
      }
      case Block.interfaceStatistics:
        return this.#statistics(body, columns, offset, length);
      case Block.decryptionSecrets:
        if (!secretsFit(body)) {
          return this.#contradiction(offset, 'a decryption secrets block', length);
        }
        this.#mark(columns, 'secrets', -1);
        return true;
      default: {
        const fixed = EVENT_BLOCKS.get(type);
        // A block that nobody here knows is passed over, as the specification asks (3.1).
        return fixed === undefined || this.#event(body, columns, offset, length, type, fixed);
      }
    }
  }

  /** Section header block (4.1). */
  #section(body: BlockBody, columns: FrameColumns, at: number, offset: number, length: number): boolean {
    if (length < MIN_SECTION) {
      return this.#contradiction(offset, 'a section header', length);
    }
    const major = body.view.getUint16(at + MAJOR_AT, body.littleEndian);
    const minor = body.view.getUint16(at + MINOR_AT, body.littleEndian);
    // 1.2 is what some programs wrote for 1.0 (4.1); Wireshark reads these two.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      const sentence = `a section is of pcapng version ${major}.${minor}; 1.0 is known`;
      return this.#fail('capture.unsupported-version', offset, sentence);
    }
    if (!optionsFit(body, at + SECTION_OPTIONS_AT)) {
      return this.#contradiction(offset, 'the options of a section header', length);
    }
    this.#interfaces = [];
    this.#mark(columns, 'section', -1);
    return true;
  }

  #interface(body: BlockBody, columns: FrameColumns, offset: number, length: number): boolean {
    const id = this.#interfacesInFile;
    if (id === MAX_INTERFACES) {
      return this.#fail('capture.too-many-interfaces', offset, `the capture names more than ${id} interfaces`);
    }
    const described = readInterface(body, id);
    if (described === null) {
      return this.#contradiction(offset, 'an interface description', length);
    }
    this.#interfacesInFile = id + 1;
    this.#interfaces.push(described);
    const { linkType, name } = described;
    this.#mark(columns, 'interface', id, name === null ? { linkType } : { linkType, name });
    return true;
  }

  /**
   * Simple packet block (4.4): interface 0, cut at the snap length of the interface. It has no time: 1970 would set the
   * clock back, and make every key one that is not valid yet.
   */
  #simplePacket(body: BlockBody, columns: FrameColumns, at: number, offset: number, length: number): boolean {
    if (length < MIN_SIMPLE_PACKET) {
      return this.#contradiction(offset, 'a packet block', length);
    }
    const origin = this.#interfaces[0];
    if (origin === undefined) {
      return this.#undefinedInterface(offset, 0);
    }
    const original = body.view.getUint32(at + SIMPLE_ORIGINAL_AT, body.littleEndian);
    const captured = origin.snapLength === 0 ? original : Math.min(original, origin.snapLength);
    if (captured > MAX_RECORD_OCTETS) {
      return this.#tooLong(offset, captured);
    }
    if (captured > length - MIN_SIMPLE_PACKET) {
      return this.#beyondBlock(offset, captured, length);
    }
    this.#timeOfBefore(columns, this.#row(columns, at + SIMPLE_DATA_AT, captured, original, origin));
    return true;
  }

  #statistics(body: BlockBody, columns: FrameColumns, offset: number, length: number): boolean {
    const statistics = readStatistics(body);
    if (statistics === null) {
      return this.#contradiction(offset, 'an interface statistics block', length);
    }
    if (statistics.dropped !== null) {
      const origin = this.#interfaces[statistics.interfaceId];
      if (origin !== undefined) {
        origin.droppedByStatistics = statistics.dropped;
      }
      const dropped = origin === undefined ? statistics.dropped : totalDropped(origin);
      this.#mark(columns, 'drops', origin?.id ?? -1, { dropped });
    }
    return true;
  }

  /** A block without a packet that takes a frame number. */
  #event(body: BlockBody, columns: FrameColumns, offset: number, length: number, type: number, fixed: number): boolean {
    const dataAt = body.begin + fixed;
    let dataEnd = body.end;
    if (dataAt > dataEnd) {
      return this.#contradiction(offset, 'a block without a packet', length);
    }
    if (type === Block.systemdJournal) {
      // The entry is text; the block does not say where its padding begins.
      while (dataEnd > dataAt && body.bytes[dataEnd - 1] === 0) {
        dataEnd--;
      }
    }
    const captured = dataEnd - dataAt;
    if (captured > MAX_RECORD_OCTETS) {
      return this.#tooLong(offset, captured);
    }
    this.#timeOfBefore(columns, this.#row(columns, dataAt, captured, captured, null));
    return true;
  }

  /** Gives a row without a time that counts the time of the row before it; of the first one in the file it is 1970. */
  #timeOfBefore(columns: FrameColumns, row: number): void {
    columns.seconds[row] = row === 0 ? this.#lastSeconds : columns.seconds[row - 1];
    columns.nanoseconds[row] = row === 0 ? this.#lastNanoseconds : columns.nanoseconds[row - 1];
    columns.digits[row] = row === 0 ? this.#lastDigits : columns.digits[row - 1];
  }

  /** Begins a row; the caller writes its time. */
  #row(columns: FrameColumns, at: number, captured: number, original: number, origin: CaptureInterface | null): number {
    const row = columns.count;
    columns.offset[row] = at;
    columns.captured[row] = captured;
    columns.original[row] = original;
    columns.linkType[row] = origin === null ? CUSTOM_BLOCK_LINKTYPE : origin.linkType;
    columns.interfaceId[row] = origin === null ? NO_INTERFACE : origin.id;
    columns.count = row + 1;
    return row;
  }

  #body(window: InputWindow, at: number, length: number): BlockBody {
    return {
      bytes: window.bytes,
      view: window.view,
      littleEndian: this.#littleEndian,
      begin: at + BLOCK_HEADER_OCTETS,
      end: at + length - LENGTH_AT,
    };
  }

  #mark(
    columns: FrameColumns,
    kind: CaptureMark['kind'],
    interfaceId: number,
    more: Pick<CaptureMark, 'dropped' | 'byFrame' | 'names' | 'name' | 'linkType'> = {},
  ): void {
    columns.marks.push({ beforeRow: columns.count, kind, interfaceId, ...more });
  }

  #fail(code: CaptureProblemCode, offset: number, message: string): false {
    this.#problem = captureProblem(code, offset, message);
    return false;
  }

  #tooLong(offset: number, octets: number): false {
    const sentence = `a record claims ${octets} octets; no frame has more than ${MAX_RECORD_OCTETS}`;
    return this.#fail('capture.record-too-long', offset, sentence);
  }

  #beyondBlock(offset: number, captured: number, length: number): false {
    const sentence = `a packet block of ${length} octets claims ${captured} octets of frame`;
    return this.#fail('capture.record-beyond-block', offset, sentence);
  }

  #undefinedInterface(offset: number, interfaceId: number): false {
    const sentence = `a packet is said to come from interface ${interfaceId}, which its section does not describe`;
    return this.#fail('capture.undefined-interface', offset, sentence);
  }

  #contradiction(offset: number, what: string, length: number): false {
    const sentence = `${what} does not fit into the block's ${length} octets`;
    return this.#fail('capture.block-content', offset, sentence);
  }
}

/** What the two ways of counting say together: neither knows of the other, so the larger one counts. */
function totalDropped(origin: CaptureInterface): number {
  return Math.max(origin.droppedByPackets, origin.droppedByStatistics);
}
