// A filter tree as text: every operand in parentheses, every operator in full. The parser has to give the same tree back.

import type { ElementNode, FilterNode, OperandNode, SliceRange } from '../../dissectors/filter/ast.ts';

/** Text of a filter. `spell` chooses between spellings of one operator, e.g. `==` and `eq`. */
export function printFilter(
  node: FilterNode,
  spell: (spellings: readonly string[]) => string = (all) => all[0],
): string {
  const inner = (part: FilterNode) => `(${printFilter(part, spell)})`;
  switch (node.kind) {
    case 'and':
      return node.operands.map(inner).join(` ${spell(['and', '&&'])} `);
    case 'or':
      return node.operands.map(inner).join(` ${spell(['or', '||'])} `);
    case 'xor':
      return node.operands.map(inner).join(` ${spell(['xor', '^^'])} `);
    case 'not':
      return `${spell(['not ', '!', '! '])}${inner(node.operand)}`;
    case 'present':
      return printOperand(node.operand);
    case 'in': {
      const quantifier = node.quantifier === null ? '' : `${node.quantifier} `;
      const elements = node.elements.map(printElement).join(spell([', ', ',']));
      return `${quantifier}${printOperand(node.left)} ${node.negated ? 'not ' : ''}in {${elements}}`;
    }
    default: {
      const quantifier = node.quantifier === null ? '' : `${node.quantifier} `;
      const operator = spell(SPELLINGS[node.operator] ?? [node.operator]);
      return `${quantifier}${printOperand(node.left)} ${operator} ${printOperand(node.right)}`;
    }
  }
}

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  '==': ['==', 'eq', 'any_eq'],
  '!=': ['!=', 'ne', 'all_ne'],
  '===': ['===', 'all_eq'],
  '!==': ['!==', 'any_ne', '~='],
  '<': ['<', 'lt'],
  '<=': ['<=', 'le'],
  '>': ['>', 'gt'],
  '>=': ['>=', 'ge'],
};

function printElement(element: ElementNode): string {
  return printOperand(element.low) + (element.high === null ? '' : ` .. ${printOperand(element.high)}`);
}

function printOperand(operand: OperandNode): string {
  if (operand.kind === 'text') return `${operand.raw ? 'r' : ''}"${operand.written}"`;
  return operand.text + (operand.slices.length === 0 ? '' : `[${operand.slices.map(printSlice).join(',')}]`);
}

function printSlice(slice: SliceRange): string {
  if (slice.kind === 'rest') return `${slice.start}:`;
  if (slice.kind === 'length') return `${slice.start}:${slice.length}`;
  return slice.end === slice.start ? `${slice.start}` : `${slice.start}-${slice.end}`;
}
