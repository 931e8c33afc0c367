// Random filters whose types fit, and random frames for them.

import fc from 'fast-check';
import type {
  FilterNode,
  OperandNode,
  Quantifier,
  RelationOperator,
  SliceRange,
} from '../../../dissectors/filter/ast.ts';
import type { FieldValue } from '../../../dissectors/layer.ts';

/** A kind of field that the filters speak of: how its literals are written and what its values are. */
interface Kind {
  readonly name: string;
  readonly literal: fc.Arbitrary<OperandNode>;
  readonly value: fc.Arbitrary<FieldValue>;
  readonly operators: readonly RelationOperator[];
  /** Literals that may be the ends of ranges. */
  readonly ordered: boolean;
}

const word = (text: string): OperandNode => ({ kind: 'word', text, slices: [], at: 0 });
const quoted = (written: string): OperandNode => ({ kind: 'text', written, raw: false, at: 0 });

const EQUALITY: readonly RelationOperator[] = ['==', '!=', '===', '!=='];
const ORDER: readonly RelationOperator[] = [...EQUALITY, '<', '<=', '>', '>='];
const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
/** Few different octets, so that values and literals meet. */
const smallOctets = fc.array(fc.constantFrom(0, 1, 0x41, 0xff), { minLength: 1, maxLength: 4 });
const hex = (values: Iterable<number>) => [...values].map((value) => value.toString(16).padStart(2, '0')).join(':');

const KINDS: readonly Kind[] = [
  {
    name: 'frame.number',
    literal: fc.nat(6).chain((value) => fc.constantFrom(word(String(value)), word(`0x${value.toString(16)}`))),
    value: fc.nat(6),
    operators: ORDER,
    ordered: true,
  },
  {
    name: 'mac-lte.slsch.src-l2-id',
    literal: fc.nat(3).chain((id) => fc.constantFrom(word(`00000${id}`), word(`0x${id}`))),
    value: fc.nat(3),
    operators: ORDER,
    ordered: true,
  },
  {
    name: 'ip.src',
    literal: fc
      .tuple(fc.nat(3), fc.constantFrom('', '', '/8', '/31', '/0'))
      .map(([last, bits]) => word(`10.0.0.${last}${bits}`)),
    value: fc.nat(3).map((last) => Uint8Array.of(10, 0, 0, last)),
    operators: EQUALITY,
    ordered: false,
  },
  {
    name: 'rtp.payload',
    literal: smallOctets.map((values) => word(hex(values))),
    value: smallOctets.map((values) => Uint8Array.from(values)),
    operators: [...ORDER, 'contains'],
    ordered: true,
  },
  {
    name: 'slrb.group-name',
    literal: fc.constantFrom('a', 'b', 'ab', 'ba', 'abc').map(quoted),
    value: fc.constantFrom('a', 'b', 'ab', 'ba', 'abc', 'ABC'),
    operators: [...ORDER, 'contains', 'matches'],
    ordered: true,
  },
  {
    name: 'finding.severity',
    literal: fc.constantFrom('info', 'low', 'medium', 'high', 'critical').map(word),
    value: fc.constantFrom('info', 'low', 'medium', 'high', 'critical'),
    operators: ORDER,
    ordered: false,
  },
  {
    name: 'rtp.marker',
    literal: fc.constantFrom(word('0'), word('1')),
    value: fc.boolean(),
    operators: EQUALITY,
    ordered: false,
  },
  {
    name: 'frame.time',
    literal: fc.nat(3).map((second) => quoted(`2026-05-01T10:00:0${second}Z`)),
    value: fc.nat(3).map((second) => BigInt(Date.UTC(2026, 4, 1, 10, 0, second)) * 1_000_000n),
    operators: ORDER,
    ordered: true,
  },
];

const QUANTIFIER: fc.Arbitrary<Quantifier> = fc.constantFrom(null, null, 'any' as const, 'all' as const);

const SLICE: fc.Arbitrary<SliceRange> = fc.oneof(
  fc.record({ kind: fc.constant('rest' as const), start: fc.integer({ min: -3, max: 3 }), at: fc.constant(0) }),
  fc.record({
    kind: fc.constant('length' as const),
    start: fc.integer({ min: -3, max: 3 }),
    length: fc.integer({ min: 1, max: 3 }),
    at: fc.constant(0),
  }),
  fc
    .record({
      kind: fc.constant('range' as const),
      start: fc.integer({ min: -3, max: 3 }),
      end: fc.integer({ min: -3, max: 3 }),
      at: fc.constant(0),
    })
    .filter(({ start, end }) => end >= start || start < 0 !== end < 0),
);

function leaf(kind: Kind): fc.Arbitrary<FilterNode> {
  const left = word(kind.name);
  const relation = fc
    .record({
      quantifier: QUANTIFIER,
      operator: fc.constantFrom(...kind.operators),
      right: fc.oneof(kind.literal, fc.constant(left)),
    })
    .filter(({ operator, right }) => right !== left || (operator !== 'contains' && operator !== 'matches'))
    .map((parts): FilterNode => ({ kind: 'relation', left, at: 0, ...parts }));
  const single = kind.literal.map((low) => ({ low, high: null }));
  const range = fc.tuple(kind.literal, kind.literal).map(([low, high]) => ({ low, high }));
  const element = kind.ordered ? fc.oneof(single, range) : single;
  const membership = fc
    .record({
      quantifier: QUANTIFIER,
      negated: fc.boolean(),
      elements: fc.array(element, { minLength: 1, maxLength: 3 }),
    })
    .map((parts): FilterNode => ({ kind: 'in', left, at: 0, ...parts }));
  return fc.oneof(relation, membership, fc.constant<FilterNode>({ kind: 'present', operand: left, at: 0 }));
}

const SLICED: fc.Arbitrary<FilterNode> = fc
  .record({
    slices: fc.array(SLICE, { minLength: 1, maxLength: 2 }),
    operator: fc.constantFrom<RelationOperator>('==', '!=', '<', '>=', 'contains'),
    right: smallOctets.map((values) => word(hex(values))),
  })
  .map(({ slices, operator, right }): FilterNode => {
    const left: OperandNode = { kind: 'word', text: 'rtp.payload', slices, at: 0 };
    return { kind: 'relation', quantifier: null, left, operator, right, at: 0 };
  });

/** A filter tree. Every `at` is 0. */
export const FILTERS: fc.Arbitrary<FilterNode> = fc.letrec<{ node: FilterNode; leaf: FilterNode }>((tie) => ({
  leaf: fc.oneof(...KINDS.map(leaf), SLICED),
  node: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc
      .record({
        kind: fc.constantFrom('and' as const, 'or' as const, 'xor' as const),
        operands: fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
      })
      .map((parts): FilterNode => ({ ...parts, at: 0 })),
    tie('node').map((operand): FilterNode => ({ kind: 'not', operand, at: 0 })),
  ),
})).node;

/** Values by field name; a field may be absent or occur up to three times. */
export const FRAMES: fc.Arbitrary<Record<string, FieldValue[]>> = fc
  .tuple(...KINDS.map((kind) => fc.array(kind.value, { maxLength: 3 })))
  .map((lists) => Object.fromEntries(KINDS.map((kind, index) => [kind.name, lists[index]])));

/** Octets of any kind, for tests that feed garbage. */
export const OCTETS: fc.Arbitrary<Uint8Array> = octets(8);
