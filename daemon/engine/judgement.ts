// What an engine knows of keys: contexts, traffic keys, and who judges with them. Messages are prepared by the round and
// judged one by one, in the order of the capture.

import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import { BatchDecipher } from './decipher-batch.ts';
import { FirstMessages } from './first-messages.ts';
import { type Attempt, Judge } from './judge.ts';
import { createKernelJudging, type KernelJudging } from './kernel-judging.ts';
import { type MessageTable, VerdictCode } from './message-table.ts';
import { TrafficKeys } from './traffic-keys.ts';
import { WireContexts } from './wire-contexts.ts';

/** What judging goes by. */
export interface JudgementOptions {
  readonly index: KeyIndex;
  /** Whether plaintext under keys that are not active may leave. */
  readonly allowStale?: boolean;
}

/** See the head of the file. */
export class Judgement {
  readonly #wires: WireContexts;
  readonly #traffic: TrafficKeys;
  readonly #usual: KernelJudging | null;
  readonly #batchDecipher: BatchDecipher;
  readonly #judge: Judge;

  /** @param shared memory in which all rounds lie, where threads share it (round-kernel.ts) */
  constructor({ index, allowStale = false }: JudgementOptions, shared: SharedMemory | null = null) {
    const firsts = new FirstMessages(index);
    const usual = shared === null ? null : createKernelJudging(index, allowStale, shared);
    this.#wires = usual?.wires ?? new WireContexts();
    this.#traffic = usual?.traffic ?? new TrafficKeys();
    this.#usual = usual;
    this.#batchDecipher = new BatchDecipher(this.#wires, this.#traffic, firsts, shared);
    this.#judge = new Judge({ index, wires: this.#wires, traffic: this.#traffic, firsts, allowStale, usual });
  }

  /** Messages for which the trial budget ran out. */
  get trialLimited(): number {
    return this.#judge.trialLimited;
  }

  /** What bounded tables gave up, by table. */
  evictions(): Readonly<Record<'contexts' | 'traffic-keys', number>> {
    return { contexts: this.#wires.evictions, 'traffic-keys': this.#traffic.slots.evictions };
  }

  /** Deciphers what can be deciphered at once, of all messages in the table. */
  prepare(table: MessageTable): void {
    if (table.count > 0) this.#batchDecipher.run(table);
    this.#usual?.begin(table);
  }

  /** Gives messages their verdict, from row `from` on and before row `until`. */
  judge(table: MessageTable, from: number, until: number): void {
    this.#judge.judge(table, from, until);
  }

  /**
   * Judges a message that was told before once more: a key arrived since. The keys of its context are known to later
   * messages.
   *
   * @param table not the engine's own; its columns are as reassembly left them, the verdict is the one told before
   * @returns whether its verdict is another one now than `no-key` or `forged`
   */
  judgeAgain(table: MessageTable, row: number): boolean {
    const { trialLimited } = this.#judge;
    this.#judge.judge(table, row, row + 1);
    this.#judge.trialLimited = trialLimited;
    const verdict = table.verdict[row];
    return verdict !== VerdictCode.noKey && verdict !== VerdictCode.forged;
  }

  /** Wipes what was derived from these PGKs, by serial: they were destroyed, or are used in another way now. */
  forgetKeys(serials: ReadonlySet<number>): void {
    this.#traffic.forget(serials);
    // Key stream of the last messages may be theirs.
    this.#batchDecipher.forget();
  }

  /** Wipes the traffic keys, and key stream. */
  close(): void {
    this.#traffic.forgetAll();
    this.#batchDecipher.forget();
  }

  /** Writes down each key tried from here on; null ends it. Whoever reads the list empties it after each message. */
  traceInto(attempts: Attempt[] | null): void {
    this.#judge.trace = attempts;
  }
}
