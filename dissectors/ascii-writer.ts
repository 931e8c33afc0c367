// Text put together as octets: for output of which there is so much that strings would cost more than what they say.

import { printable, printableJson } from './printable.ts';

/** Constants we chose. */
/** Octets of room at the beginning; doubled when they do not suffice. */
const FIRST_ROOM = 256 * 1024;
/** Octets up to which copying one by one is faster than the call of a function that copies. */
const FEW_OCTETS = 32;

/**
 * JSON texts remembered, and as many readable ones, and UTF-16 units of the longest: names and sentences come back in frame
 * after frame. Above the first cap all are forgotten.
 */
const KNOWN_TEXTS = 4096;
const LONGEST_KNOWN = 200;

const COLON = 0x3a;
const DOT = 0x2e;
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
/** Digits of the largest exact number. */
const MOST_DIGITS = 16;
/** Numbers up to here are divided as 32-bit words, without fractions. */
const LARGEST_WORD = 0x7fff_ffff;

const POWERS_OF_TEN = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits);

/** By octet: its two hex digits and a colon, the first in the lowest octet. */
const HEX_WORDS = Int32Array.from(
  { length: 256 },
  (_, octet) => HEX_DIGITS[octet >>> 4] | (HEX_DIGITS[octet & 15] << 8) | (COLON << 16),
);

/** Gathers ASCII, and UTF-8 inside JSON strings. */
export class AsciiWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_ROOM);
  #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  #at = 0;
  readonly #known = new Map<string, Uint8Array>();
  readonly #readable = new Map<string, Uint8Array>();

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
    const { length } = values;
    this.#room(length);
    const bytes = this.#bytes;
    const at = this.#at;
    if (length > FEW_OCTETS) bytes.set(values, at);
    else for (let index = 0; index < length; index++) bytes[at + index] = values[index];
    this.#at = at + length;
  }

  /** So many blanks. */
  blanks(count: number): void {
    this.#room(count);
    const bytes = this.#bytes;
    const end = this.#at + count;
    for (let at = this.#at; at < end; at++) bytes[at] = BLANK;
    this.#at = end;
  }

  /** Octets of a larger piece of memory, which has three more behind them: copied a word at a time, without a view of them. */
  part(from: DataView, at: number, length: number): void {
    this.#room(length + 3);
    const view = this.#view;
    const start = this.#at;
    for (let octet = 0; octet < length; octet += 4) {
      view.setInt32(start + octet, from.getInt32(at + octet, true), true);
    }
    this.#at = start + length;
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
    this.octets(known(this.#known, text, printableJson));
  }

  /** Text in which nothing reaches a terminal as a control (`printable`). */
  readable(text: string): void {
    if (text.length > LONGEST_KNOWN) this.utf8(printable(text));
    else this.octets(known(this.#readable, text, printable));
  }

  /** A whole number in decimal. */
  decimal(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST_FAST) {
      this.text(String(value));
      return;
    }
    const digits = digitsOf(value);
    this.#room(digits);
    this.#putDigits(this.#at, value, digits);
    this.#at += digits;
  }

  /** A whole number of 32 bits in decimal, with zeros in front up to so many digits. */
  paddedDecimal(value: number, width: number): void {
    this.#room(Math.max(width, DIGITS));
    // A power with a variable exponent is a call into the library, which takes five times as long as the digits.
    if (value >= POWERS_OF_TEN[width]) {
      this.decimal(value);
      return;
    }
    this.#putDigits(this.#at, value, width);
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

  /** A number of 32 bits as so many hex digits. */
  hexDigits(value: number, digits: number): void {
    this.#room(digits);
    this.putHex(this.#at, value, digits);
    this.#at += digits;
  }

  /** Octets `from` to before `to` as a blank and two hex digits each. */
  hexWithBlanks(values: Uint8Array, from: number, to: number): void {
    this.#room(3 * (to - from));
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const octet = values[index];
      bytes[at] = BLANK;
      bytes[at + 1] = HEX_DIGITS[octet >>> 4];
      bytes[at + 2] = HEX_DIGITS[octet & 15];
      at += 3;
    }
    this.#at = at;
  }

  /** Octets `from` to before `to` as characters, a dot for what is not printable ASCII. */
  characters(values: Uint8Array, from: number, to: number): void {
    this.#room(to - from);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const octet = values[index];
      bytes[at++] = octet >= FIRST_PRINTABLE && octet <= LAST_PRINTABLE ? octet : DOT;
    }
    this.#at = at;
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
    if (values.length === 0) return;
    this.#room(3 * values.length);
    this.putHexWithColons(this.#at, values, 0, values.length);
    this.#at += 3 * values.length - 1;
  }

  /** Octets of which some are put right behind. @returns the place of the first, valid until octets are taken */
  draft(values: Uint8Array): number {
    const at = this.#at;
    this.octets(values);
    return at;
  }

  /** A whole number over so many octets of a draft: as many as it has digits, or more for zeros in front. */
  putDecimal(at: number, value: number, digits: number): void {
    this.#putDigits(at, value, digits);
  }

  /** The hex digits of a number of 32 bits over so many octets of a draft. */
  putHex(at: number, value: number, digits: number): void {
    const bytes = this.#bytes;
    let rest = value;
    for (let place = at + digits - 1; place >= at; place--) {
      bytes[place] = HEX_DIGITS[rest & 15];
      rest >>>= 4;
    }
  }

  /** Octets `from` to `to`, one at least, as `hexWithColons` has them, over octets of a draft. */
  putHexWithColons(at: number, values: Uint8Array, from: number, to: number): void {
    const view = this.#view;
    const last = to - 1;
    let place = at;
    // A word has one octet too many, which the next one makes good.
    for (let index = from; index < last; index++) {
      view.setInt32(place, HEX_WORDS[values[index]], true);
      place += 3;
    }
    view.setInt16(place, HEX_WORDS[values[last]], true);
  }

  /** Octets over those of a draft. */
  put(at: number, values: Uint8Array): void {
    this.#bytes.set(values, at);
  }

  /** What stands from one place to another, over octets of a draft. */
  putAgain(at: number, from: number, to: number): void {
    this.#bytes.copyWithin(at, from, to);
  }

  #putDigits(from: number, value: number, digits: number): void {
    const bytes = this.#bytes;
    let at = from + digits - 1;
    let rest = value;
    for (; rest > LARGEST_WORD && at >= from; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - next * 10);
      rest = next;
    }
    let word = rest | 0;
    for (; at >= from; at--) {
      const next = (word / 10) | 0;
      bytes[at] = ZERO + word - next * 10;
      word = next;
    }
  }

  #room(octets: number): void {
    const needed = this.#at + octets;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }
}

/** Digits of a whole number, 1 to 16. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; digits < MOST_DIGITS && value >= limit; limit *= 10) digits++;
  return digits;
}

/** A text as UTF-8, in memory of its own: what is made once and written often. */
export function utf8Octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

/** What a text becomes, made once. */
function known(texts: Map<string, Uint8Array>, text: string, make: (text: string) => string): Uint8Array {
  const there = texts.get(text);
  if (there !== undefined) return there;
  const made = utf8Octets(make(text));
  if (texts.size >= KNOWN_TEXTS) texts.clear();
  texts.set(text, made);
  return made;
}
