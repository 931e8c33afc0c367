// Traffic keys made from PGKs: one for each (sender, PTK id, group id in the derivation, PGK, algorithm). Deriving costs
// two HMACs, so what was derived is kept, within a cap.

import { CIPHER_ALGORITHMS, createTrafficCipher, type TrafficCipher } from '../../dissectors/security/algorithm.ts';
import { derivePek } from '../../dissectors/security/kdf.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import { NONE } from './message-table.ts';
import { grown, type SlotRoom, SlotTable } from './slot-table.ts';

// We chose.
/** Traffic keys remembered; above it the one not used for longest is forgotten and derived anew when needed. */
export const TRAFFIC_KEY_CAP = 1 << 18;
/** Cipher objects kept ready; above it the oldest is closed, its PEK stays. One takes about a kilobyte. */
export const CIPHER_CAP = 1 << 14;

const PEK_OCTETS = 16;
/** Words of a PEK. */
export const PEK_WORDS = PEK_OCTETS / 4;
const FORGOTTEN = -1;
const NO_WORDS = new Uint32Array(0);

/** Fresh memory for what kernels read or write too, for as many keys as there can be; none of it is secret. */
export interface TrafficKeyRoom extends SlotRoom {
  readonly generation: Uint32Array;
  readonly algorithm: Uint8Array;
}

/** Derives, keeps and uses traffic keys. */
export class TrafficKeys {
  /** Keys derived so far, for the summary of what the trials cost. */
  derived = 0;
  readonly slots: SlotTable;
  /** Raised by one whenever a slot gets another key, so that a remembered slot number can be checked. */
  generation: Uint32Array = new Uint32Array(0);
  /** PEKs as words of the host, PEK_WORDS for each slot. */
  words = new Uint32Array(0);
  #pek = new Uint8Array(0);
  #algorithm: Uint8Array = new Uint8Array(0);
  /** Serial of the PGK it was made from, or FORGOTTEN where it is to be derived anew. */
  #serial = new Int32Array(0);
  readonly #ciphers: (TrafficCipher | null)[] = [];
  // Slots with a cipher object, in the order they got it: a ring once there are CIPHER_CAP of them.
  readonly #ready: number[] = [];
  #nextReady = 0;
  #forgotten = 0;

  /** @param room null: columns have memory of their own, as tight as may be */
  constructor(room: TrafficKeyRoom | null = null) {
    this.slots = new SlotTable(
      TRAFFIC_KEY_CAP,
      (capacity) => {
        const before = this.#pek;
        this.#pek = grown(before, capacity * PEK_OCTETS);
        before.fill(0);
        this.words = new Uint32Array(this.#pek.buffer);
        this.generation = room?.generation ?? grown(this.generation, capacity);
        this.#algorithm = room?.algorithm ?? grown(this.#algorithm, capacity);
        this.#serial = grown(this.#serial, capacity);
      },
      (slot) => this.#close(slot),
      room,
    );
  }

  /** Raised whenever a slot that somebody remembers may have another key since. */
  get changes(): number {
    return this.#forgotten + this.slots.evictions;
  }

  /**
   * The slot of a traffic key, derived if need be.
   *
   * @param p2 24-bit group id that goes into the PTK
   * @param algorithm identity 0 to 3; may differ from the epoch's own when others are tried
   * @param ready keys that were derived ahead, PEK_WORDS words each, and which of them this one is, or NONE
   */
  obtain(
    epoch: PgkEpoch,
    p2: number,
    algorithm: number,
    source: number,
    ptkId: number,
    ready: Uint32Array = NO_WORDS,
    entry: number = NONE,
  ): number {
    const obtained = this.slots.obtain(
      (source << 8) | (ptkId >>> 8),
      (p2 << 8) | (ptkId & 0xff),
      epoch.serial * 4 + algorithm,
    );
    if (obtained >= 0 && this.#serial[obtained] !== FORGOTTEN) return obtained;
    const slot = obtained >= 0 ? obtained : -1 - obtained;
    if (obtained < 0) this.generation[slot]++;
    const { prepared } = epoch;
    if (prepared === null) throw new Error('a destroyed PGK derives nothing');
    this.derived++;
    if (entry === NONE) {
      derivePek(prepared, epoch.group.derivation, source, ptkId, p2, algorithm, this.#pek, slot * PEK_OCTETS);
    } else {
      for (let word = 0; word < PEK_WORDS; word++)
        this.words[slot * PEK_WORDS + word] = ready[entry * PEK_WORDS + word];
    }
    this.#algorithm[slot] = algorithm;
    this.#serial[slot] = epoch.serial;
    return slot;
  }

  /** Algorithm identity of a slot, 0 to 3. */
  algorithm(slot: number): number {
    return this.#algorithm[slot];
  }

  /** The cipher of a slot, until the next call: above the cap the one that was made first has another key then, or none. */
  cipher(slot: number): TrafficCipher {
    const ready = this.#ciphers[slot];
    if (ready !== undefined && ready !== null) return ready;
    while (this.#ciphers.length <= slot) this.#ciphers.push(null);
    const oldest = this.#ready[this.#nextReady] ?? -1;
    const cipher = this.#rekeyed(oldest, slot) ?? this.#made(slot);
    if (oldest >= 0) this.#close(oldest);
    this.#ciphers[slot] = cipher;
    this.#ready[this.#nextReady] = slot;
    this.#nextReady = (this.#nextReady + 1) % CIPHER_CAP;
    return cipher;
  }

  /** Wipes what was derived from these PGKs, by serial. Slots of theirs that somebody remembers no longer hold. */
  forget(serials: ReadonlySet<number>): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.size; slot++) {
      if (!serials.has(this.#serial[slot])) continue;
      this.#close(slot);
      this.#pek.fill(0, slot * PEK_OCTETS, (slot + 1) * PEK_OCTETS);
      this.#serial[slot] = FORGOTTEN;
      this.generation[slot]++;
      this.#forgotten++;
    }
  }

  /** Wipes every key. */
  forgetAll(): void {
    for (let slot = 0; slot < this.#ciphers.length; slot++) this.#close(slot);
    this.#pek.fill(0);
  }

  #made(slot: number): TrafficCipher {
    const pek = this.#pek.subarray(slot * PEK_OCTETS, (slot + 1) * PEK_OCTETS);
    return createTrafficCipher(CIPHER_ALGORITHMS[this.#algorithm[slot]], pek);
  }

  /** The cipher of the slot that has to give up its own, with the key of another slot; null where that cannot be. */
  #rekeyed(oldest: number, slot: number): TrafficCipher | null {
    const cipher = oldest < 0 ? null : this.#ciphers[oldest];
    if (cipher?.rekey === undefined || cipher.algorithm !== CIPHER_ALGORITHMS[this.#algorithm[slot]]) return null;
    cipher.rekey(this.#pek, slot * PEK_OCTETS);
    this.#ciphers[oldest] = null;
    return cipher;
  }

  #close(slot: number): void {
    this.#ciphers[slot]?.forget();
    this.#ciphers[slot] = null;
  }
}
