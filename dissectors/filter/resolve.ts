// Gives the words of a filter their meaning: which are fields, which are values, and whether the two can be compared.
// All type errors of a filter come from here.

import { findField, findProtocol, nearestFieldNames } from '../fields.ts';
import type { Field, Protocol } from '../layer.ts';
import type { OperandNode, RelationOperator, SliceRange, WordNode } from './ast.ts';
import { columnOf, FilterError } from './filter-error.ts';
import {
  type Literal,
  type OperandType,
  parseInteger,
  parseIpv4,
  parseIpv6,
  parseL2id,
  parseOctets,
  parseTime,
  splitNetwork,
  TYPE_HINTS,
  TYPE_NAMES,
  unescapeOctets,
  unescapeText,
} from './literals.ts';
import { nearestNames } from './nearest.ts';

/** A field, or the octets of a layer, as a filter names it. */
export interface Reference {
  readonly name: string;
  /** Type of its values, after slicing. */
  readonly type: OperandType;
  readonly fields: readonly Field[];
  /** Protocols, where the name is a protocol's. */
  readonly protocols: readonly Protocol[];
  readonly slices: readonly SliceRange[];
  readonly at: number;
}

const SLICEABLE: ReadonlySet<OperandType> = new Set(['ipv4', 'ipv6', 'ether', 'bytes', 'text', 'layer']);
const ORDERED: ReadonlySet<OperandType> = new Set([
  'uint',
  'l2id',
  'ipv4',
  'ipv6',
  'ether',
  'bytes',
  'text',
  'time',
  'layer',
]);
const OCTETS: ReadonlySet<OperandType> = new Set(['ether', 'bytes', 'layer']);

/** Whether values of a type are compared as octets of any length. */
export function isOctets(type: OperandType): boolean {
  return OCTETS.has(type);
}

/** Resolves the operands of one filter text. */
export class Resolver {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Column of an offset. */
  column(at: number): number {
    return columnOf(this.#text, at);
  }

  /** An error at an offset. */
  error(code: FilterError['code'], at: number, message: string, hint = ''): FilterError {
    return new FilterError(code, this.column(at), message, hint);
  }

  /** What stands on the left, or alone: a field or a protocol. */
  reference(operand: OperandNode): Reference {
    const found = operand.kind === 'word' ? this.#lookup(operand) : null;
    if (found !== null) return found;
    const written = operand.kind === 'word' ? operand.text : `"${operand.written}"`;
    if (operand.kind === 'text' || !/^[a-z_][a-z0-9_.-]*$/i.test(operand.text) || operand.text.includes('..')) {
      throw this.error(
        'filter.type',
        operand.at,
        `${written} is a value; a field or a protocol must stand here`,
        'write the field on the left: frame.number == 5',
      );
    }
    const nearest = nearestFieldNames(operand.text);
    throw this.error(
      'filter.unknown-field',
      operand.at,
      `no field or protocol is called ${written}`,
      nearest.length === 0 ? '`sidescope fields` lists all fields' : `did you mean ${nearest.join(' or ')}?`,
    );
  }

  #lookup(word: WordNode): Reference | null {
    const field = findField(word.text);
    const protocol = field === null ? findProtocol(word.text) : null;
    if (field === null && protocol === null) return null;
    const type = field === null ? 'layer' : field.fields[0].type;
    if (word.slices.length > 0) this.#checkSlices(word, type);
    return {
      name: word.text,
      type: word.slices.length === 0 || type === 'text' ? type : 'bytes',
      fields: field?.fields ?? protocol?.fields ?? [],
      protocols: protocol?.protocols ?? [],
      slices: word.slices,
      at: word.at,
    };
  }

  #checkSlices(word: WordNode, type: OperandType): void {
    if (!SLICEABLE.has(type)) {
      throw this.error(
        'filter.type',
        word.at + word.text.length,
        `${word.text} is ${TYPE_NAMES[type]} and cannot be sliced`,
        'slices take octets out of addresses, octet strings, texts and layers',
      );
    }
    for (const slice of word.slices) {
      if (slice.kind === 'length' && slice.length < 1) {
        throw this.error(
          'filter.value',
          slice.at,
          'a slice takes one octet at least',
          'write [first:count] or [first-last]',
        );
      }
      if (slice.kind === 'range' && slice.end < slice.start && slice.start < 0 === slice.end < 0) {
        throw this.error('filter.value', slice.at, 'the slice ends before it begins', 'write [first-last]');
      }
    }
  }

  /** Refuses operators that a type does not have. */
  checkOperator(reference: Reference, operator: RelationOperator | 'in', at: number): void {
    const { type, name } = reference;
    if (type === 'marker') {
      throw this.error('filter.type', at, `${name} is ${TYPE_NAMES[type]} and cannot be compared`, TYPE_HINTS[type]);
    }
    if (/^[<>]/.test(operator) && !ORDERED.has(type)) {
      throw this.error('filter.type', at, `${name} is ${TYPE_NAMES[type]} and has no order`, 'compare with == or !=');
    }
    const searchable = type === 'text' || isOctets(type);
    if ((operator === 'contains' || operator === 'matches') && !searchable) {
      throw this.error(
        'filter.type',
        at,
        `${name} is ${TYPE_NAMES[type]}; ${operator} looks into texts and octets`,
        'compare with ==, or look into the octets of its layer',
      );
    }
  }

  /** The right side of a comparison: another field, or a value of the left side's type. */
  right(left: Reference, operand: OperandNode): Reference | Literal {
    const other = operand.kind === 'word' ? this.#rightField(left, operand) : null;
    if (other === null) return this.literal(left, operand);
    if (!comparable(left.type, other.type)) {
      throw this.error(
        'filter.type',
        operand.at,
        `${left.name} is ${TYPE_NAMES[left.type]} and ${other.name} is ${TYPE_NAMES[other.type]}; they cannot be compared`,
        TYPE_HINTS[left.type],
      );
    }
    return other;
  }

  #rightField(left: Reference, word: WordNode): Reference | null {
    if (this.#namedValues(left, word.text).length > 0) return null;
    const other = this.#lookup(word);
    // `slrb.source-name == arp` means the text: only octets can be compared with a layer.
    return other?.type === 'layer' && !isOctets(left.type) ? null : other;
  }

  /** Numbers that the field calls by this name, whatever the case. */
  #namedValues(left: Reference, name: string): number[] {
    if (left.type !== 'uint' && left.type !== 'bool') return [];
    const exact: number[] = [];
    const folded: number[] = [];
    for (const field of left.fields) {
      for (const [value, text] of field.values ?? []) {
        if (text === name) exact.push(value);
        else if (text.toLowerCase() === name.toLowerCase()) folded.push(value);
      }
    }
    return [...new Set(exact.length > 0 ? exact : folded)];
  }

  /** A written value as the type of the left side. */
  literal(left: Reference, operand: OperandNode): Literal {
    if (operand.kind === 'word' && operand.slices.length > 0) {
      throw this.error('filter.unknown-field', operand.at, `${operand.text} is no field, so it cannot be sliced`);
    }
    const text = operand.kind === 'word' ? operand.text : operand.raw ? operand.written : unescapeText(operand.written);
    const literal = this.#convert(left, operand, text);
    if (literal !== null) return literal;
    const written = operand.kind === 'word' ? text : `"${text}"`;
    const nearest = operand.kind === 'word' ? this.#nearestValue(left, text) : '';
    throw this.error(
      'filter.type',
      operand.at,
      `${left.name} is ${TYPE_NAMES[left.type]} and cannot be compared with ${written}`,
      nearest === '' ? TYPE_HINTS[left.type] : `did you mean ${nearest}?`,
    );
  }

  #nearestValue(left: Reference, text: string): string {
    const names = left.fields.flatMap((field) => [...(field.values?.values() ?? [])]);
    const near = nearestNames(text, names);
    if (near.length > 0) return near.map((name) => `"${name}"`).join(' or ');
    return text.includes('.') && /^[a-z]/.test(text) ? nearestFieldNames(text).join(' or ') : '';
  }

  #convert(left: Reference, operand: OperandNode, text: string): Literal | null {
    switch (left.type) {
      case 'uint':
      case 'bool':
        return this.#number(left, operand, text);
      case 'l2id': {
        const id = parseL2id(text);
        return id === null ? null : { kind: 'id', id };
      }
      case 'ipv4':
        return this.#address(operand, text, 32, parseIpv4);
      case 'ipv6':
        return this.#address(operand, text, 128, parseIpv6);
      case 'ether': {
        const octets = operand.kind === 'text' ? null : parseOctets(text);
        return octets?.length === 6 ? { kind: 'octets', octets } : null;
      }
      case 'text':
        return this.#textValue(left, operand, text);
      case 'time': {
        const time = parseTime(text);
        return time === null ? null : { kind: 'number', numbers: [time] };
      }
      case 'marker':
        return null;
      default:
        return octetsLiteral(operand, text);
    }
  }

  #number(left: Reference, operand: OperandNode, text: string): Literal | null {
    const named = this.#namedValues(left, text);
    if (named.length > 0) return { kind: 'number', numbers: named };
    if (left.type === 'bool') {
      if (/^(true|1)$/i.test(text)) return { kind: 'number', numbers: [1] };
      return /^(false|0)$/i.test(text) ? { kind: 'number', numbers: [0] } : null;
    }
    const number = operand.kind === 'word' ? parseInteger(text) : null;
    if (number === null) return null;
    const width = Math.max(...left.fields.map((field) => (field.width === 0 ? Number.POSITIVE_INFINITY : field.width)));
    if (Number.isFinite(width) && number >= 2 ** (8 * width)) {
      const most = 2n ** BigInt(8 * width) - 1n;
      throw this.error(
        'filter.value',
        operand.at,
        `${text} is too large for ${left.name}, which holds ${most} at most`,
      );
    }
    return { kind: 'number', numbers: [number] };
  }

  #address(
    operand: OperandNode,
    text: string,
    longest: number,
    parse: (text: string) => Uint8Array | null,
  ): Literal | null {
    const { address, bits } = splitNetwork(text, longest);
    const octets = parse(address);
    if (octets === null) return null;
    if (bits === null) return { kind: 'octets', octets };
    if (bits >= 0) return { kind: 'network', octets, bits };
    throw this.error('filter.value', operand.at, `${text} is no network: 0 to ${longest} bits follow the /`);
  }

  #textValue(left: Reference, operand: OperandNode, text: string): Literal {
    const names = left.slices.length > 0 ? [] : left.fields.flatMap((field) => [...(field.values?.values() ?? [])]);
    if (names.length === 0) return { kind: 'text', text };
    const known = names.find((name) => name === text) ?? names.find((name) => name === text.toLowerCase());
    if (known !== undefined) return { kind: 'text', text: known };
    const near = nearestNames(text, names);
    throw this.error(
      'filter.value',
      operand.at,
      `${left.name} is never "${text}"`,
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : `it is one of ${names.join(', ')}`,
    );
  }

  /** What `contains` looks for: any text, or octets. */
  needle(left: Reference, operand: OperandNode): Literal {
    if (left.type !== 'text') {
      const literal =
        operand.kind === 'word' && operand.slices.length > 0 ? null : octetsLiteral(operand, this.#plain(operand));
      if (literal !== null) return literal;
      throw this.error(
        'filter.type',
        operand.at,
        `${left.name} holds octets; ${this.#plain(operand)} is neither octets nor a quoted text`,
        TYPE_HINTS.bytes,
      );
    }
    return { kind: 'text', text: this.#plain(operand) };
  }

  #plain(operand: OperandNode): string {
    return operand.kind === 'word' || operand.raw
      ? operand.kind === 'word'
        ? operand.text
        : operand.written
      : unescapeText(operand.written);
  }

  /** The pattern of `matches`. */
  pattern(operand: OperandNode): string {
    if (operand.kind === 'text') return this.#plain(operand);
    throw this.error(
      'filter.type',
      operand.at,
      `matches wants a pattern in quotes, not ${operand.text}`,
      `write matches "${operand.text}"`,
    );
  }
}

function octetsLiteral(operand: OperandNode, text: string): Literal | null {
  if (operand.kind === 'text') {
    return {
      kind: 'octets',
      octets: operand.raw ? new TextEncoder().encode(operand.written) : unescapeOctets(operand.written),
    };
  }
  const octets = parseOctets(text);
  return octets === null ? null : { kind: 'octets', octets };
}

/** Whether values of two types can be compared with each other. */
function comparable(left: OperandType, right: OperandType): boolean {
  if (left === right || (isOctets(left) && isOctets(right))) return true;
  const numbers: readonly OperandType[] = ['uint', 'bool', 'l2id'];
  return numbers.includes(left) && numbers.includes(right);
}
