// Copies of one transmission: HARQ repeats a transport block, a second antenna hears it again. They are removed before
// anything is judged (findings, preamble: copies are capture.duplicate and nothing else).
//
// One of the hot loops: every frame with sidelink data. A large batch goes through a kernel (duplicate-kernel.ts), which has
// the hashes of many frames made before it looks any of them up; few frames, and hosts without it, go row by row.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { type FrameColumns, Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { buildDuplicateKernel, type DuplicateKernel } from './duplicate-kernel.ts';
import { PART_ROWS } from './message-table.ts';
import { HASH_BLOCK_OCTETS, PduHash } from './pdu-hash.ts';
import { createSharedCopies } from './shared-tables.ts';
import { bucketOf, OTHER_INTERFACE_MS, REPEAT_MS, Transmissions, WAYS } from './transmissions.ts';

/** We chose: frames before a kernel is built, which takes as long as it wins with about so many. */
const FRAMES_BEFORE_KERNEL = 4096;
/** We chose: frames of a batch from which on the kernel costs less than going row by row. */
const KERNEL_ROWS = 16;

/** Remembers transmissions for as long as a copy of them could come. */
export class DuplicateFilter {
  /** Transmissions forgotten while a copy could still have come. */
  evictions = 0;

  // Over all octets, and secret, so that nobody can send a frame that is taken for a copy of another.
  readonly #hash = new PduHash();
  #remembered: Transmissions;
  #isEmpty = true;
  readonly #shared: SharedMemory | null;
  #frames = 0;
  /** Undefined until it pays; null where the host cannot run it. */
  #kernel: DuplicateKernel | null | undefined;
  #copies: Uint8Array;

  /** @param shared memory in which batches lie, its front left to the kernel (duplicate-rows.ts); null: they lie elsewhere */
  constructor(shared: SharedMemory | null = null) {
    this.#shared = shared;
    this.#remembered = new Transmissions(shared?.buffer);
    this.#copies = shared === null ? new Uint8Array(0) : createSharedCopies(shared);
  }

  /**
   * Which frames of a batch are copies of one that was heard shortly before; remembers the others.
   *
   * @param walk of the batch; the source Layer-2 id is inside the MAC PDU
   * @returns 1 in the rows that are copies; valid until the next call
   */
  copies(batch: FrameBatch, walk: WalkTable): Uint8Array {
    const { count } = batch;
    if (this.#copies.length < count) this.#copies = new Uint8Array(count);
    this.#frames += count;
    const kernel = count >= KERNEL_ROWS ? this.#kernelInTime() : null;
    kernel?.begin(batch.bytes, this.#copies);
    for (let row = 0; row < count; ) {
      const until = kernel?.takeWalked(batch, walk, row, count) ?? -1;
      if (until === count) break;
      // One frame that is too long for it, or some of those that lie elsewhere.
      const next = until === -1 ? Math.min(count, row + PART_ROWS) : until + 1;
      this.#part(batch, walk.frames, Math.max(row, until), next, kernel);
      row = next;
    }
    if (kernel !== null) this.evictions += kernel.end();
    return this.#copies;
  }

  #part(batch: FrameBatch, frames: FrameColumns, from: number, until: number, kernel: DuplicateKernel | null): void {
    for (let row = from; row < until; row++) {
      this.#copies[row] = 0;
      const outcome = frames.outcome[row];
      const couldBeCopy =
        outcome > Outcome.duplicate || (outcome === Outcome.malformed && frames.elementCount[row] > 0);
      if (!couldBeCopy) continue;
      const at = frames.pduAt[row];
      const length = frames.pduAvailable[row];
      const time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
      const interfaceId = batch.interfaceId[row];
      if (kernel !== null && length <= HASH_BLOCK_OCTETS) {
        kernel.take(row, at, length, time, interfaceId);
        continue;
      }
      // In the order of the rows: a copy may come in the same batch.
      kernel?.flush();
      if (this.isCopy(batch.view, at, length, time, interfaceId)) this.#copies[row] = 1;
    }
  }

  /**
   * Whether this MAC PDU is a copy of one that was heard shortly before; remembers it where it is not.
   *
   * @param at offset and `length` octets of the MAC PDU in `view` (its source Layer-2 id is inside)
   * @param time capture time in milliseconds
   */
  isCopy(view: DataView, at: number, length: number, time: number, interfaceId: number): boolean {
    this.#hash.over(view, at, length);
    const high = this.#hash.halves[1];
    // 0 is nothing.
    const low = this.#hash.halves[0] === 0 && high === 0 ? 1 : this.#hash.halves[0];
    const { hashes } = this.#remembered;
    const bucket = bucketOf(view, at, length);
    const base = bucket * WAYS;
    for (let entry = base; entry < base + WAYS; entry++) {
      if (hashes[entry * 2] === low && hashes[entry * 2 + 1] === high) return this.#again(entry, time, interfaceId);
    }
    this.#remember(bucket, low, high, time, interfaceId);
    return false;
  }

  /** A transmission that is remembered was heard again. */
  #again(entry: number, time: number, interfaceId: number): boolean {
    const { times, interfaces } = this.#remembered;
    const first = entry * 2;
    const last = first + 1;
    // Repeats are measured from the first transmission: a copy does not keep that window open.
    const isRepeat = Math.abs(time - times[first]) <= REPEAT_MS;
    const isOtherAntenna = interfaces[entry] !== interfaceId && Math.abs(time - times[last]) <= OTHER_INTERFACE_MS;
    times[last] = time;
    interfaces[entry] = interfaceId;
    if (isRepeat || isOtherAntenna) return true;
    times[first] = time;
    return false;
  }

  #remember(bucket: number, low: number, high: number, time: number, interfaceId: number): void {
    const { hashes, times, interfaces, next } = this.#remembered;
    this.#isEmpty = false;
    const way = next[bucket];
    const entry = bucket * WAYS + way;
    next[bucket] = way + 1 === WAYS ? 0 : way + 1;
    const isTaken = hashes[entry * 2] !== 0 || hashes[entry * 2 + 1] !== 0;
    if (isTaken && Math.abs(time - times[entry * 2]) <= REPEAT_MS) this.evictions++;
    hashes[entry * 2] = low;
    hashes[entry * 2 + 1] = high;
    interfaces[entry] = interfaceId;
    times[entry * 2] = time;
    times[entry * 2 + 1] = time;
  }

  /** The kernel; null where there is none, or none yet. */
  #kernelInTime(): DuplicateKernel | null {
    if (this.#kernel !== undefined) return this.#kernel;
    // Threads are started for large captures, where it pays from the first batch on.
    if (this.#frames < FRAMES_BEFORE_KERNEL && this.#shared === null) return null;
    this.#kernel = buildDuplicateKernel(this.#hash.keys, this.#shared);
    if (this.#kernel === null || this.#shared !== null) return this.#kernel;
    // From here on what is remembered lies in its memory.
    const remembered = new Transmissions(this.#kernel.memory);
    if (!this.#isEmpty) remembered.copyFrom(this.#remembered);
    this.#remembered = remembered;
    return this.#kernel;
  }
}
