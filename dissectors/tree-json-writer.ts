// `-T json` at speed: the octets of a frame's document from columns, without objects and without strings for what comes
// back in frame after frame. `treeJson` (tree-json.ts) says the same by the long way; a test keeps the two equal.

import { type AsciiWriter, utf8Octets } from './ascii-writer.ts';
import { frameProtocol } from './frame-fields.ts';
import { problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol } from './layer.ts';
import { writePlain } from './plain-value.ts';
import { printable, printableJson } from './printable.ts';
import { NO_NODE, NodeKind, type TreeColumns } from './tree-columns.ts';
import { continuesLayer, indexName, type TreeJsonOptions, tsharkName } from './tree-json.ts';
import { bareText } from './value-text.ts';

/** Constants we chose. */
/** Keys that are remembered when a document begins; above it all are forgotten. Labels of groups may hold numbers. */
const MOST_KEYS = 4096;
/** Members that there is room for at first; doubled when they do not suffice, up to twice the nodes of a tree. */
const FIRST_MEMBERS = 1024;

/** Blanks a level, and the level of the members of `layers`. */
const INDENT = 2;
const LAYERS_LEVEL = 4;

/** Behind the key of a node: its octets. */
const OCTETS_ENDING = '_raw';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const QUOTE = 0x22;
const ZERO = 0x30;

/** A key of an object: its number among all keys, and its JSON with colon and blank behind it. */
interface Key {
  readonly number: number;
  readonly json: Uint8Array;
}

/** Writes one document after the other. */
export class TreeJsonWriter {
  readonly #out: AsciiWriter;
  readonly #octets: boolean;
  // Keys by their text, and by field id, of the field and of its octets.
  readonly #keys = new Map<string, Key>();
  readonly #fieldKeys: (Key | undefined)[] = [];
  readonly #octetsKeys: (Key | undefined)[] = [];
  /**
   * Members of the objects at hand, those of inner ones behind those of outer ones: twice the number of their node, and one
   * more where the member is the node's octets.
   */
  readonly #members: number[] = [];
  // By member: the next one of its object with the same key, and of the first one the last; whether it is the first.
  #again = new Int32Array(FIRST_MEMBERS);
  #last = new Int32Array(FIRST_MEMBERS);
  #isFirst = new Uint8Array(FIRST_MEMBERS);
  // By number of a key: the object in which it was last, and the first member there.
  readonly #stamps: number[] = [];
  readonly #first: number[] = [];
  #objects = 0;

  /**
   * @param out where the documents go
   * @param options as those of `treeJson`
   */
  constructor(out: AsciiWriter, { octets: withOctets = false }: TreeJsonOptions = {}) {
    this.#out = out;
    this.#octets = withOctets;
  }

  /** Writes the document of a tree, whose layers are joined as tshark has them: it can be written once. */
  write(tree: TreeColumns): void {
    if (this.#keys.size > MOST_KEYS) {
      this.#keys.clear();
      this.#fieldKeys.length = 0;
      this.#octetsKeys.length = 0;
    }
    while (2 * tree.count > this.#again.length) this.#grow();
    const out = this.#out;
    out.text(`  {\n    "_index": "${indexName(frameTime(tree))}",\n    "_type": "doc",\n    "_score": null,\n`);
    out.text('    "_source": {\n      "layers": ');
    this.#members.length = 0;
    joinLayers(tree, (node) => this.#add(node, true));
    this.#writeObject(tree, 0, LAYERS_LEVEL);
    out.text('\n    }\n  }');
  }

  /** Writes the members from a place in `#members` on, and takes them away. @param level theirs */
  #writeObject(tree: TreeColumns, from: number, level: number): void {
    const out = this.#out;
    const members = this.#members;
    const to = members.length;
    if (from === to) {
      out.text('{}');
      return;
    }
    this.#findRepeats(tree, from, to);
    out.text('{');
    for (let place = from; place < to; place++) {
      const member = members[place];
      if (this.#isFirst[member] === 0) continue;
      if (place > from) out.octet(COMMA);
      writeLine(level, out);
      out.octets(this.#keyOf(tree, member).json);
      if (this.#again[member] === NO_NODE) this.#writeMember(tree, member, level);
      else this.#writeArray(tree, member, level);
    }
    writeLine(level - 1, out);
    out.text('}');
    members.length = from;
  }

  /** A node becomes a member of the object at hand. @param hasOctets whether it has any */
  #add(node: number, hasOctets: boolean): void {
    if (this.#octets && hasOctets) this.#members.push(2 * node + 1);
    this.#members.push(2 * node);
  }

  #writeArray(tree: TreeColumns, first: number, level: number): void {
    const out = this.#out;
    out.text('[');
    for (let member = first; member !== NO_NODE; member = this.#again[member]) {
      if (member !== first) out.octet(COMMA);
      writeLine(level + 1, out);
      this.#writeMember(tree, member, level + 1);
    }
    writeLine(level, out);
    out.text(']');
  }

  /** @param level of the line on which it begins */
  #writeMember(tree: TreeColumns, member: number, level: number): void {
    if ((member & 1) === 0) this.#writeValue(tree, member >> 1, level);
    else this.#writeOctets(tree, member >> 1, level + 1);
  }

  /** As `rawValue` of tree-json.ts has it. */
  #writeOctets(tree: TreeColumns, node: number, level: number): void {
    const out = this.#out;
    const { name, bytes } = tree.sources[tree.sourceOf[node]];
    const at = tree.offsets[node];
    const length = tree.lengths[node];
    out.text('[');
    writeLine(level, out);
    out.octet(QUOTE);
    out.hex(bytes, Math.min(at, bytes.length), Math.min(at + length, bytes.length));
    out.octet(QUOTE);
    for (const number of [at, length, tree.fields[node]?.mask ?? 0]) {
      out.octet(COMMA);
      writeLine(level, out);
      out.decimal(number);
    }
    out.octet(COMMA);
    writeLine(level, out);
    out.json(name);
    writeLine(level - 1, out);
    out.text(']');
  }

  /** @param level of the line on which it begins */
  #writeValue(tree: TreeColumns, node: number, level: number): void {
    const field = tree.fields[node];
    if (field !== null) {
      writeJsonValue(field, tree.values[node], this.#out);
      return;
    }
    if (tree.kinds[node] === NodeKind.problem) {
      this.#writeProblem(tree, node, level + 1);
      return;
    }
    const members = this.#members;
    const from = members.length;
    const below = tree.levels[node] + 1;
    for (let inner = tree.next[node]; inner !== NO_NODE && tree.levels[inner] >= below; inner = tree.next[inner]) {
      if (tree.levels[inner] === below) this.#add(inner, tree.lengths[inner] > 0);
    }
    this.#writeObject(tree, from, level + 1);
  }

  #writeProblem(tree: TreeColumns, node: number, level: number): void {
    const out = this.#out;
    const { code, at, text } = problemProtocol.fields;
    const member = (field: Field, value: string): void => {
      writeLine(level, out);
      out.octets(this.#fieldKey(field).json);
      out.json(value);
    };
    out.text('{');
    member(code, tree.codes[node]);
    out.octet(COMMA);
    member(at, String(tree.offsets[node]));
    out.octet(COMMA);
    member(text, tree.labels[node]);
    writeLine(level - 1, out);
    out.text('}');
  }

  /** Of members with the same key the first one stands for all. */
  #findRepeats(tree: TreeColumns, from: number, to: number): void {
    const object = ++this.#objects;
    for (let place = from; place < to; place++) {
      const member = this.#members[place];
      const { number } = this.#keyOf(tree, member);
      this.#again[member] = NO_NODE;
      const isFirst = this.#stamps[number] !== object;
      this.#isFirst[member] = isFirst ? 1 : 0;
      if (isFirst) {
        this.#stamps[number] = object;
        this.#first[number] = member;
      } else this.#again[this.#last[this.#first[number]]] = member;
      this.#last[this.#first[number]] = member;
    }
  }

  #grow(): void {
    // What they hold is of the document before.
    const members = this.#again.length * 2;
    this.#again = new Int32Array(members);
    this.#last = new Int32Array(members);
    this.#isFirst = new Uint8Array(members);
  }

  #keyOf(tree: TreeColumns, member: number): Key {
    const node = member >> 1;
    const ending = (member & 1) === 1 ? OCTETS_ENDING : '';
    const field = tree.fields[node];
    return field === null ? this.#key(nameOf(tree, node) + ending) : this.#fieldKey(field, ending);
  }

  #fieldKey(field: Field, ending = ''): Key {
    const keys = ending === '' ? this.#fieldKeys : this.#octetsKeys;
    const known = keys[field.id];
    if (known !== undefined) return known;
    const key = this.#key(field.name + ending);
    keys[field.id] = key;
    return key;
  }

  #key(name: string): Key {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = { number: this.#keys.size, json: utf8Octets(`${printableJson(printable(name))}: `) };
    this.#keys.set(name, key);
    return key;
  }
}

/** The key of a node, as `nodeKey` of tree-json.ts has it, not made safe to print. */
function nameOf(tree: TreeColumns, node: number): string {
  if (tree.kinds[node] === NodeKind.problem) return problemProtocol.name;
  const protocol = tree.protocols[node];
  return protocol === null ? (tree.fields[node]?.name ?? tree.labels[node]) : tsharkName(protocol.name);
}

function writeLine(level: number, out: AsciiWriter): void {
  out.octet(LINE_FEED);
  out.blanks(INDENT * level);
}

/** The value of a field, which tshark has in quotes whatever it is. */
function writeJsonValue(field: Field, value: FieldValue, out: AsciiWriter): void {
  if (typeof value === 'string') {
    out.json(field.type === 'text' ? value : bareText(field, value, ':'));
    return;
  }
  out.octet(QUOTE);
  if (field.type === 'bool') out.octet(value === true || value === 1 ? ZERO + 1 : ZERO);
  else if (field.type === 'bytes' && value instanceof Uint8Array) out.hexWithColons(value);
  // Digits, letters and separators alone: numbers, ids, times, addresses, labels of markers.
  else if (!writePlain(field, value, out)) out.text(bareText(field, value, ':'));
  out.octet(QUOTE);
}

/** Gives the nodes at the top, of which those that tshark has as one layer become one, with the chains of all. */
function joinLayers(tree: TreeColumns, add: (node: number) => void): void {
  let before: Protocol | null = null;
  let last = NO_NODE;
  for (const node of tree.tops) {
    const protocol = tree.protocols[node];
    if (continuesLayer(before, protocol)) {
      tree.next[last] = tree.next[node];
    } else {
      add(node);
      last = node;
    }
    while (tree.next[last] !== NO_NODE) last = tree.next[last];
    before = protocol;
  }
}

/** The frame's time in nanoseconds since 1970, or null where the tree has no layer `frame`. */
function frameTime(tree: TreeColumns): bigint | null {
  let node = (tree.tops[0] as number | undefined) ?? NO_NODE;
  for (; node !== NO_NODE; node = tree.next[node]) {
    const value = tree.values[node];
    if (tree.fields[node] === frameProtocol.fields.time && typeof value === 'bigint' && tree.levels[node] === 1)
      return value;
  }
  return null;
}
