// The end of a ring of rounds at which slots are filled. When all are full it waits for the other end.

import type { MessagePort } from 'node:worker_threads';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { MessageTable } from '../engine/message-table.ts';
import type { OpenedMessage, RoundStanding, ThreadMessage } from './round-messages.ts';
import { RoundSlot } from './round-slot.ts';

/** See the head of the file. */
export class RoundSender {
  readonly #port: MessagePort;
  readonly #slots: RoundSlot[] = [];
  readonly #taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #filled = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Whether a round can be handed over at once. */
  get hasRoom(): boolean {
    return this.#filled - Atomics.load(this.#taken, 0) < this.#slots.length;
  }

  /** Says that the input is open, with a ring of so many slots. Comes first where rounds are handed over from here. */
  opened(input: Pick<OpenedMessage, 'total' | 'descriptor'>, slots: number): void {
    for (let slot = 0; slot < slots; slot++) this.#slots.push(new RoundSlot());
    this.say({ ...input, kind: 'opened', ring: this.#slots.map(({ memory }) => memory), taken: this.#taken.buffer });
  }

  /** Says something that is no round of this end, or passes one on that stays in its slot. */
  say(message: ThreadMessage): void {
    this.#port.postMessage(message, []);
  }

  /** Hands frames from row `from` on and before row `until` over, with their messages, as soon as a slot is free. */
  hand(batch: FrameBatch, from: number, until: number, table: MessageTable, standing: RoundStanding): void {
    for (;;) {
      const taken = Atomics.load(this.#taken, 0);
      if (this.#filled - taken < this.#slots.length) break;
      Atomics.wait(this.#taken, 0, taken);
    }
    const round = this.#slots[this.#filled % this.#slots.length].fill(batch, from, until, table);
    this.#filled++;
    this.say({ ...round, ...standing, kind: 'round' });
  }
}
