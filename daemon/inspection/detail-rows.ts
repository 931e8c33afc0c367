// A layer tree as the rows of a screen.

import type { LayerTree, TreeNode } from '../../dissectors/tree.ts';
import { nodeLine } from '../../dissectors/tree-text.ts';
import { bareText } from '../../dissectors/value-text.ts';
import type { DetailRow } from './contract.ts';

/** We chose: rows of one tree; what is beyond is counted in the last row. A frame of 65,535 octets of fields has more. */
export const DETAIL_ROWS = 10_000;

/** Rows in the order of `-V`: each node before its children. */
export function detailRows(tree: LayerTree): DetailRow[] {
  const rows: DetailRow[] = [];
  let left = tree.dropped;
  const append = (node: TreeNode, depth: number): void => {
    if (rows.length >= DETAIL_ROWS) left++;
    else rows.push(rowOf(tree, node, depth));
    for (const child of node.children) append(child, depth + 1);
  };
  for (const layer of tree.layers) append(layer, 0);
  if (left > 0) rows.push({ ...NO_OCTETS, depth: 0, kind: 'problem', text: `[${left} more rows are not shown]` });
  return rows;
}

const NO_OCTETS = { field: null, filter: null, source: 0, start: 0, length: 0 } as const;

function rowOf(tree: LayerTree, node: TreeNode, depth: number): DetailRow {
  return {
    depth,
    text: nodeLine(tree, node),
    kind: node.kind,
    field: node.field?.name ?? node.protocol?.name ?? null,
    filter: filterText(node),
    source: node.source,
    start: node.at,
    length: node.length,
  };
}

/** A comparison that this node passes; for a layer its presence. */
function filterText(node: TreeNode): string | null {
  const { field, value } = node;
  if (field === null) return node.kind === 'layer' ? (node.protocol?.name ?? null) : null;
  if (field.type === 'marker' || value === null) return field.name;
  if (field.type === 'bytes')
    return value instanceof Uint8Array && value.length > 0
      ? `${field.name} == ${bareText(field, value, ':')}`
      : field.name;
  const bare = bareText(field, value);
  return `${field.name} == ${field.type === 'text' || field.type === 'time' ? JSON.stringify(bare) : bare}`;
}
