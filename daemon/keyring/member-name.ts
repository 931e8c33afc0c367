// The name under which a Layer-2 id is known in a group.

import type { Group } from './keyring.ts';

/**
 * The member's name at an instant: that of the stay which covers it, else of the last stay in the file; null where the id
 * never was in the roster, or the keyring gives no name.
 *
 * @param time milliseconds since 1970
 */
export function memberName(group: Group, id: number, time: number): string | null {
  const stays = group.membersWithId(id);
  if (stays.length === 0) return null;
  const covers = stays.find(
    (stay) => (stay.from === null || stay.from <= time) && (stay.until === null || time < stay.until),
  );
  return (covers ?? stays[stays.length - 1]).name;
}

/** Whether a Layer-2 id has the same name at every instant, as long as the group has the same roster. */
export function hasOneName(group: Group, id: number): boolean {
  const { roster } = group;
  return !roster.isOf(roster.find(id) + 1, id);
}
