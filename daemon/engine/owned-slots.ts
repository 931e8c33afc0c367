// A table (slot-table.ts) whose entries belong to owners, of which most have one: that one is found with its owner. It comes
// into the buckets when its owner gets a second one. A look-up in a large table waits for memory, so what need not be
// looked up is found sooner.

import { grown, type SlotTable } from './slot-table.ts';

/** The owner has several, or nobody knows: they are looked up. Zero, as in fresh memory: it has none. */
const SEVERAL = -1;

/** See the head of the file. A key has one owner, and the same for ever. */
export class OwnedSlots {
  readonly slots: SlotTable;
  /** By owner: one more than the slot of its only entry, or SEVERAL. */
  #only = new Int32Array(0);

  constructor(slots: SlotTable) {
    this.slots = slots;
  }

  /** The slot of a key, made if need be; a new one is `-1 - slot`. */
  obtain(owner: number, key0: number, key1: number, key2: number): number {
    const { slots } = this;
    const only = this.#only[owner];
    if (only > 0) {
      if (slots.holds(only - 1, key0, key1, key2)) {
        slots.touch(only - 1);
        return only - 1;
      }
      this.#link(owner);
    } else if (only === 0) {
      const slot = slots.append(key0, key1, key2);
      this.#only[owner] = slot + 1;
      return -1 - slot;
    }
    return slots.obtain(key0, key1, key2);
  }

  /** The slot of a key, or -1. Leaves no trace. */
  find(owner: number, key0: number, key1: number, key2: number): number {
    const only = this.#only[owner];
    if (only > 0 && this.slots.holds(only - 1, key0, key1, key2)) return only - 1;
    return only === 0 ? -1 : this.slots.find(key0, key1, key2);
  }

  /** There may be so many owners. */
  grow(owners: number): void {
    this.#only = grown(this.#only, owners);
  }

  /** An owner is forgotten, and its place is another one's, or its own again: what it has is found as before. */
  forget(owner: number): void {
    this.#link(owner);
  }

  /** From now on all entries of an owner are looked up. Its only one may have been given up for another one's: no harm. */
  #link(owner: number): void {
    const only = this.#only[owner];
    if (only > 0) this.slots.link(only - 1);
    this.#only[owner] = SEVERAL;
  }
}
