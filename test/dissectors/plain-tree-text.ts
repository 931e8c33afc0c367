// What `-V` and `-x` print, the plain way: from the tree, line by line as strings. dissectors/tree-text-writer.ts is held equal to it.

import { printable } from '../../dissectors/printable.ts';
import type { LayerTree, TreeNode, TreeSource } from '../../dissectors/tree.ts';
import { nodeLine } from '../../dissectors/tree-text.ts';

const DUMP_OCTETS = 16;

/** The tree as lines, without a line break at the end of any of them. */
export function treeLines(tree: LayerTree): string[] {
  const lines: string[] = [];
  for (const layer of tree.layers) appendNode(lines, tree, layer, 0);
  if (tree.dropped > 0) lines.push(`[${tree.dropped} more nodes are not shown]`);
  return lines;
}

/** What `-V` prints for a frame: all lines, each ended by a line break. */
export function treeText(tree: LayerTree): string {
  return treeLines(tree)
    .map((line) => `${line}\n`)
    .join('');
}

/** One node as one line of `-V`, without indentation. */
function nodeText(tree: LayerTree, node: TreeNode): string {
  const hasOctets = node.kind !== 'problem' && node.kind !== 'generated';
  return nodeLine(tree, node) + (hasOctets ? rangeText(tree, node) : '');
}

/** Where a node's octets lie, `  [12:3]`, or nothing where no octet holds it. */
function rangeText(tree: LayerTree, node: TreeNode): string {
  if (node.length === 0) return '';
  const where = node.source === 0 ? '' : `${printable(tree.sources[node.source].name)} `;
  return `  [${where}${node.at}:${node.length}]`;
}

function appendNode(lines: string[], tree: LayerTree, node: TreeNode, level: number): void {
  lines.push('    '.repeat(level) + nodeText(tree, node));
  for (const child of node.children) appendNode(lines, tree, child, level + 1);
}

/**
 * What `-x` prints for a frame: one dump a source. With more than one source each has a heading, `Frame (126 bytes):`,
 * as in Wireshark.
 */
export function dumpText(tree: LayerTree): string {
  if (tree.sources.length === 1) return hexDump(tree.sources[0].bytes);
  return tree.sources.map((source) => `${sourceHeading(source)}\n${hexDump(source.bytes)}`).join('\n');
}

/** The line above the dump of a source, where there are several. */
export function sourceHeading(source: TreeSource): string {
  const name = printable(source.name);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} (${source.bytes.length} bytes):`;
}

/** Octets as `0000  01 00 ..   text`, one line each sixteen, every line ended by a line break. */
export function hexDump(bytes: Uint8Array): string {
  // Wireshark widens the offset where four digits do not suffice.
  const digits = bytes.length > 0x10000 ? 8 : 4;
  let text = '';
  for (let at = 0; at < bytes.length; at += DUMP_OCTETS) {
    let hex = '';
    let characters = '';
    for (let index = at; index < at + DUMP_OCTETS; index++) {
      const octet = bytes[index];
      hex += octet === undefined ? '   ' : ` ${octet.toString(16).padStart(2, '0')}`;
      if (octet !== undefined) characters += octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : '.';
    }
    text += `${at.toString(16).padStart(digits, '0')} ${hex}   ${characters}\n`;
  }
  return text;
}
