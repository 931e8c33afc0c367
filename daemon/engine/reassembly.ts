// RLC UM on STCH with window 0 (TS 36.322 7.2): take each PDU as it comes; an SN that is not the next one drops the SDU
// that was being put together; segments join by framing info. One entity for each (source, destination, LCID).
//
// What an entity remembers matters only while an SDU is open: who sends whole ones leaves no trace here, and is looked for
// only while others have an SDU open.

import { ElementFlag } from '../../dissectors/walk-table.ts';
import { grown, SlotTable } from './slot-table.ts';

// The specification says: an RLC SN on STCH has 5 bits (TS 36.322 6.2.2.3, TS 36.331 STCH), a PDCP SDU at most 8,188
// octets behind a header of 5 (TS 36.323 4.3.1, 6.2.10).
const SN_MASK = 31;
const LONGEST_PDU = 8188 + 5;

// We chose.
/** RLC entities with segments that are remembered; above it the one that was silent for longest is forgotten. */
export const ENTITY_CAP = 1 << 18;
/** SDUs being put together at a time; above it the oldest is given up. */
export const PARTIAL_CAP = 16_384;
/** Segments of one SDU; above it the SDU is given up: a radio does not cut 8,188 octets into more. */
export const SEGMENT_CAP = 256;
/** Octets of all SDUs being put together; above it the oldest are given up. */
export const PARTIAL_OCTETS = 32 * 1024 * 1024;
/**
 * Milliseconds after which a segment no longer continues an earlier one: 32 PDUs may have been lost in between, and the
 * SN alone could not tell. Segments follow each other in SL periods of at most 320 ms.
 */
export const SEGMENT_MS = 10_000;

/** An SDU that lacks its end. */
export interface Partial {
  bytes: Uint8Array;
  length: number;
  /** Octets on the wire, more than `length` where the snap length cut a segment. */
  wireLength: number;
  cut: boolean;
  lastTime: number;
  frames: number[];
}

/** What became of one RLC data element. */
export const Fate = {
  /** It is a whole PDCP PDU by itself. */
  whole: 0,
  /** It completed the PDU in `completed`. */
  completed: 1,
  /** It waits for more. */
  waiting: 2,
  /** It is part of an SDU whose beginning is missing. */
  orphan: 3,
} as const;

/** A value of `Fate`. */
export type Fate = (typeof Fate)[keyof typeof Fate];

/** Called when an SDU is given up because a segment is missing. */
export type LossListener = (
  frames: readonly number[],
  source: number,
  destination: number,
  version: number,
  lcid: number,
) => void;

/** All RLC entities of a capture. */
export class Reassembly {
  /** After `Fate.completed`: the PDU. Valid until the next call. */
  completed: Partial | null = null;
  /** SDUs given up to keep within the caps. */
  overflows = 0;

  readonly #entities: SlotTable;
  #expected = new Uint8Array(0);
  readonly #partials = new Map<number, Partial>();
  readonly #owners = new Map<number, readonly [source: number, destination: number, version: number, lcid: number]>();
  #octets = 0;
  readonly #onLoss: LossListener;

  /** @param onLoss hears of each SDU that was begun and abandoned */
  constructor(onLoss: LossListener) {
    this.#onLoss = onLoss;
    this.#entities = new SlotTable(
      ENTITY_CAP,
      (capacity) => {
        this.#expected = grown(this.#expected, capacity);
      },
      (slot) => this.#drop(slot),
    );
  }

  /** Entities forgotten so far. */
  get evictions(): number {
    return this.#entities.evictions;
  }

  /** Whether an SDU waits for more. */
  get isWaiting(): boolean {
    return this.#partials.size > 0;
  }

  /** SDUs that wait for more. */
  waiting(): Iterable<Partial> {
    return this.#partials.values();
  }

  /**
   * Takes one RLC data element in the order of the capture.
   *
   * @param bytes octets that `at` points into; `available` of `length` octets were captured
   * @param flags ElementFlag bits
   * @param sn RLC SN of its PDU, 0 to 31
   * @param time capture time in milliseconds
   */
  take(
    source: number,
    destination: number,
    version: number,
    lcid: number,
    sn: number,
    flags: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    available: number,
    frame: number,
    time: number,
  ): Fate {
    const starts = (flags & ElementFlag.starts) !== 0;
    const ends = (flags & ElementFlag.ends) !== 0;
    if (starts && ends && this.#partials.size === 0) return Fate.whole;
    const key2 = (version << 8) | lcid;
    let entity = this.#entities.find(source, destination, key2);
    if (entity < 0) {
      if (!starts) return Fate.orphan;
      if (ends) return Fate.whole;
      // VR(UR) starts at the first SN received (TS 36.322 7.1).
      entity = -1 - this.#entities.obtain(source, destination, key2);
    } else {
      this.#entities.touch(entity);
      if ((flags & ElementFlag.firstOfPdu) !== 0 && sn !== this.#expected[entity]) this.#drop(entity);
    }
    this.#expected[entity] = (sn + 1) & SN_MASK;
    if (starts) {
      // The framing info contradicts the SDU that was open: its end will not come.
      if (this.#partials.size > 0) this.#drop(entity);
      if (ends) return Fate.whole;
      this.#begin(entity, source, destination, version, lcid, bytes, at, length, available, frame, time);
      return Fate.waiting;
    }
    const partial = this.#partials.get(entity);
    if (partial === undefined) return Fate.orphan;
    const isFull = partial.wireLength + length > LONGEST_PDU || partial.frames.length >= SEGMENT_CAP;
    if (isFull || time - partial.lastTime > SEGMENT_MS) {
      this.#drop(entity);
      return Fate.orphan;
    }
    this.#append(partial, bytes, at, length, available, frame, time);
    if (!ends) return Fate.waiting;
    this.#remove(entity, partial);
    this.completed = partial;
    return Fate.completed;
  }

  #begin(
    entity: number,
    source: number,
    destination: number,
    version: number,
    lcid: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    available: number,
    frame: number,
    time: number,
  ): void {
    while (this.#partials.size >= PARTIAL_CAP || this.#octets > PARTIAL_OCTETS) {
      const oldest = this.#partials.keys().next().value;
      if (oldest === undefined) break;
      this.overflows++;
      this.#drop(oldest);
    }
    const partial: Partial = {
      bytes: new Uint8Array(Math.min(LONGEST_PDU, Math.max(256, available * 2))),
      length: 0,
      wireLength: 0,
      cut: false,
      lastTime: time,
      frames: [],
    };
    this.#octets += partial.bytes.length;
    this.#partials.set(entity, partial);
    this.#owners.set(entity, [source, destination, version, lcid]);
    if (length > LONGEST_PDU) this.#drop(entity);
    else this.#append(partial, bytes, at, length, available, frame, time);
  }

  #append(
    partial: Partial,
    bytes: Uint8Array,
    at: number,
    length: number,
    available: number,
    frame: number,
    time: number,
  ): void {
    const end = partial.length + available;
    if (end > partial.bytes.length) {
      const before = partial.bytes.length;
      partial.bytes = grown(partial.bytes, Math.min(LONGEST_PDU, Math.max(end, before * 2)));
      this.#octets += partial.bytes.length - before;
    }
    // Behind a cut the octets are no longer where they belong: what follows it is not kept.
    if (!partial.cut) {
      partial.bytes.set(bytes.subarray(at, at + available), partial.length);
      partial.length = end;
    }
    partial.wireLength += length;
    if (available < length) partial.cut = true;
    partial.lastTime = time;
    if (partial.frames[partial.frames.length - 1] !== frame) partial.frames.push(frame);
  }

  #remove(entity: number, partial: Partial): void {
    this.#partials.delete(entity);
    this.#owners.delete(entity);
    this.#octets -= partial.bytes.length;
  }

  #drop(entity: number): void {
    const partial = this.#partials.get(entity);
    if (partial === undefined) return;
    const owner = this.#owners.get(entity);
    this.#remove(entity, partial);
    if (owner !== undefined) this.#onLoss(partial.frames, ...owner);
  }
}
