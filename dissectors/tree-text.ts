// A node of a layer tree as a line for people, as `-V` has it (tree-text-writer.ts) but for the range of its octets: for screens
// that show the octets themselves.

import { printable } from './printable.ts';
import type { LayerTree, TreeNode } from './tree.ts';
import { bitsText, readableText } from './value-text.ts';

/** One node as one line, without indentation. */
export function nodeLine(tree: LayerTree, node: TreeNode): string {
  switch (node.kind) {
    case 'problem':
      return `[Problem at octet ${node.at}: ${printable(node.label)} (${printable(node.code)})]`;
    case 'generated':
      return `[${fieldText(tree, node)}]`;
    case 'field':
      return fieldText(tree, node);
    default:
      return printable(node.label);
  }
}

function fieldText(tree: LayerTree, node: TreeNode): string {
  const { field } = node;
  const label = printable(node.label);
  if (field === null || field.type === 'marker') return label;
  const value = node.value ?? '';
  const bits = node.kind === 'field' ? bitsText(field, tree.sources[node.source].bytes, node.at) : '';
  return `${bits === '' ? '' : `${bits} = `}${label}: ${readableText(field, value)}`;
}
