// Puts a block of records together: texts are written one behind the other, and records that have everything in common by
// which they are routed share one entry.

import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { printableJson } from '../../dissectors/printable.ts';
import { RecordBlock } from './record-block.ts';
import { type EngineRecord, type RecordTraits, traitsOf, wholeEvent } from './relay-record.ts';

/** Records of which there is room at the beginning; doubled when it does not suffice. */
const FIRST_RECORDS = 1024;

/** See the head of the file. What is gathered is bounded by what is judged at once. */
export class RecordBlockWriter {
  /** The text of the record at hand without anything that plaintext gave; then, if there is one, the whole one. */
  readonly outer = new AsciiWriter();
  readonly plain = new AsciiWriter();
  #count = 0;
  #traitOf = new Uint32Array(FIRST_RECORDS);
  #outerEnds = new Uint32Array(FIRST_RECORDS);
  #plainEnds = new Uint32Array(FIRST_RECORDS);
  readonly #named = new Map<string, number>();
  #traits: RecordTraits[] = [];

  /** Records since the last block. */
  get count(): number {
    return this.#count;
  }

  /** Place of traits that were given a name in this block; -1 where none were. */
  traitsNamed(name: string): number {
    return this.#named.get(name) ?? -1;
  }

  /** Gives traits a name that holds for this block. @returns their place */
  nameTraits(name: string, traits: RecordTraits): number {
    const place = this.#traits.push(traits) - 1;
    this.#named.set(name, place);
    return place;
  }

  /** The texts of the record at hand are complete. @param place of its traits */
  end(place: number): void {
    if (this.#count === this.#traitOf.length) this.#grow();
    this.#traitOf[this.#count] = place;
    this.#outerEnds[this.#count] = this.outer.length;
    this.#plainEnds[this.#count] = this.plain.length;
    this.#count++;
  }

  /** Writes a whole record by way of its object. */
  record(record: EngineRecord): void {
    const traits = traitsOf(record);
    const name = JSON.stringify(traits);
    const known = this.traitsNamed(name);
    this.outer.utf8(printableJson(record.event));
    if (record.plain !== null) this.plain.utf8(printableJson(wholeEvent(record)));
    this.end(known < 0 ? this.nameTraits(name, traits) : known);
  }

  /** What was written since the last block, as octets of its own. */
  take(): RecordBlock {
    const count = this.#count;
    const block = new RecordBlock({
      traits: this.#traits,
      traitOf: this.#traitOf.slice(0, count),
      outer: { octets: copyOf(this.outer.take()), lengths: lengthsOf(this.#outerEnds, count) },
      plain: { octets: copyOf(this.plain.take()), lengths: lengthsOf(this.#plainEnds, count) },
    });
    this.#count = 0;
    this.#traits = [];
    this.#named.clear();
    return block;
  }

  #grow(): void {
    const wider = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const wide = new Uint32Array(column.length * 2);
      wide.set(column);
      return wide;
    };
    this.#traitOf = wider(this.#traitOf);
    this.#outerEnds = wider(this.#outerEnds);
    this.#plainEnds = wider(this.#plainEnds);
  }
}

/** Of its own: `slice` of a Buffer would be a view. */
function copyOf(octets: Uint8Array): Uint8Array {
  return new Uint8Array(octets);
}

function lengthsOf(ends: Uint32Array, count: number): Uint32Array {
  const lengths = ends.slice(0, count);
  for (let row = count - 1; row > 0; row--) lengths[row] -= lengths[row - 1];
  return lengths;
}
