// Gaps in the SN of a stream that may still be filled by late messages: one pool for all streams. A gap is told once it
// stayed open for the whole reorder window.

import { grown } from '../engine/slot-table.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { NO_PGK, type Recorder } from './recorder.ts';
import type { SeenPages } from './seen-pages.ts';
import type { Streams } from './streams.ts';

// The specification says (findings, ctr.gap): the reorder window, left as soon as either bound is passed.
export const WINDOW_PDUS = 64;
export const WINDOW_MS = 2000;

/** We chose: open gaps of all streams; above it the oldest is told before its window ended. */
const GAP_CAP = 1 << 14;
/** We chose: late messages at an end of a gap that are looked for when it is told. */
const TRIM_STEPS = 64;

const NONE = -1;
const GAP = findingNumber('ctr.gap');

/** See the head of the file. */
export class Gaps {
  readonly #recorder: Recorder;
  readonly #streams: Streams;
  readonly #seen: SeenPages;
  // Columns of the pool.
  #stream = new Int32Array(0);
  #first = new Uint16Array(0);
  #span = new Uint16Array(0);
  #missing = new Uint16Array(0);
  #time = new Float64Array(0);
  #pdus = new Float64Array(0);
  #frame = new Float64Array(0);
  #group = new Uint32Array(0);
  #source = new Uint32Array(0);
  /** Next gap of the same stream; of a free place the next free one. */
  #sibling = new Int32Array(0);
  // All open gaps in the order in which they opened.
  #before = new Int32Array(0);
  #after = new Int32Array(0);
  #oldest = NONE;
  #newest = NONE;
  #free = NONE;

  constructor(recorder: Recorder, streams: Streams, seen: SeenPages) {
    this.#recorder = recorder;
    this.#streams = streams;
    this.#seen = seen;
  }

  /** The oldest open gap began at this time in milliseconds; Infinity where none is open. */
  get oldestTime(): number {
    return this.#oldest === NONE ? Number.POSITIVE_INFINITY : this.#time[this.#oldest];
  }

  /** Opens a gap of `span` SNs from `first` on, seen at the frame at hand. */
  open(stream: number, first: number, span: number, missing: number, group: number, source: number): void {
    if (this.#free === NONE) {
      if (this.#stream.length < GAP_CAP) this.#grow();
      else this.#tell(this.#oldest);
    }
    const gap = this.#free;
    this.#free = this.#sibling[gap];
    this.#stream[gap] = stream;
    this.#first[gap] = first;
    this.#span[gap] = span;
    this.#missing[gap] = missing;
    this.#time[gap] = this.#recorder.time;
    this.#pdus[gap] = this.#streams.pdus[stream];
    this.#frame[gap] = this.#recorder.frame;
    this.#group[gap] = group;
    this.#source[gap] = source;
    this.#sibling[gap] = NONE;
    const tail = this.#streams.gapTail[stream];
    if (tail === NONE) this.#streams.gapHead[stream] = gap;
    else this.#sibling[tail] = gap;
    this.#streams.gapTail[stream] = gap;
    this.#before[gap] = this.#newest;
    this.#after[gap] = NONE;
    if (this.#newest === NONE) this.#oldest = gap;
    else this.#after[this.#newest] = gap;
    this.#newest = gap;
  }

  /** A late message came: it fills its place. */
  fill(stream: number, sn: number): void {
    for (let gap = this.#streams.gapHead[stream]; gap !== NONE; gap = this.#sibling[gap]) {
      if (((sn - this.#first[gap]) & 0xffff) >= this.#span[gap]) continue;
      if (--this.#missing[gap] === 0) this.#remove(gap);
      return;
    }
  }

  /** Tells the gaps of a stream that 64 of its PDUs went by. */
  afterPdu(stream: number): void {
    const { gapHead, pdus } = this.#streams;
    while (gapHead[stream] !== NONE && pdus[stream] - this.#pdus[gapHead[stream]] >= WINDOW_PDUS) {
      this.#tell(gapHead[stream]);
    }
  }

  /** Tells the gaps that 2 s of capture time went by. */
  afterTime(time: number): void {
    const { raised } = this.#recorder;
    const before = raised.length;
    while (this.#oldest !== NONE && time - this.#time[this.#oldest] >= WINDOW_MS) this.#tell(this.#oldest);
    // The frame at hand is anybody's: it says how late it is, and nothing of these streams.
    raised.length = before;
  }

  /** The stream is forgotten: tells its gaps. */
  drop(stream: number): void {
    while (this.#streams.gapHead[stream] !== NONE) this.#tell(this.#streams.gapHead[stream]);
  }

  #tell(gap: number): void {
    const stream = this.#stream[gap];
    const missing = this.#missing[gap];
    const number = this.#streams.number[stream];
    const page = this.#streams.page[stream];
    let first = this.#first[gap];
    let last = (first + this.#span[gap] - 1) & 0xffff;
    const record = this.#recorder.raise(
      GAP,
      SeverityLevel.info,
      ConfidenceLevel.heuristic,
      this.#group[gap],
      this.#source[gap],
      NO_PGK,
      this.#frame[gap],
    );
    if (record !== null) {
      for (let i = 0; i < TRIM_STEPS && first !== last && this.#seen.has(number, first, page); i++)
        first = (first + 1) & 0xffff;
      for (let i = 0; i < TRIM_STEPS && first !== last && this.#seen.has(number, last, page); i++)
        last = (last - 1) & 0xffff;
      const which = first === last ? `SN ${first}` : `${missing} of SN ${first} to ${last}`;
      record.summary = `${which} did not come within ${WINDOW_PDUS} messages or ${WINDOW_MS / 1000} s`;
      record.evidence = { firstMissing: first, lastMissing: last, missing };
    }
    this.#remove(gap);
  }

  #remove(gap: number): void {
    const { gapHead, gapTail } = this.#streams;
    const stream = this.#stream[gap];
    let previous = NONE;
    for (let at = gapHead[stream]; at !== gap; at = this.#sibling[at]) previous = at;
    const next = this.#sibling[gap];
    if (previous === NONE) gapHead[stream] = next;
    else this.#sibling[previous] = next;
    if (gapTail[stream] === gap) gapTail[stream] = previous;
    const before = this.#before[gap];
    const after = this.#after[gap];
    if (before === NONE) this.#oldest = after;
    else this.#after[before] = after;
    if (after === NONE) this.#newest = before;
    else this.#before[after] = before;
    this.#sibling[gap] = this.#free;
    this.#free = gap;
  }

  #grow(): void {
    const from = this.#stream.length;
    const to = Math.max(256, from * 2);
    this.#stream = grown(this.#stream, to);
    this.#first = grown(this.#first, to);
    this.#span = grown(this.#span, to);
    this.#missing = grown(this.#missing, to);
    this.#time = grown(this.#time, to);
    this.#pdus = grown(this.#pdus, to);
    this.#frame = grown(this.#frame, to);
    this.#group = grown(this.#group, to);
    this.#source = grown(this.#source, to);
    this.#sibling = grown(this.#sibling, to);
    this.#before = grown(this.#before, to);
    this.#after = grown(this.#after, to);
    for (let gap = to - 1; gap >= from; gap--) {
      this.#sibling[gap] = this.#free;
      this.#free = gap;
    }
  }
}
