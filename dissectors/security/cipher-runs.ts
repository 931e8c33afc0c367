// The messages of a batch under many keys of SNOW 3G and ZUC: key stream is made for up to 128 of them in a call of a kernel
// whatever their keys are (wasm/key-stream-kernel.ts), in the order of the batch, in which octets lie in memory. Keys are
// taken from where they stand: where senders are many, a cipher object for each would be made for one message.

import { CIPHER_KEY_OCTETS, checkRows, type MessageColumns } from './traffic-cipher.ts';
import {
  ENTRY_WORDS,
  KERNEL_MESSAGES,
  KERNEL_WORDS,
  type KeyStreamKernel,
  strideOf,
} from './wasm/key-stream-kernel.ts';
import type { WordStream, WordStreamCipher } from './word-stream-cipher.ts';
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

/** Runs of messages, each under one key. */
export class CipherRuns {
  #count = 0;
  readonly #streams: WordStream[] = [];
  /** Where the key of each stands: its first word among some. */
  readonly #keys: Uint32Array[] = [];
  readonly #keyAt = new Uint32Array(CIPHER_RUNS_CAP);
  /** The place behind the rows of each. */
  readonly #ends = new Uint32Array(CIPHER_RUNS_CAP);
  /** Rows of messages sorted by length. */
  #sorted = new Uint32Array(0);
  /** The run that a row is of, and 1; 0 where it is of none that are applied together. */
  #runOf = new Uint16Array(0);
  readonly #places = new Uint32Array(LENGTHS + 1);
  /** A cipher of each algorithm, which takes the key of whatever it is to decipher. */
  readonly #ciphers = new Map<WordStream, WordStreamCipher>();
  readonly #pek = new Uint32Array(CIPHER_KEY_OCTETS / 4);
  readonly #pekOctets = new Uint8Array(this.#pek.buffer);

  /** Runs gathered so far, at most CIPHER_RUNS_CAP. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds the messages from the end of the last run on.
   *
   * @param keys PEKs as host words, which stand there until `apply`; that of these messages begins at word `keyAt`
   * @param end the place behind its rows, among those that `apply` will be given
   */
  add(stream: WordStream, keys: Uint32Array, keyAt: number, end: number): void {
    this.#streams[this.#count] = stream;
    this.#keys[this.#count] = keys;
    this.#keyAt[this.#count] = keyAt;
    this.#ends[this.#count++] = end;
  }

  /**
   * XORs the key stream over all messages, in place, as `TrafficCipher.apply` does for each run, DIRECTION being 0. There
   * are no runs behind it.
   *
   * @param elsewhere where it is given, messages are not in the arena yet, and what kernels make for them goes there
   * @throws RangeError when a message reaches beyond the arena; then no message is touched
   */
  apply(columns: MessageColumns, rows: Uint32Array, arena: Uint32Array, elsewhere: StreamXor | null = null): void {
    const count = this.#count;
    this.#count = 0;
    if (count > 0) checkRows(columns, rows, 0, this.#ends[count - 1], arena);
    const together = new Map<WordStream, number[]>();
    for (let run = 0; run < count; run++) {
      const runs = together.get(this.#streams[run]);
      if (runs === undefined) together.set(this.#streams[run], [run]);
      else runs.push(run);
    }
    for (const [stream, runs] of together) this.#applyTogether(stream, runs, columns, rows, arena, elsewhere);
  }

  /** Wipes keys and key stream of the last messages. */
  wipe(): void {
    for (const [stream, cipher] of this.#ciphers) {
      cipher.rekey(this.#pekOctets, 0);
      stream.wipe();
    }
  }

  #from(run: number): number {
    return run === 0 ? 0 : this.#ends[run - 1];
  }

  /** Runs of one algorithm. */
  #applyTogether(
    stream: WordStream,
    runs: readonly number[],
    columns: MessageColumns,
    rows: Uint32Array,
    arena: Uint32Array,
    elsewhere: StreamXor | null,
  ): void {
    const messages = runs.reduce((sum, run) => sum + this.#ends[run] - this.#from(run), 0);
    const kernel = messages < stream.kernelMessages ? null : stream.kernel(messages);
    if (!this.#ciphers.has(stream)) this.#ciphers.set(stream, stream.cipher(new Uint8Array(CIPHER_KEY_OCTETS)));
    if (kernel === null) {
      for (const run of runs) {
        const [from, to] = [this.#from(run), this.#ends[run]];
        if (elsewhere !== null) for (let i = from; i < to; i++) elsewhere.prepare(rows[i]);
        this.#cipher(run).apply(columns, rows, from, to, arena);
      }
      return;
    }
    this.#sort(runs, messages, columns, rows);
    const sorted = this.#sorted;
    let i = 0;
    while (messages - i >= stream.kernelMessages) {
      const end = Math.min(messages, i + KERNEL_MESSAGES);
      const words = this.#enlist(stream, kernel, columns, i, end);
      if (words > KERNEL_WORDS) break;
      if (words > 0) {
        const octets = kernel.run(end - i, words);
        if (elsewhere !== null) elsewhere.xor(sorted, i, end, octets, strideOf(words));
        else xorStream(octets, strideOf(words), columns, sorted, i, end, arena);
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
  #enlist(stream: WordStream, kernel: KeyStreamKernel, columns: MessageColumns, from: number, to: number): number {
    const { list } = kernel;
    let words = 0;
    for (let i = from, at = 0; i < to; i++, at += ENTRY_WORDS) {
      const row = this.#sorted[i];
      const run = this.#runOf[row] - 1;
      stream.list(list, at, this.#keys[run], this.#keyAt[run], columns.count[row], columns.bearer[row]);
      words = Math.max(words, wordsOf(columns, row));
    }
    return words;
  }

  /** A cipher with the key of a run, until the next call. */
  #cipher(run: number): WordStreamCipher {
    const cipher = this.#ciphers.get(this.#streams[run]) as WordStreamCipher;
    const keyAt = this.#keyAt[run];
    for (let word = 0; word < this.#pek.length; word++) this.#pek[word] = this.#keys[run][keyAt + word];
    cipher.rekey(this.#pekOctets, 0);
    this.#pek.fill(0);
    return cipher;
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
