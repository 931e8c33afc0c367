// Classic pcap, read (draft-ietf-opsawg-pcap): a file header of 24 octets, then records of 16 octets of header and the
// frame. Micro- and nanosecond files of both byte orders. The writer is pcap-writer.ts.

import { BATCH_ROWS, type CaptureProblem } from '../frame-batch.ts';
import type { FrameColumns } from '../frame-columns.ts';
import type { InputWindow } from '../input-window.ts';
import { captureProblem } from '../problems.ts';
import { MAX_RECORD_OCTETS, type RecordReader, type UsualRecords, type UsualRecordsBuilder } from './record-reader.ts';

/** Constants of the specification. */
/** Magic number of a file with microseconds (section 4). */
export const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;
/** Magic number of a file with nanoseconds (section 4). */
export const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Octets of the file header (section 4) and where its fields stand. */
export const PCAP_HEADER_OCTETS = 24;
const MAJOR_AT = 4;
const MINOR_AT = 6;
const LINK_TYPE_AT = 20;
/** Octets of a record header (section 5) and where its fields stand. */
export const PCAP_RECORD_HEADER_OCTETS = 16;
export const PCAP_FRACTION_AT = 4;
export const PCAP_CAPTURED_AT = 8;
export const PCAP_ORIGINAL_AT = 12;
/** Bits of the link type field that are reserved; the high 6 bits tell of a frame check sequence (section 4). */
const LINK_TYPE_RESERVED = 0x03ff0000;
const LINK_TYPE_BITS = 0xffff;

/**
 * True where the octets at `at` are a pcap magic number in one of the byte orders.
 * @param view at least 4 octets from `at`
 */
export function isPcapMagic(view: DataView, at: number): boolean {
  return pcapMagic(view, at) !== null;
}

function pcapMagic(view: DataView, at: number): { littleEndian: boolean; nano: boolean } | null {
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(at, littleEndian);
    if (magic === PCAP_MAGIC_MICROSECONDS || magic === PCAP_MAGIC_NANOSECONDS) {
      return { littleEndian, nano: magic === PCAP_MAGIC_NANOSECONDS };
    }
  }
  return null;
}

/**
 * Reads the file header and consumes it. Null where the window holds less than that.
 *
 * As Wireshark does, it takes any version: newer ones are read as 2.4, in older ones a captured length above the
 * original says that the two fields stand the other way round.
 * @param buildUsual of who takes usual records at once; null: nobody
 * @returns the reader of the records, or the problem of the header
 */
export function openPcap(
  window: InputWindow,
  buildUsual: UsualRecordsBuilder | null,
): PcapReader | CaptureProblem | null {
  const { view, begin } = window;
  const magic = window.end - begin >= PCAP_HEADER_OCTETS ? pcapMagic(view, begin) : null;
  if (magic === null) {
    return null;
  }
  const { littleEndian, nano } = magic;
  const network = view.getUint32(begin + LINK_TYPE_AT, littleEndian);
  if ((network & LINK_TYPE_RESERVED) !== 0) {
    const shown = `0x${network.toString(16).padStart(8, '0')}`;
    const sentence = `the file header gives link type ${shown}, which is outside what the format allows`;
    return captureProblem('capture.unsupported-link-type', window.position, sentence);
  }
  const major = view.getUint16(begin + MAJOR_AT, littleEndian);
  const minor = view.getUint16(begin + MINOR_AT, littleEndian);
  const old = major < 2 || (major === 2 && minor < 4);
  window.begin += PCAP_HEADER_OCTETS;
  const usual = littleEndian && !old && buildUsual !== null ? buildUsual() : null;
  return new PcapReader(littleEndian, nano, network & LINK_TYPE_BITS, old, usual);
}

/** Reads the records of one classic pcap file. */
export class PcapReader implements RecordReader {
  readonly #littleEndian: boolean;
  readonly #nano: boolean;
  readonly #linkType: number;
  readonly #lengthsMayBeSwapped: boolean;
  readonly #usual: UsualRecords | null;
  /** Columns of link types whose batches have their constant columns filled; nobody else writes others there. */
  readonly #prepared = new WeakSet<Uint16Array>();

  /** @param usual takes what it can of a file of its kind before this does; null: there is none */
  constructor(
    littleEndian: boolean,
    nano: boolean,
    linkType: number,
    lengthsMayBeSwapped: boolean,
    usual: UsualRecords | null,
  ) {
    this.#littleEndian = littleEndian;
    this.#nano = nano;
    this.#linkType = linkType;
    this.#lengthsMayBeSwapped = lengthsMayBeSwapped;
    this.#usual = usual;
  }

  /**
   * A captured length above the original is handed on as it stands, as Wireshark does. Seconds are unsigned (until
   * 2106); a fraction of a second or more is carried into the seconds.
   */
  read(window: InputWindow, columns: FrameColumns): CaptureProblem | null {
    // The same value in every row of the file: written once for these columns, not once a row.
    if (!this.#prepared.has(columns.linkType)) {
      columns.linkType.fill(this.#linkType);
      columns.digits.fill(this.#nano ? 9 : 6);
      columns.interfaceId.fill(0);
      this.#prepared.add(columns.linkType);
    }
    const perSecond = this.#nano ? 1_000_000_000 : 1_000_000;
    this.#usual?.take(window, columns, perSecond);
    const { view, end } = window;
    const { offset, captured, original, seconds, nanoseconds } = columns;
    const littleEndian = this.#littleEndian;
    const scale = this.#nano ? 1 : 1000;
    let problem: CaptureProblem | null = null;
    let at = window.begin;
    let row = columns.count;
    while (row < BATCH_ROWS && end - at >= PCAP_RECORD_HEADER_OCTETS) {
      let length = view.getUint32(at + PCAP_CAPTURED_AT, littleEndian);
      let onTheWire = view.getUint32(at + PCAP_ORIGINAL_AT, littleEndian);
      if (length > onTheWire && this.#lengthsMayBeSwapped) {
        [length, onTheWire] = [onTheWire, length];
      }
      if (length > MAX_RECORD_OCTETS) {
        const sentence = `a record claims ${length} octets; no frame has more than ${MAX_RECORD_OCTETS}`;
        problem = captureProblem('capture.record-too-long', window.base + at, sentence);
        break;
      }
      const body = at + PCAP_RECORD_HEADER_OCTETS;
      if (length > end - body) {
        break;
      }
      let second = view.getUint32(at, littleEndian);
      let fraction = view.getUint32(at + PCAP_FRACTION_AT, littleEndian);
      if (fraction >= perSecond) {
        second += Math.floor(fraction / perSecond);
        fraction %= perSecond;
      }
      offset[row] = body;
      captured[row] = length;
      original[row] = onTheWire;
      seconds[row] = second;
      nanoseconds[row] = fraction * scale;
      row++;
      at = body + length;
    }
    window.begin = at;
    columns.count = row;
    return problem;
  }
}
