// The slow, obvious twin of dissectors/filter/compile.ts: walks the tree for every frame, turns every value and every
// literal into a bigint, a text or a list of octets on the spot, and takes the rules of quantifiers literally.

import type { FilterNode, OperandNode, SliceRange } from '../../dissectors/filter/ast.ts';
import type { FieldType, FieldValue } from '../../dissectors/layer.ts';

/** A field of a frame, as the twin sees it. */
export interface PlainField {
  readonly type: FieldType;
  readonly values: readonly FieldValue[];
  /** Names in their order, for texts that have one. */
  readonly names: readonly string[];
}

/** A frame: fields by name. Names that are missing are literals. */
export type PlainFrame = ReadonlyMap<string, PlainField>;

type Key = bigint | string | readonly number[];

/** Whether the frame passes the filter. Every operand must fit its field: types are the compiler's business. */
export function interpretFilter(node: FilterNode, frame: PlainFrame): boolean {
  switch (node.kind) {
    case 'and':
      return !node.operands.some((operand) => !interpretFilter(operand, frame));
    case 'or':
      return node.operands.filter((operand) => interpretFilter(operand, frame)).length > 0;
    case 'xor':
      return node.operands.filter((operand) => interpretFilter(operand, frame)).length % 2 === 1;
    case 'not':
      return !interpretFilter(node.operand, frame);
    case 'present':
      return keysOf(node.operand, frame).length > 0;
    case 'in': {
      const inside = keysOf(node.left, frame).map((key) =>
        node.elements.some(({ low, high }) => {
          const from = literalKey(low, node.left, frame);
          if (high !== null) return order(key, from) >= 0 && order(key, literalKey(high, node.left, frame)) <= 0;
          return equals(key, low, node.left, frame);
        }),
      );
      if (node.quantifier === null) return inside.includes(true) !== node.negated;
      const decisions = inside.map((is) => is !== node.negated);
      return node.quantifier === 'any' ? decisions.includes(true) : decisions.length > 0 && !decisions.includes(false);
    }
    default: {
      const decisions = decide(node, frame);
      const isAll = node.quantifier === 'all' || (node.quantifier === null && ['!=', '==='].includes(node.operator));
      return isAll ? decisions.length > 0 && !decisions.includes(false) : decisions.includes(true);
    }
  }
}

function decide(node: FilterNode & { kind: 'relation' }, frame: PlainFrame): boolean[] {
  const lefts = keysOf(node.left, frame);
  if (node.right.kind === 'word' && frame.has(node.right.text)) {
    const rights = keysOf(node.right, frame);
    return lefts.flatMap((left) =>
      rights.map((right) => holds(node.operator, rank(left, node, frame), rank(right, node, frame))),
    );
  }
  return lefts.map((left) => {
    if (node.operator === 'matches') return new RegExp(textOf(node.right), 'i').test(asText(left));
    if (node.operator === 'contains') return asText(left).includes(asText(literalKey(node.right, node.left, frame)));
    if (node.operator === '==' || node.operator === '===') return equals(left, node.right, node.left, frame);
    if (node.operator === '!=' || node.operator === '!==') return !equals(left, node.right, node.left, frame);
    return holds(node.operator, rank(left, node, frame), rank(literalKey(node.right, node.left, frame), node, frame));
  });
}

function rank(key: Key, node: FilterNode & { kind: 'relation' }, frame: PlainFrame): Key {
  const names = fieldOf(node.left, frame).names;
  return names.length > 0 && typeof key === 'string' ? BigInt(names.indexOf(key)) : key;
}

function holds(operator: string, left: Key, right: Key): boolean {
  const compared = order(left, right);
  if (operator === '==' || operator === '===') return compared === 0;
  if (operator === '!=' || operator === '!==') return compared !== 0;
  if (operator === '<') return compared < 0;
  if (operator === '<=') return compared <= 0;
  return operator === '>' ? compared > 0 : compared >= 0;
}

function order(left: Key, right: Key): number {
  if (typeof left === 'object' && typeof right === 'object') {
    const [one, other] = [left, right].map((octets) => octets.map((octet) => String.fromCharCode(octet)).join(''));
    return one < other ? -1 : one > other ? 1 : 0;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function asText(key: Key): string {
  return typeof key === 'object' ? String.fromCharCode(...key) : String(key);
}

function equals(key: Key, literal: OperandNode, left: OperandNode, frame: PlainFrame): boolean {
  const text = textOf(literal);
  if (fieldOf(left, frame).type === 'ipv4' && text.includes('/')) {
    const [address, bits] = text.split('/');
    const shift = BigInt(32 - Number(bits));
    return asBigint(key) >> shift === asBigint(address.split('.').map(Number)) >> shift;
  }
  return order(key, literalKey(literal, left, frame)) === 0;
}

function asBigint(key: Key): bigint {
  if (typeof key === 'object') return key.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return BigInt(key);
}

function textOf(operand: OperandNode): string {
  return operand.kind === 'word' ? operand.text : operand.written;
}

function fieldOf(operand: OperandNode, frame: PlainFrame): PlainField {
  return frame.get(textOf(operand)) ?? { type: 'text', values: [], names: [] };
}

function keysOf(operand: OperandNode, frame: PlainFrame): Key[] {
  const slices = operand.kind === 'word' ? operand.slices : [];
  return fieldOf(operand, frame).values.flatMap((value) => {
    const key = valueKey(value);
    if (slices.length === 0) return [key];
    const units = typeof key === 'string' ? [...key] : [...(key as readonly number[])];
    const parts = slices.map((slice) => indices(slice, units.length));
    if (parts.some((part) => part.length === 0 || part.some((index) => index < 0 || index >= units.length))) return [];
    const taken = parts.flat().map((index) => units[index]);
    return [typeof key === 'string' ? taken.join('') : (taken as number[])];
  });
}

function indices(slice: SliceRange, size: number): number[] {
  const start = slice.start < 0 ? size + slice.start : slice.start;
  let end = size - 1;
  if (slice.kind === 'length') end = start + slice.length - 1;
  if (slice.kind === 'range') end = slice.end < 0 ? size + slice.end : slice.end;
  const list: number[] = [];
  for (let index = start; index <= end; index++) list.push(index);
  return list;
}

function valueKey(value: FieldValue): Key {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'string') return value;
  return BigInt(value);
}

function literalKey(literal: OperandNode, left: OperandNode, frame: PlainFrame): Key {
  const text = textOf(literal);
  const field = fieldOf(left, frame);
  const isSliced = left.kind === 'word' && left.slices.length > 0;
  if (field.type === 'text') return text;
  if (field.type === 'l2id') return BigInt(`0x${text.replace('0x', '')}`);
  if (field.type === 'time') return BigInt(new Date(text).getTime()) * 1_000_000n;
  if (field.type === 'ipv4' && !isSliced) return text.split('/')[0].split('.').map(Number);
  if (field.type === 'bytes' || isSliced) {
    if (literal.kind === 'text') return [...text].map((character) => character.charCodeAt(0));
    return text.split(':').map((part) => Number.parseInt(part, 16));
  }
  return BigInt(text);
}
