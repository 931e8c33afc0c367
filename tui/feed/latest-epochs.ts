// What a daemon said last of each epoch of a PGK: a record comes whenever something of it changes.

import type { EpochEvent } from '../../daemon/events.ts';

/** Constants we chose: epochs that are kept. Above it the one of which nothing was said for longest is forgotten. */
export const EPOCH_CAP = 4096;

/** See the head of the file. */
export class LatestEpochs {
  readonly #records = new Map<string, EpochEvent>();

  /** Takes a record, in place of an earlier one of the same group, PGK id and begin of validity. */
  take(record: EpochEvent): void {
    const key = `${record.group}/${record.pgkId}/${record.notBefore}`;
    // A map keeps the order in which its keys came: who comes again goes to the end.
    this.#records.delete(key);
    this.#records.set(key, record);
    if (this.#records.size <= EPOCH_CAP) return;
    const [oldest] = this.#records.keys();
    this.#records.delete(oldest);
  }

  /** All that are kept, the one that was told last at the end. */
  all(): readonly EpochEvent[] {
    return [...this.#records.values()];
  }
}
