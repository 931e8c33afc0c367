// Key stream by the batch (architecture, decision 3): before a batch is judged, every message whose context is already
// proved is deciphered under the key that proved it, all messages of the batch in one call. This looks ahead and changes
// nothing that judgement depends on: a message for which it guessed wrong is deciphered again on its own. Messages of contexts
// that were not seen before go with them where it can be told which key will be tried first (first-messages.ts). Where
// threads share memory, a kernel goes through the rows and lists them by key (gather-kernel.ts).

import { ALGORITHM_ID, type MessageColumns } from '../../dissectors/security/algorithm.ts';
import { CIPHER_RUNS_CAP, CipherRuns } from '../../dissectors/security/cipher-runs.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { WordStream } from '../../dissectors/security/word-stream-cipher.ts';
import { wordStreamOf } from '../../dissectors/security/word-streams.ts';
import type { FirstMessages } from './first-messages.ts';
import { buildGatherKernel, type GatherKernel } from './gather-kernel.ts';
import { Gathered } from './gather-rows.ts';
import { createLoneMessages, type LoneMessages } from './lone-messages.ts';
import { MessageFlag, type MessageTable, NONE, PART_ROWS, Place } from './message-table.ts';
import { isCounterCipher, RoundKernel } from './round-kernel.ts';
import { PEK_WORDS, type TrafficKeys } from './traffic-keys.ts';
import type { WireContexts } from './wire-contexts.ts';

const EEA0 = ALGORITHM_ID.EEA0;
const EEA2 = ALGORITHM_ID['128-EEA2'];

/** The specification says (FIPS 197): octets of a block. */
const BLOCK_OCTETS = 16;

// We chose.
/**
 * Blocks of a key in a round up to which a kernel makes their key stream. A call into OpenSSL costs as much as some hundred, and
 * leaves a result in memory of its own, which another thread of V8 frees while this one asks for the next.
 */
const FEW_BLOCKS = 64;
/** Messages of known keys for which the first one of a context counts, since the kernel saves so much more with it. */
const MESSAGES_OF_A_CONTEXT = 16;

/** Reused columns that sort the rows of a batch by traffic key. */
export class BatchDecipher {
  #rows = new Uint32Array(0);
  // Rows of one traffic key are a linked list through `#next`, each by one more than its number, and 0 behind the last; `#first` is
  // by slot and made empty again after use.
  #next: Int32Array = new Int32Array(0);
  #first: Int32Array = new Int32Array(0);
  #slots: Uint32Array = new Uint32Array(0);
  readonly #runs = new CipherRuns();
  readonly #wires: WireContexts;
  readonly #traffic: TrafficKeys;
  readonly #firsts: FirstMessages;
  readonly #kernel: RoundKernel;
  readonly #gatherer: GatherKernel | null;
  /** Null until a kernel can have messages. */
  #lone: LoneMessages | null = null;

  /** Contexts that there were when the last messages came. */
  #contexts = 0;

  // What `#gather` found: keys, messages that are ciphered and that are not, and where those begin and end in the batch.
  #used = 0;
  #ciphered = 0;
  #clear = 0;
  #begin = 0;
  #end = 0;

  /** Rows of runs that are not applied yet, the first ones of `#rows`. */
  #gathered = 0;

  /**
   * @param shared memory in which batches and arenas lie (round-kernel.ts), and what `wires` and `traffic` remember (judging-memory.ts);
   * null: they lie elsewhere
   */
  constructor(wires: WireContexts, traffic: TrafficKeys, firsts: FirstMessages, shared: SharedMemory | null = null) {
    this.#wires = wires;
    this.#traffic = traffic;
    this.#firsts = firsts;
    this.#kernel = new RoundKernel(shared);
    this.#gatherer = shared === null ? null : buildGatherKernel(shared);
    if (this.#gatherer === null) return;
    const { next, first, slots } = this.#gatherer;
    this.#next = next;
    this.#first = first;
    this.#slots = slots;
  }

  /** Deciphers what can be deciphered at once. Sets `deciphered`, `sum`, `traffic`, `epoch` and `context` of those rows. */
  run(table: MessageTable): void {
    const { count } = table;
    if (this.#rows.length < count) this.#rows = new Uint32Array(table.frameRow.length);
    if (this.#next.length < count) this.#next = new Int32Array(table.frameRow.length);
    const generations = this.#traffic.generation;
    if (this.#first.length < generations.length) {
      this.#first = new Int32Array(generations.length);
      this.#slots = new Uint32Array(generations.length);
    }
    const { size } = this.#wires;
    this.#kernel.waitFor((size - this.#contexts) * MESSAGES_OF_A_CONTEXT);
    this.#contexts = size;
    const attached = this.#kernel.attach(table);
    if (attached) this.#lone ??= createLoneMessages(this.#kernel);
    const lone = attached ? this.#lone : null;
    this.#firsts.begin(table);
    this.#used = 0;
    this.#ciphered = 0;
    this.#clear = 0;
    this.#begin = Number.MAX_SAFE_INTEGER;
    this.#end = 0;
    const gatherer = attached ? this.#gatherer : null;
    const columnsAt = gatherer === null ? -1 : this.#kernel.columnsAt(table);
    const left =
      gatherer === null || lone === null || columnsAt < 0 ? count : this.#gatherAll(gatherer, table, columnsAt, lone);
    for (let end = left; end > 0; end -= PART_ROWS) this.#gather(table, Math.max(0, end - PART_ROWS), end, lone);
    const used = this.#used;
    const together =
      attached && this.#ciphered > 0 && this.#kernel.begin(table, this.#begin, this.#end, this.#ciphered);
    this.#gathered = 0;
    this.#firsts.finish(table, together ? lone : null, (row, stream, keyAt) => {
      this.#rows[this.#gathered++] = row;
      this.#addRun(table, together, stream, this.#firsts.words, keyAt);
    });
    if (used > 0 && (!together || this.#clear > 0)) copyToPlain(table, this.#traffic, together);
    const columns = columnsOf(table);
    for (let i = 0; i < used; i++) {
      const slot = this.#slots[i];
      if (together && lone !== null && this.#takeLone(table, slot, lone)) continue;
      const algorithm = this.#traffic.algorithm(slot);
      const stream = wordStreamOf(algorithm);
      if (stream !== null) {
        const from = this.#gathered;
        this.#gathered = this.#list(slot, from);
        if (!attached) this.#kernel.waitFor(this.#gathered - from);
        this.#addRun(table, together, stream, this.#traffic.words, slot * PEK_WORDS);
        continue;
      }
      const cipher = this.#traffic.cipher(slot);
      if (together && gatherer !== null && columnsAt >= 0 && isCounterCipher(cipher)) {
        this.#kernel.decipherAll(cipher, columns, table, columnsAt, gatherer, this.#first[slot]);
        this.#first[slot] = 0;
        continue;
      }
      // Behind those that wait for the others of their run.
      const from = this.#gathered;
      const end = this.#list(slot, from);
      if (together && isCounterCipher(cipher)) {
        this.#kernel.decipher(cipher, columns, table, this.#rows, from, end);
        continue;
      }
      if (!attached && algorithm !== EEA0) this.#kernel.waitFor(end - from);
      cipher.apply(columns, this.#rows, from, end, table.words);
    }
    this.#applyRuns(table, together);
    lone?.decipher();
  }

  /** Takes the rows of a traffic key from its list to `#rows`, from a place on; the place behind the last. */
  #list(slot: number, from: number): number {
    let end = from;
    for (let next = this.#first[slot]; next !== 0; next = this.#next[next - 1]) this.#rows[end++] = next - 1;
    this.#first[slot] = 0;
    return end;
  }

  /** Adds the rows that were gathered since the last run. @param keyAt word of their key among `keys` */
  #addRun(table: MessageTable, together: boolean, stream: WordStream, keys: Uint32Array, keyAt: number): void {
    this.#runs.add(stream, keys, keyAt, this.#gathered);
    if (this.#runs.count === CIPHER_RUNS_CAP) this.#applyRuns(table, together);
  }

  #applyRuns(table: MessageTable, together: boolean): void {
    if (this.#runs.count > 0) {
      this.#runs.apply(columnsOf(table), this.#rows, table.words, together ? this.#kernel : null);
    }
    this.#gathered = 0;
  }

  /** Takes the messages of a key that has few of them; false where it has more, or other ones. */
  #takeLone(table: MessageTable, slot: number, lone: LoneMessages): boolean {
    if (this.#traffic.algorithm(slot) !== EEA2) return false;
    const next = this.#next;
    const { length } = table;
    const first = this.#first[slot];
    let blocks = 0;
    for (let at = first; at !== 0; at = next[at - 1]) {
      blocks += (length[at - 1] + BLOCK_OCTETS - 1) >>> 4;
      if (blocks > FEW_BLOCKS) return false;
    }
    for (let at = first; at !== 0; at = next[at - 1]) if (!lone.takes(table, at - 1)) return false;
    const { words } = this.#traffic;
    for (let at = first; at !== 0; at = next[at - 1]) lone.add(table, at - 1, words, slot * PEK_WORDS);
    this.#first[slot] = 0;
    return true;
  }

  /**
   * Sorts the rows before row `until` down to row `from` that can be deciphered by traffic key, and offers those of contexts that
   * were not seen before.
   *
   * @param lone null where the kernel cannot have them
   */
  #gather(table: MessageTable, from: number, until: number, lone: LoneMessages | null): void {
    // Asked for once: nothing that is called here makes a table grow.
    const wires = this.#wires;
    const { traffic: trafficOf, trafficGeneration, provedEpoch } = wires;
    const { destination, version, source, pgkIndex, ptkId, flags, rawPlace, rawAt, length } = table;
    const { context, sum, deciphered, traffic, epoch } = table;
    const generations = this.#traffic.generation;
    const first = this.#first;
    const next = this.#next;
    let used = this.#used;
    let ciphered = this.#ciphered;
    let clear = this.#clear;
    let unseen = 0;
    let begin = this.#begin;
    let end = this.#end;
    for (let row = until - 1; row >= from; row--) {
      if ((flags[row] & MessageFlag.damaged) !== 0) continue;
      if (pgkIndex[row] === 0 && ptkId[row] === 0) continue;
      const wire = wires.find(destination[row], version[row], source[row], pgkIndex[row], ptkId[row]);
      if (wire === NONE) {
        unseen++;
        if (lone === null || !this.#firsts.offer(table, row, lone)) continue;
      } else {
        context[row] = wire;
        const slot = trafficOf[wire];
        if (slot === NONE || generations[slot] !== trafficGeneration[wire]) continue;
        table.takePlain(row);
        sum[row] = 0;
        deciphered[row] = 1;
        traffic[row] = slot;
        epoch[row] = provedEpoch[wire];
        if (first[slot] === 0) this.#slots[used++] = slot;
        next[row] = first[slot];
        first[slot] = row + 1;
        if (this.#traffic.algorithm(slot) === EEA0) {
          clear++;
          continue;
        }
      }
      ciphered++;
      if (rawPlace[row] !== Place.frame) continue;
      const at = rawAt[row];
      if (at < begin) begin = at;
      if (at + length[row] > end) end = at + length[row];
    }
    if (lone === null) this.#kernel.waitFor(unseen);
    this.#used = used;
    this.#ciphered = ciphered;
    this.#clear = clear;
    this.#begin = begin;
    this.#end = end;
  }

  /**
   * The same for all rows in one go, as long as the arena has room.
   *
   * @returns how many rows are left over, the first ones
   */
  #gatherAll(gatherer: GatherKernel, table: MessageTable, columnsAt: number, lone: LoneMessages): number {
    const { gathered, unseen, joined } = gatherer;
    gathered.fill(0);
    gathered[Gathered.taken] = table.plainLength;
    gatherer.gather(columnsAt, table.count, this.#wires.mask, table.plain.length);
    table.plainLength = gathered[Gathered.taken];
    this.#used = gathered[Gathered.slots];
    this.#ciphered = gathered[Gathered.ciphered];
    this.#clear = gathered[Gathered.clear];
    if (gathered[Gathered.framed] > 0) {
      // Where the octets of frames begin and end matters to who has to copy them.
      this.#begin = 0;
      this.#end = 1;
    }
    for (let i = 0; i < gathered[Gathered.joined]; i++) table.copyToPlain(joined[i]);
    for (let i = 0; i < gathered[Gathered.unseen]; i++) {
      const row = unseen[i];
      if (!this.#firsts.offer(table, row, lone)) continue;
      this.#ciphered++;
      if (table.rawPlace[row] === Place.frame && table.length[row] > 0) {
        this.#begin = 0;
        this.#end = 1;
      }
    }
    return gathered[Gathered.left];
  }

  /** Wipes what the last messages left, but for the deciphered ones themselves. */
  forget(): void {
    this.#kernel.wipe();
    this.#runs.wipe();
    this.#lone?.wipe();
    this.#firsts.forget();
  }
}

function columnsOf({ counter, lcid, length, plainWord }: MessageTable): MessageColumns {
  return { count: counter, bearer: lcid, octets: length, at: plainWord };
}

/**
 * Copies messages that are to be deciphered where they are to be, in the order of the capture: key by key takes four times as
 * long, since nothing lies in the cache.
 *
 * @param together whether a kernel reads them where they are: then only those that need no deciphering are copied
 */
function copyToPlain(table: MessageTable, traffic: TrafficKeys, together: boolean): void {
  for (let row = table.count - 1; row >= 0; row--) {
    if (table.deciphered[row] === 0) continue;
    if (!together || traffic.algorithm(table.traffic[row]) === EEA0) table.copyToPlain(row);
  }
}
