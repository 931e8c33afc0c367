// The layer tree of one frame: plain nodes, for the terminal program and the relay's `tree`. Built only for frames that somebody
// looks at; what prints every frame writes its octets from columns (tree-columns.ts, tree-ek.ts).

import { frameProtocol } from './frame-fields.ts';
import { isConclusion, problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';

/** Constants we chose. */
/**
 * Nodes of one tree. A frame of 65 535 octets in which every octet is a field stays below; above it, nodes are counted
 * in `dropped` and left out.
 */
export const TREE_NODES = 100_000;

/** Octets that nodes point into. Number 0 is the frame. */
export interface TreeSource {
  /** E.g. `frame`, `deciphered SDU`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a node is. */
export type TreeNodeKind = 'layer' | 'group' | 'field' | 'generated' | 'problem';

/** One line of the tree. */
export interface TreeNode {
  readonly kind: TreeNodeKind;
  /** Title of the layer, label of the group or field, sentence of the problem. */
  readonly label: string;
  /** Layers: their protocol. */
  readonly protocol: Protocol | null;
  /** Fields, lying in octets or generated. */
  readonly field: Field | null;
  /** Problems: their stable code, else empty. */
  readonly code: string;
  readonly value: FieldValue | null;
  /** First octet, counted from the start of the source. */
  readonly at: number;
  /** Octets; 0 for what no octet holds. */
  readonly length: number;
  /** Index into `LayerTree.sources`. */
  readonly source: number;
  readonly children: TreeNode[];
}

/** The tree of one frame. Layers stand one after the other, as in Wireshark, however their decoders were nested. */
export interface LayerTree {
  readonly sources: TreeSource[];
  readonly layers: TreeNode[];
  /** Nodes left out because the tree has `TREE_NODES` already. */
  readonly dropped: number;
}

interface Open {
  readonly node: TreeNode | null;
  readonly source: number;
}

/** A TreeWriter that keeps everything. One frame, one builder; `finish` gives the tree. */
export class TreeBuilder implements TreeWriter {
  readonly #sources: TreeSource[];
  readonly #layers: TreeNode[] = [];
  readonly #open: Open[] = [];
  #node: TreeNode | null = null;
  #source = 0;
  #nodes = 0;
  #dropped = 0;

  /** @param frame octets of the frame; the tree keeps a reference, so hand in a copy where the buffer is reused */
  constructor(frame: Uint8Array) {
    this.#sources = [{ name: 'frame', bytes: frame }];
  }

  begin(protocol: Protocol, at: number, length: number): void {
    this.#enter(this.#attach({ kind: 'layer', label: protocol.title, protocol, at, length }), this.#source);
  }

  group(label: string, at: number, length: number): void {
    this.#enter(this.#attach({ kind: 'group', label, at, length }), this.#source);
  }

  source(name: string, bytes: Uint8Array): void {
    this.#sources.push({ name, bytes });
    this.#enter(this.#node, this.#sources.length - 1);
  }

  /** Closes what was opened last; without anything open it does nothing. */
  end(): void {
    const outer = this.#open.pop();
    if (outer === undefined) return;
    this.#node = outer.node;
    this.#source = outer.source;
  }

  add(field: Field, at: number, length: number, value: FieldValue): void {
    this.#attach({ kind: 'field', label: field.label, field, at, length, value });
  }

  generated(field: Field, value: FieldValue): void {
    this.#attach({ kind: 'generated', label: field.label, field, value, at: 0, length: 0 });
  }

  problem(code: string, at: number, text: string): void {
    this.#attach({ kind: 'problem', label: text, protocol: problemProtocol, code, at, length: 0 });
  }

  /** The tree as it stands. Adds `frame.protocols` to a layer `frame`. */
  finish(): LayerTree {
    const first = this.#layers[0];
    if (first?.protocol === frameProtocol) {
      const names = this.#layers
        .slice(1)
        .filter((layer) => layer.protocol === null || !isConclusion(layer.protocol))
        .map((layer) => layer.protocol?.name ?? layer.label);
      const field = frameProtocol.fields.protocols;
      const node = { kind: 'generated', label: field.label, field, value: names.join(':'), at: 0, length: 0 } as const;
      first.children.push({ protocol: null, code: '', source: 0, children: [], ...node });
    }
    return { sources: this.#sources, layers: this.#layers, dropped: this.#dropped };
  }

  #enter(node: TreeNode | null, source: number): void {
    this.#open.push({ node: this.#node, source: this.#source });
    this.#node = node;
    this.#source = source;
  }

  #attach(part: Partial<TreeNode> & Pick<TreeNode, 'kind' | 'label' | 'at' | 'length'>): TreeNode {
    const node: TreeNode = {
      protocol: null,
      field: null,
      code: '',
      value: null,
      source: this.#source,
      children: [],
      ...part,
    };
    if (this.#nodes >= TREE_NODES) {
      this.#dropped++;
      return node;
    }
    this.#nodes++;
    if (node.kind === 'layer' || this.#node === null) this.#layers.push(node);
    else this.#node.children.push(node);
    return node;
  }
}
