// The roster of one group, in columns: two hundred thousand stays as objects, each with its addresses, took 90 MiB and
// longer to make than all that a message of each of these members costs.

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

/** What a roster is made from: columns while they grow. Each address is its length and its octets. */
interface RosterColumns {
  readonly ids: number[];
  readonly names: (string | null)[];
  /** Where the addresses of a stay begin, and behind the last where they end. */
  readonly addressesAt: number[];
  readonly addresses: number[];
  /** Infinite where there is no such instant. */
  readonly from: number[];
  readonly until: number[];
}

/** See the head of the file. Nothing of it changes. A stay is named by its place in the order of the file. */
export class Roster {
  /** Stays; 0: the roster is unknown. */
  readonly length: number;
  /** Whether any stay lists addresses. */
  readonly hasAddresses: boolean;
  /** Whether a member has several stays. */
  readonly hasRepeats: boolean;
  readonly #ids: Uint32Array;
  readonly #names: readonly (string | null)[];
  readonly #addressesAt: Uint32Array;
  readonly #addresses: Uint8Array;
  /** Null where all stays are for ever: most rosters say nothing else. */
  readonly #from: Float64Array | null;
  readonly #until: Float64Array | null;
  /** Stays by id, those of one member in the order of the file, and the id of each. */
  readonly #byId: Uint32Array;
  readonly #idsInOrder: Uint32Array;

  /** @param columns see `RosterBuilder` */
  constructor({ ids, names, addressesAt, addresses, from, until }: RosterColumns) {
    this.length = ids.length;
    this.hasAddresses = addresses.length > 0;
    this.#ids = new Uint32Array(ids);
    this.#names = names;
    this.#addressesAt = new Uint32Array(addressesAt);
    this.#addresses = new Uint8Array(addresses);
    this.#from = from.some(Number.isFinite) ? new Float64Array(from) : null;
    this.#until = until.some(Number.isFinite) ? new Float64Array(until) : null;
    this.#byId = inOrderOfId(ids);
    this.#idsInOrder = this.#byId.map((stay) => ids[stay]);
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
    return this.#byId[place];
  }

  /** Layer-2 id of the member. */
  id(stay: number): number {
    return this.#ids[stay];
  }

  /** Name of the member; null where the file gives none. */
  name(stay: number): string | null {
    return this.#names[stay];
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
      name: this.#names[stay],
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

/** Puts a roster together. */
export class RosterBuilder {
  readonly #columns: RosterColumns = { ids: [], names: [], addressesAt: [0], addresses: [], from: [], until: [] };

  /** Adds a stay behind the others; what is kept of it is copied. */
  add(stay: MemberDraft): this {
    const { ids, names, addressesAt, addresses, from, until } = this.#columns;
    ids.push(stay.id);
    names.push(stay.name);
    for (const address of stay.addresses) {
      addresses.push(address.length);
      for (let i = 0; i < address.length; i++) addresses.push(address[i]);
    }
    addressesAt.push(addresses.length);
    from.push(stay.from ?? Number.NEGATIVE_INFINITY);
    until.push(stay.until ?? Number.POSITIVE_INFINITY);
    return this;
  }

  /** The roster; nothing can be added afterwards. */
  build(): Roster {
    return new Roster(this.#columns);
  }
}

/** The roster of these stays, in their order. */
export function rosterOf(stays: readonly MemberDraft[]): Roster {
  const builder = new RosterBuilder();
  for (const stay of stays) builder.add(stay);
  return builder.build();
}

function inOrderOfId(ids: readonly number[]): Uint32Array {
  // Most files list their members in that order: sorting took as long as all else that a roster is made of.
  let sorted = 1;
  while (sorted < ids.length && ids[sorted - 1] <= ids[sorted]) sorted++;
  if (sorted >= ids.length) return inOrder(ids.length);
  const keys = Float64Array.from(ids, (id, stay) => id * PLACES + stay).sort();
  return Uint32Array.from(keys, (key) => key % PLACES);
}

function inOrder(length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let stay = 0; stay < length; stay++) order[stay] = stay;
  return order;
}
