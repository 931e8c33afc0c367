// A document of `-T ek` as the model of those that other senders' messages have: between them differ addresses, stream ids
// and what the judgement says, and nothing else. A template for a sender is derived by writing these values anew into the
// model's text, which takes a fraction of tracing a document of the sender's own (ek-trace.ts). A test holds what is derived
// against documents of the tree's writer.

import { AsciiWriter } from './ascii-writer.ts';
import { type Pattern, partsOf, type TemplateParts } from './ek-parts.ts';
import { SENDER_FIELDS } from './ek-slots.ts';
import { EkTemplate } from './ek-template.ts';
import { GENERATED, type TracedDocument } from './ek-trace.ts';
import { judgedProtocol } from './judged-fields.ts';
import type { Field, FieldValue, TreeWriter } from './layer.ts';
import { writeEkValue } from './tree-ek.ts';

/** The layer of a judgement, which lies in no octets, as a list of its values. */
export class ToldValues implements TreeWriter {
  readonly fields: Field[] = [];
  readonly values: FieldValue[] = [];

  begin(): void {}

  end(): void {}

  group(): void {}

  source(): void {}

  problem(): void {}

  add(field: Field, _at: number, _length: number, value: FieldValue): void {
    this.generated(field, value);
  }

  generated(field: Field, value: FieldValue): void {
    this.fields.push(field);
    this.values.push(value);
  }

  /** Ready for the next judgement. */
  clear(): void {
    // Setting the length would give its memory up.
    while (this.fields.length > 0) this.fields.pop();
    while (this.values.length > 0) this.values.pop();
  }
}

/** A value that another sender's document may have otherwise. */
interface SenderValue {
  readonly field: Field;
  /** Octets of the model's text, quotes within. */
  readonly start: number;
  readonly end: number;
  /** Number among the values of the judgement; -1 for one that stands in octets. */
  readonly told: number;
  /** What the model's judgement has. */
  readonly value: FieldValue;
  readonly source: number;
  readonly at: number;
  readonly length: number;
  /** What the number in the octets is multiplied with; 0 where the octets themselves are the value. */
  readonly scale: number;
}

const scratch = new AsciiWriter();

/** See the head of the file. */
export class EkModel {
  readonly #parts: TemplateParts;
  /** Fields of the judgement. */
  readonly #told: readonly Field[];
  /** In the order of the text. */
  readonly #values: readonly SenderValue[];

  private constructor(parts: TemplateParts, told: readonly Field[], values: readonly SenderValue[]) {
    this.#parts = parts;
    this.#told = told;
    this.#values = values;
  }

  /**
   * @param document of one message
   * @param from octet of the text at which templates begin
   * @param sources octets of the frame, and of the deciphered SDU where the document has it
   * @returns null where the document depends on more than can be compared or derived
   */
  static of(document: TracedDocument, from: number, sources: readonly Uint8Array[]): EkModel | null {
    const parts = partsOf(document, from, sources);
    if (parts === null) return null;
    const told = judgementOf(document);
    const values: SenderValue[] = [];
    for (const { step, start, end } of parts.fixed) {
      const field = step.field as Field;
      const { source, at, length, value } = step;
      const number = told.steps.indexOf(step);
      if (number < 0 && (source === GENERATED || !SENDER_FIELDS.has(field))) continue;
      const place = { field, start, end, told: number, value, source, at, length };
      if (number >= 0) {
        if (value instanceof Uint8Array) return null;
        values.push({ ...place, scale: 1 });
        continue;
      }
      const scale = scaleOf(sources[source], at, length, value);
      if (scale === null) return null;
      // Octets are the frame's, which goes.
      values.push({ ...place, value: 0, scale });
    }
    values.sort((one, other) => one.start - other.start);
    const { layout, text, places, expected } = parts;
    return new EkModel(
      { layout, text: Uint8Array.from(text), places, expected },
      told.steps.map(({ field }) => field as Field),
      values,
    );
  }

  /**
   * The template of a message that differs from the model's in its sender, its group, its judgement and in slots alone.
   *
   * @param sources its octets
   * @param told its judgement
   * @returns null where it differs in more
   */
  derive(sources: readonly Uint8Array[], told: ToldValues): EkTemplate | null {
    const { layout } = this.#parts;
    const { patterns, checks } = layout;
    if (sources.length !== patterns.length || !this.#tellsTheSame(told.fields)) return null;
    const expected: Uint8Array[] = [];
    for (let source = 0; source < patterns.length; source++) {
      const octets = adapted(patterns[source], this.#parts.expected[source], sources[source]);
      if (octets === null) return null;
      expected.push(octets);
    }
    if (!checks.hold(sources)) return null;
    return new EkTemplate({ layout, expected, ...this.#write(sources, told) });
  }

  #tellsTheSame(fields: readonly Field[]): boolean {
    const told = this.#told;
    if (fields.length !== told.length) return false;
    for (let index = 0; index < told.length; index++) if (fields[index] !== told[index]) return false;
    return true;
  }

  /** The text with the values of a message, valid until the next call, and where the slots stand in it. */
  #write(sources: readonly Uint8Array[], told: ToldValues): Pick<TemplateParts, 'text' | 'places'> {
    const { text } = this.#parts;
    const places = Int32Array.from(this.#parts.places);
    scratch.take();
    let from = 0;
    let slot = 0;
    for (const place of this.#values) {
      const value = place.told < 0 ? readValue(sources[place.source], place) : told.values[place.told];
      if (place.told >= 0 && value === place.value) continue;
      const moved = scratch.length - from;
      for (; slot < places.length && places[slot] < place.start; slot += 2) places[slot] += moved;
      scratch.octets(text.subarray(from, place.start));
      writeEkValue(place.field, value, scratch);
      from = place.end;
    }
    const moved = scratch.length - from;
    for (; slot < places.length; slot += 2) places[slot] += moved;
    scratch.octets(text.subarray(from));
    return { text: scratch.take(), places };
  }
}

/** What a pattern expects of another sender; null where an octet differs that is not the sender's. */
function adapted({ length, octets, common }: Pattern, model: Uint8Array, bytes: Uint8Array): Uint8Array | null {
  if (bytes.length !== length) return null;
  const expected = new Uint8Array(octets.length);
  for (let index = 0; index < octets.length; index++) {
    const octet = octets[index];
    const there = bytes[octet >>> 8];
    if (((there ^ model[index]) & common[index]) !== 0) return null;
    expected[index] = there & octet;
  }
  return expected;
}

/** The values of the judgement: those that follow the beginning of its layer. */
function judgementOf({ steps }: TracedDocument): { steps: TracedDocument['steps'] } {
  const first = steps.findIndex(({ protocol }) => protocol === judgedProtocol) + 1;
  if (first === 0) return { steps: [] };
  const length = steps.slice(first).findIndex(({ protocol }) => protocol !== null);
  return { steps: length < 0 ? steps.slice(first) : steps.slice(first, first + length) };
}

/** The `scale` of a value that stands in these octets; null where they give another, or do not say. */
function scaleOf(bytes: Uint8Array, at: number, length: number, value: FieldValue): number | null {
  if (value instanceof Uint8Array) return value.length === length ? 0 : null;
  if (typeof value !== 'number' || value === 0 || length > 4) return null;
  const number = numberAt(bytes, at, length);
  // The 16 high bits of a Layer-2 ID count as an id whose low bits are 0.
  return [1, 256].find((scale) => number * scale === value) ?? null;
}

function readValue(bytes: Uint8Array, { at, length, scale }: SenderValue): FieldValue {
  return scale === 0 ? bytes.subarray(at, at + length) : numberAt(bytes, at, length) * scale;
}

function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let number = 0;
  for (let index = at; index < at + length; index++) number = number * 256 + bytes[index];
  return number;
}
