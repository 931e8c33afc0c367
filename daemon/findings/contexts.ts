// What the findings remember of a context as the air shows it (destination, source, PGK index, PTK id), beside the
// engine's own table of contexts: its slots are the places here, and the ids tell when a slot was given to another.

import { type MessageTable, NONE } from '../engine/message-table.ts';
import { grown } from '../engine/slot-table.ts';

const FIRST_SLOTS = 1024;

/** Columns by the engine's context slot. */
export class ContextColumns {
  /** Messages so far, and those of them that were forged. */
  messages = new Float64Array(FIRST_SLOTS);
  forged = new Float64Array(FIRST_SLOTS);
  /** 1 where a message opened. */
  opened = new Uint8Array(FIRST_SLOTS);
  /** Stream used last, or -1: looked at first. */
  stream = new Int32Array(FIRST_SLOTS);

  #source = new Uint32Array(FIRST_SLOTS);
  #destination = new Uint32Array(FIRST_SLOTS);
  #ptkId = new Uint16Array(FIRST_SLOTS);

  /** The place of a message's context, fresh where it is another one than before; NONE where it has none. */
  at(table: MessageTable, row: number): number {
    const slot = table.context[row];
    if (slot === NONE) return NONE;
    if (slot >= this.messages.length) this.#grow(slot);
    const source = ((table.source[row] << 8) | table.pgkIndex[row]) >>> 0;
    const destination = ((table.destination[row] << 8) | table.version[row]) >>> 0;
    const ptkId = table.ptkId[row];
    if (
      this.messages[slot] === 0 ||
      this.#source[slot] !== source ||
      this.#destination[slot] !== destination ||
      this.#ptkId[slot] !== ptkId
    ) {
      this.#source[slot] = source;
      this.#destination[slot] = destination;
      this.#ptkId[slot] = ptkId;
      this.messages[slot] = 0;
      this.forged[slot] = 0;
      this.opened[slot] = 0;
      this.stream[slot] = NONE;
    }
    return slot;
  }

  #grow(slot: number): void {
    let length = this.messages.length;
    while (length <= slot) length *= 2;
    this.messages = grown(this.messages, length);
    this.forged = grown(this.forged, length);
    this.opened = grown(this.opened, length);
    this.stream = grown(this.stream, length);
    this.#source = grown(this.#source, length);
    this.#destination = grown(this.#destination, length);
    this.#ptkId = grown(this.#ptkId, length);
  }
}
