// What all messages of one sender under one key have in common when they are written out, made once and remembered.

import { PieceTable } from '../../dissectors/piece-table.ts';
import type { Group } from '../keyring/keyring.ts';
import { hasOneName, memberName } from '../keyring/member-name.ts';
import { type MessageTable, NONE } from './message-table.ts';

/** Makes the octets of a sender from one of its rows. `group` and `name` are null where they are not known. */
export type DescribeSender = (table: MessageTable, row: number, group: Group | null, name: string | null) => Uint8Array;

const NO_OCTETS = new Uint8Array(0);

class Sender {
  group = NONE;
  /** 0 to 3; no row has what stands here at first. */
  version = 255;
  source = 0;
  destination = 0;
  /** LCID, SDU type, PGK index. */
  header = 0;
  epoch = NONE;
  ptkId = 0;
  /** Name of the member, and whether it is the same at all times. */
  name: string | null = null;
  hasOneName = true;
  octets: Uint8Array = NO_OCTETS;
}

const NO_SENDER = new Sender();

/** The senders of one capture. */
export class SenderPieces {
  readonly #groups: readonly Group[];
  readonly #describe: DescribeSender;
  readonly #senders = new PieceTable(NO_SENDER);

  /** @param groups those of the keyring that the rows were judged with */
  constructor(groups: readonly Group[], describe: DescribeSender) {
    this.#groups = groups;
    this.#describe = describe;
  }

  /** The octets of a row's sender. */
  of(table: MessageTable, row: number): Uint8Array {
    const group = table.group[row];
    const version = table.version[row];
    const source = table.source[row];
    const destination = table.destination[row];
    const header = (table.lcid[row] << 16) | (table.sduType[row] << 8) | table.pgkIndex[row];
    const epoch = table.epoch[row];
    const ptkId = table.ptkId[row];
    const scattered = Math.imul(source, 0x85ebca6b) ^ Math.imul((epoch << 16) ^ ptkId, 0xc2b2ae35);
    const mixed = scattered ^ (scattered >>> 15) ^ destination ^ header ^ (version << 24);
    const { places } = this.#senders;
    const first = this.#senders.placeOf(mixed);
    for (let place = first; place <= first + 1; place++) {
      const known = places[place];
      if (
        known.source === source &&
        known.ptkId === ptkId &&
        known.group === group &&
        known.destination === destination &&
        known.header === header &&
        known.epoch === epoch &&
        known.version === version &&
        (known.hasOneName || known.name === memberName(this.#groups[group], source, table.time[row]))
      ) {
        return known.octets;
      }
    }
    const sender = new Sender();
    Object.assign(sender, { group, version, source, destination, header, epoch, ptkId });
    const known = group === NONE ? null : this.#groups[group];
    sender.hasOneName = known === null || hasOneName(known, source);
    sender.name = known === null ? null : memberName(known, source, table.time[row]);
    sender.octets = this.#describe(table, row, known, sender.name);
    this.#senders.put(first, sender);
    return sender.octets;
  }
}
