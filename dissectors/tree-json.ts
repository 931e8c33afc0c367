// A layer tree as `-T json` and `-T ek`, in the shapes that tshark gives them. Unlike tshark's, the JSON has no
// duplicate keys: what repeats is an array.

import { frameProtocol } from './frame-fields.ts';
import { problemProtocol } from './judged-fields.ts';
import type { FieldValue, Protocol } from './layer.ts';
import { printable, printableJson } from './printable.ts';
import type { LayerTree, TreeNode } from './tree.ts';
import { bareText, isoText, octetsText } from './value-text.ts';

/** A value of the documents made here. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object without prototype: `__proto__` and its like are keys as any other. */
type JsonObject = { [key: string]: JsonValue };

function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject;
}

/** Puts a value under a key; a second one under the same key makes an array, `repeats` says which arrays are ours. */
function put(object: JsonObject, repeats: Set<string>, key: string, value: JsonValue): void {
  const present = object[key];
  if (present === undefined) object[key] = value;
  else if (repeats.has(key)) (present as JsonValue[]).push(value);
  else {
    object[key] = [present, value];
    repeats.add(key);
  }
}

/** Options of `-T json`. */
export interface TreeJsonOptions {
  /** `-x`: beside each layer and field a `<name>_raw`: hex, first octet, octets, bit mask, source. */
  readonly octets?: boolean;
}

/**
 * One packet of `-T json`: `{_index, _type, _score, _source: {layers}}`. Values are strings as in tshark, octets with
 * colons.
 */
export function treeDocument(tree: LayerTree, options: TreeJsonOptions = {}): JsonObject {
  const layers = emptyObject();
  const repeats = new Set<string>();
  for (const layer of joinedLayers(tree)) {
    if (options.octets) put(layers, repeats, `${nodeKey(layer)}_raw`, rawValue(tree, layer));
    put(layers, repeats, nodeKey(layer), nodeValue(tree, layer, options));
  }
  return documentOf(frameTime(tree), layers);
}

/**
 * `treeDocument` as text, indented as tshark does inside its array: the caller prints `[`, the texts joined by `,`, and
 * `]`. Controls and bidirectional characters are `\uXXXX` escapes.
 */
export function treeJson(tree: LayerTree, options: TreeJsonOptions = {}): string {
  return indented(treeDocument(tree, options));
}

/**
 * One packet of `-T json -e`, as text like `treeJson`.
 *
 * @param time nanoseconds since 1970
 * @param layers the chosen fields, each with its values
 */
export function chosenJson(time: bigint, layers: Readonly<Record<string, readonly string[]>>): string {
  return indented(documentOf(time, layers));
}

function documentOf(time: bigint | null, layers: object): JsonObject {
  return { _index: indexName(time), _type: 'doc', _score: null, _source: { layers: layers as JsonObject } };
}

function indented(document: JsonObject): string {
  return printableJson(document, 2)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

const MAC_NAME = 'mac-lte';

/** Layers that tshark calls otherwise than our events do. */
const TSHARK_NAMES: ReadonlyMap<string, string> = new Map([
  ['ipv4', 'ip'],
  ['sl-sch', MAC_NAME],
  ['rlc-um', 'rlc-lte'],
]);

/**
 * Whether a layer goes on with the object of the layer in front of it: tshark has one where several layers of ours bear
 * one name there (MAC: context and PDU; RLC: context and PDU).
 */
export function continuesLayer(before: Protocol | null, protocol: Protocol | null): boolean {
  if (before === null || protocol === null) return false;
  const name = tsharkName(protocol.name);
  return name === tsharkName(before.name) && (before !== protocol || name === MAC_NAME);
}

/** The layers with those joined that tshark has as one. */
function joinedLayers(tree: LayerTree): TreeNode[] {
  const joined: TreeNode[] = [];
  let before: Protocol | null = null;
  for (const layer of tree.layers) {
    const protocol: Protocol | null = layer.kind === 'layer' ? layer.protocol : null;
    const last = joined.at(-1);
    if (last !== undefined && continuesLayer(before, protocol)) {
      joined[joined.length - 1] = { ...last, children: [...last.children, ...layer.children] };
    } else joined.push(layer);
    before = protocol;
  }
  return joined;
}

/** What tshark calls a layer. */
export function tsharkName(protocol: string): string {
  return TSHARK_NAMES.get(protocol) ?? protocol;
}

function nodeKey(node: TreeNode): string {
  if (node.kind === 'problem') return problemProtocol.name;
  if (node.kind === 'layer' && node.protocol !== null) return printable(tsharkName(node.protocol.name));
  return printable(node.field?.name ?? node.protocol?.name ?? node.label);
}

function nodeValue(tree: LayerTree, node: TreeNode, options: TreeJsonOptions): JsonValue {
  if (node.kind === 'problem') return problemValue(node);
  if (node.field !== null) return bareValue(node);
  return childrenValue(tree, node, options);
}

function bareValue(node: TreeNode): string {
  const { field, value } = node;
  if (field === null) return '';
  if (field.type === 'text' && typeof value === 'string') return value;
  return bareText(field, value ?? '', ':');
}

function problemValue(node: TreeNode): JsonObject {
  const { code, at, text } = problemProtocol.fields;
  return { [code.name]: node.code, [at.name]: String(node.at), [text.name]: node.label };
}

function rawValue(tree: LayerTree, node: TreeNode): JsonValue[] {
  const source = tree.sources[node.source];
  const octets = octetsText(source.bytes.subarray(node.at, node.at + node.length), '');
  return [octets, node.at, node.length, node.field?.mask ?? 0, source.name];
}

function childrenValue(tree: LayerTree, node: TreeNode, options: TreeJsonOptions): JsonObject {
  const object = emptyObject();
  const repeats = new Set<string>();
  for (const child of node.children) {
    const key = nodeKey(child);
    if (options.octets && child.length > 0) put(object, repeats, `${key}_raw`, rawValue(tree, child));
    put(object, repeats, key, nodeValue(tree, child, options));
    if (child.field !== null && child.children.length > 0) {
      put(object, repeats, `${key}_tree`, childrenValue(tree, child, options));
    }
  }
  return object;
}

/** The frame's time in nanoseconds since 1970, or null where the tree has no layer `frame`. */
function frameTime(tree: LayerTree): bigint | null {
  for (const node of tree.layers[0]?.children ?? []) {
    if (node.field === frameProtocol.fields.time && typeof node.value === 'bigint') return node.value;
  }
  return null;
}

/** `packets-YYYY-MM-DD`, the day of the frame in UTC. */
export function indexName(time: bigint | null): string {
  const day = time === null ? null : /^-?\d+-\d\d-\d\d/.exec(isoText(time));
  return day === null ? 'packets' : `packets-${day[0]}`;
}

/**
 * A frame of `-T ek`: the index line and the document line, each ended by a line break. Keys are
 * `<protocol>_<field>` with dots as underscores, `timestamp` the capture time in ms as a string, groups are flattened.
 */
export function treeEk(tree: LayerTree): string {
  const layers = emptyObject();
  const repeats = new Set<string>();
  for (const layer of joinedLayers(tree)) {
    const object = emptyObject();
    const name = underscored(nodeKey(layer));
    if (layer.kind === 'layer') flatten(object, new Set(), name, layer.children);
    else flatten(object, new Set(), name, [layer]);
    put(layers, repeats, name, object);
  }
  return ekLines(frameTime(tree), layers);
}

/**
 * The two lines of `-T ek -e`.
 *
 * @param time nanoseconds since 1970
 * @param layers the chosen fields, each with its values; dots of the names become underscores
 */
export function chosenEk(time: bigint, layers: Readonly<Record<string, readonly string[]>>): string {
  const named = Object.entries(layers).map(([name, values]): [string, JsonValue] => [underscored(name), [...values]]);
  return ekLines(time, Object.fromEntries(named));
}

function ekLines(time: bigint | null, layers: JsonObject): string {
  return `${ekIndexLine(time)}{${ekTimestamp(time)}"layers":${printableJson(layers)}}\n`;
}

/** The first line of a frame of `-T ek`. @param time nanoseconds since 1970, or null */
export function ekIndexLine(time: bigint | null): string {
  return `{"index":{"_index":"${indexName(time)}","_type":"doc"}}\n`;
}

/** The member `timestamp` of the second line, with a comma behind it; nothing where there is no time. */
export function ekTimestamp(time: bigint | null): string {
  return time === null ? '' : `"timestamp":"${floorMilliseconds(time)}",`;
}

function floorMilliseconds(time: bigint): bigint {
  const milliseconds = time / 1_000_000n;
  return time % 1_000_000n < 0n ? milliseconds - 1n : milliseconds;
}

/** A key of `-T ek`: dots would be paths in the data base that it is made for. */
export function underscored(name: string): string {
  return name.replaceAll('.', '_');
}

function flatten(object: JsonObject, repeats: Set<string>, prefix: string, nodes: readonly TreeNode[]): void {
  for (const node of nodes) {
    if (node.kind === 'problem') {
      for (const [key, value] of Object.entries(problemValue(node))) {
        put(object, repeats, `${prefix}_${underscored(key)}`, value);
      }
    } else if (node.field !== null) {
      put(object, repeats, `${prefix}_${underscored(node.field.name)}`, ekValue(node, node.value ?? ''));
    }
    flatten(object, repeats, prefix, node.children);
  }
}

function ekValue(node: TreeNode, value: FieldValue): JsonValue {
  const { field } = node;
  if (field === null) return null;
  if (field.type === 'bool') return value === true || value === 1;
  if (field.type === 'time' && typeof value === 'bigint' && field !== frameProtocol.fields.timeEpoch) {
    return isoText(value);
  }
  return bareValue(node);
}
