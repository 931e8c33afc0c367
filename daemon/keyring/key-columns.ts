// PGKs in columns: sixteen thousand of them as objects, each with its octets, the collector would carry along while a file is
// read, or a copy made. Also what goes over a message channel, which takes ten times as long for objects.

import { PGK_OCTETS } from '../../dissectors/security/kdf.ts';
import { grown } from '../engine/slot-table.ts';
import type { EpochContents } from './group.ts';

/** We chose: keys that there is room for at first, and octets of a file for each of them. A key takes some 140. */
const FIRST_KEYS = 32;
const KEY_FILE_OCTETS = 128;

/** In the column of algorithms: that of the group. */
const OF_GROUP = 0xff;

/** Both ends of the validity of a key, and what its other dates are, one behind the other. */
const ENDS = 2;
const ORDERS = ['revokedAt', 'compromisedAt', 'suspendedAt', 'resumedAt', 'destroyedAt'] as const;

/** All that is said of a key but its octets. */
export type EpochTerms = Omit<EpochContents, 'octets'>;

/** The columns, as a message channel copies them. */
export interface PlainKeys {
  readonly length: number;
  readonly ids: Uint8Array;
  readonly algorithms: Uint8Array;
  /** 1 where the octets are held. */
  readonly held: Uint8Array;
  /** Those of each key one behind the other. */
  readonly octets: Uint8Array<ArrayBuffer>;
  /** notBefore and notAfter of each key. */
  readonly ends: Float64Array;
  /** The other dates of each, in the order of `ORDERS`, NaN where there is none; null where no key has any. */
  readonly orders: Float64Array | null;
}

/** See the head of the file. Keys are added behind one another; none goes. */
export class KeyColumns implements PlainKeys {
  length = 0;
  ids: Uint8Array;
  algorithms: Uint8Array;
  held: Uint8Array;
  octets: Uint8Array<ArrayBuffer>;
  ends: Float64Array;
  orders: Float64Array | null = null;

  /** Columns for the keys of a file of so many octets: if these are usual ones, none has to grow. */
  static forFile(octets: number): KeyColumns {
    // Memory that nothing is written to takes none of the machine's.
    return new KeyColumns(Math.max(FIRST_KEYS, Math.floor(octets / KEY_FILE_OCTETS)));
  }

  /** @param keys that there is room for at first */
  constructor(keys: number) {
    this.ids = new Uint8Array(keys);
    this.algorithms = new Uint8Array(keys);
    this.held = new Uint8Array(keys);
    this.octets = new Uint8Array(keys * PGK_OCTETS);
    this.ends = new Float64Array(keys * ENDS);
  }

  /** Makes room for another key. @returns where its octets are to stand in `octets`, if it has any, before `add` */
  reserve(): number {
    if (this.length === this.ids.length) this.#grow(Math.max(FIRST_KEYS, this.length * 2));
    return this.length * PGK_OCTETS;
  }

  /** Adds a key for which room was made. @param isHeld whether its octets were put there */
  add(terms: EpochTerms, isHeld: boolean): void {
    this.addUsual(terms.id, terms.notBefore, terms.notAfter);
    const key = this.length - 1;
    this.held[key] = isHeld ? 1 : 0;
    this.algorithms[key] = terms.algorithm ?? OF_GROUP;
    if (this.orders === null && !hasOrders(terms)) return;
    this.orders ??= new Float64Array(this.ids.length * ORDERS.length).fill(Number.NaN);
    for (let i = 0; i < ORDERS.length; i++) this.orders[key * ORDERS.length + i] = terms[ORDERS[i]] ?? Number.NaN;
  }

  /** The same for a key with octets, the algorithm of its group and no other dates. */
  addUsual(id: number, notBefore: number, notAfter: number): void {
    const key = this.length++;
    this.ids[key] = id;
    this.algorithms[key] = OF_GROUP;
    this.held[key] = 1;
    this.ends[key * ENDS] = notBefore;
    this.ends[key * ENDS + 1] = notAfter;
  }

  #grow(keys: number): void {
    this.ids = grown(this.ids, keys);
    this.algorithms = grown(this.algorithms, keys);
    this.held = grown(this.held, keys);
    this.ends = grown(this.ends, keys * ENDS);
    const { octets, orders } = this;
    this.octets = grown(octets, keys * PGK_OCTETS);
    octets.fill(0);
    if (orders !== null) this.orders = grown(orders, keys * ORDERS.length).fill(Number.NaN, orders.length);
  }
}

function hasOrders({ revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt }: EpochTerms): boolean {
  const isWithout = revokedAt === null && compromisedAt === null && suspendedAt === null && resumedAt === null;
  return !isWithout || destroyedAt !== null;
}

function orderAt(orders: Float64Array | null, key: number, order: number): number | null {
  const date = orders === null ? Number.NaN : orders[key * ORDERS.length + order];
  return Number.isNaN(date) ? null : date;
}

/** Some keys of these columns, one behind the other: those of a group. */
export class KeyRange {
  readonly length: number;
  readonly #columns: PlainKeys;
  readonly #first: number;

  constructor(columns: PlainKeys, first: number, length: number) {
    this.#columns = columns;
    this.#first = first;
    this.length = length;
  }

  /** Whether no key of one id overlaps in time with another one, as far as that shows without sorting them. */
  get isApart(): boolean {
    const { ids, ends } = this.#columns;
    for (let key = this.#first + 1; key < this.#first + this.length; key++) {
      if (ids[key - 1] < ids[key]) continue;
      if (ids[key - 1] > ids[key] || ends[key * ENDS] < ends[key * ENDS - 1]) return false;
    }
    return true;
  }

  /** The octets of all keys of the columns; null where this one is destroyed. */
  block(at: number): Uint8Array | null {
    return this.#columns.held[this.#first + at] === 1 ? this.#columns.octets : null;
  }

  /** Where those of this one begin in `block`. */
  octetsAt(at: number): number {
    return (this.#first + at) * PGK_OCTETS;
  }

  /** A key without its octets, as an object that is the caller's. */
  terms(at: number): EpochTerms {
    const { ids, algorithms, ends, orders } = this.#columns;
    const key = this.#first + at;
    return {
      id: ids[key],
      algorithm: algorithms[key] === OF_GROUP ? null : algorithms[key],
      notBefore: ends[key * ENDS],
      notAfter: ends[key * ENDS + 1],
      revokedAt: orderAt(orders, key, 0),
      compromisedAt: orderAt(orders, key, 1),
      suspendedAt: orderAt(orders, key, 2),
      resumedAt: orderAt(orders, key, 3),
      destroyedAt: orderAt(orders, key, 4),
    };
  }

  /** A key; its octets are those of the columns and not copied. */
  contents(at: number): EpochContents {
    const begin = this.octetsAt(at);
    return { ...this.terms(at), octets: this.block(at)?.subarray(begin, begin + PGK_OCTETS) ?? null };
  }
}
