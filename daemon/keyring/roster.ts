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

/** We chose: stays that there is room for at first, and octets of names and addresses of each. */
const FIRST_STAYS = 128;
const NAME_ROOM = 16;
const ADDRESS_ROOM = 8;

/** We chose: octets of a file for each stay that there is room for. Members with a name and an address take some 70. */
const STAY_OCTETS = 64;

/** See the head of the file. Nothing of it changes. A stay is named by its place in the order of the file. */
export class Roster {
  /** Stays; 0: the roster is unknown. */
  readonly length: number;
  /** Whether any stay lists addresses. */
  readonly hasAddresses: boolean;
  /** Whether a member has several stays. */
  readonly hasRepeats: boolean;
  /** With those of other rosters of its file: where there are thousands, columns of its own would be in no cache. */
  readonly #columns: RosterColumns;
  readonly #first: number;
  /** Stays by id, those of one member in the order of the file; null where the file has them so. And the id of each. */
  readonly #byId: Uint32Array | null;
  readonly #idsInOrder: Uint32Array | null;

  /** @param first the first of its stays in the columns, of which it has all behind that */
  constructor(columns: RosterColumns, first: number) {
    const length = columns.length - first;
    this.length = length;
    this.#columns = columns;
    this.#first = first;
    this.hasAddresses = columns.addressesAt[first + length] > columns.addressesAt[first];
    this.#byId = inOrderOfId(columns.ids, first, length);
    this.#idsInOrder = this.#byId === null ? null : this.#byId.map((stay) => columns.ids[first + stay]);
    let hasRepeats = false;
    for (let at = 1; at < length; at++) if (this.#idAt(at - 1) === this.#idAt(at)) hasRepeats = true;
    this.hasRepeats = hasRepeats;
  }

  /** The first stay of a member, as a place in the order by id; -1 where it never was in the roster. */
  find(id: number): number {
    const ids = this.#idsInOrder ?? this.#columns.ids;
    const first = this.#idsInOrder === null ? this.#first : 0;
    let low = first;
    let high = first + this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return this.isOf(low - first, id) ? low - first : -1;
  }

  /** Whether a place in the order by id is a stay of this member: its stays stand one behind the other. */
  isOf(place: number, id: number): boolean {
    return place >= 0 && place < this.length && this.#idAt(place) === id;
  }

  /** The stay at a place in the order by id. */
  stayAt(place: number): number {
    return this.#byId === null ? place : this.#byId[place];
  }

  /** Layer-2 id of the member. */
  id(stay: number): number {
    return this.#columns.ids[this.#first + stay];
  }

  /** Name of the member; null where the file gives none. */
  name(stay: number): string | null {
    const { names, namesAt } = this.#columns;
    const at = namesAt[this.#first + stay];
    const end = namesAt[this.#first + stay + 1];
    const isNone = at < end && names[at] === NO_NAME;
    return isNone ? null : Buffer.from(names.buffer, at, end - at).toString('utf8');
  }

  /** When the stay begins, in milliseconds since 1970; negative infinity where it always was. */
  from(stay: number): number {
    const { from } = this.#columns;
    return from === null ? Number.NEGATIVE_INFINITY : from[this.#first + stay];
  }

  /** When it is over; infinity where it is not. */
  until(stay: number): number {
    const { until } = this.#columns;
    return until === null ? Number.POSITIVE_INFINITY : until[this.#first + stay];
  }

  /** Whether a stay covers an instant. */
  covers(stay: number, time: number): boolean {
    return this.from(stay) <= time && time < this.until(stay);
  }

  /** Whether a stay lists the address of `length` octets at `at`; null where it lists none of that length. */
  lists(stay: number, bytes: Uint8Array, at: number, length: number): boolean | null {
    const { addresses, addressesAt, ipv4 } = this.#columns;
    const place = this.#first + stay;
    if (length === IPV4_OCTETS && ipv4[place] !== 0 && ipv4[place] === ipv4Word(bytes, at)) return true;
    const end = addressesAt[place + 1];
    let hasSome = false;
    for (let next = addressesAt[place]; next < end; next += addresses[next] + 1) {
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
    const columns = this.#columns;
    const place = this.#first + stay;
    const addresses: Uint8Array[] = [];
    for (let next = columns.addressesAt[place]; next < columns.addressesAt[place + 1]; ) {
      const length = columns.addresses[next];
      addresses.push(columns.addresses.slice(next + 1, next + 1 + length));
      next += length + 1;
    }
    const [from, until] = [this.from(stay), this.until(stay)];
    return {
      id: this.id(stay),
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

  #idAt(place: number): number {
    return this.#idsInOrder === null ? this.#columns.ids[this.#first + place] : this.#idsInOrder[place];
  }
}

/** Stays of one roster behind those of another. Rosters that are made in one go share columns, and hold them together. */
export class RosterColumns {
  length = 0;
  ids: Uint32Array;
  /** Where the name of a stay begins, and behind the last where it ends; addresses in the same way. */
  namesAt: Uint32Array;
  addressesAt: Uint32Array;
  /** UTF-8 and not texts: two hundred thousand of them the collector would carry along. */
  names: Uint8Array<ArrayBuffer>;
  /** Each is its length and its octets. */
  addresses: Uint8Array;
  /** The first address of a stay where that is IPv4, as a word; else 0. Most have no other one. */
  ipv4: Uint32Array;
  /** Infinite where there is no such instant; null where all stays are for ever: most rosters say nothing else. */
  from: Float64Array | null = null;
  until: Float64Array | null = null;

  /** Columns for the members of a file of so many octets: if these are usual ones, none has to grow. */
  static forFile(octets: number): RosterColumns {
    // Memory that nothing is written to takes none of the machine's.
    return new RosterColumns(Math.max(FIRST_STAYS, Math.floor(octets / STAY_OCTETS)));
  }

  /** @param stays that there is room for at first */
  constructor(stays: number) {
    this.ids = new Uint32Array(stays);
    this.namesAt = new Uint32Array(stays + 1);
    this.addressesAt = new Uint32Array(stays + 1);
    this.names = new Uint8Array(stays * NAME_ROOM);
    this.addresses = new Uint8Array(stays * ADDRESS_ROOM);
    this.ipv4 = new Uint32Array(stays);
  }

  /** Makes room for a stay with so many octets of its name and its addresses. */
  reserve(name: number, addresses: number): void {
    const { length } = this;
    if (length === this.ids.length) {
      this.ids = grown(this.ids, length * 2);
      this.namesAt = grown(this.namesAt, length * 2 + 1);
      this.addressesAt = grown(this.addressesAt, length * 2 + 1);
      this.ipv4 = grown(this.ipv4, length * 2);
      if (this.from !== null) this.from = grown(this.from, length * 2).fill(Number.NEGATIVE_INFINITY, length);
      if (this.until !== null) this.until = grown(this.until, length * 2).fill(Number.POSITIVE_INFINITY, length);
    }
    const names = this.namesAt[length] + name;
    if (names > this.names.length) this.names = grown(this.names, names * 2);
    const all = this.addressesAt[length] + addresses;
    if (all > this.addresses.length) this.addresses = grown(this.addresses, all * 2);
  }

  /** Ends the stay whose names and addresses were added, and end there. */
  end(id: number, nameEnd: number, addressesEnd: number): void {
    const stay = this.length++;
    this.ids[stay] = id;
    this.namesAt[stay + 1] = nameEnd;
    const addressesAt = this.addressesAt[stay];
    this.addressesAt[stay + 1] = addressesEnd;
    const { addresses } = this;
    const hasIpv4 = addressesAt < addressesEnd && addresses[addressesAt] === IPV4_OCTETS;
    this.ipv4[stay] = hasIpv4 ? ipv4Word(addresses, addressesAt + 1) : 0;
  }

  /** When a stay begins and is over; infinite: it always was, and still is. */
  limit(stay: number, from: number, until: number): void {
    const room = this.ids.length;
    if (from !== Number.NEGATIVE_INFINITY) {
      this.from ??= new Float64Array(room).fill(Number.NEGATIVE_INFINITY);
      this.from[stay] = from;
    }
    if (until !== Number.POSITIVE_INFINITY) {
      this.until ??= new Float64Array(room).fill(Number.POSITIVE_INFINITY);
      this.until[stay] = until;
    }
  }
}

/** Puts a roster together. One at a time for the same columns. */
export class RosterBuilder {
  readonly #columns: RosterColumns;
  readonly #first: number;

  /** @param columns shared with rosters that were put together before */
  constructor(columns: RosterColumns) {
    this.#columns = columns;
    this.#first = columns.length;
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
    columns.end(id, columns.namesAt[stay] + octets.length, end);
    this.limit(from ?? Number.NEGATIVE_INFINITY, until ?? Number.POSITIVE_INFINITY);
    return this;
  }

  /**
   * Adds a stay for ever, which `limit` may then shorten.
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
    columns.end(id, name, end);
  }

  /** When the stay that was added last begins and is over, in milliseconds since 1970; infinite where there is no such instant. */
  limit(from: number, until: number): void {
    this.#columns.limit(this.#columns.length - 1, from, until);
  }

  /** The roster; nothing can be added afterwards. */
  build(): Roster {
    return new Roster(this.#columns, this.#first);
  }
}

/** The roster of these stays, in their order. */
export function rosterOf(stays: readonly MemberDraft[]): Roster {
  const builder = new RosterBuilder(new RosterColumns(Math.max(1, stays.length)));
  for (const stay of stays) builder.add(stay);
  return builder.build();
}

function ipv4Word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Stays by id; null where that is the order they have. */
function inOrderOfId(ids: Uint32Array, first: number, length: number): Uint32Array | null {
  // Most files list their members in that order: sorting took as long as all else that a roster is made of.
  let sorted = 1;
  while (sorted < length && ids[first + sorted - 1] <= ids[first + sorted]) sorted++;
  if (sorted >= length) return null;
  const keys = Float64Array.from(ids.subarray(first, first + length), (id, stay) => id * PLACES + stay).sort();
  return Uint32Array.from(keys, (key) => key % PLACES);
}
