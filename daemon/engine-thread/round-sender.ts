// The end of a ring of rounds at which slots are filled. When all are full it waits for the other end.

import type { MessagePort } from 'node:worker_threads';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import type { MessageTable } from '../engine/message-table.ts';
import { createRingMemory } from './ring-memory.ts';
import type { OpenedMessage, RoundStanding, ThreadMessage } from './round-messages.ts';
import { COLUMN_OCTETS, RoundSlot } from './round-slot.ts';

/** See the head of the file. */
export class RoundSender {
  readonly #port: MessagePort;
  readonly #slots: RoundSlot[] = [];
  readonly #taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #filled = 0;
  #shared: SharedMemory | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Memory in which octets, arenas and columns of all slots lie; null: there is none. */
  get shared(): SharedMemory | null {
    return this.#shared;
  }

  /** Whether a round can be handed over at once. */
  get hasRoom(): boolean {
    return this.#filled - Atomics.load(this.#taken, 0) < this.#slots.length;
  }

  /** The slot of the next round, as soon as it is free. */
  next(): RoundSlot {
    for (;;) {
      const taken = Atomics.load(this.#taken, 0);
      if (this.#filled - taken < this.#slots.length) return this.#slots[this.#filled % this.#slots.length];
      Atomics.wait(this.#taken, 0, taken);
    }
  }

  /** Says that the input is open, with a ring of so many slots. Comes first where rounds are handed over from here. */
  opened(input: Pick<OpenedMessage, 'total' | 'descriptor'>, slots: number): void {
    const ring = createRingMemory(slots, COLUMN_OCTETS);
    this.#shared = ring.shared;
    for (const memory of ring.slots) this.#slots.push(new RoundSlot(memory));
    this.say({ ...input, kind: 'opened', ring, taken: this.#taken.buffer });
  }

  /** Says something that is no round of this end, or passes one on that stays in its slot. */
  say(message: ThreadMessage): void {
    this.#port.postMessage(message, []);
  }

  /** Hands frames from row `from` on and before row `until` over, with their messages, as soon as a slot is free. */
  hand(batch: FrameBatch, from: number, until: number, table: MessageTable, standing: RoundStanding): void {
    const round = this.next().fill(batch, from, until, table);
    this.#filled++;
    this.say({ ...round, ...standing, kind: 'round' });
  }
}
