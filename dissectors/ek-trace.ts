// The TreeWriter that learns how a document of `-T ek` comes about: it has the document written, and notes for each value
// which octets of which source it was read from and which octets of the text it became.

import { AsciiWriter } from './ascii-writer.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';
import { EkWriter, type ValuePlace } from './tree-ek.ts';

/** Source of a value that was worked out, not read. */
export const GENERATED = -1;

/** One layer or one value of a document, in the order in which a decoder told of it. */
export interface TracedStep {
  /** The layer that begins; null for a value. */
  readonly protocol: Protocol | null;
  /** The value's field; null for a layer. */
  readonly field: Field | null;
  readonly value: FieldValue;
  /** 0 the frame, 1 the first source that was opened, and so on; `GENERATED`. */
  readonly source: number;
  /** First octet in the source, and octets. */
  readonly at: number;
  readonly length: number;
}

/** A document and how it came about. */
export interface TracedDocument {
  /** Index line and document line. */
  readonly text: Uint8Array;
  readonly steps: readonly TracedStep[];
  /** By number of the value, layers not counted: where it stands in `text`, quotes included. */
  readonly places: readonly ValuePlace[];
  /** Sources besides the frame. */
  readonly sources: number;
}

/** Traces one document after the other: describe a frame and `finish`. */
export class EkTrace implements TreeWriter {
  readonly #out = new AsciiWriter();
  readonly #places: ValuePlace[] = [];
  readonly #writer = new EkWriter(this.#out, this.#places);
  #steps: TracedStep[] = [];
  #values = 0;
  #sources = 0;
  readonly #open: number[] = [];
  #source = 0;
  #isSound = true;

  begin(protocol: Protocol, at: number, length: number): void {
    this.#open.push(this.#source);
    this.#steps.push({ protocol, field: null, value: 0, source: this.#source, at, length });
    this.#writer.begin(protocol, at, length);
  }

  group(label: string, at: number, length: number): void {
    this.#open.push(this.#source);
    this.#writer.group(label, at, length);
  }

  source(name: string, bytes: Uint8Array): void {
    this.#open.push(this.#source);
    this.#source = ++this.#sources;
    this.#writer.source(name, bytes);
  }

  end(): void {
    this.#source = this.#open.pop() ?? 0;
    this.#writer.end();
  }

  add(field: Field, at: number, length: number, value: FieldValue): void {
    this.#note(field, this.#source, at, length, value);
    this.#writer.add(field, at, length, value);
  }

  generated(field: Field, value: FieldValue): void {
    this.#note(field, GENERATED, 0, 0, value);
    this.#writer.generated(field, value);
  }

  problem(code: string, at: number, text: string): void {
    this.#isSound = false;
    this.#writer.problem(code, at, text);
  }

  /** What was described; null where something was wrong with the octets. Ready for the next frame. */
  finish(): TracedDocument | null {
    this.#writer.finish();
    const text = Uint8Array.from(this.#out.take());
    const { length } = this.#places;
    // A value that stood in no layer, or above the cap of values, would shift those behind it; `frame.protocols` is last.
    const isSound = this.#isSound && length === this.#values + 1;
    const traced = { text, steps: this.#steps, places: this.#places.splice(0), sources: this.#sources };
    this.#steps = [];
    this.#values = 0;
    this.#sources = 0;
    this.#open.length = 0;
    this.#source = 0;
    this.#isSound = true;
    return isSound ? traced : null;
  }

  #note(field: Field, source: number, at: number, length: number, value: FieldValue): void {
    this.#values++;
    this.#steps.push({ protocol: null, field, value, source, at, length });
  }
}
