// Text put together as octets: for output of which there is so much that strings would cost more than what they say.

import { printableJson } from './printable.ts';

/** Constants we chose. */
/** Octets of room at the beginning; doubled when they do not suffice. */
const FIRST_ROOM = 256 * 1024;

/**
 * JSON texts remembered, and UTF-16 units of the longest: names and sentences come back in frame after frame. Above the
 * first cap all are forgotten.
 */
const KNOWN_TEXTS = 4096;
const LONGEST_KNOWN = 200;

const COLON = 0x3a;
const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const ZERO = 0x30;
const LETTER_X = 0x78;
const LAST_ASCII = 0x7f;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Numbers beyond are written by way of a string. */
const LARGEST_FAST = 0xffff_ffff;
const DIGITS = 10;

/** Gathers ASCII, and UTF-8 inside JSON strings. */
export class AsciiWriter {
  #bytes = Buffer.allocUnsafe(FIRST_ROOM);
  #at = 0;
  readonly #digits = new Uint8Array(DIGITS);
  readonly #known = new Map<string, Uint8Array>();

  /** Octets gathered. */
  get length(): number {
    return this.#at;
  }

  /** What was gathered, valid until the next write. It is forgotten here. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  octet(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  octets(values: Uint8Array): void {
    this.#room(values.length);
    this.#bytes.set(values, this.#at);
    this.#at += values.length;
  }

  /** ASCII text as it is. */
  text(text: string): void {
    this.#room(text.length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index);
    this.#at = at;
  }

  /** Any text as UTF-8. */
  utf8(text: string): void {
    this.#room(3 * text.length);
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > LAST_ASCII) {
        this.#at = start + bytes.write(text, start, 3 * text.length, 'utf8');
        return;
      }
      bytes[start + index] = unit;
    }
    this.#at = start + text.length;
  }

  /** `0x` and a number in hex, with zeros in front up to so many digits. */
  hexNumber(value: number, digits: number): void {
    let count = digits;
    while (count < 8 && value >>> (4 * count) !== 0) count++;
    this.#room(2 + count);
    const bytes = this.#bytes;
    bytes[this.#at++] = ZERO;
    bytes[this.#at++] = LETTER_X;
    while (count > 0) {
      count--;
      bytes[this.#at++] = count >= 8 ? ZERO : HEX_DIGITS[(value >>> (4 * count)) & 15];
    }
  }

  /** Text as a JSON string in which nothing reaches a terminal as a control. */
  json(text: string): void {
    if (text.length > LONGEST_KNOWN) {
      this.octets(Buffer.from(printableJson(text)));
      return;
    }
    let json = this.#known.get(text);
    if (json === undefined) {
      json = Uint8Array.from(Buffer.from(printableJson(text)));
      if (this.#known.size >= KNOWN_TEXTS) this.#known.clear();
      this.#known.set(text, json);
    }
    this.octets(json);
  }

  /** A whole number in decimal. */
  decimal(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST_FAST) {
      this.text(String(value));
      return;
    }
    const digits = this.#digits;
    let count = 0;
    let rest = value;
    do {
      const next = Math.floor(rest / 10);
      digits[count++] = ZERO + rest - next * 10;
      rest = next;
    } while (rest > 0);
    this.#room(count);
    while (count > 0) this.#bytes[this.#at++] = digits[--count];
  }

  /** A whole number of 32 bits in decimal, with zeros in front up to so many digits. */
  paddedDecimal(value: number, width: number): void {
    this.#room(Math.max(width, DIGITS));
    const bytes = this.#bytes;
    if (value >= 10 ** width) {
      this.decimal(value);
      return;
    }
    let rest = value;
    for (let at = this.#at + width - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#at += width;
  }

  /** A whole number in decimal, with blanks in front up to so many characters. */
  rightDecimal(value: number, width: number): void {
    let least = 10;
    for (let digits = 1; digits < width; digits++) {
      if (value < least) this.octet(BLANK);
      least *= 10;
    }
    this.decimal(value);
  }

  /** Text as what stands between the quotes of a JSON string; nothing of it reaches a terminal as a control. */
  jsonInside(text: string): void {
    this.#room(text.length);
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < FIRST_PRINTABLE || unit > LAST_PRINTABLE || unit === QUOTE || unit === BACKSLASH) {
        this.utf8(printableJson(text).slice(1, -1));
        return;
      }
      bytes[start + index] = unit;
    }
    this.#at = start + text.length;
  }

  /** Octets `from` to before `to` as two hex digits each. */
  hex(values: Uint8Array, from: number, to: number): void {
    this.#room(2 * (to - from));
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const octet = values[index];
      bytes[at++] = HEX_DIGITS[octet >>> 4];
      bytes[at++] = HEX_DIGITS[octet & 15];
    }
    this.#at = at;
  }

  /** Octets as two hex digits each, colons between them. */
  hexWithColons(values: Uint8Array): void {
    this.#room(3 * values.length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < values.length; index++) {
      const octet = values[index];
      if (index > 0) bytes[at++] = COLON;
      bytes[at++] = HEX_DIGITS[octet >>> 4];
      bytes[at++] = HEX_DIGITS[octet & 15];
    }
    this.#at = at;
  }

  #room(octets: number): void {
    const needed = this.#at + octets;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
