// Memory that threads share, touched for the first time by whoever waits. The system gives a page of it when somebody first
// writes there, which takes as long as dozens of messages do; a thread that waits for another has nothing better to do.

import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { AHEAD_AT, FINDINGS_AT, KERNELS_OCTETS } from '../engine/shared-layout.ts';
import { ENTRY_OCTETS, MOST_MESSAGES } from '../findings/ring-entries.ts';

/** Octets of a page on most hosts. Where pages are larger, some are touched again, which costs next to nothing. */
const PAGE_OCTETS = 4096;
/** We chose: octets that are touched before somebody looks whether the wait is over, a tenth of a millisecond. */
export const PIECE_OCTETS = 8 * PAGE_OCTETS;
/** We chose: octets of input for each message that is expected. Most take more: what is touched is then not needed. */
const MESSAGE_OCTETS = 128;

/** The slots of a ring of rounds, and behind them the entries of the ring of positions that a capture will fill. */
export class MemoryAhead {
  readonly #words: Int32Array;
  /** Pieces of the slots, and all pieces. */
  readonly #slotPieces: number;
  readonly #pieces: number;

  /**
   * @param shared memory as `createRingMemory` makes it
   * @param total octets of input
   */
  constructor({ buffer }: SharedMemory, total: number) {
    this.#words = new Int32Array(buffer);
    const messages = Math.min(MOST_MESSAGES, total / MESSAGE_OCTETS);
    this.#slotPieces = Math.trunc((buffer.byteLength - KERNELS_OCTETS) / PIECE_OCTETS);
    this.#pieces = this.#slotPieces + Math.trunc((messages * ENTRY_OCTETS) / PIECE_OCTETS);
  }

  /** Touches the next piece that no other thread has touched; false where none is left. What stands there stays. */
  touch(): boolean {
    // Looked at before it is counted, so that it does not count for ever.
    if (Atomics.load(this.#words, AHEAD_AT / 4) >= this.#pieces) return false;
    const piece = Atomics.add(this.#words, AHEAD_AT / 4, 1);
    if (piece >= this.#pieces) return false;
    const isOfSlots = piece < this.#slotPieces;
    const at = isOfSlots
      ? KERNELS_OCTETS + piece * PIECE_OCTETS
      : FINDINGS_AT + (piece - this.#slotPieces) * PIECE_OCTETS;
    // As one step, since another thread may write there in this moment.
    for (let page = at; page < at + PIECE_OCTETS; page += PAGE_OCTETS) Atomics.or(this.#words, page >>> 2, 0);
    return true;
  }
}
