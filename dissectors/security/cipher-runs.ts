// The messages of a batch under many ciphers. Key stream of SNOW 3G and ZUC is made for 128 messages side by side whatever
// their keys are (wasm/plane-kernel.ts), which is faster than some messages of a key at a time.

import { checkRows, type MessageColumns, type TrafficCipher } from './traffic-cipher.ts';
import { WordStreamCipher, xorLane } from './word-stream-cipher.ts';

// We chose.
/** Runs gathered at most. */
export const CIPHER_RUNS_CAP = 4096;
/** Messages for which it is worth the time that a kernel takes for all of its lanes. */
const LEAST_MESSAGES = 64;
/** Messages are sorted by their words of key stream, the longest ones left as they come. */
const LENGTHS = 512;

/** Runs of messages, each under one cipher. */
export class CipherRuns {
  readonly #ciphers: TrafficCipher[] = [];
  /** The place behind the rows of each. */
  readonly #ends: number[] = [];
  // Messages sorted by length: their rows, and which cipher is theirs.
  #rows = new Uint32Array(0);
  #cipherOf = new Uint16Array(0);
  readonly #places = new Uint32Array(LENGTHS + 1);

  /** Runs gathered so far. */
  get count(): number {
    return this.#ciphers.length;
  }

  /**
   * Adds the messages from the end of the last run on.
   *
   * @param end the place behind its rows, among those that `apply` will be given
   */
  add(cipher: TrafficCipher, end: number): void {
    this.#ciphers.push(cipher);
    this.#ends.push(end);
  }

  /**
   * XORs the key stream over all messages, in place, as `TrafficCipher.apply` does for each run, DIRECTION being 0. There
   * are no runs behind it.
   *
   * @throws RangeError when a message reaches beyond the arena; then no message is touched
   */
  apply(columns: MessageColumns, rows: Uint32Array, arena: Uint32Array): void {
    checkRows(columns, rows, 0, this.#ends.at(-1) ?? 0, arena);
    let from = 0;
    const together = new Map<string, number[]>();
    for (const [run, cipher] of this.#ciphers.entries()) {
      const to = this.#ends[run];
      if (cipher instanceof WordStreamCipher) {
        const runs = together.get(cipher.algorithm) ?? [];
        runs.push(run);
        together.set(cipher.algorithm, runs);
      } else {
        cipher.apply(columns, rows, from, to, arena);
      }
      from = to;
    }
    for (const runs of together.values()) this.#applyTogether(runs, columns, rows, arena);
    this.#ciphers.length = 0;
    this.#ends.length = 0;
  }

  #from(run: number): number {
    return run === 0 ? 0 : this.#ends[run - 1];
  }

  /** Runs under ciphers of one algorithm. */
  #applyTogether(runs: readonly number[], columns: MessageColumns, rows: Uint32Array, arena: Uint32Array): void {
    const messages = runs.reduce((sum, run) => sum + this.#ends[run] - this.#from(run), 0);
    const first = this.#ciphers[runs[0]] as WordStreamCipher;
    const planes = messages < LEAST_MESSAGES ? null : first.planes(messages);
    if (planes === null) {
      for (const run of runs) this.#ciphers[run].apply(columns, rows, this.#from(run), this.#ends[run], arena);
      return;
    }
    this.#sort(runs, messages, columns, rows);
    const sorted = this.#rows;
    let i = 0;
    for (; messages - i >= LEAST_MESSAGES; i += planes.lanes) {
      const end = Math.min(messages, i + planes.lanes);
      let words = 0;
      for (let at = i; at < end; at++) {
        const row = sorted[at];
        const cipher = this.#ciphers[this.#cipherOf[at]] as WordStreamCipher;
        cipher.loadLane(planes, at - i, columns.count[row], columns.bearer[row]);
        words = Math.max(words, wordsOf(columns, row));
      }
      for (let done = 0; done < words; done += planes.words) {
        const count = Math.min(words - done, planes.words);
        const stream = done === 0 ? planes.begin(count) : planes.next(count);
        for (let at = i; at < end; at++) {
          const left = columns.octets[sorted[at]] - done * 4;
          if (left > 0) xorLane(planes, stream, at - i, arena, columns.at[sorted[at]] + done, left);
        }
      }
    }
    // The few that are left are those of most octets; neighbours are often under one cipher.
    for (let end = i; i < messages; i = end) {
      while (end < messages && this.#cipherOf[end] === this.#cipherOf[i]) end++;
      this.#ciphers[this.#cipherOf[i]].apply(columns, sorted, i, end, arena);
    }
  }

  /** Sorts the messages of some runs by their words, so that no message waits for one that is much longer. */
  #sort(runs: readonly number[], messages: number, columns: MessageColumns, rows: Uint32Array): void {
    if (this.#rows.length < messages) {
      this.#rows = new Uint32Array(messages);
      this.#cipherOf = new Uint16Array(messages);
    }
    const places = this.#places.fill(0);
    const length = (row: number): number => Math.min(wordsOf(columns, row), LENGTHS - 1);
    for (const run of runs) {
      for (let i = this.#from(run); i < this.#ends[run]; i++) places[length(rows[i]) + 1]++;
    }
    for (let i = 1; i < LENGTHS; i++) places[i] += places[i - 1];
    for (const run of runs) {
      for (let i = this.#from(run); i < this.#ends[run]; i++) {
        const place = places[length(rows[i])]++;
        this.#rows[place] = rows[i];
        this.#cipherOf[place] = run;
      }
    }
  }
}

function wordsOf(columns: MessageColumns, row: number): number {
  return (columns.octets[row] + 3) >>> 2;
}
