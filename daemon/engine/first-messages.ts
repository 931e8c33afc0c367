// First messages of contexts, where a round has many: the keys that judging will try first are derived together, and the
// messages are deciphered with those of known keys. Judging takes what is ready here instead of making it, tries
// the same keys in the same order, and remembers keys and contexts as before: nothing that it depends on changes.

import { ALGORITHM_ID } from '../../dissectors/security/algorithm.ts';
import { createPekBatch, type PekBatch } from '../../dissectors/security/pek-batch.ts';
import type { WordStream } from '../../dissectors/security/word-stream-cipher.ts';
import { wordStreamOf } from '../../dissectors/security/word-streams.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import { SDU_PC5, SHORTEST_SURE, VERSION_WHOLE } from './judge.ts';
import type { LoneMessages } from './lone-messages.ts';
import { type MessageTable, NONE } from './message-table.ts';
import { PEK_WORDS } from './traffic-keys.ts';

const EEA2 = ALGORITHM_ID['128-EEA2'];

// We chose.
/** Keys of a round derived ahead; first messages above it are judged without. */
export const FIRSTS_CAP = 1 << 13;
const BUCKETS = FIRSTS_CAP * 2;
/** Octets of a message under SNOW 3G or ZUC at most: of a longer one a wrong key would have to decipher too much. */
const LONGEST = 256;

/** See the head of the file. Every entry is the key of one context. */
export class FirstMessages {
  readonly #index: KeyIndex;
  /** Null until a key is to be derived: small captures have few, which are derived as they come. */
  #batch: PekBatch | null = null;
  /** The table that was prepared; null: nothing is ready. */
  #table: MessageTable | null = null;
  #entries = 0;
  // What a key was derived from, by entry, and the slot of the traffic key that it became.
  #serial = new Int32Array(0);
  #source = new Uint32Array(0);
  #ptkId = new Uint16Array(0);
  #p2 = new Uint32Array(0);
  #algorithm = new Uint8Array(0);
  #slot = new Int32Array(0);
  #generation = new Uint32Array(0);
  #words = new Uint32Array(0);
  /** By bucket: one more than the first entry; and by entry the next one. */
  #heads = new Uint16Array(0);
  #next = new Uint16Array(0);
  /** By row: the entry whose key it is deciphered or to be tried with, or NONE; and whether it is deciphered. */
  #entryOf = new Int32Array(0);
  #deciphered = new Uint8Array(0);
  // Rows that are to be deciphered.
  #rows = new Uint32Array(0);
  #waiting = 0;

  constructor(index: KeyIndex) {
    this.#index = index;
  }

  /** Keys, as `LoneMessages` takes them. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Begins a round, of which nothing is ready yet. */
  begin(table: MessageTable): void {
    this.forget();
    const rows = table.frameRow.length;
    if (this.#entryOf.length < rows) {
      this.#entryOf = new Int32Array(rows);
      this.#deciphered = new Uint8Array(rows);
      this.#rows = new Uint32Array(rows);
    }
    this.#entryOf.fill(NONE, 0, table.count);
    this.#table = table;
  }

  /**
   * Takes a message whose context was not seen before, if it is to be tried with one that can be told.
   *
   * @param lone takes those that it can decipher; they have room in the arena then
   * @returns whether it is one of those
   */
  offer(table: MessageTable, row: number, lone: LoneMessages): boolean {
    if (table.length[row] < SHORTEST_SURE || table.sduType[row] > SDU_PC5) return false;
    const groups = this.#index.groupsFor(table.destination[row], table.version[row] === VERSION_WHOLE);
    if (groups.length === 0) return false;
    const group = groups[0];
    const candidates = this.#index.candidates(group, table.pgkIndex[row]);
    // Of several, the order of trial depends on the time.
    if (candidates.length !== 1) return false;
    const entry = this.#obtain(candidates[0], group.id, table.source[row], table.ptkId[row]);
    if (entry === NONE) return false;
    this.#entryOf[row] = entry;
    this.#deciphered[row] = 0;
    const isTaken = this.#algorithm[entry] === EEA2 ? lone.takes(table, row) : this.#hasKernel(table, row, entry);
    if (!isTaken) return false;
    table.takePlain(row);
    this.#rows[this.#waiting++] = row;
    return true;
  }

  /**
   * Derives the keys of all that were taken, and has messages deciphered.
   *
   * @param lone null where this round goes without
   * @param addRun is given those under SNOW 3G and ZUC; the key begins at word `keyAt` of `words`
   */
  finish(
    table: MessageTable,
    lone: LoneMessages | null,
    addRun: (row: number, stream: WordStream, keyAt: number) => void,
  ): void {
    this.#batch?.finish();
    for (let i = 0; lone !== null && i < this.#waiting; i++) {
      const row = this.#rows[i];
      const entry = this.#entryOf[row];
      const stream = wordStreamOf(this.#algorithm[entry]);
      this.#deciphered[row] = 1;
      if (stream === null) lone.add(table, row, this.#words, entry * PEK_WORDS);
      else {
        table.sum[row] = 0;
        addRun(row, stream, entry * PEK_WORDS);
      }
    }
    this.#waiting = 0;
  }

  /** The entry with the key that a message is to be tried with, or NONE. */
  entryOf(table: MessageTable, row: number, epoch: PgkEpoch, p2: number, algorithm: number): number {
    if (this.#table !== table) return NONE;
    const entry = this.#entryOf[row];
    if (entry === NONE || this.#serial[entry] !== epoch.serial) return NONE;
    return this.#p2[entry] === p2 && this.#algorithm[entry] === algorithm ? entry : NONE;
  }

  /** The key of an entry is that of a slot of the traffic keys from now on. */
  bind(entry: number, slot: number, generation: number): void {
    this.#slot[entry] = slot;
    this.#generation[entry] = generation;
  }

  /** Whether a message is deciphered with the key of a slot. */
  opens(table: MessageTable, row: number, slot: number, generation: number): boolean {
    if (this.#table !== table) return false;
    const entry = this.#entryOf[row];
    if (entry === NONE || this.#deciphered[row] === 0) return false;
    return this.#slot[entry] === slot && this.#generation[entry] === generation;
  }

  /** Says that the room of a message holds something else. */
  overwrite(table: MessageTable, row: number): void {
    if (this.#table === table) this.#deciphered[row] = 0;
  }

  /** Wipes what is ready. */
  forget(): void {
    this.#table = null;
    if (this.#entries === 0) return;
    this.#words.fill(0, 0, this.#entries * PEK_WORDS);
    this.#heads.fill(0);
    this.#entries = 0;
  }

  /** Whether a message is under SNOW 3G or ZUC, and short enough to be tried at once; who asks has a message for the kernel. */
  #hasKernel(table: MessageTable, row: number, entry: number): boolean {
    const octets = table.length[row];
    const stream = wordStreamOf(this.#algorithm[entry]);
    return stream !== null && octets > 0 && octets <= LONGEST && stream.kernel(1) !== null;
  }

  /** The entry of a key, made if need be; NONE where there is no room. */
  #obtain(epoch: PgkEpoch, p2: number, source: number, ptkId: number): number {
    const batch = this.#batch ?? this.#makeRoom();
    const bucket = bucketOf(source, ptkId, epoch.serial);
    for (let next = this.#heads[bucket]; next !== 0; next = this.#next[next - 1]) {
      const entry = next - 1;
      if (this.#source[entry] === source && this.#ptkId[entry] === ptkId && this.#serial[entry] === epoch.serial)
        return entry;
    }
    const { prepared } = epoch;
    if (this.#entries === FIRSTS_CAP || prepared === null) return NONE;
    const entry = this.#entries++;
    this.#serial[entry] = epoch.serial;
    this.#source[entry] = source;
    this.#ptkId[entry] = ptkId;
    this.#p2[entry] = p2;
    this.#algorithm[entry] = epoch.algorithm;
    this.#slot[entry] = NONE;
    this.#next[entry] = this.#heads[bucket];
    this.#heads[bucket] = entry + 1;
    batch.add(prepared, epoch.group.derivation, source, ptkId, p2, epoch.algorithm, entry * PEK_WORDS);
    return entry;
  }

  #makeRoom(): PekBatch {
    this.#serial = new Int32Array(FIRSTS_CAP);
    this.#source = new Uint32Array(FIRSTS_CAP);
    this.#ptkId = new Uint16Array(FIRSTS_CAP);
    this.#p2 = new Uint32Array(FIRSTS_CAP);
    this.#algorithm = new Uint8Array(FIRSTS_CAP);
    this.#slot = new Int32Array(FIRSTS_CAP);
    this.#generation = new Uint32Array(FIRSTS_CAP);
    const words = new Uint32Array(FIRSTS_CAP * PEK_WORDS);
    this.#words = words;
    this.#heads = new Uint16Array(BUCKETS);
    this.#next = new Uint16Array(FIRSTS_CAP);
    this.#batch = createPekBatch(words);
    return this.#batch;
  }
}

// Each run of the program mixes in its own seed: who sends the ids cannot choose ones that all fall into one bucket.
const SEED = (Math.random() * 0x1_0000_0000) >>> 0;

function bucketOf(source: number, ptkId: number, serial: number): number {
  let h = Math.imul(source ^ SEED, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ ptkId, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ serial, 0xc2b2ae35);
  return (h ^ (h >>> 16)) & (BUCKETS - 1);
}
