// What all messages of one sender under one key have in common when they are written out, made once and remembered.

import type { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { PieceStore } from '../../dissectors/piece-store.ts';
import type { Group } from '../keyring/keyring.ts';
import { hasOneName, memberName, memberStay } from '../keyring/member-name.ts';
import { type MessageTable, NONE } from './message-table.ts';

/** Makes the octets of a sender from one of its rows. `group` and `name` are null where they are not known. */
export type DescribeSender = (table: MessageTable, row: number, group: Group | null, name: string | null) => Uint8Array;

const NO_OCTETS = new Uint8Array(0);
const NOT_FOUND = -1;
/** In place of a stay: that of every instant. */
const ANY_STAY = -1;
/** Values of pieces: the octets, or that they depend on the stay. */
const OCTETS = 0;
const BY_STAY = 1;

/** The senders of one capture. */
export class SenderPieces {
  readonly #groups: readonly Group[];
  readonly #describe: DescribeSender;
  /** By group, version and header (LCID, SDU type, PGK index), source, destination, epoch, PTK id, stay. */
  readonly #senders = new PieceStore(7);

  /** @param groups those of the keyring that the rows were judged with */
  constructor(groups: readonly Group[], describe: DescribeSender) {
    this.#groups = groups;
    this.#describe = describe;
  }

  /** Writes the octets of a row's sender. */
  write(table: MessageTable, row: number, out: AsciiWriter): void {
    const senders = this.#senders;
    const { key } = senders;
    key[0] = table.group[row];
    key[1] = (table.version[row] << 24) | (table.lcid[row] << 16) | (table.sduType[row] << 8) | table.pgkIndex[row];
    key[2] = table.source[row];
    key[3] = table.destination[row];
    key[4] = table.epoch[row];
    key[5] = table.ptkId[row];
    key[6] = ANY_STAY;
    let sender = senders.find();
    if (sender === NOT_FOUND) sender = this.#learn(table, row);
    if (senders.value(sender) === BY_STAY) {
      key[6] = memberStay(this.#groups[key[0]], table.source[row], table.time[row]);
      sender = senders.find();
      if (sender === NOT_FOUND) sender = senders.put(this.#octets(table, row), OCTETS);
    }
    senders.write(sender, out);
  }

  /** Keeps what is new here: its octets, or that it has several names. */
  #learn(table: MessageTable, row: number): number {
    const group = table.group[row];
    const hasSeveral = group !== NONE && !hasOneName(this.#groups[group], table.source[row]);
    return hasSeveral ? this.#senders.put(NO_OCTETS, BY_STAY) : this.#senders.put(this.#octets(table, row), OCTETS);
  }

  #octets(table: MessageTable, row: number): Uint8Array {
    const group = table.group[row];
    const known = group === NONE ? null : this.#groups[group];
    const name = known === null ? null : memberName(known, table.source[row], table.time[row]);
    return this.#describe(table, row, known, name);
  }
}
