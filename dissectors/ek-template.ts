// A document of `-T ek` that serves again: all of it but its slots is as it was for the message it was made from, as long as
// the octets outside of the slots are the same. `EkWriter` writes the same by the long way; a test keeps the two equal for
// every bit of a message that may change.

import { type AsciiWriter, digitsOf } from './ascii-writer.ts';
import { SLOT_BITS, SLOT_OCTETS, TEMPLATE_LAYERS } from './ek-slots.ts';
import { GENERATED, type TracedDocument, type TracedStep } from './ek-trace.ts';
import { frameProtocol } from './frame-fields.ts';
import { TransportChecks } from './internet/transport-checks.ts';
import { judgedProtocol } from './judged-fields.ts';
import type { Field } from './layer.ts';

/** We chose: octets of the longest document that is kept; a frame of 1,500 octets comes to some 17,000. */
export const LONGEST_TEMPLATE = 32 * 1024;

/** We chose: room for numbers that become longer. */
const SPARE = 64;

const NANOSECOND_DIGITS = 9;
const HEX_PREFIX = '0x'.length;

const SlotKind = { decimal: 0, hex: 1, octets: 2, tail: 3, number: 4, iso: 5, epoch: 6, counter: 7 } as const;
type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

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

/** One value that changes. Offsets of text count from the start of the template. */
class Slot {
  readonly kind: SlotKind;
  textAt: number;
  textLength: number;
  source = 0;
  at = 0;
  /** Octets that hold a number, or that are shown. */
  width = 0;
  mask = 0;
  shift = 0;
  /** Of a tail: number of the slot whose text ends with this one. */
  whole = 0;
  /** Of a number: what it is in the message at hand. */
  value = 0;

  constructor(kind: SlotKind, textAt: number, textLength: number) {
    this.kind = kind;
    this.textAt = textAt;
    this.textLength = textLength;
  }
}

/** Octets of one source that have to be as they were. */
interface Pattern {
  /** Of the source. */
  readonly length: number;
  /** An octet each: its place from bit 16 on, then the bits that count, then what they have to be. */
  readonly octets: Int32Array;
}

/** See the head of the file. */
export class EkTemplate {
  #bytes: Uint8Array;
  #length: number;
  readonly #slots: readonly Slot[];
  readonly #patterns: readonly Pattern[];
  readonly #checks: TransportChecks;

  private constructor(text: Uint8Array, slots: readonly Slot[], patterns: readonly Pattern[], checks: TransportChecks) {
    this.#bytes = new Uint8Array(text.length + SPARE);
    this.#bytes.set(text);
    this.#length = text.length;
    this.#slots = slots;
    this.#patterns = patterns;
    this.#checks = checks;
  }

  /**
   * @param from octet of the text at which the template begins
   * @param sources octets of the frame, and of the deciphered SDU where the document has it
   * @returns null where the document depends on more than its slots and what can be compared
   */
  static of(document: TracedDocument, from: number, sources: readonly Uint8Array[]): EkTemplate | null {
    if (document.sources + 1 !== sources.length || document.text.length > LONGEST_TEMPLATE) return null;
    const checks = TransportChecks.of(document.steps, sources);
    if (checks === null) return null;
    const masks = sources.map((bytes) => new Uint8Array(bytes.length).fill(0xff));
    const slots: Slot[] = [];
    let value = 0;
    for (const step of document.steps) {
      if (step.protocol !== null) {
        if (!TEMPLATE_LAYERS.has(step.protocol)) return null;
        if (step.length > 0) masks[step.source].fill(0xff, step.at, step.at + step.length);
        continue;
      }
      const { start, end } = document.places[value++];
      const slot = slotOf(step, start - from + 1, end - start - 2, sources);
      if (slot !== null) slots.push(slot);
      if (step.source !== GENERATED) cover(masks[step.source], step, slot !== null);
    }
    slots.sort((one, other) => one.textAt - other.textAt);
    joinTails(slots);
    const patterns = sources.map((bytes, source) => patternOf(bytes, masks[source]));
    return new EkTemplate(document.text.subarray(from), slots, patterns, checks);
  }

  /** Octets that are kept for it, about. */
  get size(): number {
    return this.#bytes.length + this.#patterns.reduce((sum, { octets }) => sum + octets.byteLength, 0);
  }

  /** Whether the document of these octets differs from the one it was made from in slots alone. */
  fits(sources: readonly Uint8Array[]): boolean {
    for (let source = 0; source < this.#patterns.length; source++) {
      const { length, octets } = this.#patterns[source];
      const bytes = sources[source];
      if (bytes.length !== length) return false;
      for (let index = 0; index < octets.length; index++) {
        const octet = octets[index];
        if ((bytes[octet >>> 16] & (octet >>> 8) & 0xff) !== (octet & 0xff)) return false;
      }
    }
    return this.#checks.hold(sources);
  }

  /** Writes the document of a message that fits. */
  write(sources: readonly Uint8Array[], values: SlotValues, out: AsciiWriter): void {
    this.#makeRoom(sources, values);
    const start = out.draft(this.#bytes.subarray(0, this.#length));
    for (const slot of this.#slots) {
      const at = start + slot.textAt;
      switch (slot.kind) {
        case SlotKind.decimal:
        case SlotKind.number:
        case SlotKind.counter:
          out.putDecimal(at, slot.value, slot.textLength);
          break;
        case SlotKind.hex:
          out.putHex(at + HEX_PREFIX, readBits(sources[slot.source], slot), slot.textLength - HEX_PREFIX);
          break;
        case SlotKind.octets:
          out.putHexWithColons(at, sources[slot.source], slot.at, slot.at + slot.width);
          break;
        case SlotKind.tail: {
          const whole = this.#slots[slot.whole];
          const end = start + whole.textAt + whole.textLength;
          out.putAgain(at, end - slot.textLength, end);
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
    const slots = this.#slots;
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
      if (digits !== slot.textLength) this.#resize(index, digits);
    }
  }

  /** Moves what stands behind a slot whose text becomes longer or shorter. */
  #resize(index: number, length: number): void {
    const slot = this.#slots[index];
    const behind = slot.textAt + slot.textLength;
    const moved = length - slot.textLength;
    if (this.#length + moved > this.#bytes.length) {
      const larger = new Uint8Array(this.#length + moved + SPARE);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.copyWithin(behind + moved, behind, this.#length);
    this.#length += moved;
    slot.textLength = length;
    for (let later = index + 1; later < this.#slots.length; later++) this.#slots[later].textAt += moved;
  }
}

function readBits(bytes: Uint8Array, slot: Slot): number {
  let value = 0;
  for (let at = slot.at; at < slot.at + slot.width; at++) value = (value << 8) | bytes[at];
  return ((value & slot.mask) >>> 0) >>> slot.shift;
}

/** The slot of a value, or null where it stays as it is. @param textAt behind the quote, where there is one */
function slotOf(step: TracedStep, textAt: number, textLength: number, sources: readonly Uint8Array[]): Slot | null {
  const field = step.field as Field;
  if (step.source === GENERATED) return generatedSlot(field, textAt, textLength);
  if (SLOT_OCTETS.has(field) && step.length > 0) {
    return place(new Slot(SlotKind.octets, textAt, textLength), step, step.length);
  }
  const mask = SLOT_BITS.get(field);
  if (mask === undefined || typeof step.value !== 'number') return null;
  const isHex = field.base === 'hex' || field.base === 'hex_dec';
  const slot = place(new Slot(isHex ? SlotKind.hex : SlotKind.decimal, textAt, textLength), step, step.length);
  slot.mask = mask | 0;
  slot.shift = Math.round(Math.log2((mask & -mask) >>> 0));
  // The declaration and the decoder must agree on what is read where.
  return readBits(sources[step.source], slot) === step.value ? slot : null;
}

function place(slot: Slot, step: TracedStep, width: number): Slot {
  slot.source = step.source;
  slot.at = step.at;
  slot.width = width;
  return slot;
}

function generatedSlot(field: Field, textAt: number, textLength: number): Slot | null {
  const { number, time, timeEpoch } = frameProtocol.fields;
  if (field === number) return new Slot(SlotKind.number, textAt, textLength);
  // The `Z` behind it stays.
  if (field === time) return new Slot(SlotKind.iso, textAt, textLength - 1);
  if (field === timeEpoch) return new Slot(SlotKind.epoch, textAt, textLength);
  return field === judgedProtocol.fields.count ? new Slot(SlotKind.counter, textAt, textLength) : null;
}

/** Notes which bits of a value have to be as they were: none where it is a slot, else all of its octets. */
function cover(mask: Uint8Array, step: TracedStep, isSlot: boolean): void {
  const field = step.field as Field;
  const bits = SLOT_BITS.get(field);
  for (let index = 0; index < step.length; index++) {
    const at = step.at + index;
    if (!isSlot) {
      const shift = 8 * (step.length - 1 - index);
      mask[at] |= field.mask === 0 || step.length > 4 ? 0xff : (field.mask >>> shift) & 0xff;
    } else if (bits === undefined) mask[at] = 0;
    else mask[at] &= ~((bits >>> (8 * (step.length - 1 - index))) & 0xff);
  }
}

/** Octets that end where longer ones end need not be written anew: their text stands at the end of the longer text. */
function joinTails(slots: Slot[]): void {
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index];
    if (slot.kind !== SlotKind.octets) continue;
    for (let other = 0; other < index; other++) {
      const whole = slots[other];
      const isTail = whole.source === slot.source && whole.at + whole.width === slot.at + slot.width;
      if (whole.kind !== SlotKind.octets || !isTail || whole.width < slot.width) continue;
      const tail = new Slot(SlotKind.tail, slot.textAt, slot.textLength);
      tail.whole = other;
      slots[index] = tail;
      break;
    }
  }
}

function patternOf(bytes: Uint8Array, masks: Uint8Array): Pattern {
  const octets: number[] = [];
  for (let index = 0; index < masks.length; index++) {
    if (masks[index] !== 0) octets.push((index << 16) | (masks[index] << 8) | (bytes[index] & masks[index]));
  }
  return { length: bytes.length, octets: Int32Array.from(octets) };
}
