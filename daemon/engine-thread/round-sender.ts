// The end of a ring of rounds at which slots are filled. When all are full it waits for the other end.

import type { MessagePort } from 'node:worker_threads';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { MessageTable } from '../engine/message-table.ts';
import { type OpenedMessage, RING_SLOTS, type RoundStanding, type ThreadMessage } from './round-messages.ts';
import { RoundSlot } from './round-slot.ts';

/** See the head of the file. */
export class RoundSender {
  readonly #port: MessagePort;
  readonly #slots = Array.from({ length: RING_SLOTS }, () => new RoundSlot());
  readonly #taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #filled = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Says that the input is open. Comes first. */
  opened(input: Pick<OpenedMessage, 'total' | 'descriptor'>): void {
    const ring = this.#slots.map(({ memory }) => memory);
    const taken = this.#taken.buffer;
    const said: OpenedMessage = { ...input, kind: 'opened', ring, taken };
    this.#port.postMessage(said, []);
  }

  /** Says something else that is no round. */
  say(message: Exclude<ThreadMessage, { kind: 'opened' | 'round' }>): void {
    this.#port.postMessage(message, []);
  }

  /** Hands frames from row `from` on and before row `until` over, with their messages, as soon as a slot is free. */
  hand(batch: FrameBatch, from: number, until: number, table: MessageTable, standing: RoundStanding): void {
    for (;;) {
      const taken = Atomics.load(this.#taken, 0);
      if (this.#filled - taken < RING_SLOTS) break;
      Atomics.wait(this.#taken, 0, taken);
    }
    const round = this.#slots[this.#filled % RING_SLOTS].fill(batch, from, until, table);
    this.#filled++;
    const said: ThreadMessage = { ...round, ...standing, kind: 'round' };
    this.#port.postMessage(said, []);
  }
}
