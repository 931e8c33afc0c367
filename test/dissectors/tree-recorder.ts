// A TreeWriter that keeps what it is told, for tests: a flat list of fields, and checks that layers and groups close.

import type { Field, FieldValue, Protocol, TreeWriter } from '../../dissectors/layer.ts';

/** A field as it was added. */
export interface Recorded {
  readonly name: string;
  readonly at: number;
  readonly length: number;
  readonly value: FieldValue;
  readonly protocol: string;
}

/** Stands for a source, which holds layers and no fields of its own. */
const SOURCE: Protocol = { name: 'source', title: '', about: '', clause: '', fields: {} };

/** Records a tree. Throws where a field lies outside its layer's octets or an `end` has no beginning. */
export class TreeRecorder implements TreeWriter {
  readonly fields: Recorded[] = [];
  readonly problems: string[] = [];
  readonly protocols: string[] = [];
  #open: { protocol: Protocol; at: number; end: number }[] = [];

  begin(protocol: Protocol, at: number, length: number): void {
    if (length < 0) throw new Error(`${protocol.name} has ${length} octets`);
    this.protocols.push(protocol.name);
    this.#open.push({ protocol, at, end: at + length });
  }

  end(): void {
    if (this.#open.pop() === undefined) throw new Error('end without begin');
  }

  group(_label: string, at: number, length: number): void {
    const top = this.#top();
    if (length < 0 || at < top.at || at + length > top.end) throw new Error(`group at ${at} lies outside its layer`);
    this.#open.push({ protocol: top.protocol, at, end: at + length });
  }

  add(field: Field, at: number, length: number, value: FieldValue): void {
    const top = this.#top();
    if (at < top.at || at + length > top.end) throw new Error(`${field.name} at ${at} lies outside its layer`);
    if (!Object.values(top.protocol.fields).includes(field)) throw new Error(`${field.name} is not declared`);
    if (value === undefined || Number.isNaN(value)) throw new Error(`${field.name} has no value`);
    this.fields.push({ name: field.name, at, length, value, protocol: top.protocol.name });
  }

  generated(field: Field, value: FieldValue): void {
    this.add(field, this.#top().at, 0, value);
  }

  problem(code: string, _at: number, _text: string): void {
    this.problems.push(code);
  }

  source(_name: string, bytes: Uint8Array): void {
    this.#open.push({ protocol: SOURCE, at: 0, end: bytes.length });
  }

  /** Values of a field, in order. */
  all(name: string): FieldValue[] {
    return this.fields.filter((field) => field.name === name).map((field) => field.value);
  }

  /** First value of a field; throws where there is none. */
  one(name: string): FieldValue {
    const values = this.all(name);
    if (values.length === 0) throw new Error(`no field ${name}`);
    return values[0];
  }

  /** True where everything that was opened is closed. */
  get closed(): boolean {
    return this.#open.length === 0;
  }

  #top(): { protocol: Protocol; at: number; end: number } {
    const top = this.#open.at(-1);
    if (top === undefined) throw new Error('outside every layer');
    return top;
  }
}

/** Octets of hex digits; blanks are skipped. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ''), 'hex'));
}
