// The nodes of a frame's tree in columns instead of an object each, for who writes the trees of very many frames out.
// `TreeBuilder` (tree.ts) makes nodes of the same calls; a test keeps what is written of both equal.

import { frameProtocol } from './frame-fields.ts';
import { isConclusion, problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';
import { TREE_NODES, type TreeSource } from './tree.ts';

/** What a node is (`TreeNodeKind`). */
export const NodeKind = { layer: 0, group: 1, field: 2, generated: 3, problem: 4 } as const;

/** No node. */
export const NO_NODE = -1;
/** Nothing is open that nodes could belong to. */
const NOTHING = -1;

/**
 * Gathers the nodes of one frame after the other: `start`, describe it, `finish`. Nodes are numbered in the order of the
 * calls. Each at the top begins a chain of all that stands below it: more may be told of a layer when another one has begun.
 */
export class TreeColumns implements TreeWriter {
  /** Octets that nodes point into. Number 0 is the frame. */
  readonly sources: TreeSource[] = [];
  /** Nodes that stand at the top, layers above all. */
  readonly tops: number[] = [];
  /** Nodes left out because there were `TREE_NODES` already. */
  dropped = 0;

  // By node, as `TreeNode` has it.
  readonly kinds: number[] = [];
  /** Groups: their label; problems: their sentence. */
  readonly labels: string[] = [];
  readonly protocols: (Protocol | null)[] = [];
  readonly fields: (Field | null)[] = [];
  readonly codes: string[] = [];
  readonly values: FieldValue[] = [];
  readonly offsets: number[] = [];
  readonly lengths: number[] = [];
  readonly sourceOf: number[] = [];
  /** 0 at the top. */
  readonly levels: number[] = [];
  /** The next one of its chain, in which every node is followed by those below it; NO_NODE behind the last. */
  readonly next: number[] = [];
  /** Last node of each chain, by place in `tops`. */
  readonly #last: number[] = [];

  #nodes = 0;
  /** Place in `tops` of what is open, level of nodes below it, source. */
  #top = NOTHING;
  #level = 0;
  #source = 0;
  readonly #open: number[] = [];

  /** Nodes, numbered from 0. */
  get count(): number {
    return this.#nodes;
  }

  /** Begins with a frame. @param frame its octets, which must stay as they are until it is written */
  start(frame: Uint8Array): void {
    this.sources.length = 0;
    this.sources.push({ name: 'frame', bytes: frame });
    this.tops.length = 0;
    this.#last.length = 0;
    this.#open.length = 0;
    this.dropped = 0;
    this.#nodes = 0;
    this.#top = NOTHING;
    this.#level = 0;
    this.#source = 0;
  }

  begin(protocol: Protocol, at: number, length: number): void {
    this.#enter();
    const node = this.#take(NodeKind.layer, at, length, true);
    if (node === NO_NODE) return;
    this.protocols[node] = protocol;
    this.#top = this.tops.length - 1;
    this.#level = 1;
  }

  group(label: string, at: number, length: number): void {
    this.#enter();
    const node = this.#take(NodeKind.group, at, length, false);
    if (node === NO_NODE) return;
    this.labels[node] = label;
    if (this.#top === NOTHING) this.#top = this.tops.length - 1;
    this.#level++;
  }

  source(name: string, bytes: Uint8Array): void {
    this.#enter();
    this.sources.push({ name, bytes });
    this.#source = this.sources.length - 1;
  }

  /** Closes what was opened last; without anything open it does nothing. */
  end(): void {
    const source = this.#open.pop();
    if (source === undefined) return;
    this.#source = source;
    this.#level = this.#open.pop() as number;
    this.#top = this.#open.pop() as number;
  }

  add(field: Field, at: number, length: number, value: FieldValue): void {
    const node = this.#take(NodeKind.field, at, length, false);
    if (node === NO_NODE) return;
    this.fields[node] = field;
    this.values[node] = value;
  }

  generated(field: Field, value: FieldValue): void {
    const node = this.#take(NodeKind.generated, 0, 0, false);
    if (node === NO_NODE) return;
    this.fields[node] = field;
    this.values[node] = value;
  }

  problem(code: string, at: number, text: string): void {
    const node = this.#take(NodeKind.problem, at, 0, false);
    if (node === NO_NODE) return;
    this.codes[node] = code;
    this.labels[node] = text;
  }

  /** Adds `frame.protocols` to a layer `frame`. Nothing is described behind it. */
  finish(): void {
    const first = this.tops[0] as number | undefined;
    if (first === undefined || this.kinds[first] !== NodeKind.layer || this.protocols[first] !== frameProtocol) return;
    this.#top = 0;
    this.#level = 1;
    // It comes on top of what was described, whose cap it does not know.
    const node = this.#nodes++;
    this.#put(node, NodeKind.generated, 0, 0);
    this.#chain(node);
    this.fields[node] = frameProtocol.fields.protocols;
    this.values[node] = this.#protocols();
  }

  #protocols(): string {
    const names: string[] = [];
    for (const node of this.tops.slice(1)) {
      const kind = this.kinds[node];
      const protocol = kind === NodeKind.problem ? problemProtocol : this.protocols[node];
      if (protocol !== null && isConclusion(protocol)) continue;
      names.push(protocol?.name ?? this.fields[node]?.label ?? this.labels[node]);
    }
    return names.join(':');
  }

  #enter(): void {
    this.#open.push(this.#top, this.#level, this.#source);
  }

  /** A new node where it belongs; NO_NODE above the cap. */
  #take(kind: number, at: number, length: number, atTop: boolean): number {
    if (this.#nodes >= TREE_NODES) {
      this.dropped++;
      return NO_NODE;
    }
    const node = this.#nodes++;
    this.#put(node, kind, at, length);
    if (atTop || this.#top === NOTHING) {
      this.levels[node] = 0;
      this.tops.push(node);
      this.#last.push(node);
    } else this.#chain(node);
    return node;
  }

  #put(node: number, kind: number, at: number, length: number): void {
    this.kinds[node] = kind;
    this.labels[node] = '';
    this.protocols[node] = null;
    this.fields[node] = null;
    this.codes[node] = '';
    this.values[node] = '';
    this.offsets[node] = at;
    this.lengths[node] = length;
    this.sourceOf[node] = this.#source;
    this.next[node] = NO_NODE;
  }

  #chain(node: number): void {
    this.levels[node] = this.#level;
    this.next[this.#last[this.#top]] = node;
    this.#last[this.#top] = node;
  }
}
