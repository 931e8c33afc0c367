// The TreeWriter of `-T ek` at speed: it writes the document while the frame is decoded, without a tree in between.
// `treeEk` of tree-json.ts says the same by the long way; a test keeps the two equal.

import { frameProtocol } from './frame-fields.ts';
import { isConclusion, problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';
import { printableJson } from './printable.ts';
import { TREE_NODES } from './tree.ts';
import { ekLinesOf, tsharkName, underscored } from './tree-json.ts';
import { bareText, isoText } from './value-text.ts';

/** Text that JSON and terminals take as it is. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;
const COLON = 0x3a;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

const frameFields = frameProtocol.fields;
const problemFields = problemProtocol.fields;

/** Names of fields by number, so that what belongs to a name is found in an array. */
const nameNumbers = new Map<string, number>();
const names: string[] = [];
/** By field id. */
const numberOfField: number[] = [];

function nameNumber(field: Field): number {
  const known = numberOfField[field.id] as number | undefined;
  if (known !== undefined) return known;
  let number = nameNumbers.get(field.name);
  if (number === undefined) {
    number = names.length;
    names.push(field.name);
    nameNumbers.set(field.name, number);
  }
  numberOfField[field.id] = number;
  return number;
}

/** What is the same for all layers of one name: the keys of their fields, made once each. */
class LayerKind {
  readonly name: string;
  readonly #keys: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** JSON of a key, with the colon behind it. */
  key(number: number): string {
    const known = this.#keys[number] as string | undefined;
    if (known !== undefined) return known;
    const key = `${printableJson(`${this.name}_${underscored(names[number])}`)}:`;
    this.#keys[number] = key;
    return key;
  }
}

const kinds = new Map<string, LayerKind>();

function layerKind(protocolName: string): LayerKind {
  let kind = kinds.get(protocolName);
  if (kind === undefined) {
    kind = new LayerKind(underscored(tsharkName(protocolName)));
    kinds.set(protocolName, kind);
  }
  return kind;
}

/** One layer of the document: keys in the order in which they came, each with one value or several. */
class EkLayer {
  kind: LayerKind = layerKind(frameProtocol.name);
  /** Tells layers apart while stamps of names are compared. */
  serial = 0;
  /** Another layer began while this one was open: it may have put its stamps on the same names. */
  interrupted = false;
  count = 0;
  readonly numbers: number[] = [];
  /** JSON of the values, joined by commas; how many there are. */
  readonly texts: string[] = [];
  readonly counts: number[] = [];

  json(): string {
    let text = '{';
    for (let index = 0; index < this.count; index++) {
      if (index > 0) text += ',';
      text += this.kind.key(this.numbers[index]);
      text += this.counts[index] > 1 ? `[${this.texts[index]}]` : this.texts[index];
    }
    return `${text}}`;
  }
}

/** Writes one frame after the other: describe it, then `finish`. */
export class EkWriter implements TreeWriter {
  /** Layers in the order in which they began; those behind `used` wait for the next frame. */
  readonly #layers: EkLayer[] = [];
  #used = 0;
  readonly #open: (EkLayer | null)[] = [];
  #layer: EkLayer | null = null;
  #serial = 0;
  // By number of a name: the layer that had it last, and where it stands there.
  readonly #stamps: number[] = [];
  readonly #places: number[] = [];
  #protocols = '';
  #time: bigint | null = null;
  #values = 0;
  #hex = Buffer.alloc(3 * 1024);

  begin(protocol: Protocol, _at: number, _length: number): void {
    if (this.#layer !== null) this.#layer.interrupted = true;
    this.#open.push(this.#layer);
    this.#layer = this.#take(layerKind(protocol.name));
    if (this.#used > 1 && !isConclusion(protocol)) this.#name(protocol.name);
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
    if (field === frameFields.time && typeof value === 'bigint') this.#time = value;
    if (this.#layer !== null) this.#put(this.#layer, nameNumber(field), this.#json(field, value));
  }

  generated(field: Field, value: FieldValue): void {
    this.add(field, 0, 0, value);
  }

  problem(code: string, at: number, text: string): void {
    let layer = this.#layer;
    if (layer === null) {
      layer = this.#take(layerKind(problemProtocol.name));
      this.#name(problemProtocol.name);
    }
    this.#put(layer, nameNumber(problemFields.code), textJson(code));
    this.#put(layer, nameNumber(problemFields.at), `"${at}"`);
    this.#put(layer, nameNumber(problemFields.text), textJson(text));
  }

  /** The index line and the document line of what was described, each ended by a line break; ready for the next frame. */
  finish(): string {
    const first = this.#layers[0] as EkLayer | undefined;
    if (this.#used > 0 && first?.kind === layerKind(frameProtocol.name)) {
      this.#put(first, nameNumber(frameFields.protocols), textJson(this.#protocols));
    }
    const text = ekLinesOf(this.#time, this.#layersJson());
    this.#used = 0;
    this.#open.length = 0;
    this.#layer = null;
    this.#protocols = '';
    this.#time = null;
    this.#values = 0;
    return text;
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
    layer.count = 0;
    return layer;
  }

  #put(layer: EkLayer, number: number, text: string): void {
    if (this.#values++ >= TREE_NODES) return;
    let place = -1;
    if (this.#stamps[number] === layer.serial) place = this.#places[number];
    else if (layer.interrupted) place = layer.numbers.slice(0, layer.count).indexOf(number);
    if (place >= 0) {
      layer.texts[place] += `,${text}`;
      layer.counts[place]++;
      return;
    }
    place = layer.count++;
    layer.numbers[place] = number;
    layer.texts[place] = text;
    layer.counts[place] = 1;
    this.#stamps[number] = layer.serial;
    this.#places[number] = place;
  }

  /** All layers; those of one name are an array at the place of the first. */
  #layersJson(): string {
    const keys: string[] = [];
    const texts: string[] = [];
    const counts: number[] = [];
    for (let index = 0; index < this.#used; index++) {
      const layer = this.#layers[index];
      const place = keys.indexOf(layer.kind.name);
      if (place >= 0) {
        texts[place] += `,${layer.json()}`;
        counts[place]++;
      } else {
        keys.push(layer.kind.name);
        texts.push(layer.json());
        counts.push(1);
      }
    }
    let json = '{';
    for (let place = 0; place < keys.length; place++) {
      if (place > 0) json += ',';
      json += `${printableJson(keys[place])}:${counts[place] > 1 ? `[${texts[place]}]` : texts[place]}`;
    }
    return `${json}}`;
  }

  #json(field: Field, value: FieldValue): string {
    switch (field.type) {
      case 'bool':
        return value === true || value === 1 ? 'true' : 'false';
      case 'time':
        return typeof value === 'bigint' && field !== frameFields.timeEpoch
          ? `"${isoText(value)}"`
          : `"${bareText(field, value)}"`;
      case 'uint':
        // The same digits as in the field's base.
        return typeof value === 'number' && field.base !== 'hex' ? `"${value}"` : textJson(bareText(field, value));
      case 'bytes':
        return value instanceof Uint8Array ? this.#octets(value) : textJson(bareText(field, value, ':'));
      case 'text':
        return textJson(typeof value === 'string' ? value : bareText(field, value, ':'));
      default:
        return textJson(bareText(field, value, ':'));
    }
  }

  #octets(bytes: Uint8Array): string {
    if (bytes.length === 0) return '""';
    if (3 * bytes.length > this.#hex.length) this.#hex = Buffer.alloc(6 * bytes.length);
    const hex = this.#hex;
    let at = 0;
    for (let index = 0; index < bytes.length; index++) {
      const octet = bytes[index];
      hex[at] = HEX_DIGITS[octet >>> 4];
      hex[at + 1] = HEX_DIGITS[octet & 15];
      hex[at + 2] = COLON;
      at += 3;
    }
    return `"${hex.toString('latin1', 0, at - 1)}"`;
  }
}

function textJson(text: string): string {
  return PLAIN_TEXT.test(text) ? `"${text}"` : printableJson(text);
}
