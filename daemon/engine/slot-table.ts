// A bounded hash table from three 32-bit words to a small slot number. An attacker chooses every id on the air, so every
// table that traffic can fill is one of these: it grows to its cap, then gives up the entry that was not touched for
// longest (second chance, an approximation of least recently used) and counts that.

/** Called when the capacity changes: columns that run beside the table must grow to it. */
export type GrowListener = (capacity: number) => void;

/** Called before a slot is given to another key. */
export type EvictListener = (slot: number) => void;

/** Few: a dozen tables are made before the first line is printed, and the C library touches all of what is small. */
const FIRST_CAPACITY = 64;
/**
 * Growing copies what there is, and memory that is touched for the first time is dear: seldom is better than tight. Slots
 * are given in order, so what a table has in reserve is not touched.
 */
const GROWTH = 16;

// An entry in words: the key, and one more than the slot that follows in its bucket. They stand together, so that looking
// one up touches two lines of the cache and not five. Zero is nothing, as in fresh memory.
const KEY0 = 0;
const KEY1 = 1;
const KEY2 = 2;
const NEXT = 3;
const STRIDE = 4;

/** The same for a kernel that looks up: words of an entry, and which of them says what follows. The key is the first three. */
export const SLOT_ENTRY_WORDS = STRIDE;
export const SLOT_NEXT = NEXT;

/** Fresh memory for what a kernel reads or writes too, for as many slots as the cap says, and twice as many buckets. */
export interface SlotRoom {
  readonly touched: Uint8Array;
  /** Only where it looks up. */
  readonly lookUp?: { readonly heads: Uint32Array; readonly entries: Uint32Array };
}

/** In NEXT: the entry is in no bucket. */
const LOOSE = 0xffff_ffff;

/** See the head of the file. */
export class SlotTable {
  /** Slots in use. */
  size = 0;
  /** Entries given up so far. */
  evictions = 0;
  #capacity: number;
  readonly #cap: number;
  #mask: number;
  /** By bucket: one more than the first slot. */
  #heads: Uint32Array;
  #entries: Uint32Array;
  #touched: Uint8Array;
  readonly #room: SlotRoom | null;
  #hand = 0;
  readonly #onGrow: GrowListener;
  readonly #onEvict: EvictListener | null;

  /**
   * @param cap most slots, a power of two of at least 64
   * @param onGrow called at once with the first capacity, and whenever it grows
   * @param room null: the table has memory of its own for everything
   */
  constructor(cap: number, onGrow: GrowListener, onEvict: EvictListener | null = null, room: SlotRoom | null = null) {
    this.#cap = cap;
    this.#capacity = Math.min(FIRST_CAPACITY, cap);
    this.#mask = this.#capacity * 2 - 1;
    this.#room = room;
    this.#heads = room?.lookUp?.heads ?? new Uint32Array(this.#capacity * 2);
    this.#entries = room?.lookUp?.entries ?? new Uint32Array(this.#capacity * STRIDE);
    this.#touched = room?.touched ?? new Uint8Array(this.#capacity);
    this.#onGrow = onGrow;
    this.#onEvict = onEvict;
    onGrow(this.#capacity);
  }

  /** What a hash is cut to for the number of a bucket. */
  get mask(): number {
    return this.#mask;
  }

  /** Whether the next new key makes it give something up. */
  get isFull(): boolean {
    return this.size === this.#cap;
  }

  /** The slot of a key, or -1. Leaves no trace. */
  find(key0: number, key1: number, key2: number): number {
    const k0 = key0 >>> 0;
    const k1 = key1 >>> 0;
    const k2 = key2 >>> 0;
    const entries = this.#entries;
    let next = this.#heads[hash(k0, k1, k2) & this.#mask];
    while (next !== 0) {
      const at = (next - 1) * STRIDE;
      if (entries[at + KEY0] === k0 && entries[at + KEY1] === k1 && entries[at + KEY2] === k2) return next - 1;
      next = entries[at + NEXT];
    }
    return -1;
  }

  /** Whether a slot found earlier still belongs to this key. */
  holds(slot: number, key0: number, key1: number, key2: number): boolean {
    const at = slot * STRIDE;
    return (
      slot >= 0 &&
      slot < this.size &&
      this.#entries[at + KEY0] === key0 >>> 0 &&
      this.#entries[at + KEY1] === key1 >>> 0 &&
      this.#entries[at + KEY2] === key2 >>> 0
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
    const slot = this.#take(key0, key1, key2);
    this.#link(slot);
    return -1 - slot;
  }

  /**
   * A new slot for a key that has none, which no look-up finds before `link`: for who keeps it where it is found sooner.
   * Buckets of large tables are in no cache, and a first touch of their memory is dear.
   */
  append(key0: number, key1: number, key2: number): number {
    const slot = this.#take(key0, key1, key2);
    this.#entries[slot * STRIDE + NEXT] = LOOSE;
    return slot;
  }

  /** Look-ups find a slot from now on, whoever has it. */
  link(slot: number): void {
    if (this.#entries[slot * STRIDE + NEXT] === LOOSE) this.#link(slot);
  }

  #take(key0: number, key1: number, key2: number): number {
    const slot = this.#free();
    const at = slot * STRIDE;
    this.#entries[at + KEY0] = key0;
    this.#entries[at + KEY1] = key1;
    this.#entries[at + KEY2] = key2;
    this.#touched[slot] = 1;
    return slot;
  }

  #free(): number {
    if (this.size === this.#capacity && this.#capacity < this.#cap) this.#grow();
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

  #bucketOf(slot: number): number {
    const at = slot * STRIDE;
    return hash(this.#entries[at + KEY0], this.#entries[at + KEY1], this.#entries[at + KEY2]) & this.#mask;
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(slot);
    this.#entries[slot * STRIDE + NEXT] = this.#heads[bucket];
    this.#heads[bucket] = slot + 1;
  }

  #unlink(slot: number): void {
    const behind = this.#entries[slot * STRIDE + NEXT];
    if (behind === LOOSE) return;
    const bucket = this.#bucketOf(slot);
    let next = this.#heads[bucket];
    if (next === slot + 1) {
      this.#heads[bucket] = behind;
      return;
    }
    for (;;) {
      const at = (next - 1) * STRIDE + NEXT;
      next = this.#entries[at];
      if (next === slot + 1) {
        this.#entries[at] = behind;
        return;
      }
    }
  }

  #grow(): void {
    const capacity = Math.min(this.#cap, this.#capacity * GROWTH);
    const lookUp = this.#room?.lookUp;
    if (this.#room === null) this.#touched = grown(this.#touched, capacity);
    if (lookUp === undefined) {
      this.#entries = grown(this.#entries, capacity * STRIDE);
      this.#heads = new Uint32Array(capacity * 2);
    } else this.#heads.fill(0, 0, this.#capacity * 2);
    this.#capacity = capacity;
    this.#mask = capacity * 2 - 1;
    for (let slot = 0; slot < this.size; slot++) {
      if (this.#entries[slot * STRIDE + NEXT] !== LOOSE) this.#link(slot);
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

/** What the hash of a key is made with: each factor behind the word of its place, and shifts before the second and after. */
export const SLOT_HASH = { seed: SEED, factors: [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35], shifts: [15, 13, 16] } as const;
const [FACTOR0, FACTOR1, FACTOR2] = SLOT_HASH.factors;
const [SHIFT0, SHIFT1, SHIFT2] = SLOT_HASH.shifts;

function hash(k0: number, k1: number, k2: number): number {
  let h = Math.imul(k0 ^ SEED, FACTOR0);
  h = Math.imul(h ^ (h >>> SHIFT0) ^ k1, FACTOR1);
  h = Math.imul(h ^ (h >>> SHIFT1) ^ k2, FACTOR2);
  return h ^ (h >>> SHIFT2);
}
