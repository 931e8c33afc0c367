// The logical key hierarchy (RFC 2627 5.4): a tree whose leaves are members. A member holds the keys from its leaf up to the
// root, so that replacing the keys on one path shuts one member out with a message that grows with the depth alone.
//
// Every key bears the revision of the tree it was made in as its version. Revisions only rise, so that no version of a node
// ever names two keys, even when a node goes and comes back.

import {
  type LkhCopy,
  type LkhUpdate,
  nodeDepth,
  ROOT_NODE,
  UNDER_PARENT,
  UNDER_SELF,
} from '../../dissectors/keying/lkh-rekey.ts';
import { wrapKey } from './key-wrap.ts';
import { NODE_KEY_OCTETS } from './lkh-crypto.ts';

/** The specification says (docs/groups.md, rekey message): the highest number that a node can have on the wire. */
const NODE_MOST = 0xffff_ffff;

/** Gives random octets. */
export type RandomOctets = (octets: number) => Uint8Array;

/** Makes the leaf key of a member that is placed at a node. */
export type LeafKeyMaker = (member: number, node: number, version: number) => Uint8Array;

/** One node as it is kept. */
export interface LkhNode {
  readonly node: number;
  readonly version: number;
  /** 32 octets. */
  readonly key: Uint8Array;
  /** Layer-2 id of the member whose leaf it is; null: an inner node. */
  readonly member: number | null;
}

/** What a tree needs of others. */
export interface LkhSources {
  readonly random: RandomOctets;
  readonly leafKey: LeafKeyMaker;
}

interface Node {
  version: number;
  key: Uint8Array;
  member: number | null;
  /** Leaves in the subtree. */
  leaves: number;
}

/** See the head of the file. */
export class LkhTree {
  readonly arity: number;
  readonly #sources: LkhSources;
  readonly #nodes = new Map<number, Node>();
  readonly #leafOf = new Map<number, number>();
  #revision: number;

  private constructor(arity: number, revision: number, sources: LkhSources) {
    this.arity = arity;
    this.#revision = revision;
    this.#sources = sources;
  }

  /** A balanced tree of these members, all keys new. @param arity 2 or 4 */
  static build(arity: number, members: readonly number[], sources: LkhSources): LkhTree {
    const tree = new LkhTree(arity, 1, sources);
    tree.#spread(ROOT_NODE, members, 0, members.length);
    return tree;
  }

  /** The tree that `nodes` and `revision` gave. @throws RangeError where the nodes are no tree */
  static restore(arity: number, revision: number, nodes: readonly LkhNode[], sources: LkhSources): LkhTree {
    const tree = new LkhTree(arity, revision, sources);
    for (const { node, version, key, member } of nodes) {
      if (nodeDepth(node, arity) < 0 || tree.#nodes.has(node) || version > revision) throw new RangeError('no tree');
      tree.#nodes.set(node, { version, key, member, leaves: 0 });
    }
    if (tree.#nodes.get(ROOT_NODE)?.member !== null) throw new RangeError('the root is missing');
    for (const { node, member } of nodes) {
      if (node !== ROOT_NODE && tree.#nodes.get(tree.#parent(node))?.member !== null) throw new RangeError('no parent');
      if (member === null) continue;
      if (tree.#leafOf.has(member)) throw new RangeError('a member stands there twice');
      tree.#leafOf.set(member, node);
      for (let up = node; up >= ROOT_NODE; up = tree.#parent(up)) tree.#at(up).leaves++;
    }
    for (const [node, { leaves }] of tree.#nodes) {
      if (leaves === 0 && node !== ROOT_NODE) throw new RangeError('a branch has no members');
    }
    return tree;
  }

  /** Counts the changes. */
  get revision(): number {
    return this.#revision;
  }

  /** Members in the tree. */
  get size(): number {
    return this.#leafOf.size;
  }

  /** All nodes in order of number; keys are the tree's own. */
  nodes(): LkhNode[] {
    const all = Array.from(this.#nodes, ([node, { version, key, member }]) => ({ node, version, key, member }));
    return all.sort((a, b) => a.node - b.node);
  }

  /** The key of the root: PGKs are enciphered under it. */
  get root(): LkhNode {
    return this.#describe(ROOT_NODE);
  }

  /** The leaf of a member. @throws RangeError where it has none */
  leaf(member: number): LkhNode {
    const node = this.#leafOf.get(member);
    if (node === undefined) throw new RangeError('the member is not in the tree');
    return this.#describe(node);
  }

  /** Keys from a member's leaf up to the root: what it holds. */
  path(member: number): LkhNode[] {
    const path: LkhNode[] = [];
    for (let node = this.leaf(member).node; node >= ROOT_NODE; node = this.#parent(node))
      path.push(this.#describe(node));
    return path;
  }

  /**
   * Takes members out and replaces every key that they held (RFC 2627 5.4.2): each new key under the keys of its children.
   *
   * @returns the updates of one rekey message, deepest first; empty where nobody is left to hear them
   */
  remove(members: readonly number[]): LkhUpdate[] {
    const leaves = members.map((member) => this.leaf(member).node);
    this.#revision++;
    const stale = new Set<number>();
    for (const [index, leaf] of leaves.entries()) {
      this.#drop(leaf);
      this.#leafOf.delete(members[index]);
      for (let node = this.#parent(leaf); node >= ROOT_NODE; node = this.#parent(node)) {
        const inner = this.#at(node);
        inner.leaves--;
        stale.add(node);
      }
    }
    const falling = [...stale].sort((a, b) => b - a);
    for (const node of falling) {
      // A branch without members goes as a whole.
      if (this.#at(node).leaves > 0 || node === ROOT_NODE) continue;
      this.#drop(node);
      stale.delete(node);
    }
    const kept = falling.filter((node) => stale.has(node));
    for (const node of kept) this.#renew(node);
    if (this.size === 0) return [];
    return kept.map((node) => this.#update(node, (child) => this.#nodes.has(child)));
  }

  /**
   * Gives a member a leaf. Where the leaf of another member has to be split for it, that member gets a new leaf key under
   * its old one. `renew` replaces all keys that the member will hold (RFC 2627 5.4.1), each under its own earlier key, so
   * that what was enciphered before stays closed to it.
   *
   * @returns the updates for those who were there before, deepest first
   * @throws RangeError where the member is there already, or the tree is too deep
   */
  add(member: number, renew: boolean): LkhUpdate[] {
    if (this.#leafOf.has(member)) throw new RangeError('the member is in the tree already');
    let parent = ROOT_NODE;
    let place = this.#vacancy(parent);
    while (place === null) {
      const child = this.#leastChild(parent);
      parent = child;
      place = this.#at(child).member === null ? this.#vacancy(child) : 1;
    }
    const leaf = parent * this.arity + place;
    if (leaf > NODE_MOST) throw new RangeError('the tree is too deep');
    this.#revision++;
    const updates: LkhUpdate[] = [];
    const split = this.#at(parent);
    const moved = split.member;
    if (moved !== null) updates.push(...this.#split(parent, moved));
    this.#putLeaf(leaf, member);
    const renewed = renew ? this.#ancestors(moved === null ? parent : this.#parent(parent)) : [];
    for (const node of renewed) updates.push(this.#renewUnderSelf(node));
    for (const node of this.#ancestors(parent)) this.#at(node).leaves++;
    return updates;
  }

  /** Makes sure that the leaf key of a member follows from its PMK, so that a welcome can place it there. */
  seat(member: number): void {
    const { node, version, key } = this.leaf(member);
    if (Buffer.compare(key, this.#sources.leafKey(member, node, version)) !== 0) this.replaceLeaf(member);
  }

  /** Gives a member a new leaf key, for one that has lost its place in the hierarchy. `welcome` then brings the rest. */
  replaceLeaf(member: number): void {
    const { node } = this.leaf(member);
    this.#revision++;
    const leaf = this.#at(node);
    leaf.key.fill(0);
    leaf.version = this.#revision;
    leaf.key = this.#sources.leafKey(member, node, this.#revision);
  }

  /**
   * All keys above a member's leaf, each under the key below it.
   *
   * @param cache of wrapped keys by node and place of the child: paths share most of them
   */
  welcome(member: number, cache: Map<number, LkhCopy> = new Map()): LkhUpdate[] {
    const updates: LkhUpdate[] = [];
    for (let child = this.leaf(member).node; child > ROOT_NODE; child = this.#parent(child)) {
      const node = this.#parent(child);
      let copy = cache.get(child);
      if (copy === undefined) {
        copy = this.#copyUnder(node, child);
        cache.set(child, copy);
      }
      updates.push({ node, version: this.#at(node).version, copies: [copy] });
    }
    return updates;
  }

  /** Overwrites all keys. */
  wipe(): void {
    for (const { key } of this.#nodes.values()) key.fill(0);
  }

  /** Fills the subtree of an inner node with members from `start` to `end`, as evenly as it goes. */
  #spread(node: number, members: readonly number[], start: number, end: number): void {
    this.#nodes.set(node, { version: this.#revision, key: this.#newKey(), member: null, leaves: end - start });
    let from = start;
    for (let place = 0; place < this.arity; place++) {
      const until = start + Math.floor(((place + 1) * (end - start)) / this.arity);
      // Members are given to the last places where they are fewer than places; which ones does not matter.
      const child = node * this.arity + place;
      if (until - from === 1) this.#putLeaf(child, members[from]);
      else if (until > from) this.#spread(child, members, from, until);
      from = until;
    }
  }

  #putLeaf(node: number, member: number): void {
    const key = this.#sources.leafKey(member, node, this.#revision);
    this.#nodes.set(node, { version: this.#revision, key, member, leaves: 1 });
    this.#leafOf.set(member, node);
  }

  /** Turns the leaf of a member into an inner node whose first child is that member. */
  #split(node: number, member: number): LkhUpdate[] {
    const old = this.#at(node);
    const child = node * this.arity;
    const fresh = this.#newKey();
    this.#nodes.set(child, { version: this.#revision, key: fresh, member, leaves: 1 });
    this.#leafOf.set(member, child);
    const copy = { under: UNDER_PARENT, version: old.version, wrapped: wrapKey(old.key, fresh) };
    old.key.fill(0);
    this.#nodes.set(node, { version: this.#revision, key: this.#newKey(), member: null, leaves: 1 });
    const inner = { node, version: this.#revision, copies: [this.#copyUnder(node, child)] };
    return [{ node: child, version: this.#revision, copies: [copy] }, inner];
  }

  #renewUnderSelf(node: number): LkhUpdate {
    const { key: old, version } = this.#at(node);
    const before = Uint8Array.from(old);
    this.#renew(node);
    const wrapped = wrapKey(before, this.#at(node).key);
    before.fill(0);
    return { node, version: this.#revision, copies: [{ under: UNDER_SELF, version, wrapped }] };
  }

  /** The key of a node under those of its children that `hears` picks. */
  #update(node: number, hears: (child: number) => boolean): LkhUpdate {
    const copies: LkhCopy[] = [];
    for (let place = 0; place < this.arity; place++) {
      const child = node * this.arity + place;
      if (hears(child)) copies.push(this.#copyUnder(node, child));
    }
    return { node, version: this.#at(node).version, copies };
  }

  #copyUnder(node: number, child: number): LkhCopy {
    const { key, version } = this.#at(child);
    return { under: child % this.arity, version, wrapped: wrapKey(key, this.#at(node).key) };
  }

  #renew(node: number): void {
    const kept = this.#at(node);
    kept.key.fill(0);
    kept.key = this.#newKey();
    kept.version = this.#revision;
  }

  /** A free place below an inner node; null where it is full. */
  #vacancy(node: number): number | null {
    for (let place = 0; place < this.arity; place++) if (!this.#nodes.has(node * this.arity + place)) return place;
    return null;
  }

  /** The child with the fewest members, the first of several. */
  #leastChild(node: number): number {
    let least = node * this.arity;
    for (let child = least + 1; child < (node + 1) * this.arity; child++) {
      if (this.#at(child).leaves < this.#at(least).leaves) least = child;
    }
    return least;
  }

  /** A node and everything above it, deepest first; none for what lies above the root. */
  #ancestors(from: number): number[] {
    const all: number[] = [];
    for (let node = from; node >= ROOT_NODE; node = this.#parent(node)) all.push(node);
    return all;
  }

  #drop(node: number): void {
    this.#at(node).key.fill(0);
    this.#nodes.delete(node);
  }

  #parent(node: number): number {
    return Math.floor(node / this.arity);
  }

  #newKey(): Uint8Array {
    return this.#sources.random(NODE_KEY_OCTETS);
  }

  #describe(node: number): LkhNode {
    const { version, key, member } = this.#at(node);
    return { node, version, key, member };
  }

  #at(node: number): Node {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new RangeError(`the tree has no node ${node}`);
    return found;
  }
}
