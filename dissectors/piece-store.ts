// Pieces of output that were made once and come again, for whoever writes so much that making them anew would cost more than
// all else. A piece is known by a few words, its octets stand behind those of the pieces before: an object for each of
// many thousand would cost more memory than its text, and the collector would carry them all along.

import type { AsciiWriter } from './ascii-writer.ts';

/** We chose: places to look for a piece, 2 to this power at first, twice as many as pieces. */
const FIRST_BITS = 12;
/**
 * We chose: pieces, and octets of them, kept at most; a radio that talks takes one piece of some 150 octets. With as many as
 * there can be the three stores of text take 100 MiB. Above either cap all are forgotten, and made anew when they come again.
 */
const MOST_PIECES = 1 << 18;
const MOST_OCTETS = 1 << 26;
/**
 * We chose: places looked at for one piece. As many are never taken in a row by chance (44 were the most of 2^18 pieces), but whoever
 * sends can choose words that all scatter to one place. Where that comes about, all are forgotten as above the caps.
 */
const MOST_LOOKS = 256;
/** We chose: octets in one block of memory, which a longer piece has to itself. */
const BLOCK_OCTETS = 1 << 17;
/** Octets behind a piece that whoever copies words may read with it. */
const SPARE_OCTETS = 3;

/** Words of a piece behind those that it is known by. */
const VALUE = 0;
const BLOCK = 1;
const AT = 2;
const LENGTH = 3;
const OTHER_WORDS = 4;

/** See the head of the file. Set `key`, then `find`, and where that finds none `put`. */
export class PieceStore {
  /** The words, 32 bits each, of the piece that is asked for. */
  readonly key: Int32Array;
  /** Pieces kept. They are numbered from 0. */
  count = 0;
  readonly #words: number;
  readonly #stride: number;
  /** By piece: its words, the owner's value, block, place in it, octets. */
  #pieces: Int32Array;
  /** Number of a piece plus 1, at the first free place from the one that its key scatters to; 0: none. */
  #places = new Uint32Array(1 << FIRST_BITS);
  #shift = 32 - FIRST_BITS;
  #blocks: DataView[] = [];
  #blockAt = 0;
  #octets = 0;

  /** @param words that a piece is known by */
  constructor(words: number) {
    this.key = new Int32Array(words);
    this.#words = words;
    this.#stride = words + OTHER_WORDS;
    this.#pieces = new Int32Array(this.#stride << (FIRST_BITS - 1));
  }

  /** The piece with the words of `key`; -1 where there is none. */
  find(): number {
    const places = this.#places;
    const last = places.length - 1;
    for (let place = this.#placeOf(this.key, 0); ; place = (place + 1) & last) {
      const piece = places[place] - 1;
      if (piece < 0 || this.#isKeyOf(piece)) return piece;
    }
  }

  /**
   * Keeps a piece for the words of `key`, which it was not found by.
   *
   * @param value whatever the owner wants to know of it, 32 bits
   * @returns its number, until the next call of `put`, which may forget it
   */
  put(octets: Uint8Array, value: number): number {
    const isFull = this.count === MOST_PIECES || this.#octets + octets.length > MOST_OCTETS;
    if (isFull || this.#isCrowded()) this.#forgetAll();
    if (this.count * 2 === this.#places.length) this.#grow();
    const block = this.#blockFor(octets.length);
    new Uint8Array(block.buffer).set(octets, this.#blockAt);
    const pieces = this.#pieces;
    const piece = this.count++;
    const start = piece * this.#stride;
    pieces.set(this.key, start);
    const other = start + this.#words;
    pieces[other + VALUE] = value;
    pieces[other + BLOCK] = this.#blocks.length - 1;
    pieces[other + AT] = this.#blockAt;
    pieces[other + LENGTH] = octets.length;
    this.#blockAt += octets.length;
    this.#octets += octets.length;
    this.#place(piece);
    return piece;
  }

  /** What its owner kept with a piece. */
  value(piece: number): number {
    return this.#pieces[piece * this.#stride + this.#words + VALUE];
  }

  /** Writes the octets of a piece. */
  write(piece: number, out: AsciiWriter): void {
    const pieces = this.#pieces;
    const other = piece * this.#stride + this.#words;
    out.part(this.#blocks[pieces[other + BLOCK]], pieces[other + AT], pieces[other + LENGTH]);
  }

  #isKeyOf(piece: number): boolean {
    const { key } = this;
    const pieces = this.#pieces;
    const start = piece * this.#stride;
    for (let word = 0; word < key.length; word++) if (pieces[start + word] !== key[word]) return false;
    return true;
  }

  #placeOf(words: Int32Array, start: number): number {
    let mixed = 0;
    // The multiplier spreads neighbouring numbers over the table (Knuth, TAOCP 6.4).
    for (let word = 0; word < this.#words; word++) {
      mixed = Math.imul(mixed ^ (mixed >>> 15) ^ words[start + word], 0x9e3779b1);
    }
    return mixed >>> this.#shift;
  }

  /** Whether no place is free near the one that `key` scatters to. */
  #isCrowded(): boolean {
    const places = this.#places;
    const first = this.#placeOf(this.key, 0);
    for (let look = 0; look < MOST_LOOKS; look++) if (places[(first + look) & (places.length - 1)] === 0) return false;
    return true;
  }

  #place(piece: number): void {
    const places = this.#places;
    const last = places.length - 1;
    let place = this.#placeOf(this.#pieces, piece * this.#stride);
    while (places[place] !== 0) place = (place + 1) & last;
    places[place] = piece + 1;
  }

  #grow(): void {
    const pieces = new Int32Array(this.#pieces.length * 2);
    pieces.set(this.#pieces);
    this.#pieces = pieces;
    this.#places = new Uint32Array(this.#places.length * 2);
    this.#shift--;
    for (let piece = 0; piece < this.count; piece++) this.#place(piece);
  }

  /** The block that has room for a piece at `#blockAt`. */
  #blockFor(length: number): DataView {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#blockAt + length + SPARE_OCTETS <= last.byteLength) return last;
    const made = new DataView(new ArrayBuffer(Math.max(BLOCK_OCTETS, length + SPARE_OCTETS)));
    this.#blocks.push(made);
    this.#blockAt = 0;
    return made;
  }

  #forgetAll(): void {
    this.count = 0;
    this.#places.fill(0);
    this.#blocks = [];
    this.#octets = 0;
  }
}
