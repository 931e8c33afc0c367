// Frames that a filter does not let through but that hold a part of a message: kept for a while, because a written
// capture in which a message passes needs them to put that message together again.

import type { WrittenFrame } from '../../captures/formats/pcapng-writer.ts';

// We chose: what is kept. Reassembly itself gives an SDU up within a few hundred frames; above either cap the oldest frame
// is let go and counted.
/** Frames. */
export const HELD_FRAMES = 4096;
/** Octets of all of them. */
export const HELD_OCTETS = 8 * 1024 * 1024;

/** See the head of the file. Keys are frame numbers of the capture that is read. */
export class HeldSegments {
  /** Frames let go to keep within the caps. */
  evictions = 0;
  readonly #frames = new Map<number, WrittenFrame>();
  #octets = 0;

  /** Keeps a frame; its octets are copied. */
  keep(number: number, frame: WrittenFrame): void {
    this.#frames.set(number, { ...frame, bytes: frame.bytes.slice() });
    this.#octets += frame.bytes.length;
    while (this.#frames.size > HELD_FRAMES || this.#octets > HELD_OCTETS) {
      const [oldest] = this.#frames.keys();
      this.take(oldest);
      this.evictions++;
    }
  }

  /** Gives a frame out and forgets it. */
  take(number: number): WrittenFrame | null {
    const frame = this.#frames.get(number);
    if (frame === undefined) return null;
    this.#frames.delete(number);
    this.#octets -= frame.bytes.length;
    return frame;
  }
}
