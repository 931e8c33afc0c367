// The messages of a batch under many ciphers. Key stream of SNOW 3G and ZUC is made for up to 128 messages in a call of a
// kernel whatever their keys are (wasm/key-stream-kernel.ts), in the order of the batch, in which octets lie in memory.

import { checkRows, type MessageColumns, type TrafficCipher } from './traffic-cipher.ts';
import { KERNEL_MESSAGES, KERNEL_WORDS, type KeyStreamKernel, strideOf } from './wasm/key-stream-kernel.ts';
import { WordStreamCipher } from './word-stream-cipher.ts';
import { lastWordMask } from './words.ts';

// We chose.
/** Runs gathered at most. */
export const CIPHER_RUNS_CAP = 4096;
/** Messages are sorted by their words of key stream, the longest ones left as they come. */
const LENGTHS = 512;

/** Who XORs key stream over messages somewhere else than in place. */
export interface StreamXor {
  /** A message is to be in the arena: its cipher is about to XOR there. */
  prepare(row: number): void;
  /**
   * XORs over the messages `rows[from]` to `rows[to - 1]`.
   *
   * @param stream key stream of each, `stride` octets behind that of the one before
   * @param stride at most that of KERNEL_WORDS
   */
  xor(rows: Uint32Array, from: number, to: number, stream: Uint8Array<ArrayBuffer>, stride: number): void;
}

/** Runs of messages, each under one cipher. */
export class CipherRuns {
  readonly #ciphers: TrafficCipher[] = [];
  /** The place behind the rows of each. */
  readonly #ends: number[] = [];
  /** Rows of messages sorted by length. */
  #sorted = new Uint32Array(0);
  /** The run that a row is of, and 1; 0 where it is of none that are applied together. */
  #runOf = new Uint16Array(0);
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
   * @param elsewhere where it is given, messages under SNOW 3G and ZUC are not in the arena yet, and what kernels make for
   *   them goes there
   * @throws RangeError when a message reaches beyond the arena; then no message is touched
   */
  apply(columns: MessageColumns, rows: Uint32Array, arena: Uint32Array, elsewhere: StreamXor | null = null): void {
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
    for (const runs of together.values()) this.#applyTogether(runs, columns, rows, arena, elsewhere);
    this.#ciphers.length = 0;
    this.#ends.length = 0;
  }

  #from(run: number): number {
    return run === 0 ? 0 : this.#ends[run - 1];
  }

  /** Runs under ciphers of one algorithm. */
  #applyTogether(
    runs: readonly number[],
    columns: MessageColumns,
    rows: Uint32Array,
    arena: Uint32Array,
    elsewhere: StreamXor | null,
  ): void {
    const messages = runs.reduce((sum, run) => sum + this.#ends[run] - this.#from(run), 0);
    const first = this.#cipher(runs[0]);
    const kernel = messages < first.kernelMessages ? null : first.kernel(messages);
    if (kernel === null) {
      for (const run of runs) {
        const [from, to] = [this.#from(run), this.#ends[run]];
        if (elsewhere !== null) for (let i = from; i < to; i++) elsewhere.prepare(rows[i]);
        this.#ciphers[run].apply(columns, rows, from, to, arena);
      }
      return;
    }
    this.#sort(runs, messages, columns, rows);
    const sorted = this.#sorted;
    let i = 0;
    while (messages - i >= first.kernelMessages) {
      const end = Math.min(messages, i + KERNEL_MESSAGES);
      const words = this.#enlist(kernel, columns, i, end);
      if (words > KERNEL_WORDS) break;
      if (words > 0) {
        const stream = kernel.run(end - i, words);
        if (elsewhere !== null) elsewhere.xor(sorted, i, end, stream, strideOf(words));
        else xorStream(stream, strideOf(words), columns, sorted, i, end, arena);
      }
      i = end;
    }
    // Few, or longer than the kernel can.
    for (; i < messages; i++) {
      elsewhere?.prepare(sorted[i]);
      this.#cipher(this.#runOf[sorted[i]] - 1).apply(columns, sorted, i, i + 1, arena);
    }
  }

  /** Lists the sorted messages from place `from` to before `to` for a kernel. @returns words of the longest */
  #enlist(kernel: KeyStreamKernel, columns: MessageColumns, from: number, to: number): number {
    let words = 0;
    for (let i = from; i < to; i++) {
      const row = this.#sorted[i];
      this.#cipher(this.#runOf[row] - 1).enlist(kernel, i - from, columns.count[row], columns.bearer[row]);
      words = Math.max(words, wordsOf(columns, row));
    }
    return words;
  }

  /** The cipher of a run that is applied together with others. */
  #cipher(run: number): WordStreamCipher {
    return this.#ciphers[run] as WordStreamCipher;
  }

  /** Sorts the messages of some runs by their words, so that no message waits for one that is much longer. */
  #sort(runs: readonly number[], messages: number, columns: MessageColumns, rows: Uint32Array): void {
    if (this.#sorted.length < messages) this.#sorted = new Uint32Array(messages);
    if (this.#runOf.length < columns.octets.length) this.#runOf = new Uint16Array(columns.octets.length);
    const runOf = this.#runOf.fill(0);
    const places = this.#places.fill(0);
    let least = Number.MAX_SAFE_INTEGER;
    let most = 0;
    for (const run of runs) {
      for (let i = this.#from(run); i < this.#ends[run]; i++) {
        const row = rows[i];
        runOf[row] = run + 1;
        places[place(columns, row) + 1]++;
        if (row < least) least = row;
        if (row > most) most = row;
      }
    }
    for (let i = 1; i < LENGTHS; i++) places[i] += places[i - 1];
    for (let row = least; row <= most; row++) if (runOf[row] !== 0) this.#sorted[places[place(columns, row)]++] = row;
  }
}

/** XORs what a kernel gave over the messages `rows[from]` to `rows[to - 1]`. */
function xorStream(
  stream: Uint8Array<ArrayBuffer>,
  stride: number,
  columns: MessageColumns,
  rows: Uint32Array,
  from: number,
  to: number,
  arena: Uint32Array,
): void {
  const words = new Uint32Array(stream.buffer, stream.byteOffset, stream.length >>> 2);
  for (let i = from, begin = 0; i < to; i++, begin += stride >>> 2) {
    const at = columns.at[rows[i]];
    const octets = columns.octets[rows[i]];
    const whole = octets >>> 2;
    for (let word = 0; word < whole; word++) arena[at + word] ^= words[begin + word];
    if ((octets & 3) !== 0) arena[at + whole] ^= words[begin + whole] & lastWordMask(octets);
  }
}

/** Where a message is sorted. */
function place(columns: MessageColumns, row: number): number {
  return Math.min(wordsOf(columns, row), LENGTHS - 1);
}

function wordsOf(columns: MessageColumns, row: number): number {
  return (columns.octets[row] + 3) >>> 2;
}
