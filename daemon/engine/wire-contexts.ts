// Contexts as the air shows them: destination, source, PGK index, PTK id. A context remembers which key opened it, so
// that the next message of it is deciphered at once, and that it has been proved, so that a message which then opens
// under no key can be called forged.

import { NONE } from './message-table.ts';
import { grown, type SlotRoom, SlotTable } from './slot-table.ts';

/** We chose: contexts remembered; above it the one that was silent for longest is forgotten and must prove itself anew. */
export const WIRE_CONTEXT_CAP = 1 << 18;

/** Fresh memory for what kernels read or write too, for as many contexts as there can be. */
export interface ContextRoom extends SlotRoom {
  readonly provedEpoch: Int32Array;
  readonly traffic: Int32Array;
  readonly trafficGeneration: Uint32Array;
  readonly how: Uint16Array;
}

/** Columns by slot. */
export class WireContexts {
  /** Serial of the epoch that last opened a message here with at least 55 bits, or NONE. */
  provedEpoch: Int32Array = new Int32Array(0);
  /** Slot of the traffic key that did, and that slot's generation at the time. */
  traffic: Int32Array = new Int32Array(0);
  trafficGeneration: Uint32Array = new Uint32Array(0);
  /** Flags (message-table.ts) that say how it opened: under another algorithm, or another group's key. */
  how: Uint16Array = new Uint16Array(0);
  /** ROHC IR packets seen, up to 255. */
  rohcPackets = new Uint8Array(0);

  readonly #slots: SlotTable;
  #proved = 0;

  /** @param room null: columns have memory of their own, as tight as may be */
  constructor(room: ContextRoom | null = null) {
    const grow = (capacity: number): void => {
      this.provedEpoch = room?.provedEpoch ?? grown(this.provedEpoch, capacity);
      this.traffic = room?.traffic ?? grown(this.traffic, capacity);
      this.trafficGeneration = room?.trafficGeneration ?? grown(this.trafficGeneration, capacity);
      this.how = room?.how ?? grown(this.how, capacity);
      this.rohcPackets = grown(this.rohcPackets, capacity);
    };
    this.#slots = new SlotTable(WIRE_CONTEXT_CAP, grow, null, room);
  }

  /** Contexts remembered. */
  get size(): number {
    return this.#slots.size;
  }

  /** As `SlotTable.mask` has it. */
  get mask(): number {
    return this.#slots.mask;
  }

  /** Contexts forgotten so far. */
  get evictions(): number {
    return this.#slots.evictions;
  }

  /** Raised whenever the slot of a context may be another's since, or the key that it opened under another key. */
  get changes(): number {
    return this.#proved + this.#slots.evictions;
  }

  /** The slot of a context, or NONE; leaves no trace. */
  find(destination: number, version: number, source: number, pgkIndex: number, ptkId: number): number {
    return this.#slots.find(key0(source, ptkId), key1(destination, ptkId), key2(version, pgkIndex));
  }

  /**
   * The slot of a context, made if need be.
   *
   * @param guess a slot that `find` gave before, or NONE: saves the search where it still holds
   */
  obtain(destination: number, version: number, source: number, pgkIndex: number, ptkId: number, guess: number): number {
    const k0 = key0(source, ptkId);
    const k1 = key1(destination, ptkId);
    const k2 = key2(version, pgkIndex);
    if (guess !== NONE && this.#slots.holds(guess, k0, k1, k2)) {
      this.#slots.touch(guess);
      return guess;
    }
    const obtained = this.#slots.obtain(k0, k1, k2);
    if (obtained >= 0) return obtained;
    const slot = -1 - obtained;
    this.provedEpoch[slot] = NONE;
    this.traffic[slot] = NONE;
    this.how[slot] = 0;
    this.rohcPackets[slot] = 0;
    return slot;
  }

  /** Whether a slot found earlier still belongs to this context. */
  holds(slot: number, destination: number, version: number, source: number, pgkIndex: number, ptkId: number): boolean {
    return this.#slots.holds(slot, key0(source, ptkId), key1(destination, ptkId), key2(version, pgkIndex));
  }

  /** Says that a context was used now. */
  touch(slot: number): void {
    this.#slots.touch(slot);
  }

  /** Whether messages of a context open under this key as it is configured, with this traffic key. */
  opensWith(slot: number, epoch: number, traffic: number): boolean {
    return this.provedEpoch[slot] === epoch && this.traffic[slot] === traffic && this.how[slot] === 0;
  }

  /** Says that a message of this context opened under a key. */
  prove(slot: number, epoch: number, traffic: number, trafficGeneration: number, how: number): void {
    const isOther =
      this.provedEpoch[slot] !== epoch ||
      this.traffic[slot] !== traffic ||
      this.trafficGeneration[slot] !== trafficGeneration;
    if (isOther && this.traffic[slot] !== NONE) this.#proved++;
    this.provedEpoch[slot] = epoch;
    this.traffic[slot] = traffic;
    this.trafficGeneration[slot] = trafficGeneration;
    this.how[slot] = how;
  }
}

function key0(source: number, ptkId: number): number {
  return (source << 8) | (ptkId >>> 8);
}

function key1(destination: number, ptkId: number): number {
  return (destination << 8) | (ptkId & 0xff);
}

function key2(version: number, pgkIndex: number): number {
  return (version << 8) | pgkIndex;
}
