// Messages of a round, deciphered in the memory of a kernel: their octets go there in one piece, and the arena that
// everything reads afterwards lies there (docs/performance.md). Where threads share that memory, octets and arena lie in it
// from the start. The slow twin is `MessageTable.copyToPlain` and `TrafficCipher.apply`.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { CALL_BLOCKS } from '../../dissectors/security/aes-eea2.ts';
import type { MessageColumns, TrafficCipher } from '../../dissectors/security/algorithm.ts';
import type { StreamXor } from '../../dissectors/security/cipher-runs.ts';
import { createMessageKernel, type MessageKernel } from '../../dissectors/security/wasm/message-kernel.ts';
import {
  Entry,
  LIST_WORDS,
  MESSAGE_KERNEL_OCTETS,
  MESSAGE_READ_BEHIND_OCTETS,
} from '../../dissectors/security/wasm/message-list.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { GatherKernel } from './gather-kernel.ts';
import { Listed } from './gather-rows.ts';
import { messageColumnsAt } from './message-columns.ts';
import { type MessageTable, PLAIN_OCTETS, Place } from './message-table.ts';
import { createSharedMessageKernel } from './shared-tables.ts';

// We chose.
/** Messages that a process deciphers ahead before a kernel is built, which takes as long as it saves with so many. */
const MESSAGES_BEFORE_KERNEL = 16_384;
/** Octets of a batch that one copy brings to the kernel: what a window of a file holds. */
const RAW_OCTETS = 1 << 20;
/** Octets a message, above which copying what lies between the messages costs more than the kernel saves. */
const SPARSEST = 1024;
/** A round may be above its cap by the messages of one frame, and each SDU begins on a boundary. */
const ARENA_OCTETS = PLAIN_OCTETS + (PLAIN_OCTETS >>> 3);

// Memory of a kernel that shares it with nobody, in octets.
const RAW_AT = MESSAGE_KERNEL_OCTETS;
const ARENA_AT = (RAW_AT + RAW_OCTETS + MESSAGE_READ_BEHIND_OCTETS + 15) & ~15;

/** Octets of key stream that one call of the kernel takes. */
const CALL_OCTETS = CALL_BLOCKS * 16;

/** A cipher whose key stream is enciphered counter blocks. */
type CounterCipher = TrafficCipher & Required<Pick<TrafficCipher, 'encipherBlocks'>>;

/** Whether it is one. */
export function isCounterCipher(cipher: TrafficCipher): cipher is CounterCipher {
  return cipher.encipherBlocks !== undefined;
}

/** See the head of the file. */
export class RoundKernel implements StreamXor {
  readonly #shared: SharedMemory | null;
  #messages = 0;
  #kernel: MessageKernel | null | undefined;
  /** What is not shared: octets as they were on the air, and the arena as octets and as words. */
  #raw = new Uint8Array(0);
  #arena = new Uint8Array(0);
  #words = new Uint32Array(0);
  /** What turns an octet of the batch into an address, and where the arena begins. */
  #rawAt = 0;
  #arenaAt = 0;
  /** The table whose round was begun. */
  #table: MessageTable | null = null;
  readonly #oneRow = new Uint32Array(1);
  /** Blocks of the messages that are listed. */
  #blocks = 0;

  /** @param shared memory in which batches and arenas lie, with room for the kernel (shared-layout.ts); null: they lie elsewhere */
  constructor(shared: SharedMemory | null = null) {
    this.#shared = shared;
  }

  /** Octet of the memory that threads share at which the columns of a table begin; -1 where they lie elsewhere, or there is none. */
  columnsAt(table: MessageTable): number {
    return this.#shared === null ? -1 : messageColumnsAt(table, this.#shared.buffer);
  }

  /** Messages were deciphered without: once there were enough, the next round has a kernel. */
  waitFor(messages: number): void {
    if (this.#kernel !== undefined) return;
    this.#messages += messages;
    if (this.#messages >= MESSAGES_BEFORE_KERNEL) this.#build();
  }

  /** Gives an empty table the memory of the kernel as its arena, where it has none there; false where there is no kernel. */
  attach(table: MessageTable): boolean {
    // Threads are started for large captures, where it pays from the first round on.
    if (this.#kernel === undefined && this.#shared !== null) this.#build();
    const kernel = this.#kernel;
    if (kernel === undefined || kernel === null || table.plainLength > 0) return false;
    if (this.#shared === null) {
      table.plain = this.#arena;
      table.words = this.#words;
    }
    return table.plain.buffer === kernel.memory;
  }

  /**
   * Takes in the octets of a round.
   *
   * @param table one that was attached
   * @param from octet of the batch at which the first message to be deciphered begins; above `end` where all were joined
   * @param end octet behind the last one
   * @param messages to be deciphered; all have room in the table's arena
   * @returns false where this round goes without the kernel
   */
  begin(table: MessageTable, from: number, end: number, messages: number): boolean {
    const kernel = this.#kernel as MessageKernel;
    // A round that is larger than any should be has grown out of the kernel's memory.
    if (table.plain.buffer !== kernel.memory) return false;
    this.#table = table;
    this.#arenaAt = table.plain.byteOffset;
    if (from >= end) return true;
    const { bytes } = table.batch as FrameBatch;
    if (bytes.buffer === kernel.memory) {
      this.#rawAt = bytes.byteOffset;
      return true;
    }
    if (this.#shared !== null || end - from > Math.min(RAW_OCTETS, messages * SPARSEST)) return false;
    this.#raw.set(bytes.subarray(from, end));
    this.#rawAt = RAW_AT - from;
    return true;
  }

  #build(): void {
    if (this.#shared !== null) {
      this.#kernel = createSharedMessageKernel(this.#shared);
      return;
    }
    this.#kernel = createMessageKernel(ARENA_AT + ARENA_OCTETS + MESSAGE_READ_BEHIND_OCTETS);
    if (this.#kernel === null) return;
    const memory = this.#kernel.memory as ArrayBuffer;
    this.#raw = new Uint8Array(memory, RAW_AT, RAW_OCTETS);
    this.#arena = new Uint8Array(memory, ARENA_AT, ARENA_OCTETS);
    this.#words = new Uint32Array(memory, ARENA_AT, ARENA_OCTETS >>> 2);
  }

  /**
   * Deciphers the messages `rows[from]` to `rows[to - 1]`, all of one key. Sets `sum` of those rows.
   *
   * @param cipher one that enciphers counter blocks
   */
  decipher(
    cipher: CounterCipher,
    columns: MessageColumns,
    table: MessageTable,
    rows: Uint32Array,
    from: number,
    to: number,
  ): void {
    const kernel = this.#kernel as MessageKernel;
    let first = from;
    while (first < to) {
      const end = this.#list(kernel, table, rows, first, to);
      if (end === first) {
        // Empty, or longer than a call.
        table.copyToPlain(rows[first]);
        cipher.apply(columns, rows, first, first + 1, table.words);
        table.sum[rows[first]] = 0;
        first++;
        continue;
      }
      const messages = end - first;
      kernel.xor(messages, cipher.encipherBlocks(kernel.layOut(messages, this.#blocks)));
      for (let at = Entry.sum as number; first < end; first++, at += LIST_WORDS)
        table.sum[rows[first]] = kernel.list[at];
    }
  }

  /**
   * The same for all messages of one key, in the memory that threads share.
   *
   * @param columnsAt as `columnsAt` has it
   * @param gatherer has put them together, and copied those that came in pieces
   * @param first one more than the row of the first
   */
  decipherAll(
    cipher: CounterCipher,
    columns: MessageColumns,
    table: MessageTable,
    columnsAt: number,
    gatherer: GatherKernel,
    first: number,
  ): void {
    const kernel = this.#kernel as MessageKernel;
    const { gathered, next } = gatherer;
    let rest = first;
    while (rest !== 0) {
      gatherer.list(columnsAt, rest, this.#rawAt, this.#arenaAt);
      const messages = gathered[Listed.messages];
      if (messages > 0) {
        kernel.xor(messages, cipher.encipherBlocks(kernel.layOut(messages, gathered[Listed.blocks])));
        gatherer.give(columnsAt, messages);
        rest = gathered[Listed.next];
        continue;
      }
      // Empty, or longer than a call.
      this.#oneRow[0] = rest - 1;
      this.decipher(cipher, columns, table, this.#oneRow, 0, 1);
      rest = next[rest - 1];
    }
  }

  /** Lists messages from `rows[first]` on, as many before `rows[end]` as one call takes. @returns the first that it does not take */
  #list(kernel: MessageKernel, table: MessageTable, rows: Uint32Array, first: number, end: number): number {
    let blocks = 0;
    let i = first;
    for (let at = 0; i < end; i++, at += LIST_WORDS) {
      const row = rows[i];
      const octets = table.length[row];
      const own = (octets + 15) >>> 4;
      if (own === 0 || blocks + own > CALL_BLOCKS) break;
      blocks += own;
      this.#enter(kernel, table, row, at, (blocks - own) << 4);
    }
    this.#blocks = blocks;
    return i;
  }

  prepare(row: number): void {
    this.#table?.copyToPlain(row);
  }

  /** Takes key stream of other ciphers to messages of the round that was begun. Sets `sum` of those rows. */
  xor(rows: Uint32Array, from: number, to: number, stream: Uint8Array<ArrayBuffer>, stride: number): void {
    const kernel = this.#kernel as MessageKernel;
    const table = this.#table as MessageTable;
    const most = Math.trunc(CALL_OCTETS / stride);
    for (let first = from; first < to; first += most) {
      const end = Math.min(to, first + most);
      const begin = (first - from) * stride;
      this.#xor(kernel, table, rows, first, end, stream.subarray(begin, begin + (end - first) * stride), stride);
    }
  }

  #xor(
    kernel: MessageKernel,
    table: MessageTable,
    rows: Uint32Array,
    from: number,
    to: number,
    stream: Uint8Array,
    stride: number,
  ): void {
    let listed = 0;
    for (let i = from, begin = 0; i < to; i++, begin += stride) {
      // An empty message is none to the kernel.
      if (table.length[rows[i]] > 0) this.#enter(kernel, table, rows[i], listed++ * LIST_WORDS, begin);
    }
    if (listed === 0) return;
    kernel.xor(listed, stream);
    for (let i = from, at = Entry.sum as number; i < to; i++) {
      if (table.length[rows[i]] === 0) continue;
      table.sum[rows[i]] = kernel.list[at];
      at += LIST_WORDS;
    }
  }

  /** Writes a message into the list from word `at` on. */
  #enter({ list }: MessageKernel, table: MessageTable, row: number, at: number, keyStream: number): void {
    const to = this.#arenaAt + table.plainWord[row] * 4;
    const isJoined = table.rawPlace[row] === Place.joined;
    if (isJoined) table.copyToPlain(row);
    list[at + Entry.from] = isJoined ? to : this.#rawAt + table.rawAt[row];
    list[at + Entry.to] = to;
    list[at + Entry.octets] = table.length[row];
    list[at + Entry.count] = table.counter[row];
    list[at + Entry.stream] = table.lcid[row] << 27;
    list[at + Entry.keyStream] = keyStream;
  }

  /** Wipes key stream of the last messages. */
  wipe(): void {
    this.#kernel?.wipe();
  }
}
