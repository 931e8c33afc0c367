// Key stream by the batch (architecture, decision 3): before a batch is judged, every message whose context is already
// proved is deciphered under the key that proved it, all messages of the batch in one call. This looks ahead and changes
// nothing that judgement depends on: a message for which it guessed wrong is deciphered again on its own.

import { CIPHER_RUNS_CAP, CipherRuns } from '../../dissectors/security/cipher-runs.ts';
import { MessageFlag, type MessageTable, NONE } from './message-table.ts';
import type { TrafficKeys } from './traffic-keys.ts';
import type { WireContexts } from './wire-contexts.ts';

/** Reused columns that sort the rows of a batch by traffic key. */
export class BatchDecipher {
  #rows = new Uint32Array(4096);
  // Rows of one traffic key are a linked list through `#next`; `#first` is by slot and made empty again after use.
  #next = new Int32Array(4096);
  #first = new Int32Array(1024).fill(NONE);
  #slots = new Uint32Array(1024);
  readonly #runs = new CipherRuns();
  readonly #wires: WireContexts;
  readonly #traffic: TrafficKeys;

  constructor(wires: WireContexts, traffic: TrafficKeys) {
    this.#wires = wires;
    this.#traffic = traffic;
  }

  /** Deciphers what can be deciphered at once. Sets `deciphered`, `traffic`, `epoch` and `context` of those rows. */
  run(table: MessageTable): void {
    const { count } = table;
    if (this.#next.length < count) {
      this.#next = new Int32Array(table.frameRow.length);
      this.#rows = new Uint32Array(table.frameRow.length);
    }
    const generations = this.#traffic.slots.generation;
    if (this.#first.length < generations.length) {
      this.#first = new Int32Array(generations.length).fill(NONE);
      this.#slots = new Uint32Array(generations.length);
    }
    let used = 0;
    for (let row = count - 1; row >= 0; row--) {
      if ((table.flags[row] & MessageFlag.damaged) !== 0) continue;
      if (table.pgkIndex[row] === 0 && table.ptkId[row] === 0) continue;
      const wire = this.#wires.find(
        table.destination[row],
        table.version[row],
        table.source[row],
        table.pgkIndex[row],
        table.ptkId[row],
      );
      if (wire === NONE) continue;
      table.context[row] = wire;
      const slot = this.#wires.traffic[wire];
      if (slot === NONE || generations[slot] !== this.#wires.trafficGeneration[wire]) continue;
      table.copyToPlain(row);
      table.deciphered[row] = 1;
      table.traffic[row] = slot;
      table.epoch[row] = this.#wires.provedEpoch[wire];
      if (this.#first[slot] === NONE) this.#slots[used++] = slot;
      this.#next[row] = this.#first[slot];
      this.#first[slot] = row;
    }
    if (used === 0) return;
    const columns = { count: table.counter, bearer: table.lcid, octets: table.length, at: table.plainWord };
    let rows = 0;
    for (let i = 0; i < used; i++) {
      const slot = this.#slots[i];
      for (let row = this.#first[slot]; row !== NONE; row = this.#next[row]) this.#rows[rows++] = row;
      this.#first[slot] = NONE;
      this.#runs.add(this.#traffic.cipher(slot), rows);
      if (this.#runs.count < CIPHER_RUNS_CAP && i < used - 1) continue;
      this.#runs.apply(columns, this.#rows, table.words);
      rows = 0;
    }
  }
}
