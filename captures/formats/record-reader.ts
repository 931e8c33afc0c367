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
