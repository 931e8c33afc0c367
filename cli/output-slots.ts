// The shared memory between who prints and the thread that writes: a ring of slots that are filled and written in order, and
// how many were so far. Both sides count on and never back; a difference is what is under way.

/** Constants we chose. */
/** Octets of one slot: what is written at once (stdout.ts), and as much again for the piece that makes it full. */
export const SLOT_OCTETS = 128 * 1024;
/** Slots, a power of two. Above, who prints waits. What is filled of them, half as a rule, stays in the processor's cache. */
export const SLOTS = 32;
/**
 * Slots after which a side wakes the other, a power of two: to wake a thread that sleeps on another core takes as long as
 * seven documents of `-T ek` (docs/performance.md), and who writes is the faster one and sleeps whenever it has caught up.
 */
const WOKEN_FOR = 8;

// Places in the words.
const FILLED = 0;
const WRITTEN = 1;
const FAILED = 2;
const READY = 3;
const LENGTHS = 4;

/** What the thread is started with. */
export interface OutputMemory {
  readonly words: SharedArrayBuffer;
  readonly octets: SharedArrayBuffer;
}

/** See the head of the file. */
export class OutputSlots {
  readonly memory: OutputMemory;
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;

  /** @param memory that of the other side; absent: fresh */
  constructor(memory?: OutputMemory) {
    this.memory = memory ?? {
      words: new SharedArrayBuffer((LENGTHS + SLOTS) * Int32Array.BYTES_PER_ELEMENT),
      octets: new SharedArrayBuffer(SLOTS * SLOT_OCTETS),
    };
    this.#words = new Int32Array(this.memory.words);
    this.#octets = new Uint8Array(this.memory.octets);
  }

  /** Whether the thread has started. Before, nobody would take what is handed over. */
  get isReady(): boolean {
    return Atomics.load(this.#words, READY) === 1;
  }

  /** The thread has started. */
  begin(): void {
    Atomics.store(this.#words, READY, 1);
  }

  /** System error number, below 0, that ended the writing; 0 where none did. */
  get failed(): number {
    return Atomics.load(this.#words, FAILED);
  }

  /** The slot to fill next, the same until it is handed over. Where none is free it waits until several are. */
  next(): Buffer {
    const filled = Atomics.load(this.#words, FILLED);
    const isFull = ((filled - Atomics.load(this.#words, WRITTEN)) | 0) >= SLOTS;
    if (isFull) this.#waitUntilWritten((filled - SLOTS + WOKEN_FOR) | 0);
    return Buffer.from(this.memory.octets, (filled & (SLOTS - 1)) * SLOT_OCTETS, SLOT_OCTETS);
  }

  /** Hands over that slot; the other side may sleep until there are more. @param length octets of it that are filled */
  handOver(length: number): void {
    const filled = Atomics.load(this.#words, FILLED);
    Atomics.store(this.#words, LENGTHS + (filled & (SLOTS - 1)), length);
    Atomics.add(this.#words, FILLED, 1);
    if (((filled + 1) & (WOKEN_FOR - 1)) === 0) Atomics.notify(this.#words, FILLED);
  }

  /** Waits until all that was handed over is written, or given up. */
  drain(): void {
    Atomics.notify(this.#words, FILLED);
    this.#waitUntilWritten(Atomics.load(this.#words, FILLED));
  }

  /** The octets that are to be written next; waits for some. They stay until `written`. */
  take(): Uint8Array {
    const written = Atomics.load(this.#words, WRITTEN);
    while (Atomics.load(this.#words, FILLED) === written) Atomics.wait(this.#words, FILLED, written);
    const slot = written & (SLOTS - 1);
    const at = slot * SLOT_OCTETS;
    return this.#octets.subarray(at, at + Atomics.load(this.#words, LENGTHS + slot));
  }

  /** The octets that were taken are written. @param failed the system error number, where they are not */
  written(failed = 0): void {
    if (failed !== 0) Atomics.store(this.#words, FAILED, failed);
    const written = (Atomics.add(this.#words, WRITTEN, 1) + 1) | 0;
    const isLast = Atomics.load(this.#words, FILLED) === written;
    if (isLast || (written & (WOKEN_FOR - 1)) === 0) Atomics.notify(this.#words, WRITTEN);
  }

  /** @param count slots that have to be written, counted from the first, as a word that wraps */
  #waitUntilWritten(count: number): void {
    for (;;) {
      const written = Atomics.load(this.#words, WRITTEN);
      if (((written - count) | 0) >= 0) return;
      Atomics.wait(this.#words, WRITTEN, written);
    }
  }
}
