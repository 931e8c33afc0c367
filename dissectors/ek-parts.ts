// What a template of a document of `-T ek` is made of (ek-template.ts), found out from a document whose making was traced:
// its slots, and which bits of which octets have to be as they were.

import { SENDER_FIELDS, SLOT_BITS, SLOT_OCTETS, TEMPLATE_LAYERS } from './ek-slots.ts';
import { GENERATED, type TracedDocument, type TracedStep } from './ek-trace.ts';
import { frameProtocol } from './frame-fields.ts';
import { TransportChecks } from './internet/transport-checks.ts';
import { judgedProtocol } from './judged-fields.ts';
import type { Field } from './layer.ts';

/** We chose: octets of the longest document that is kept; a frame of 1,500 octets comes to some 17,000. */
export const LONGEST_TEMPLATE = 32 * 1024;

/** How the text of a slot is made. */
export const SlotKind = { decimal: 0, hex: 1, octets: 2, tail: 3, number: 4, iso: 5, epoch: 6, counter: 7 } as const;
export type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

/** One value that changes, in the document at hand and in all that are derived from it. */
export class Slot {
  readonly kind: SlotKind;
  /** Where the text stands in that document, from the start of the template. */
  readonly textAt: number;
  readonly textLength: number;
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
export interface Pattern {
  /** Of the source. */
  readonly length: number;
  /** An octet each: its place from bit 8 on, then the bits that count. */
  readonly octets: Int32Array;
  /** For each of them, the bits that count whoever sent (ek-model.ts). */
  readonly common: Uint8Array;
}

/**
 * What is the same in the documents of all who send messages of one kind. One for all, so that it stays in the cache: each
 * message wants the text of another sender.
 */
export interface Layout {
  /** In the order of the text. */
  readonly slots: readonly Slot[];
  /** One for each source. */
  readonly patterns: readonly Pattern[];
  readonly checks: TransportChecks;
}

/** What a template is made of. */
export interface TemplateParts {
  readonly layout: Layout;
  readonly text: Uint8Array;
  /** For each slot, where its text begins, and its length. */
  readonly places: Int32Array;
  /** By source, for each octet of its pattern: what its bits have to be. */
  readonly expected: readonly Uint8Array[];
}

/** The same, and the values that are no slots. */
export interface ModelParts extends TemplateParts {
  readonly fixed: readonly FixedStep[];
}

/** A value that is no slot. */
export interface FixedStep {
  readonly step: TracedStep;
  /** Octets of the template's text, quotes within. */
  readonly start: number;
  readonly end: number;
}

/**
 * @param from octet of the text at which the template begins
 * @param sources octets of the frame, and of the deciphered SDU where the document has it
 * @returns null where the document depends on more than its slots and what can be compared
 */
export function partsOf(document: TracedDocument, from: number, sources: readonly Uint8Array[]): ModelParts | null {
  if (document.sources + 1 !== sources.length || document.text.length > LONGEST_TEMPLATE) return null;
  const checks = TransportChecks.of(document.steps, sources);
  if (checks === null) return null;
  const masks = sources.map((bytes) => new Uint8Array(bytes.length).fill(0xff));
  const common = sources.map((bytes) => new Uint8Array(bytes.length).fill(0xff));
  const slots: Slot[] = [];
  const fixed: FixedStep[] = [];
  let value = 0;
  for (const step of document.steps) {
    const { source, at, length } = step;
    if (step.protocol !== null) {
      if (!TEMPLATE_LAYERS.has(step.protocol)) return null;
      if (length > 0) for (const bits of [masks, common]) bits[source].fill(0xff, at, at + length);
      continue;
    }
    const place = document.places[value++];
    const start = place.start - from;
    const end = place.end - from;
    const slot = slotOf(step, start + 1, end - start - 2, sources);
    if (slot === null) fixed.push({ step, start, end });
    else slots.push(slot);
    if (source === GENERATED) continue;
    cover(masks[source], step, slot !== null);
    cover(common[source], step, slot !== null || SENDER_FIELDS.has(step.field as Field));
  }
  slots.sort((one, other) => one.textAt - other.textAt);
  joinTails(slots);
  const patterns = sources.map((_, source) => patternOf(masks[source], common[source]));
  return {
    layout: { slots, patterns, checks },
    text: document.text.subarray(from),
    places: Int32Array.from(slots.flatMap(({ textAt, textLength }) => [textAt, textLength])),
    expected: sources.map((bytes, source) => {
      return Uint8Array.from(patterns[source].octets, (octet) => bytes[octet >>> 8] & octet);
    }),
    fixed,
  };
}

/** The number that a slot's octets hold. */
export function readBits(bytes: Uint8Array, slot: Slot): number {
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

/** @param common as `masks`, without the sender's octets */
function patternOf(masks: Uint8Array, common: Uint8Array): Pattern {
  const octets: number[] = [];
  for (let index = 0; index < masks.length; index++) {
    if (masks[index] !== 0) octets.push((index << 8) | masks[index]);
  }
  return {
    length: masks.length,
    octets: Int32Array.from(octets),
    common: Uint8Array.from(octets, (octet) => common[octet >>> 8]),
  };
}
