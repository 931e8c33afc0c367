// One message deciphered by itself, as a trial of a key does it. Most trials fail, and nearly all of these by the first block:
// the rest of the SDU is deciphered only where that block leaves anything open.

import { START_OCTETS, startIsNothing } from './evidence.ts';
import type { FirstMessages } from './first-messages.ts';
import type { MessageTable } from './message-table.ts';
import type { TrafficKeys } from './traffic-keys.ts';

// The specification says: the SDU types whose bodies have a known start (TS 36.323 Table 6.3.14.1), 0 IP and 1 ARP.
const SDU_ARP = 1;

const ONLY_ROW = new Uint32Array(1);

/** See the head of the file. */
export class OneMessage {
  readonly #traffic: TrafficKeys;
  readonly #firsts: FirstMessages;
  readonly #oneRow = new Uint32Array(1);
  /** The start of the message as a message of its own. */
  readonly #start = {
    count: new Uint32Array(1),
    bearer: new Uint8Array(1),
    octets: Uint32Array.of(START_OCTETS),
    at: new Uint32Array(1),
  };

  constructor(traffic: TrafficKeys, firsts: FirstMessages) {
    this.#traffic = traffic;
    this.#firsts = firsts;
  }

  /** Deciphers a message under a traffic key, by its slot, or takes what is ready. */
  decipher(table: MessageTable, row: number, slot: number): void {
    table.deciphered[row] = 1;
    table.traffic[row] = slot;
    if (this.#firsts.opens(table, row, slot, this.#traffic.generation[slot])) return;
    this.#firsts.overwrite(table, row);
    table.copyToPlain(row);
    this.#oneRow[0] = row;
    const columns = { count: table.counter, bearer: table.lcid, octets: table.length, at: table.plainWord };
    this.#traffic.cipher(slot).apply(columns, this.#oneRow, 0, 1, table.words);
    table.sum[row] = 0;
  }

  /**
   * The same for a trial of a key under which nothing is ready: behind the first block what stands in the arena is undefined
   * where that block already says that the body is nothing that checks know.
   *
   * @returns whether all of it is deciphered
   */
  tryKey(table: MessageTable, row: number, slot: number): boolean {
    const length = table.length[row];
    if (table.sduType[row] > SDU_ARP || length <= START_OCTETS) {
      this.decipher(table, row, slot);
      return true;
    }
    this.#firsts.overwrite(table, row);
    table.copyToPlain(row, START_OCTETS);
    const { count, bearer, at } = this.#start;
    count[0] = table.counter[row];
    bearer[0] = table.lcid[row];
    at[0] = table.plainWord[row];
    this.#traffic.cipher(slot).apply(this.#start, ONLY_ROW, 0, 1, table.words);
    if (!startIsNothing(table.plain, at[0] * 4, length)) {
      this.decipher(table, row, slot);
      return true;
    }
    table.deciphered[row] = 1;
    table.traffic[row] = slot;
    table.sum[row] = 0;
    return false;
  }
}
