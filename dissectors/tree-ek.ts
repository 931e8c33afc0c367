// The TreeWriter of `-T ek` at speed: it notes what a frame has while it is decoded and writes the document's octets at
// the end of the frame, without a tree or strings in between. `treeEk` of tree-json.ts says the same by the long way; a
// test keeps the two equal.

import type { AsciiWriter } from './ascii-writer.ts';
import { frameProtocol } from './frame-fields.ts';
import { isConclusion, problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';
import { writePlain } from './plain-value.ts';
import { printableJson } from './printable.ts';
import { TREE_NODES } from './tree.ts';
import { continuesLayer, ekIndexLine, ekTimestamp, tsharkName, underscored } from './tree-json.ts';
import { bareText, isoText } from './value-text.ts';

const NONE = -1;
const COMMA = 0x2c;
const QUOTE = 0x22;

const frameFields = frameProtocol.fields;
const problemFields = problemProtocol.fields;

/**
 * Names of fields, as keys have them, by number, so that what belongs to a name is found in an array. Two names of
 * fields may be one key.
 */
const nameNumbers = new Map<string, number>();
const names: string[] = [];
/** By field id. */
const numberOfField: number[] = [];

function nameNumber(field: Field): number {
  const known = numberOfField[field.id] as number | undefined;
  if (known !== undefined) return known;
  const name = underscored(field.name);
  let number = nameNumbers.get(name);
  if (number === undefined) {
    number = names.length;
    names.push(name);
    nameNumbers.set(name, number);
  }
  numberOfField[field.id] = number;
  return number;
}

/** What is the same for all layers of one name: octets of its own key and of the keys of its fields, made once each. */
class LayerKind {
  readonly key: Uint8Array;
  readonly #name: string;
  readonly #keys: Uint8Array[] = [];

  constructor(name: string) {
    this.#name = name;
    this.key = Buffer.from(`${printableJson(name)}:`);
  }

  /** JSON of a field's key, with the colon behind it. */
  fieldKey(number: number): Uint8Array {
    const known = this.#keys[number] as Uint8Array | undefined;
    if (known !== undefined) return known;
    const key = Buffer.from(`${printableJson(`${this.#name}_${names[number]}`)}:`);
    this.#keys[number] = key;
    return key;
  }
}

const kindsByName = new Map<string, LayerKind>();
const kindsByProtocol = new Map<Protocol, LayerKind>();

function layerKind(protocol: Protocol): LayerKind {
  let kind = kindsByProtocol.get(protocol);
  if (kind !== undefined) return kind;
  const name = underscored(tsharkName(protocol.name));
  kind = kindsByName.get(name) ?? new LayerKind(name);
  kindsByName.set(name, kind);
  kindsByProtocol.set(protocol, kind);
  return kind;
}

/** One layer of the document. */
class EkLayer {
  kind: LayerKind = layerKind(frameProtocol);
  /** Tells layers apart while stamps of names are compared. */
  serial = 0;
  /** Another layer began while this one was open: it may have put its stamps on the same names. */
  interrupted = false;
  /** First and last entry. */
  head = NONE;
  tail = NONE;
}

/** Octets that a value takes in the output, quotes included. */
export interface ValuePlace {
  readonly start: number;
  /** One behind the last. */
  readonly end: number;
}

/** Gathers documents of one frame after the other: describe it and `finish`. */
export class EkWriter implements TreeWriter {
  readonly #out: AsciiWriter;
  /** Layers in the order in which they began; those behind `#used` wait for the next frame. */
  readonly #layers: EkLayer[] = [];
  #used = 0;
  readonly #open: (EkLayer | null)[] = [];
  #layer: EkLayer | null = null;
  /** Protocol of the layer that began last, and how many there were. */
  #last: Protocol | null = null;
  #began = 0;
  #serial = 0;
  #protocols = '';
  #time: bigint | null = null;
  // Entries: one a value. Entries of one layer and different names are one list, those of one name hang on the first.
  #entries = 0;
  readonly #fields: Field[] = [];
  readonly #values: FieldValue[] = [];
  readonly #next: number[] = [];
  readonly #nextOfName: number[] = [];
  readonly #lastOfName: number[] = [];
  // By number of a name: the layer that had it last, and its entry there.
  readonly #stamps: number[] = [];
  readonly #entryOfName: number[] = [];

  readonly #places: ValuePlace[] | null;

  /**
   * @param out where the documents go
   * @param places where it is noted which octets of `out` each value takes: one for every value that was added, in the
   *   order of the calls, and behind them the one of `frame.protocols`
   */
  constructor(out: AsciiWriter, places: ValuePlace[] | null = null) {
    this.#out = out;
    this.#places = places;
  }

  begin(protocol: Protocol, _at: number, _length: number): void {
    if (this.#layer !== null) this.#layer.interrupted = true;
    this.#open.push(this.#layer);
    if (this.#used > 0 && continuesLayer(this.#last, protocol)) {
      this.#layer = this.#layers[this.#used - 1];
    } else this.#layer = this.#take(layerKind(protocol));
    this.#last = protocol;
    if (this.#began++ > 0 && !isConclusion(protocol)) this.#name(protocol.name);
  }

  group(_label: string, _at: number, _length: number): void {
    this.#open.push(this.#layer);
  }

  source(_name: string, _bytes: Uint8Array): void {
    this.#open.push(this.#layer);
  }

  end(): void {
    const outer = this.#open.pop();
    if (outer !== undefined) this.#layer = outer;
  }

  add(field: Field, _at: number, _length: number, value: FieldValue): void {
    if (field === frameFields.time && typeof value === 'bigint') this.#time ??= value;
    if (this.#layer !== null) this.#put(this.#layer, field, value);
  }

  generated(field: Field, value: FieldValue): void {
    this.add(field, 0, 0, value);
  }

  problem(code: string, at: number, text: string): void {
    let layer = this.#layer;
    if (layer === null) {
      layer = this.#take(layerKind(problemProtocol));
      this.#last = null;
      this.#began++;
      this.#name(problemProtocol.name);
    }
    this.#put(layer, problemFields.code, code);
    this.#put(layer, problemFields.at, at);
    this.#put(layer, problemFields.text, text);
  }

  /** Writes the index line and the document line of what was described; ready for the next frame. */
  finish(): void {
    const first = this.#layers[0] as EkLayer | undefined;
    if (first !== undefined && this.#used > 0 && first.kind === layerKind(frameProtocol)) {
      first.interrupted = true;
      this.#put(first, frameFields.protocols, this.#protocols);
    }
    const out = this.#out;
    out.text(ekIndexLine(this.#time));
    out.text(`{${ekTimestamp(this.#time)}"layers":{`);
    this.#writeLayers();
    out.text('}}\n');
    this.#used = 0;
    this.#open.length = 0;
    this.#layer = null;
    this.#last = null;
    this.#began = 0;
    this.#protocols = '';
    this.#time = null;
    this.#entries = 0;
  }

  #name(protocol: string): void {
    this.#protocols += this.#protocols === '' ? protocol : `:${protocol}`;
  }

  #take(kind: LayerKind): EkLayer {
    let layer = this.#layers[this.#used] as EkLayer | undefined;
    if (layer === undefined) {
      layer = new EkLayer();
      this.#layers.push(layer);
    }
    this.#used++;
    layer.kind = kind;
    layer.serial = ++this.#serial;
    layer.interrupted = false;
    layer.head = NONE;
    layer.tail = NONE;
    return layer;
  }

  #put(layer: EkLayer, field: Field, value: FieldValue): void {
    const entry = this.#entries;
    if (entry >= TREE_NODES) return;
    this.#entries++;
    this.#fields[entry] = field;
    this.#values[entry] = value;
    this.#next[entry] = NONE;
    this.#nextOfName[entry] = NONE;
    const number = nameNumber(field);
    let first = NONE;
    if (this.#stamps[number] === layer.serial) first = this.#entryOfName[number];
    else if (layer.interrupted) first = this.#find(layer, number);
    if (first !== NONE) {
      this.#nextOfName[this.#lastOfName[first]] = entry;
      this.#lastOfName[first] = entry;
      return;
    }
    this.#lastOfName[entry] = entry;
    if (layer.head === NONE) layer.head = entry;
    else this.#next[layer.tail] = entry;
    layer.tail = entry;
    this.#stamps[number] = layer.serial;
    this.#entryOfName[number] = entry;
  }

  #find(layer: EkLayer, number: number): number {
    for (let entry = layer.head; entry !== NONE; entry = this.#next[entry]) {
      if (nameNumber(this.#fields[entry]) === number) return entry;
    }
    return NONE;
  }

  /** All layers; those of one name are an array at the place of the first. */
  #writeLayers(): void {
    const out = this.#out;
    for (let index = 0; index < this.#used; index++) {
      const { kind } = this.#layers[index];
      let count = 0;
      let isFirst = true;
      for (let other = 0; other < this.#used; other++) {
        if (this.#layers[other].kind !== kind) continue;
        if (other < index) isFirst = false;
        count++;
      }
      if (!isFirst) continue;
      if (index > 0) out.octet(COMMA);
      out.octets(kind.key);
      if (count === 1) {
        this.#writeLayer(this.#layers[index]);
        continue;
      }
      let mark = '[';
      for (let other = index; other < this.#used; other++) {
        if (this.#layers[other].kind !== kind) continue;
        out.text(mark);
        this.#writeLayer(this.#layers[other]);
        mark = ',';
      }
      out.text(']');
    }
  }

  #writeLayer(layer: EkLayer): void {
    const out = this.#out;
    out.text('{');
    for (let entry = layer.head; entry !== NONE; entry = this.#next[entry]) {
      if (entry !== layer.head) out.octet(COMMA);
      out.octets(layer.kind.fieldKey(nameNumber(this.#fields[entry])));
      const isArray = this.#nextOfName[entry] !== NONE;
      if (isArray) out.text('[');
      this.#writeEntry(entry);
      for (let more = this.#nextOfName[entry]; more !== NONE; more = this.#nextOfName[more]) {
        out.octet(COMMA);
        this.#writeEntry(more);
      }
      if (isArray) out.text(']');
    }
    out.text('}');
  }

  #writeEntry(entry: number): void {
    const start = this.#out.length;
    writeEkValue(this.#fields[entry], this.#values[entry], this.#out);
    if (this.#places !== null) this.#places[entry] = { start, end: this.#out.length };
  }
}

/** Writes a value as a document has it, in quotes but for truth and what is text by itself. */
export function writeEkValue(field: Field, value: FieldValue, out: AsciiWriter): void {
  if (field.type === 'bool') {
    out.text(value === true || value === 1 ? 'true' : 'false');
    return;
  }
  if (typeof value === 'string') {
    out.json(field.type === 'text' ? value : bareText(field, value, ':'));
    return;
  }
  out.octet(QUOTE);
  if (field.type === 'bytes' && value instanceof Uint8Array) {
    out.hexWithColons(value);
  } else if (field.type === 'time' && typeof value === 'bigint' && field !== frameFields.timeEpoch) {
    out.text(isoText(value));
  } else if (!writePlain(field, value, out)) {
    // Digits, letters and separators alone: numbers, ids, addresses, labels of markers.
    out.text(bareText(field, value, ':'));
  }
  out.octet(QUOTE);
}
