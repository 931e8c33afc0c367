// The tree that the grammar makes of a filter. `at` is the offset in the text, in UTF-16 units.

/** `field[0:4]`, `[2-3]`, `[:4]`, `[4:]`, `[7]`: negative numbers count from the end. */
export type SliceRange =
  | { readonly kind: 'length'; readonly start: number; readonly length: number; readonly at: number }
  | { readonly kind: 'range'; readonly start: number; readonly end: number; readonly at: number }
  | { readonly kind: 'rest'; readonly start: number; readonly at: number };

/** An unquoted word: a field, a protocol, a number, an address, octets, a value name. */
export interface WordNode {
  readonly kind: 'word';
  readonly text: string;
  readonly slices: readonly SliceRange[];
  readonly at: number;
}

/** A quoted text, with what stands between the quotes as it was written. */
export interface TextNode {
  readonly kind: 'text';
  readonly written: string;
  /** `r"..."`: no escapes. */
  readonly raw: boolean;
  readonly at: number;
}

/** One side of a comparison. */
export type OperandNode = WordNode | TextNode;

/** Operators of comparisons, each in one spelling: `any_ne` is `!==`, `all_eq` is `===`. */
export type RelationOperator = '==' | '!=' | '===' | '!==' | '<' | '<=' | '>' | '>=' | 'contains' | 'matches';

/** `any` and `all` in front of a comparison; null where nothing was written. */
export type Quantifier = 'any' | 'all' | null;

/** One element of `{...}`: a value, or a range with both ends in it. */
export interface ElementNode {
  readonly low: OperandNode;
  readonly high: OperandNode | null;
}

/** A filter. `and`, `or`, `xor` hold two operands or more. */
export type FilterNode =
  | { readonly kind: 'and' | 'or' | 'xor'; readonly operands: readonly FilterNode[]; readonly at: number }
  | { readonly kind: 'not'; readonly operand: FilterNode; readonly at: number }
  | {
      readonly kind: 'relation';
      readonly quantifier: Quantifier;
      readonly left: OperandNode;
      readonly operator: RelationOperator;
      readonly right: OperandNode;
      readonly at: number;
    }
  | {
      readonly kind: 'in';
      readonly quantifier: Quantifier;
      readonly left: OperandNode;
      readonly negated: boolean;
      readonly elements: readonly ElementNode[];
      readonly at: number;
    }
  | { readonly kind: 'present'; readonly operand: OperandNode; readonly at: number };
