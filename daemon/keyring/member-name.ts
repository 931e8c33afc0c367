// The name under which a Layer-2 id is known in a group.

import { type Group, layer2IdText } from './group.ts';

/**
 * The member's stay at an instant: that which covers it, else the last stay in the file; -1 where the id never was in the
 * roster.
 *
 * @param time milliseconds since 1970
 */
export function memberStay(group: Group, id: number, time: number): number {
  const { roster } = group;
  let stay = -1;
  for (let at = roster.find(id); roster.isOf(at, id); at++) {
    stay = roster.stayAt(at);
    if (roster.covers(stay, time)) break;
  }
  return stay;
}

/**
 * The member's name at an instant; null where the id never was in the roster. A stay whose name the file did not give bears
 * the id.
 *
 * @param time milliseconds since 1970
 */
export function memberName(group: Group, id: number, time: number): string | null {
  const stay = memberStay(group, id, time);
  return stay === -1 ? null : (group.roster.name(stay) ?? layer2IdText(id));
}

/** Whether a Layer-2 id has the same name at every instant, as long as the group has the same roster. */
export function hasOneName(group: Group, id: number): boolean {
  const { roster } = group;
  return !roster.isOf(roster.find(id) + 1, id);
}
