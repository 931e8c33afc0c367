// A bounded hash table from three 32-bit words to a small slot number. An attacker chooses every id on the air, so every
// table that traffic can fill is one of these: it grows to its cap, then gives up the entry that was not touched for
// longest (second chance, an approximation of least recently used) and counts that.

/** Called when the capacity changes: columns that run beside the table must grow to it. */
export type GrowListener = (capacity: number) => void;

/** Called before a slot is given to another key. */
export type EvictListener = (slot: number) => void;

const FIRST_CAPACITY = 1024;

/** Slots are numbers from 0 to capacity - 1; data lives in the owner's columns. */
export class SlotTable {
  /** Slots in use. */
  size = 0;
  /** Entries given up so far. */
  evictions = 0;
  /** Raised by one whenever a slot gets a new key, so that a remembered slot number can be checked. */
  generation: Uint32Array;

  #capacity: number;
  readonly #cap: number;
  #mask: number;
  #heads: Int32Array;
  #next: Int32Array;
  #key0: Uint32Array;
  #key1: Uint32Array;
  #key2: Uint32Array;
  #touched: Uint8Array;
  #hand = 0;
  readonly #onGrow: GrowListener;
  readonly #onEvict: EvictListener | null;

  /**
   * @param cap most slots, a power of two of at least 1024
   * @param onGrow called at once with the first capacity, and whenever it doubles
   */
  constructor(cap: number, onGrow: GrowListener, onEvict: EvictListener | null = null) {
    this.#cap = cap;
    this.#capacity = Math.min(FIRST_CAPACITY, cap);
    this.#mask = this.#capacity * 2 - 1;
    this.#heads = new Int32Array(this.#capacity * 2).fill(-1);
    this.#next = new Int32Array(this.#capacity);
    this.#key0 = new Uint32Array(this.#capacity);
    this.#key1 = new Uint32Array(this.#capacity);
    this.#key2 = new Uint32Array(this.#capacity);
    this.#touched = new Uint8Array(this.#capacity);
    this.generation = new Uint32Array(this.#capacity);
    this.#onGrow = onGrow;
    this.#onEvict = onEvict;
    onGrow(this.#capacity);
  }

  /** The slot of a key, or -1. Leaves no trace. */
  find(key0: number, key1: number, key2: number): number {
    const k0 = key0 >>> 0;
    const k1 = key1 >>> 0;
    const k2 = key2 >>> 0;
    let slot = this.#heads[hash(k0, k1, k2) & this.#mask];
    while (slot >= 0) {
      if (this.#key0[slot] === k0 && this.#key1[slot] === k1 && this.#key2[slot] === k2) return slot;
      slot = this.#next[slot];
    }
    return -1;
  }

  /** Whether a slot found earlier still belongs to this key. */
  holds(slot: number, key0: number, key1: number, key2: number): boolean {
    return (
      slot >= 0 &&
      slot < this.size &&
      this.#key0[slot] === key0 >>> 0 &&
      this.#key1[slot] === key1 >>> 0 &&
      this.#key2[slot] === key2 >>> 0
    );
  }

  /** Says that a slot was used now. */
  touch(slot: number): void {
    this.#touched[slot] = 1;
  }

  /**
   * The slot of a key, made if need be. A new slot is `-1 - slot`, so that the caller knows to fill its columns.
   */
  obtain(key0: number, key1: number, key2: number): number {
    const found = this.find(key0, key1, key2);
    if (found >= 0) {
      this.#touched[found] = 1;
      return found;
    }
    const slot = this.#free();
    const k0 = key0 >>> 0;
    const k1 = key1 >>> 0;
    const k2 = key2 >>> 0;
    this.#key0[slot] = k0;
    this.#key1[slot] = k1;
    this.#key2[slot] = k2;
    this.generation[slot]++;
    this.#touched[slot] = 1;
    const bucket = hash(k0, k1, k2) & this.#mask;
    this.#next[slot] = this.#heads[bucket];
    this.#heads[bucket] = slot;
    return -1 - slot;
  }

  #free(): number {
    if (this.size === this.#capacity && this.#capacity < this.#cap) this.#double();
    if (this.size < this.#capacity) return this.size++;
    // Two rounds at most: the first clears every mark.
    for (;;) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      if (this.#touched[slot] === 0) {
        this.#onEvict?.(slot);
        this.#unlink(slot);
        this.evictions++;
        return slot;
      }
      this.#touched[slot] = 0;
    }
  }

  #unlink(slot: number): void {
    const bucket = hash(this.#key0[slot], this.#key1[slot], this.#key2[slot]) & this.#mask;
    let at = this.#heads[bucket];
    if (at === slot) {
      this.#heads[bucket] = this.#next[slot];
      return;
    }
    while (this.#next[at] !== slot) at = this.#next[at];
    this.#next[at] = this.#next[slot];
  }

  #double(): void {
    const capacity = this.#capacity * 2;
    this.#next = grown(this.#next, capacity);
    this.#key0 = grown(this.#key0, capacity);
    this.#key1 = grown(this.#key1, capacity);
    this.#key2 = grown(this.#key2, capacity);
    this.#touched = grown(this.#touched, capacity);
    this.generation = grown(this.generation, capacity);
    this.#capacity = capacity;
    this.#mask = capacity * 2 - 1;
    this.#heads = new Int32Array(capacity * 2).fill(-1);
    for (let slot = 0; slot < this.size; slot++) {
      const bucket = hash(this.#key0[slot], this.#key1[slot], this.#key2[slot]) & this.#mask;
      this.#next[slot] = this.#heads[bucket];
      this.#heads[bucket] = slot;
    }
    this.#onGrow(capacity);
  }
}

/** A typed array of the given length that begins with the octets of a shorter one. */
export function grown<T extends Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array>(
  old: T,
  length: number,
): T {
  const wider = new (old.constructor as new (length: number) => T)(length);
  wider.set(old);
  return wider;
}

// Each run of the program mixes in its own seed: who sends the ids cannot choose ones that all fall into one bucket.
const SEED = (Math.random() * 0x1_0000_0000) >>> 0;

function hash(k0: number, k1: number, k2: number): number {
  let h = Math.imul(k0 ^ SEED, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ k1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ k2, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
