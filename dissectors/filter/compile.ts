// Display filters: text to a predicate over collected fields. Types are checked here, once; the predicate then only
// compares.
//
// What a comparison says of a field that occurs several times in a frame, as in Wireshark 4:
//   ==  <  <=  >  >=  contains  matches  in    true for one of its values at least
//   !=                                         every value differs (`not a == b`, and the field is there)
//   ===  !==                                   every value is equal; one value at least differs
//   any a OP b, all a OP b                     one value, every value
// No comparison is true of a field that is absent; `not` turns that round.
//
// Different from Wireshark on purpose: octets of a layer (`udp[8:2]`, `udp contains`) always reach to the end of what
// holds the layer, and numbers below zero are smaller than every unsigned one. Beyond Wireshark 4.0: `xor`, Layer-2 ids
// as six hex digits, value names without quotes, RFC 3339 times without quotes, order of named texts (severities).

import { type CollectedFields, joinWanted, type Wanted } from '../field-collector.ts';
import type { FieldValue } from '../layer.ts';
import type { FilterNode, RelationOperator } from './ast.ts';
import {
  containsOctets,
  equalTest,
  literalValue,
  orderSatisfies,
  orderValues,
  sliceOctets,
  sliceText,
  type ValueTest,
} from './compare.ts';
import type { Literal } from './literals.ts';
import { parseFilter } from './parse.ts';
import { compilePattern, MATCHED_CHARACTERS } from './pattern.ts';
import { isOctets, type Reference, Resolver } from './resolve.ts';

/** A filter that was checked and is ready to judge frames. */
export interface CompiledFilter {
  /** The text it came from. */
  readonly text: string;
  /** What a FieldCollector must collect before `test`. */
  readonly wanted: Wanted;
  /** Whether the frame passes. Reads the values of one frame; keeps nothing. */
  test(values: CollectedFields): boolean;
}

type FrameTest = (values: CollectedFields) => boolean;

const EVERYTHING: FrameTest = () => true;
const NOTHING_WANTED: Wanted = { fields: [], layers: [], octets: [] };

/**
 * Compiles a display filter. An empty one passes every frame.
 *
 * @throws FilterError with column and hint for wrong grammar, unknown names, and values that do not fit the field
 */
export function compileFilter(text: string): CompiledFilter {
  const tree = parseFilter(text);
  if (tree === null) return { text, wanted: NOTHING_WANTED, test: EVERYTHING };
  const compiler = new Compiler(text);
  const test = compiler.compile(tree);
  return { text, wanted: joinWanted(...compiler.wanted), test };
}

/** Turns the nodes of one filter into tests and notes what they need. */
class Compiler {
  readonly wanted: Wanted[] = [];
  readonly #resolver: Resolver;

  constructor(text: string) {
    this.#resolver = new Resolver(text);
  }

  compile(node: FilterNode): FrameTest {
    switch (node.kind) {
      case 'and': {
        const tests = node.operands.map((operand) => this.compile(operand));
        return (values) => tests.every((test) => test(values));
      }
      case 'or': {
        const tests = node.operands.map((operand) => this.compile(operand));
        return (values) => tests.some((test) => test(values));
      }
      case 'xor': {
        const tests = node.operands.map((operand) => this.compile(operand));
        return (values) => tests.reduce((odd, test) => odd !== test(values), false);
      }
      case 'not': {
        const test = this.compile(node.operand);
        return (values) => !test(values);
      }
      case 'present':
        return this.#present(this.#resolver.reference(node.operand));
      case 'in':
        return this.#membership(node);
      default:
        return this.#relation(node);
    }
  }

  #present(reference: Reference): FrameTest {
    if (reference.slices.length > 0) return some(this.#want(reference), () => true);
    const { fields, protocols } = reference;
    this.wanted.push({ fields, layers: protocols, octets: [] });
    return (values) =>
      fields.some((field) => values.count(field) > 0) || protocols.some((protocol) => values.layers(protocol) > 0);
  }

  /** Notes that the values of a reference are needed. */
  #want(reference: Reference): Reference {
    if (reference.protocols.length > 0) this.wanted.push({ fields: [], layers: [], octets: reference.protocols });
    else this.wanted.push({ fields: reference.fields, layers: [], octets: [] });
    return reference;
  }

  #membership(node: FilterNode & { kind: 'in' }): FrameTest {
    const left = this.#want(this.#resolver.reference(node.left));
    this.#resolver.checkOperator(left, 'in', node.at);
    const tests = node.elements.map(({ low, high }): ValueTest => {
      const first = this.#resolver.literal(left, low);
      if (high === null) return equalTest(first);
      const last = this.#resolver.literal(left, high);
      this.#resolver.checkOperator(left, '<', low.at);
      for (const [literal, operand] of [
        [first, low],
        [last, high],
      ] as const)
        this.#checkSingle(literal, operand.at);
      const [from, to] = [literalValue(first), literalValue(last)];
      if (orderValues(from, to) > 0) {
        throw this.#resolver.error(
          'filter.value',
          low.at,
          'the range ends before it begins',
          'write the smaller end first',
        );
      }
      return (value) => orderValues(value, from) >= 0 && orderValues(value, to) <= 0;
    });
    const inside: ValueTest = (value) => tests.some((test) => test(value));
    if (node.quantifier === 'all') return every(left, node.negated ? (value) => !inside(value) : inside);
    if (node.quantifier === 'any') return some(left, node.negated ? (value) => !inside(value) : inside);
    const test = some(left, inside);
    return node.negated ? (values) => !test(values) : test;
  }

  /** Refuses what has no single place in an order: a network, a pattern of ids, a name of several numbers. */
  #checkSingle(literal: Literal, at: number): void {
    const isSeveral = literal.kind === 'number' && literal.numbers.length > 1;
    const isPattern = literal.kind === 'id' && typeof literal.id === 'string';
    if (literal.kind !== 'network' && !isSeveral && !isPattern) return;
    throw this.#resolver.error(
      'filter.type',
      at,
      'this stands for several values, which have no place in an order',
      'compare with ==, != or in {...}',
    );
  }

  #relation(node: FilterNode & { kind: 'relation' }): FrameTest {
    const { operator, quantifier } = node;
    const left = this.#want(this.#resolver.reference(node.left));
    this.#resolver.checkOperator(left, operator, node.at);
    const forAll = quantifier === 'all' || (quantifier === null && (operator === '!=' || operator === '==='));
    const quantified = forAll ? every : some;
    if (operator === 'matches') {
      return quantified(left, this.#patternTest(left, node.right));
    }
    if (operator === 'contains') return this.#contains(left, node, quantified);
    const right = this.#resolver.right(left, node.right);
    if ('kind' in right) return quantified(left, this.#literalTest(left, operator, right, node.right.at));
    this.#want(right);
    const order = rankOrder(left) ?? orderValues;
    const compare = (one: FieldValue, other: FieldValue) => orderSatisfies(operator, order(one, other));
    return pairwise(left, right, compare, forAll);
  }

  #literalTest(left: Reference, operator: RelationOperator, literal: Literal, at: number): ValueTest {
    if (operator === '==' || operator === '===') return equalTest(literal);
    if (operator === '!=' || operator === '!==') {
      const equal = equalTest(literal);
      return (value) => !equal(value);
    }
    this.#checkSingle(literal, at);
    const other = literalValue(literal);
    const order = rankOrder(left) ?? orderValues;
    return (value) => orderSatisfies(operator, order(value, other));
  }

  #contains(left: Reference, node: FilterNode & { kind: 'relation' }, quantified: typeof some): FrameTest {
    const needle = this.#resolver.needle(left, node.right);
    if (needle.kind === 'text') {
      return quantified(left, (value) => typeof value === 'string' && value.includes(needle.text));
    }
    const octets = literalValue(needle) as Uint8Array;
    return quantified(left, (value) => value instanceof Uint8Array && containsOctets(value, octets));
  }

  #patternTest(left: Reference, operand: (FilterNode & { kind: 'relation' })['right']): ValueTest {
    const pattern = compilePattern(this.#resolver.pattern(operand), this.#resolver.column(operand.at));
    if (!isOctets(left.type)) return (value) => typeof value === 'string' && pattern.test(value);
    return (value) => value instanceof Uint8Array && pattern.test(octetsAsText(value));
  }
}

/** The first octets as text of one character an octet, so that patterns can name any octet. */
function octetsAsText(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, MATCHED_CHARACTERS)).toString('latin1');
}

/** For texts whose names have an order (severities): the order of their ranks. Null for all others. */
function rankOrder(reference: Reference): ((left: FieldValue, right: FieldValue) => number) | null {
  const values = reference.type === 'text' && reference.slices.length === 0 ? reference.fields[0]?.values : null;
  if (!values) return null;
  const ranks = new Map([...values].map(([rank, name]) => [name, rank]));
  return (left, right) => {
    const [one, other] = [ranks.get(left as string), ranks.get(right as string)];
    return one === undefined || other === undefined ? Number.NaN : one - other;
  };
}

/** Calls `visit` with every value of a reference until it returns true; says whether it did. */
function visitValues(reference: Reference, values: CollectedFields, visit: ValueTest): boolean {
  const { fields, protocols, slices } = reference;
  if (protocols.length > 0) {
    for (const protocol of protocols) {
      const count = values.layers(protocol);
      for (let index = 0; index < count; index++) {
        if (visitSliced(values.octets(protocol, index), slices, visit)) return true;
      }
    }
    return false;
  }
  for (const field of fields) {
    const count = values.count(field);
    for (let index = 0; index < count; index++) {
      if (visitSliced(values.value(field, index), slices, visit)) return true;
    }
  }
  return false;
}

/** A value whose slice lies outside counts as absent. */
function visitSliced(value: FieldValue, slices: Reference['slices'], visit: ValueTest): boolean {
  if (slices.length === 0) return visit(value);
  if (value instanceof Uint8Array) {
    const octets = sliceOctets(value, slices);
    return octets !== null && visit(octets);
  }
  const text = sliceText(String(value), slices);
  return text !== null && visit(text);
}

function some(reference: Reference, test: ValueTest): FrameTest {
  return (values) => visitValues(reference, values, test);
}

function every(reference: Reference, test: ValueTest): FrameTest {
  return (values) => {
    let seen = false;
    const failed = visitValues(reference, values, (value) => {
      seen = true;
      return !test(value);
    });
    return seen && !failed;
  };
}

/** Compares all values of one field with all of another. */
function pairwise(
  left: Reference,
  right: Reference,
  compare: (left: FieldValue, right: FieldValue) => boolean,
  forAll: boolean,
): FrameTest {
  return (values) => {
    let seen = false;
    const decided = visitValues(left, values, (one) =>
      visitValues(right, values, (other) => {
        seen = true;
        return compare(one, other) !== forAll;
      }),
    );
    return forAll ? seen && !decided : decided;
  };
}
