// A layer tree as text: `-V` (Wireshark's packet details, with octet ranges) and `-x` (a hex dump of every source), octets
// written from columns, without a tree and without strings for what comes back in frame after frame. A test keeps them equal
// to what the tree says line by line.
//
// Lines of -V, four blanks a level:
//   PDCP SLRB  [12:5]                           a layer, and its octets as in a filter slice: first octet, how many
//       001. .... = SDU type: IP (1)  [12:1]    a field: its bits where it shares octets, label, name, value
//       [Verdict: decrypted]                    a generated field: no octet holds it
//       [Problem at octet 14: ... (code)]       what is wrong
// Octets of another source than the frame say so: `[deciphered SDU 0:20]`.

import { type AsciiWriter, utf8Octets } from './ascii-writer.ts';
import type { Field, FieldValue } from './layer.ts';
import { isPlainNumber, writePlain } from './plain-value.ts';
import { printable } from './printable.ts';
import type { TreeSource } from './tree.ts';
import { NO_NODE, NodeKind, type TreeColumns } from './tree-columns.ts';
import { bitsText, hexDigits, READABLE_OCTETS, readableText, valueName } from './value-text.ts';

/** Constants we chose. */
/** Octets a line of a hex dump, as Wireshark has them. */
const DUMP_OCTETS = 16;

const BLANK = 0x20;
const LINE_FEED = 0x0a;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const OPENING = 0x5b;
const CLOSING = 0x5d;

/** Blanks a level; characters of an octet in a dump, and blanks between octets and characters. */
const INDENT = 4;
const DUMPED_OCTET = 3;
const DUMP_GAP = 3;

const RANGE = utf8Octets('  [');
const CUT_MARK = utf8Octets('...');
const EQUALS = utf8Octets(' = ');
const LABEL_END = utf8Octets(': ');
const BRACKET = utf8Octets(' (');
const BRACKET_END = 0x29;

/** In place of the number of a bit: of another field, and between four. */
const OTHER_BIT = -1;
const GAP = -2;

/** Bits of a masked field in the order of its text: the number of a bit that it has, or what stands there. */
function bitsOf({ mask, width }: Field): readonly number[] {
  const bits: number[] = [];
  for (let bit = 8 * width - 1; bit >= 0; bit--) {
    // Arithmetic instead of bit operators: masks may have more bits than shifts can move.
    bits.push(Math.floor(mask / 2 ** bit) % 2 === 1 ? bit : OTHER_BIT);
    if (bit > 0 && bit % 4 === 0) bits.push(GAP);
  }
  return bits;
}

/** What is the same wherever a field stands. */
class FieldText {
  /** Its label. */
  readonly label: Uint8Array;
  /** Where it shares more than one octet with others: its bits. */
  readonly bits: readonly number[];
  /** Where it shares one octet: the text of its bits, and what stands behind it, by value of the octet. */
  readonly byOctet: (Uint8Array | null)[];
  /** Hex digits where it is shown as a hex number alone. */
  readonly digits: number;
  /** By value: the text of those that have names. */
  readonly named = new Map<number | boolean, Uint8Array>();

  constructor(field: Field) {
    this.label = utf8Octets(printable(field.label));
    this.bits = field.mask !== 0 && field.width > 1 ? bitsOf(field) : [];
    this.byOctet = Array.from({ length: field.mask !== 0 && field.width === 1 ? 256 : 0 }, () => null);
    this.digits = hexDigits(field);
  }
}

/** By field id. */
const fieldTexts: FieldText[] = [];

function textOf(field: Field): FieldText {
  const known = fieldTexts[field.id] as FieldText | undefined;
  if (known !== undefined) return known;
  const made = new FieldText(field);
  fieldTexts[field.id] = made;
  return made;
}

/** Writes the lines of `-V`. */
export function writeTreeText(tree: TreeColumns, out: AsciiWriter): void {
  for (const top of tree.tops) {
    for (let node = top; node !== NO_NODE; node = tree.next[node]) {
      out.blanks(INDENT * tree.levels[node]);
      writeNode(tree, node, out);
      out.octet(LINE_FEED);
    }
  }
  if (tree.dropped > 0) out.text(`[${tree.dropped} more nodes are not shown]\n`);
}

function writeNode(tree: TreeColumns, node: number, out: AsciiWriter): void {
  const kind = tree.kinds[node];
  switch (kind) {
    case NodeKind.problem:
      out.text(`[Problem at octet ${tree.offsets[node]}: `);
      out.readable(tree.labels[node]);
      out.octets(BRACKET);
      out.readable(tree.codes[node]);
      out.text(')]');
      return;
    case NodeKind.generated:
      out.octet(OPENING);
      writeField(tree, node, out);
      out.octet(CLOSING);
      return;
    case NodeKind.field:
      writeField(tree, node, out);
      break;
    default:
      out.readable(tree.protocols[node]?.title ?? tree.labels[node]);
  }
  if (tree.lengths[node] === 0) return;
  out.octets(RANGE);
  if (tree.sourceOf[node] !== 0) {
    out.readable(tree.sources[tree.sourceOf[node]].name);
    out.octet(BLANK);
  }
  out.decimal(tree.offsets[node]);
  out.octet(COLON);
  out.decimal(tree.lengths[node]);
  out.octet(CLOSING);
}

function writeField(tree: TreeColumns, node: number, out: AsciiWriter): void {
  const field = tree.fields[node] as Field;
  const { label } = textOf(field);
  if (field.mask !== 0 && field.width > 0 && field.type !== 'marker' && tree.kinds[node] === NodeKind.field) {
    writeBits(field, tree.sources[tree.sourceOf[node]].bytes, tree.offsets[node], out);
  }
  out.octets(label);
  if (field.type === 'marker') return;
  out.octets(LABEL_END);
  writeReadable(field, tree.values[node], out);
}

/** As `bitsText` has it, with what stands behind it; nothing where the octets are not there. */
function writeBits(field: Field, bytes: Uint8Array, at: number, out: AsciiWriter): void {
  const { width } = field;
  if (at < 0 || at + width > bytes.length) return;
  const { bits, byOctet } = textOf(field);
  if (width > 1) {
    for (const bit of bits) {
      if (bit === OTHER_BIT) out.octet(DOT);
      else if (bit === GAP) out.octet(BLANK);
      else out.octet(ZERO + ((bytes[at + width - 1 - (bit >> 3)] >> (bit & 7)) & 1));
    }
    out.octets(EQUALS);
    return;
  }
  const octet = bytes[at];
  let text = byOctet[octet];
  if (text === null) {
    text = utf8Octets(`${bitsText(field, bytes, at)} = `);
    byOctet[octet] = text;
  }
  out.octets(text);
}

/** As `readableText` has it. */
function writeReadable(field: Field, value: FieldValue, out: AsciiWriter): void {
  if (typeof value === 'string') out.readable(value);
  else if (value instanceof Uint8Array) writeOctets(field, value, out);
  else if (field.values !== null && typeof value !== 'bigint' && writeNamed(field, value, out)) return;
  else if (field.type === 'uint' && typeof value === 'number' && isPlainNumber(value)) writeNumber(field, value, out);
  else if (field.type !== 'l2id' || !writePlain(field, value, out)) out.utf8(readableText(field, value));
}

function writeOctets(field: Field, value: Uint8Array, out: AsciiWriter): void {
  if (field.type === 'bytes') {
    out.hex(value, 0, Math.min(value.length, READABLE_OCTETS));
    if (value.length > READABLE_OCTETS) out.octets(CUT_MARK);
  } else if (!writePlain(field, value, out)) out.utf8(readableText(field, value));
}

/** @returns false where the value has no name; then nothing is written */
function writeNamed(field: Field, value: number | boolean, out: AsciiWriter): boolean {
  const { named } = textOf(field);
  let text = named.get(value);
  if (text === undefined) {
    // Only those that have a name are kept: as many as the specification lists.
    if (valueName(field, value) === null) return false;
    text = utf8Octets(readableText(field, value));
    named.set(value, text);
  }
  out.octets(text);
  return true;
}

function writeNumber(field: Field, value: number, out: AsciiWriter): void {
  if (field.base === 'hex') {
    out.hexNumber(value, textOf(field).digits);
    return;
  }
  out.decimal(value);
  if (field.base === 'dec' || field.base === 'none') return;
  out.octets(BRACKET);
  out.hexNumber(value, 2 * field.width);
  out.octet(BRACKET_END);
}

/** Writes what `-x` prints: a dump of every source. With more than one each has a heading, `Frame (126 bytes):`, as in Wireshark. */
export function writeDump(sources: readonly TreeSource[], out: AsciiWriter): void {
  if (sources.length === 1) {
    writeHexDump(sources[0].bytes, out);
    return;
  }
  for (const [index, source] of sources.entries()) {
    if (index > 0) out.octet(LINE_FEED);
    out.utf8(`${sourceHeading(source)}\n`);
    writeHexDump(source.bytes, out);
  }
}

/** `0000  01 00 ..   text`, one line each sixteen octets. */
function writeHexDump(bytes: Uint8Array, out: AsciiWriter): void {
  // Wireshark widens the offset where four digits do not suffice.
  const digits = bytes.length > 0x10000 ? 8 : 4;
  for (let at = 0; at < bytes.length; at += DUMP_OCTETS) {
    const end = Math.min(bytes.length, at + DUMP_OCTETS);
    out.hexDigits(at, digits);
    out.octet(BLANK);
    out.hexWithBlanks(bytes, at, end);
    out.blanks(DUMPED_OCTET * (at + DUMP_OCTETS - end) + DUMP_GAP);
    out.characters(bytes, at, end);
    out.octet(LINE_FEED);
  }
}

function sourceHeading({ name, bytes }: TreeSource): string {
  const text = printable(name);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (${bytes.length} bytes):`;
}
