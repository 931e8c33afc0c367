// Classic pcap, written (draft-ietf-opsawg-pcap), little endian, version 2.4.

import {
  PCAP_HEADER_OCTETS,
  PCAP_MAGIC_MICROSECONDS,
  PCAP_MAGIC_NANOSECONDS,
  PCAP_RECORD_HEADER_OCTETS,
} from './pcap.ts';
import { MAX_RECORD_OCTETS } from './record-reader.ts';

/** Where a writer puts its octets. Each piece is fresh memory that the sink may keep. */
export type CaptureSink = (piece: Uint8Array) => void;

/** What a classic pcap file says once for all its records. */
export interface PcapHeader {
  /** LINKTYPE_ number, 0 to 0xffff. */
  readonly linkType: number;
  /** Times with nanoseconds; default microseconds. */
  readonly nanoseconds?: boolean;
  /** Octets after which frames were cut; default 262,144. */
  readonly snapLength?: number;
}

/** Writes one classic pcap file. */
export class PcapWriter {
  readonly #sink: CaptureSink;
  readonly #nano: boolean;

  /** Writes the file header. */
  constructor(sink: CaptureSink, header: PcapHeader) {
    this.#sink = sink;
    this.#nano = header.nanoseconds === true;
    const octets = new Uint8Array(PCAP_HEADER_OCTETS);
    const view = new DataView(octets.buffer);
    view.setUint32(0, this.#nano ? PCAP_MAGIC_NANOSECONDS : PCAP_MAGIC_MICROSECONDS, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, header.snapLength ?? MAX_RECORD_OCTETS, true);
    view.setUint32(20, header.linkType, true);
    sink(octets);
  }

  /**
   * Writes one record.
   * @param seconds whole seconds since 1970 UTC; a time outside 1970 to 2106, which the format cannot say, becomes the
   *   nearest that it can
   * @param nanoseconds 0 to 999,999,999; what a microsecond file cannot hold is cut off
   * @param original octets on the wire; default the frame's length
   * @throws RangeError where the frame has more than 262,144 octets
   */
  frame(seconds: number, nanoseconds: number, frame: Uint8Array, original = frame.length): void {
    if (frame.length > MAX_RECORD_OCTETS) {
      throw new RangeError(`a frame of ${frame.length} octets; a record takes up to ${MAX_RECORD_OCTETS}`);
    }
    const octets = new Uint8Array(PCAP_RECORD_HEADER_OCTETS + frame.length);
    const view = new DataView(octets.buffer);
    view.setUint32(0, Math.min(Math.max(seconds, 0), 0xffffffff), true);
    view.setUint32(4, this.#nano ? nanoseconds : Math.floor(nanoseconds / 1000), true);
    view.setUint32(8, frame.length, true);
    view.setUint32(12, original, true);
    octets.set(frame, PCAP_RECORD_HEADER_OCTETS);
    this.#sink(octets);
  }
}
