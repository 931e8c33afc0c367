// The canonical encoding of everything the vault writes: a subset of deterministic CBOR (RFC 8949 4.2.1). There is one
// right way to write each value, and the reader refuses every other: lengths and numbers in their shortest form, definite
// lengths, maps with small numbers as keys, all present and ascending. What a place holds is fixed by whoever reads it,
// so that an unknown member has no place to stand. One departure from the shortest form: instants are always 64-bit floats
// of milliseconds since 1970, because that is what the keyring counts in.

import { VaultError } from './vault-error.ts';

// The specification says (RFC 8949 3.1, 3.3).

const MAJOR_UINT = 0;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_LIST = 4;
const MAJOR_MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NOTHING = 0xf6;
const FLOAT64 = 0xfb;

/** We chose: octets that a writer begins with; it doubles from there. */
const FIRST_OCTETS = 1024;

/** Writes values one behind the other. */
export class CborWriter {
  #octets = new Uint8Array(FIRST_OCTETS);
  #length = 0;

  /** A whole number from 0 to 2^53 - 1. */
  uint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('not a whole number');
    return this.#head(MAJOR_UINT, value);
  }

  bytes(value: Uint8Array): this {
    return this.#head(MAJOR_BYTES, value.length).#append(value);
  }

  text(value: string): this {
    const octets = Buffer.from(value, 'utf8');
    return this.#head(MAJOR_TEXT, octets.length).#append(octets);
  }

  /** The head of a list; its entries follow. */
  list(entries: number): this {
    return this.#head(MAJOR_LIST, entries);
  }

  /** The head of a map with the keys 1 to `members`; `key` and value of each follow. */
  map(members: number): this {
    return this.#head(MAJOR_MAP, members);
  }

  /** A key of a map. */
  key(key: number): this {
    return this.uint(key);
  }

  flag(value: boolean): this {
    return this.#append(Uint8Array.of(value ? TRUE : FALSE));
  }

  nothing(): this {
    return this.#append(Uint8Array.of(NOTHING));
  }

  /** An instant in milliseconds since 1970. */
  instant(milliseconds: number): this {
    if (!Number.isFinite(milliseconds)) throw new RangeError('not an instant');
    const octets = new Uint8Array(9);
    octets[0] = FLOAT64;
    // Adding 0 turns -0 into 0: it has one form only.
    new DataView(octets.buffer).setFloat64(1, milliseconds + 0);
    return this.#append(octets);
  }

  /** What was written. The writer's own copy is overwritten; it holds nothing afterwards. */
  take(): Uint8Array {
    const octets = this.#octets.slice(0, this.#length);
    this.#octets.fill(0);
    this.#length = 0;
    return octets;
  }

  #head(major: number, value: number): this {
    const first = major << 5;
    if (value < 24) return this.#append(Uint8Array.of(first | value));
    if (value < 0x100) return this.#append(Uint8Array.of(first | 24, value));
    if (value < 0x1_0000) return this.#append(Uint8Array.of(first | 25, value >>> 8, value & 0xff));
    const octets = new Uint8Array(value < 0x1_0000_0000 ? 5 : 9);
    const view = new DataView(octets.buffer);
    octets[0] = first | (octets.length === 5 ? 26 : 27);
    if (octets.length === 5) view.setUint32(1, value);
    else view.setBigUint64(1, BigInt(value));
    return this.#append(octets);
  }

  #append(octets: Uint8Array): this {
    const needed = this.#length + octets.length;
    if (needed > this.#octets.length) {
      const wider = new Uint8Array(Math.max(needed, this.#octets.length * 2));
      wider.set(this.#octets.subarray(0, this.#length));
      this.#octets.fill(0);
      this.#octets = wider;
    }
    this.#octets.set(octets, this.#length);
    this.#length = needed;
    return this;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what a `CborWriter` wrote. Everything else is a VaultError `malformed` that names the octet. */
export class CborReader {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** @param what for error messages, e.g. `the header of vault.sidescope` */
  constructor(octets: Uint8Array, what: string) {
    this.#octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#what = what;
  }

  /** A whole number from `least` to `most`. */
  uint(least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(MAJOR_UINT);
    if (value < least || value > most) throw this.problem('a number is out of range');
    return value;
  }

  /** A copy of octets, as many as allowed. */
  bytes(least: number, most = least): Uint8Array {
    const length = this.#head(MAJOR_BYTES);
    if (length < least || length > most) throw this.problem('a field has the wrong length');
    return Uint8Array.from(this.#take(length));
  }

  /** A text of at most `most` octets. */
  text(most: number): string {
    const length = this.#head(MAJOR_TEXT);
    if (length > most) throw this.problem('a text is too long');
    const octets = this.#take(length);
    try {
      return decoder.decode(octets);
    } catch {
      throw this.problem('a text is no UTF-8');
    }
  }

  /** How many entries follow. Every entry takes an octet at least, so no list can claim more than is there. */
  list(most: number): number {
    const entries = this.#head(MAJOR_LIST);
    if (entries > most || entries > this.#octets.length - this.#at) throw this.problem('a list is too long');
    return entries;
  }

  /** The head of a map with exactly so many members. */
  map(members: number): void {
    if (this.#head(MAJOR_MAP) !== members) throw this.problem('a map has too few or too many members');
  }

  /** The key of the next member. */
  key(key: number): void {
    if (this.#head(MAJOR_UINT) !== key) throw this.problem('a member is unknown or out of order');
  }

  flag(): boolean {
    const octet = this.#take(1)[0];
    if (octet !== TRUE && octet !== FALSE) throw this.problem('a flag is neither true nor false');
    return octet === TRUE;
  }

  /** True, and read, where nothing stands here. */
  nothing(): boolean {
    if (this.#octets[this.#at] !== NOTHING) return false;
    this.#at += 1;
    return true;
  }

  instant(): number {
    if (this.#take(1)[0] !== FLOAT64) throw this.problem('an instant is missing');
    const at = this.#at;
    this.#take(8);
    const value = this.#view.getFloat64(at);
    if (!Number.isFinite(value) || Object.is(value, -0)) throw this.problem('an instant is none');
    return value;
  }

  /** Makes sure that nothing follows. */
  end(): void {
    if (this.#at !== this.#octets.length) throw this.problem('octets follow behind the end');
  }

  /** An error at the current octet. */
  problem(text: string): VaultError {
    return new VaultError(
      'malformed',
      `${this.#what} is malformed: ${text} (octet ${this.#at})`,
      'Restore the file from a copy you trust',
    );
  }

  #head(major: number): number {
    const first = this.#take(1)[0];
    if (first >>> 5 !== major) throw this.problem('a value is of the wrong kind');
    const short = first & 31;
    if (short < 24) return short;
    if (short > 27) throw this.problem('a length is not definite');
    const at = this.#at;
    this.#take(1 << (short - 24));
    const value =
      short === 24
        ? this.#octets[at]
        : short === 25
          ? this.#view.getUint16(at)
          : short === 26
            ? this.#view.getUint32(at)
            : Number(this.#view.getBigUint64(at));
    const least = short === 24 ? 24 : short === 25 ? 0x100 : short === 26 ? 0x1_0000 : 0x1_0000_0000;
    if (value < least) throw this.problem('a number is not in its shortest form');
    if (!Number.isSafeInteger(value)) throw this.problem('a number is too large');
    return value;
  }

  #take(length: number): Uint8Array {
    if (length > this.#octets.length - this.#at) throw this.problem('it ends early');
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }
}
