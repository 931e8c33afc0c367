// The roster of one group, in columns: two hundred thousand stays as objects, each with its addresses, took 90 MiB and
// longer to make than all that a message of each of these members costs.

import { grown } from '../engine/slot-table.ts';

/** One stay of a member in a group. */
export interface Member {
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  readonly name: string;
  /** IP addresses, 4 or 16 octets each. */
  readonly addresses: readonly Uint8Array[];
  /** From this instant on; null: always was. */
  readonly from: number | null;
  /** Until before this instant; null: still is. */
  readonly until: number | null;
}

/** A stay as a file says it; the name is null where it gives none. */
export interface MemberDraft extends Omit<Member, 'name'> {
  readonly name: string | null;
}

/** Stays up to 2^20, of ids of 24 bits: both fit into the whole numbers that a double holds. */
const PLACES = 2 ** 20;

const IPV4_OCTETS = 4;

/** Stands for no name: UTF-8 has no such octet. */
const NO_NAME = 0xff;

/** We chose: stays up to which the columns that a roster was made from serve for the next one. */
const SPARE_STAYS = 4096;
const FIRST_STAYS = 128;
/** Octets of names and addresses of a stay that there is room for at first. */
const NAME_ROOM = 32;
const ADDRESS_ROOM = 16;

/** See the head of the file. Nothing of it changes. A stay is named by its place in the order of the file. */
export class Roster {
  /** Stays; 0: the roster is unknown. */
  readonly length: number;
  /** Whether any stay lists addresses. */
  readonly hasAddresses: boolean;
  /** Whether a member has several stays. */
  readonly hasRepeats: boolean;
  readonly #ids: Uint32Array;
  /** UTF-8 and not texts: two hundred thousand of them the collector would carry along. */
  readonly #namesAt: Uint32Array;
  readonly #names: Uint8Array<ArrayBuffer>;
  /** Each is its length and its octets. */
  readonly #addressesAt: Uint32Array;
  readonly #addresses: Uint8Array;
  /** Null where all stays are for ever: most rosters say nothing else. */
  readonly #from: Float64Array | null;
  readonly #until: Float64Array | null;
  /** Stays by id, those of one member in the order of the file; null where the file has them so. And the id of each. */
  readonly #byId: Uint32Array | null;
  readonly #idsInOrder: Uint32Array;

  /** @param columns are copied */
  constructor(columns: RosterColumns) {
    const { length } = columns;
    this.length = length;
    this.#ids = columns.ids.slice(0, length);
    this.#namesAt = columns.namesAt.slice(0, length + 1);
    this.#names = columns.names.slice(0, columns.namesAt[length]);
    this.#addressesAt = columns.addressesAt.slice(0, length + 1);
    this.#addresses = columns.addresses.slice(0, columns.addressesAt[length]);
    this.hasAddresses = this.#addresses.length > 0;
    this.#from = columns.hasFrom ? columns.from.slice(0, length) : null;
    this.#until = columns.hasUntil ? columns.until.slice(0, length) : null;
    this.#byId = inOrderOfId(this.#ids);
    this.#idsInOrder = this.#byId === null ? this.#ids : this.#byId.map((stay) => this.#ids[stay]);
    this.hasRepeats = this.#idsInOrder.some((id, at) => at > 0 && this.#idsInOrder[at - 1] === id);
  }

  /** The first stay of a member, as a place in the order by id; -1 where it never was in the roster. */
  find(id: number): number {
    const ids = this.#idsInOrder;
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return this.isOf(low, id) ? low : -1;
  }

  /** Whether a place in the order by id is a stay of this member: its stays stand one behind the other. */
  isOf(place: number, id: number): boolean {
    return place >= 0 && place < this.length && this.#idsInOrder[place] === id;
  }

  /** The stay at a place in the order by id. */
  stayAt(place: number): number {
    return this.#byId === null ? place : this.#byId[place];
  }

  /** Layer-2 id of the member. */
  id(stay: number): number {
    return this.#ids[stay];
  }

  /** Name of the member; null where the file gives none. */
  name(stay: number): string | null {
    const at = this.#namesAt[stay];
    const end = this.#namesAt[stay + 1];
    const isNone = at < end && this.#names[at] === NO_NAME;
    return isNone ? null : Buffer.from(this.#names.buffer, at, end - at).toString('utf8');
  }

  /** When the stay begins, in milliseconds since 1970; negative infinity where it always was. */
  from(stay: number): number {
    return this.#from === null ? Number.NEGATIVE_INFINITY : this.#from[stay];
  }

  /** When it is over; infinity where it is not. */
  until(stay: number): number {
    return this.#until === null ? Number.POSITIVE_INFINITY : this.#until[stay];
  }

  /** Whether a stay covers an instant. */
  covers(stay: number, time: number): boolean {
    return this.from(stay) <= time && time < this.until(stay);
  }

  /** Whether a stay lists the address of `length` octets at `at`; null where it lists none of that length. */
  lists(stay: number, bytes: Uint8Array, at: number, length: number): boolean | null {
    const addresses = this.#addresses;
    const end = this.#addressesAt[stay + 1];
    let hasSome = false;
    for (let next = this.#addressesAt[stay]; next < end; next += addresses[next] + 1) {
      if (addresses[next] !== length) continue;
      hasSome = true;
      let same = 0;
      while (same < length && addresses[next + 1 + same] === bytes[at + same]) same++;
      if (same === length) return true;
    }
    return hasSome ? false : null;
  }

  /** A stay as an object that is the caller's; without a name where the file gives none. */
  draft(stay: number): MemberDraft {
    const addresses: Uint8Array[] = [];
    for (let next = this.#addressesAt[stay]; next < this.#addressesAt[stay + 1]; next += this.#addresses[next] + 1) {
      addresses.push(this.#addresses.slice(next + 1, next + 1 + this.#addresses[next]));
    }
    const [from, until] = [this.from(stay), this.until(stay)];
    return {
      id: this.#ids[stay],
      name: this.name(stay),
      addresses,
      from: from === Number.NEGATIVE_INFINITY ? null : from,
      until: until === Number.POSITIVE_INFINITY ? null : until,
    };
  }

  /** All stays in the order of the file, as objects that are the caller's. */
  drafts(): MemberDraft[] {
    return Array.from({ length: this.length }, (_, stay) => this.draft(stay));
  }
}

/** What a roster is made from: columns while they grow. */
class RosterColumns {
  length = 0;
  ids = new Uint32Array(FIRST_STAYS);
  /** Where the name of a stay begins, and behind the last where it ends; addresses in the same way. */
  namesAt = new Uint32Array(FIRST_STAYS + 1);
  addressesAt = new Uint32Array(FIRST_STAYS + 1);
  names = new Uint8Array(FIRST_STAYS * NAME_ROOM);
  addresses = new Uint8Array(FIRST_STAYS * ADDRESS_ROOM);
  /** Infinite where there is no such instant. */
  from = new Float64Array(FIRST_STAYS);
  until = new Float64Array(FIRST_STAYS);
  hasFrom = false;
  hasUntil = false;

  /** Makes room for a stay with so many octets of its name and its addresses. */
  reserve(name: number, addresses: number): void {
    const { length } = this;
    if (length === this.ids.length) {
      this.ids = grown(this.ids, length * 2);
      this.namesAt = grown(this.namesAt, length * 2 + 1);
      this.addressesAt = grown(this.addressesAt, length * 2 + 1);
      this.from = grown(this.from, length * 2);
      this.until = grown(this.until, length * 2);
    }
    const names = this.namesAt[length] + name;
    if (names > this.names.length) this.names = grown(this.names, names * 2);
    const all = this.addressesAt[length] + addresses;
    if (all > this.addresses.length) this.addresses = grown(this.addresses, all * 2);
  }
}

/** Columns that no roster is made from at the moment. */
let spare: RosterColumns | null = null;

/** Puts a roster together. */
export class RosterBuilder {
  readonly #columns: RosterColumns;

  constructor() {
    this.#columns = spare ?? new RosterColumns();
    spare = null;
  }

  /** Adds a stay behind the others; what is kept of it is copied. */
  add({ id, name, addresses, from, until }: MemberDraft): this {
    const columns = this.#columns;
    const octets = name === null ? Uint8Array.of(NO_NAME) : Buffer.from(name, 'utf8');
    columns.reserve(
      octets.length,
      addresses.reduce((sum, address) => sum + address.length + 1, 0),
    );
    const stay = columns.length;
    let end = columns.addressesAt[stay];
    for (const address of addresses) {
      columns.addresses[end] = address.length;
      columns.addresses.set(address, end + 1);
      end += address.length + 1;
    }
    columns.names.set(octets, columns.namesAt[stay]);
    if (from !== null) columns.hasFrom = true;
    if (until !== null) columns.hasUntil = true;
    this.#end(id, columns.namesAt[stay] + octets.length, end, from, until);
    return this;
  }

  /**
   * Adds a stay for ever.
   *
   * @param octets hold its name, in UTF-8, from `nameFrom` on and before `nameEnd`; none where that is -1
   * @param ipv4 addresses one behind the other
   * @param count of the addresses
   */
  addOctets(id: number, octets: Uint8Array, nameFrom: number, nameEnd: number, ipv4: Uint8Array, count: number): void {
    const columns = this.#columns;
    columns.reserve(nameEnd - nameFrom + 1, count * (IPV4_OCTETS + 1));
    const { names, addresses } = columns;
    const stay = columns.length;
    let name = columns.namesAt[stay];
    if (nameFrom < 0) names[name++] = NO_NAME;
    for (let at = nameFrom; at < nameEnd; at++) names[name++] = octets[at];
    let end = columns.addressesAt[stay];
    for (let at = 0; at < count * IPV4_OCTETS; at++) {
      if (at % IPV4_OCTETS === 0) addresses[end++] = IPV4_OCTETS;
      addresses[end++] = ipv4[at];
    }
    this.#end(id, name, end, null, null);
  }

  /** The roster; nothing can be added afterwards. */
  build(): Roster {
    const columns = this.#columns;
    const roster = new Roster(columns);
    if (columns.ids.length > SPARE_STAYS) return roster;
    columns.length = 0;
    columns.hasFrom = false;
    columns.hasUntil = false;
    spare = columns;
    return roster;
  }

  /** Ends the stay whose names and addresses were added, and end there. */
  #end(id: number, nameEnd: number, addressesEnd: number, from: number | null, until: number | null): void {
    const columns = this.#columns;
    const stay = columns.length++;
    columns.ids[stay] = id;
    columns.from[stay] = from ?? Number.NEGATIVE_INFINITY;
    columns.until[stay] = until ?? Number.POSITIVE_INFINITY;
    columns.namesAt[stay + 1] = nameEnd;
    columns.addressesAt[stay + 1] = addressesEnd;
  }
}

/** The roster of these stays, in their order. */
export function rosterOf(stays: readonly MemberDraft[]): Roster {
  const builder = new RosterBuilder();
  for (const stay of stays) builder.add(stay);
  return builder.build();
}

/** Stays by id; null where that is the order they have. */
function inOrderOfId(ids: Uint32Array): Uint32Array | null {
  // Most files list their members in that order: sorting took as long as all else that a roster is made of.
  let sorted = 1;
  while (sorted < ids.length && ids[sorted - 1] <= ids[sorted]) sorted++;
  if (sorted >= ids.length) return null;
  const keys = Float64Array.from(ids, (id, stay) => id * PLACES + stay).sort();
  return Uint32Array.from(keys, (key) => key % PLACES);
}
