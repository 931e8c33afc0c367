// The name under which a Layer-2 id is known in a group.

import { type Group, layer2IdText } from './group.ts';

/**
 * The member's name at an instant: that of the stay which covers it, else of the last stay in the file; null where the id
 * never was in the roster. A stay whose name the file did not give bears the id.
 *
 * @param time milliseconds since 1970
 */
export function memberName(group: Group, id: number, time: number): string | null {
  const { roster } = group;
  let stay = -1;
  for (let at = roster.find(id); roster.isOf(at, id); at++) {
    stay = roster.stayAt(at);
    if (roster.covers(stay, time)) break;
  }
  return stay === -1 ? null : (roster.name(stay) ?? layer2IdText(id));
}

/** Whether a Layer-2 id has the same name at every instant, as long as the group has the same roster. */
export function hasOneName(group: Group, id: number): boolean {
  const { roster } = group;
  return !roster.isOf(roster.find(id) + 1, id);
}
