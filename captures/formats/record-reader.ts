// What a file format gives to the parser: an object that turns the octets of the window into rows of the batch.

import type { CaptureProblem } from '../frame-batch.ts';
import type { FrameColumns } from '../frame-columns.ts';
import type { InputWindow } from '../input-window.ts';

/** Constants we chose. */
/**
 * Octets of one record, as in Wireshark (WTAP_MAX_PACKET_SIZE_STANDARD). A record that claims more is refused by its
 * header, before anything is allocated or waited for.
 */
export const MAX_RECORD_OCTETS = 262_144;

/** Reads the records of one format. */
export interface RecordReader {
  /**
   * Turns every complete record of the window into a row and moves `window.begin` behind it. Stops where the window ends
   * inside a record, where the batch is full, or at a problem. Never called again after a problem.
   */
  read(window: InputWindow, columns: FrameColumns): CaptureProblem | null;
}

/** Takes records of a classic pcap at once, of a little-endian file whose lengths stand in the usual order. */
export interface UsualRecords {
  /**
   * Turns records of the window into rows and moves `window.begin` behind them, as `RecordReader.read` does, up to the first
   * that is incomplete, claims more than MAX_RECORD_OCTETS, or has a fraction of a second or more: that one is left as it stands
   * for the reader, and so is everything where window or columns lie elsewhere than it works. The columns that are the same
   * in all rows are not written.
   *
   * @param perSecond units of the fraction: 1,000,000 or 1,000,000,000
   */
  take(window: InputWindow, columns: FrameColumns, perSecond: number): void;
}

/** Makes one, where the host can have it. Called when a file is known to be one that it takes. */
export type UsualRecordsBuilder = () => UsualRecords | null;
