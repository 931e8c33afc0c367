// Which messages pass a filter of a daemon: its answer bears the numbers of records, and may be ahead of the messages.

import type { SequenceLog } from './sequence-log.ts';

/** We chose: numbers that wait for their messages; the oldest go first. */
const WAITING_CAP = 1 << 17;

/** See the head of the file. */
export class FilterMatches {
  readonly #log: SequenceLog;
  #waiting: number[] = [];

  constructor(log: SequenceLog) {
    this.#log = log;
  }

  /** Takes numbers of records that pass, rising from call to call. @returns ordinals of those whose messages were told */
  take(seqs: readonly number[]): Uint32Array {
    this.#waiting = [...this.#waiting, ...seqs].slice(-WAITING_CAP);
    return this.told();
  }

  /** Messages were told since. @returns ordinals of those that waited for them; a record that no message came of has none */
  told(): Uint32Array {
    const last = this.#log.last ?? Number.NEGATIVE_INFINITY;
    const ahead = this.#waiting.findIndex((seq) => seq > last);
    const known = this.#waiting.splice(0, ahead < 0 ? this.#waiting.length : ahead);
    return Uint32Array.from(known.flatMap((seq) => this.#log.ordinalOf(seq) ?? []));
  }
}
