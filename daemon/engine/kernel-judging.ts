// Messages that next-messages.ts would judge, in rounds that lie in memory which threads share, for as long as they are usual
// datagrams: a kernel judges them (next-message-kernel.ts). Here is what it works with, and how long that holds.

import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import { contextRoom, trafficKeyRoom } from './judging-rooms.ts';
import { KnownEpochs } from './known-epochs.ts';
import { messageColumnsAt } from './message-columns.ts';
import type { MessageTable } from './message-table.ts';
import { buildNextMessageKernel, type NextMessageKernel } from './next-message-kernel.ts';
import { JUDGING_MEMORY_AT, NEXT_MESSAGE_KERNEL_AT } from './shared-layout.ts';
import { TrafficKeys } from './traffic-keys.ts';
import { WireContexts } from './wire-contexts.ts';

/** @param shared with room for the kernel that nobody has used before (shared-layout.ts) */
export function createKernelJudging(index: KeyIndex, allowStale: boolean, shared: SharedMemory): KernelJudging {
  return new KernelJudging(index, allowStale, shared);
}

/** See the head of the file. */
export class KernelJudging {
  /** What an engine remembers, some of it where the kernel has it at hand. */
  readonly wires: WireContexts;
  readonly traffic: TrafficKeys;
  readonly #memory: SharedArrayBuffer;
  readonly #kernel: NextMessageKernel | null;
  readonly #epochs: KnownEpochs;
  // The table that was prepared last; where it had its arena and its columns, and what had changed by then.
  #table: MessageTable | null = null;
  #plain: Uint8Array | null = null;
  #columns = -1;
  #changes = 0;

  constructor(index: KeyIndex, allowStale: boolean, shared: SharedMemory) {
    const { buffer } = shared;
    this.wires = new WireContexts(contextRoom(buffer, JUDGING_MEMORY_AT));
    this.traffic = new TrafficKeys(trafficKeyRoom(buffer, JUDGING_MEMORY_AT));
    this.#memory = buffer;
    this.#kernel = buildNextMessageKernel(shared);
    this.#epochs = new KnownEpochs(index, allowStale, buffer, NEXT_MESSAGE_KERNEL_AT);
  }

  /** A table was prepared: what is ready there holds as long as no context, and no key, has another one in its place. */
  begin(table: MessageTable): void {
    this.#table = table;
    this.#columns = messageColumnsAt(table, this.#memory);
    this.#plain = table.plain.buffer === this.#memory ? table.plain : null;
    this.#changes = this.#changesNow();
  }

  /** Whether messages of a table can be judged here. */
  has(table: MessageTable): boolean {
    if (this.#kernel === null || this.#columns < 0 || this.#table !== table || this.#plain !== table.plain)
      return false;
    return this.#changes === this.#changesNow();
  }

  /**
   * Judges messages from row `from` on and before row `until` of a table that can be judged here.
   *
   * @returns the row of the first that is another one, of which nothing is written; `until` where there is none
   */
  judge(table: MessageTable, from: number, until: number): number {
    const kernel = this.#kernel as NextMessageKernel;
    const { changes } = this.#epochs;
    const { byteOffset } = table.plain;
    let row = kernel.judge(this.#columns, byteOffset, from, until, changes);
    while (row < until && table.deciphered[row] !== 0 && this.#epochs.learn(table.epoch[row], table.time[row]))
      row = kernel.judge(this.#columns, byteOffset, row, until, changes);
    return row;
  }

  #changesNow(): number {
    return this.wires.changes + this.traffic.changes;
  }
}
