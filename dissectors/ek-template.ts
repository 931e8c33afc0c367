// A document of `-T ek` that serves again: all of it but its slots is as it was for the message it was made from, as long as
// the octets outside of the slots are the same. `EkWriter` writes the same by the long way; a test keeps the two equal for
// every bit of a message that may change.

import { type AsciiWriter, digitsOf } from './ascii-writer.ts';
import { type Layout, partsOf, readBits, SlotKind, type TemplateParts } from './ek-parts.ts';
import type { TracedDocument } from './ek-trace.ts';

/** We chose: room for numbers that become longer. */
const SPARE = 64;

const NANOSECOND_DIGITS = 9;
const HEX_PREFIX = '0x'.length;

/** What a document says of a message that no octet of it holds. */
export interface SlotValues {
  /** Number of the frame. */
  number: number;
  /** The time of the frame up to its second, and the dot: in RFC 3339, and as seconds since 1970. */
  iso: Uint8Array;
  epoch: Uint8Array;
  nanoseconds: number;
  /** COUNT. */
  counter: number;
}

/** See the head of the file. */
export class EkTemplate {
  #bytes: Uint8Array;
  #length: number;
  readonly #layout: Layout;
  readonly #places: Int32Array;
  readonly #expected: readonly Uint8Array[];

  /** @param parts of which places and what is expected are the template's own from here on */
  constructor({ layout, text, places, expected }: TemplateParts) {
    this.#bytes = new Uint8Array(text.length + SPARE);
    this.#bytes.set(text);
    this.#length = text.length;
    this.#layout = layout;
    this.#places = places;
    this.#expected = expected;
  }

  /**
   * @param from octet of the text at which the template begins
   * @param sources octets of the frame, and of the deciphered SDU where the document has it
   * @returns null where the document depends on more than its slots and what can be compared
   */
  static of(document: TracedDocument, from: number, sources: readonly Uint8Array[]): EkTemplate | null {
    const parts = partsOf(document, from, sources);
    return parts === null ? null : new EkTemplate(parts);
  }

  /** Octets that are kept for it, about. */
  get size(): number {
    return this.#bytes.length + this.#places.byteLength + this.#expected.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether the document of these octets differs from the one it was made from in slots alone. */
  fits(sources: readonly Uint8Array[]): boolean {
    const { patterns, checks } = this.#layout;
    for (let source = 0; source < patterns.length; source++) {
      const { length, octets } = patterns[source];
      const bytes = sources[source];
      const expected = this.#expected[source];
      if (bytes.length !== length) return false;
      for (let index = 0; index < octets.length; index++) {
        const octet = octets[index];
        if ((bytes[octet >>> 8] & octet & 0xff) !== expected[index]) return false;
      }
    }
    return checks.hold(sources);
  }

  /** Writes the document of a message that fits. */
  write(sources: readonly Uint8Array[], values: SlotValues, out: AsciiWriter): void {
    this.#makeRoom(sources, values);
    const start = out.draft(this.#bytes.subarray(0, this.#length));
    const { slots } = this.#layout;
    const places = this.#places;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index];
      const at = start + places[2 * index];
      const textLength = places[2 * index + 1];
      switch (slot.kind) {
        case SlotKind.decimal:
        case SlotKind.number:
        case SlotKind.counter:
          out.putDecimal(at, slot.value, textLength);
          break;
        case SlotKind.hex:
          out.putHex(at + HEX_PREFIX, readBits(sources[slot.source], slot), textLength - HEX_PREFIX);
          break;
        case SlotKind.octets:
          out.putHexWithColons(at, sources[slot.source], slot.at, slot.at + slot.width);
          break;
        case SlotKind.tail: {
          const end = start + places[2 * slot.whole] + places[2 * slot.whole + 1];
          out.putAgain(at, end - textLength, end);
          break;
        }
        case SlotKind.iso:
        case SlotKind.epoch: {
          const whole = slot.kind === SlotKind.iso ? values.iso : values.epoch;
          out.put(at, whole);
          out.putDecimal(at + whole.length, values.nanoseconds, NANOSECOND_DIGITS);
          break;
        }
      }
    }
  }

  /** Reads the numbers, and moves the text where one is longer or shorter than it was in the message before. */
  #makeRoom(sources: readonly Uint8Array[], values: SlotValues): void {
    const { slots } = this.#layout;
    const places = this.#places;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index];
      switch (slot.kind) {
        case SlotKind.decimal:
          slot.value = readBits(sources[slot.source], slot);
          break;
        case SlotKind.number:
          slot.value = values.number;
          break;
        case SlotKind.counter:
          slot.value = values.counter;
          break;
        default:
          continue;
      }
      const digits = digitsOf(slot.value);
      if (digits !== places[2 * index + 1]) this.#resize(index, digits);
    }
  }

  /** Moves what stands behind a slot whose text becomes longer or shorter. */
  #resize(index: number, length: number): void {
    const places = this.#places;
    const behind = places[2 * index] + places[2 * index + 1];
    const moved = length - places[2 * index + 1];
    if (this.#length + moved > this.#bytes.length) {
      const larger = new Uint8Array(this.#length + moved + SPARE);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.copyWithin(behind + moved, behind, this.#length);
    this.#length += moved;
    places[2 * index + 1] = length;
    for (let later = 2 * index + 2; later < places.length; later += 2) places[later] += moved;
  }
}
