// Who speaks: sources, each in a group. Findings, the account and the tables keep what they know of a sender in columns of
// their own by its slot here, so that it is looked up once, and its first message makes one entry for all of them.
//
// Who speaks again in a context is found by one look at one line of the cache, however many senders there are.

import { groupKeyOf } from './group-key.ts';
import { type MessageTable, NONE } from './message-table.ts';
import { grown, SlotTable } from './slot-table.ts';
import { WIRE_CONTEXT_CAP } from './wire-contexts.ts';

// We chose.
/** Senders remembered; above it the one silent for longest is forgotten, and counted. */
export const SENDER_CAP = 1 << 18;
/** Contexts whose sender is remembered at first, a power of two, 16 octets each: one for each, so that none takes another's place. */
const FIRST_PLACES = 1 << 10;
const GROWTH = 16;

// By context, in 32-bit words: source and group, senders that were forgotten by then, one more than the slot. It holds as
// long as none is forgotten, and until then a slot is marked as used.
const SOURCE = 0;
const GROUP = 1;
const FORGOTTEN = 2;
const SLOT = 3;
const STRIDE = 4;

/** Columns by slot of a sender. Zeros, as in fresh memory, are what is known of one that never spoke. */
export interface SenderColumns {
  /** Called at once, and whenever there may be more senders. */
  grow(capacity: number): void;
  /** A sender is forgotten: its slot is one's that never spoke. */
  forget(sender: number): void;
}

/** See the head of the file. */
export class Senders {
  readonly #slots: SlotTable;
  readonly #columns: SenderColumns[] = [];
  #capacity = 0;
  #words = new Int32Array(FIRST_PLACES * STRIDE);
  #mask = FIRST_PLACES - 1;

  constructor(cap: number = SENDER_CAP) {
    this.#slots = new SlotTable(
      cap,
      (capacity) => {
        this.#capacity = capacity;
        for (const columns of this.#columns) columns.grow(capacity);
      },
      (slot) => {
        for (const columns of this.#columns) columns.forget(slot);
      },
    );
  }

  /** Columns that are kept beside the others from now on. */
  add(columns: SenderColumns): void {
    this.#columns.push(columns);
    columns.grow(this.#capacity);
  }

  /** Whether another sender makes it forget one. */
  get isFull(): boolean {
    return this.#slots.isFull;
  }

  /** Senders forgotten so far. */
  get evictions(): number {
    return this.#slots.evictions;
  }

  /** The slot of the sender of a judged message. */
  of(table: MessageTable, row: number): number {
    const words = this.#words;
    const source = table.source[row];
    const group = groupKeyOf(table, row);
    const context = table.context[row];
    // Messages without a context share the places of others.
    const at = ((context === NONE ? source : context) & this.#mask) * STRIDE;
    return words[at + SOURCE] === source &&
      words[at + GROUP] === group &&
      words[at + FORGOTTEN] === (this.#slots.evictions | 0) &&
      words[at + SLOT] !== 0
      ? words[at + SLOT] - 1
      : this.#obtain(context, source, group);
  }

  /** The slot of a source in a group, by its key (group-key.ts), where it is known, else -1; leaves no trace. */
  find(group: number, source: number): number {
    return this.#slots.find(group, source, 0);
  }

  #obtain(context: number, source: number, group: number): number {
    const obtained = this.#slots.obtain(group, source, 0);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    while (context > this.#mask && this.#mask + 1 < WIRE_CONTEXT_CAP) this.#grow();
    const words = this.#words;
    const at = ((context === NONE ? source : context) & this.#mask) * STRIDE;
    words[at + SOURCE] = source;
    words[at + GROUP] = group;
    words[at + FORGOTTEN] = this.#slots.evictions;
    words[at + SLOT] = slot + 1;
    return slot;
  }

  #grow(): void {
    const places = Math.min(WIRE_CONTEXT_CAP, (this.#mask + 1) * GROWTH);
    this.#words = grown(this.#words, places * STRIDE);
    this.#mask = places - 1;
  }
}
