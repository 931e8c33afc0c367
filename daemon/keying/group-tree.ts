// The key tree of a group: where its leaf keys come from, and what it would look like for a group that has none.

import type { GroupState, ManagedGroup } from './group-state.ts';
import { type LkhSources, LkhTree, type RandomOctets } from './lkh.ts';
import { leafKey } from './lkh-crypto.ts';

/** What a tree of the group needs: leaf keys follow from the PMKs of the registry. */
export function treeSources(state: Pick<GroupState, 'members'>, group: number, random: RandomOctets): LkhSources {
  const maker = (member: number, node: number, version: number): Uint8Array => {
    const known = state.members.get(member);
    if (known === undefined) throw new RangeError('the member is not known');
    return leafKey(known.pmk, group, node, version);
  };
  return { random, leafKey: maker };
}

/** A tree as this group would have, to count with: its keys are all zeros and go nowhere. */
export function shapeOf(group: ManagedGroup, members: readonly number[]): LkhTree {
  const zeros = (): Uint8Array => new Uint8Array(32);
  return LkhTree.build(group.policy.arity, members, { random: zeros, leafKey: zeros });
}
