// Pieces of output that were made once and come again, for whoever writes so much that making them anew would cost more than
// all else: by number, two places each. What must be compared to know a piece is the owner's to know.

/**
 * We chose: places at first and at most, 2 to this power. A radio that talks takes one. With as many as there can be the three
 * tables of text take 35 MiB; above it pieces that had to make room are made anew.
 */
const FIRST_BITS = 12;
const MOST_BITS = 14;

/** See the head of the file. */
export class PieceTable<Piece extends object> {
  /** What stands at each place; where nothing does, the piece that stands for none. */
  places: Piece[];
  readonly #none: Piece;
  #bits = FIRST_BITS;
  /** Pieces that had to make room since it grew. */
  #replaced = 0;

  /** @param none a piece that equals none that is asked for */
  constructor(none: Piece) {
    this.#none = none;
    this.places = emptyPlaces(FIRST_BITS, none);
  }

  /** The first of two places, one behind the other, of what has this number: 32 bits, which need not be spread. */
  placeOf(number: number): number {
    // The multiplier spreads neighbouring numbers over the table (Knuth, TAOCP 6.4).
    return (Math.imul(number, 0x9e3779b1) >>> (32 - this.#bits)) & ~1;
  }

  /** Puts a piece that is new here at the first of its places, instead of the older one of two. */
  put(first: number, piece: Piece): void {
    const { places } = this;
    if (places[first + 1] !== this.#none) this.#replaced++;
    places[first + 1] = places[first];
    places[first] = piece;
    if (this.#replaced < places.length / 2 || this.#bits === MOST_BITS) return;
    // Those that it holds are made once more, which costs less than to know the number of each.
    this.#bits++;
    this.#replaced = 0;
    this.places = emptyPlaces(this.#bits, this.#none);
  }
}

function emptyPlaces<Piece>(bits: number, none: Piece): Piece[] {
  // oxlint-disable-next-line unicorn/no-new-array -- the same in all places, not made by thousands of calls
  return new Array<Piece>(1 << bits).fill(none);
}
