// The newest records, in memory once for all subscribers: what the live stream, slow subscribers and subscribers that
// catch up are served from.

import type { Gate } from './access.ts';
import type { NumberedBlock, RecordBlock } from './record-block.ts';
import type { RelayRecord } from './relay-record.ts';

// We chose: what is kept. What no queue waits for is kept for a moment only, for those who come from the journal: objects
// that live long are what the collector of garbage works on. A queue holds 2 s at most. Above any of these the oldest
// records go, a block at a time; who still wanted them has a gap, or reads them from the journal.
const FRESH_MILLISECONDS = 300;
const RING_MILLISECONDS = 3000;
const RING_RECORDS = 131_072;
const RING_OCTETS = 128 * 1024 * 1024;
/** Octets that a record takes beside its texts, by estimate. */
const RECORD_OVERHEAD = 32;

/** Records that came together, and when. */
export interface HeldBlock extends NumberedBlock {
  readonly at: number;
}

/** See the head of the file. Sequence numbers rise by one. */
export class RecordRing {
  #blocks: HeldBlock[] = [];
  #start = 0;
  #octets = 0;
  /** Number that the next record has. */
  #next: number;
  /** Queues wait for this record and later ones; never moves back, for no subscription does. */
  #needed = 0;

  /** @param head number of the newest record so far */
  constructor(head: number) {
    this.#next = head + 1;
  }

  /** Number of the oldest record here; `next` where there is none. */
  get first(): number {
    return this.#blocks[this.#start]?.first ?? this.#next;
  }

  get next(): number {
    return this.#next;
  }

  /** The block that the record of this number is in, or undefined. */
  holding(seq: number): HeldBlock | undefined {
    if (seq < this.first || seq >= this.#next) return undefined;
    let low = this.#start;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle].first <= seq) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low];
  }

  /** Records `from` to before `end` as objects. */
  records(from: number, end: number): RelayRecord[] {
    const records: RelayRecord[] = [];
    for (let seq = from; seq < end; seq++) {
      const held = this.holding(seq);
      if (held !== undefined) records.push(held.block.record(seq - held.first, seq));
    }
    return records;
  }

  /** Takes records. Numbers that were left out (which no journal does) make everything before them old. */
  append({ first, block }: NumberedBlock, now: number): void {
    if (block.count === 0 || first < this.#next) return;
    if (first > this.#next) this.#drop(this.#blocks.length - this.#start);
    this.#blocks.push({ first, block, at: now });
    this.#octets += octetsOf(block);
    this.#next = first + block.count;
  }

  /** Says which record queues wait for at the earliest. */
  needFrom(seq: number): void {
    this.#needed = seq;
  }

  /** Lets old records go. Call when streams have taken what is new: a record must not grow old before it is seen. */
  trim(now: number): void {
    let count = 0;
    let octets = this.#octets;
    for (; this.#start + count < this.#blocks.length; count++) {
      const { first, block, at } = this.#blocks[this.#start + count];
      const fits = this.#next - first <= RING_RECORDS && octets <= RING_OCTETS;
      const lasts = first + block.count > this.#needed ? RING_MILLISECONDS : FRESH_MILLISECONDS;
      if (fits && now - at <= lasts) break;
      octets -= octetsOf(block);
    }
    this.#drop(count);
  }

  /** Overwrites plaintext that may not leave any more. @returns how many records lost theirs */
  strip(gate: Gate): number {
    let stripped = 0;
    for (let index = this.#start; index < this.#blocks.length; index++) {
      const { block } = this.#blocks[index];
      const { traits, traitOf } = block.parts;
      const isOver = traits.map(({ key, track }) => key !== null && !gate.mayUse(key, track));
      if (!isOver.includes(true)) continue;
      for (let row = 0; row < block.count; row++) {
        if (!isOver[traitOf[row]] || !block.hasPlain(row)) continue;
        block.strip(row);
        stripped++;
      }
    }
    return stripped;
  }

  #drop(count: number): void {
    for (let index = this.#start; index < this.#start + count; index++) {
      this.#octets -= octetsOf(this.#blocks[index].block);
    }
    this.#start += count;
    // What was let go is in memory until the list is cut: not for long, and not at every call.
    if (this.#start > 16 && this.#start * 4 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#start);
      this.#start = 0;
    }
  }
}

function octetsOf(block: RecordBlock): number {
  return block.octets + block.count * RECORD_OVERHEAD;
}
