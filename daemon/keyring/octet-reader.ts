// Reads JSON from its octets, where it is plain and right: no text of the whole file, no place of each value. A keyring of
// 200,000 members is read in a third of the time. Anything else is refused as a whole (`UnusualJson`), and json-reader.ts, the
// slow twin, reads the same again and says what is wrong and where. So is what a window over the file cannot hold: between
// two entries or members there may be 16 KiB.

import {
  BACKSLASH,
  BLANK,
  behindBlanks,
  behindNull,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  ZERO,
} from './json-octets.ts';
import type { MemberTable, Place, ValueReader } from './json-reader.ts';
import { type OctetWindow, UnusualJson } from './octet-window.ts';

/** We chose: members of an object, since those that were seen are bits of a number. */
const MEMBERS_MOST = 31;
/** Digits of a whole number that are read here: all such numbers are exact. */
const DIGITS_MOST = 10;

/** See the head of the file. Every method reads at the current place and goes behind what it read, and what is blank there. */
export class OctetReader implements ValueReader {
  /** Octets of the document, as far as that is known. */
  readonly size: number;
  readonly #window: OctetWindow;
  readonly #octets: Uint8Array;
  readonly #text: Buffer;
  /** Of every value: its file is all that is known. */
  readonly #place: Place;
  #at: number;
  #hasEscapes = false;

  /** @param file its name */
  constructor(window: OctetWindow, file: string) {
    const { octets } = window;
    this.size = window.total;
    this.#window = window;
    this.#octets = octets;
    this.#text = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
    this.#place = { file, path: '', line: 0, column: 0 };
    this.#at = behindBlanks(octets, 0);
  }

  /** Reads one value with `read` and makes sure that nothing follows it. */
  document<Value>(read: () => Value): Value {
    const value = read();
    while (this.#at === this.#window.end && this.#window.turn < Number.POSITIVE_INFINITY) {
      this.#move();
      this.#at = behindBlanks(this.#octets, this.#at);
    }
    if (this.#at < this.#window.end) throw new UnusualJson();
    return value;
  }

  place(): Place {
    return this.#place;
  }

  note(): void {}

  error(): Error {
    return new UnusualJson();
  }

  object({ names, required }: MemberTable, readMember: (name: string) => void): void {
    if (names.length > MEMBERS_MOST) throw new UnusualJson();
    this.#expect(OPEN_BRACE);
    let seen = 0;
    while (seen !== 0 || this.#octets[this.#at] !== CLOSE_BRACE) {
      const number = this.#memberName(names);
      if ((seen & (1 << number)) !== 0) throw new UnusualJson();
      seen |= 1 << number;
      this.#expect(COLON);
      readMember(names[number]);
      if (this.#octets[this.#at] === CLOSE_BRACE) break;
      this.#expect(COMMA);
      if (this.#at > this.#window.turn) this.#move();
    }
    this.#expect(CLOSE_BRACE);
    // The required ones are the first of the table.
    const wanted = (1 << required.length) - 1;
    if ((seen & wanted) !== wanted) throw new UnusualJson();
  }

  list(readEntry: (index: number) => void): void {
    this.#expect(OPEN_BRACKET);
    for (let index = 0; index > 0 || this.#octets[this.#at] !== CLOSE_BRACKET; index++) {
      readEntry(index);
      if (this.#octets[this.#at] === CLOSE_BRACKET) break;
      this.#expect(COMMA);
      if (this.#at > this.#window.turn) this.#move();
    }
    this.#expect(CLOSE_BRACKET);
  }

  nothing(): boolean {
    const end = behindNull(this.#octets, this.#at);
    if (end >= 0) this.#at = end;
    return end >= 0;
  }

  text<Value>(turn: (text: string) => Value): Value {
    const from = this.#at + 1;
    const end = this.#endOfText(true);
    // Half a character cannot stand between two quotes: the whole is UTF-8.
    const encoding = this.#window.isAscii ? 'latin1' : 'utf8';
    const value = turn(
      this.#hasEscapes
        ? unescaped(this.#text.toString(encoding, from - 1, end + 1))
        : this.#text.toString(encoding, from, end),
    );
    this.#at = behindBlanks(this.#octets, end + 1);
    return value;
  }

  integer(least: number, most: number): number {
    const octets = this.#octets;
    const from = this.#at;
    let at = from;
    let value = 0;
    for (; octets[at] >= ZERO && octets[at] <= NINE; at++) value = value * 10 + octets[at] - ZERO;
    const isOdd = at === from || at > from + DIGITS_MOST || (octets[from] === ZERO && at > from + 1);
    // A fraction or an exponent is found by whoever looks for what comes next.
    if (isOdd || value < least || value > most) throw new UnusualJson();
    this.#at = behindBlanks(octets, at);
    return value;
  }

  atNumber(): boolean {
    return this.#octets[this.#at] >= ZERO && this.#octets[this.#at] <= NINE;
  }

  take(recognize: (octets: Uint8Array, at: number) => number): boolean {
    const end = recognize(this.#octets, this.#at);
    if (end < 0) return false;
    this.#at = behindBlanks(this.#octets, end);
    return true;
  }

  #move(): void {
    this.#window.move(this.#at);
    this.#at = 0;
  }

  #expect(octet: number): void {
    if (this.#octets[this.#at] !== octet) throw new UnusualJson();
    this.#at = behindBlanks(this.#octets, this.#at + 1);
  }

  /** Reads the name of a member; its number among `names`. */
  #memberName(names: readonly string[]): number {
    const from = this.#at + 1;
    const end = this.#endOfText(false);
    this.#at = behindBlanks(this.#octets, end + 1);
    for (let number = 0; number < names.length; number++) {
      if (names[number].length === end - from && this.#spells(names[number], from)) return number;
    }
    throw new UnusualJson();
  }

  #spells(name: string, from: number): boolean {
    let i = 0;
    while (i < name.length && this.#octets[from + i] === name.charCodeAt(i)) i++;
    return i === name.length;
  }

  /** The place of the quote that ends the text at hand; says whether there are escapes in it, where there may be. */
  #endOfText(mayEscape: boolean): number {
    const octets = this.#octets;
    let at = this.#at;
    if (octets[at++] !== QUOTE) throw new UnusualJson();
    this.#hasEscapes = false;
    for (; octets[at] !== QUOTE; at++) {
      if (!(octets[at] >= BLANK)) throw new UnusualJson();
      if (octets[at] !== BACKSLASH) continue;
      if (!mayEscape) throw new UnusualJson();
      this.#hasEscapes = true;
      at++;
    }
    return at;
  }
}

/** What a text with its quotes says. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new UnusualJson();
  }
}
