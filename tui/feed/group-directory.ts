// What a daemon tells of groups, put together: names and members from its status, windows and states of keys from epoch
// records.

import type { EpochEvent } from '../../daemon/events.ts';
import type { GroupDescription, KeyDescription } from '../../daemon/inspection/contract.ts';

/** A group as the status of a daemon has it. */
export interface StatusGroup {
  readonly group: string;
  readonly name: string;
  readonly members: readonly { readonly id: string; readonly name: string | null }[];
}

/** Constants we chose: groups and keys that are kept; what comes beyond is not described. */
const GROUP_CAP = 4096;
const KEY_CAP = 256;

interface Known {
  name: string | null;
  members: GroupDescription['members'];
  readonly keys: Map<string, KeyDescription>;
}

/** See the head of the file. */
export class GroupDirectory {
  readonly #groups = new Map<string, Known>();

  /** Takes the groups of a status. @returns whether something is new */
  members(groups: readonly StatusGroup[]): boolean {
    let isNew = false;
    for (const { group, name, members } of groups) {
      const known = this.#group(group);
      if (known === null) continue;
      if (known.name !== name || known.members.length !== members.length) isNew = true;
      known.name = name;
      known.members = members.map((member) => ({
        ...{ id: Number.parseInt(member.id, 16), name: member.name ?? member.id, from: null, until: null },
      }));
    }
    return isNew;
  }

  /** Takes an epoch. @returns whether something is new */
  epoch({ group, groupName, pgkId, notBefore, notAfter, state }: EpochEvent): boolean {
    const known = this.#group(group);
    if (known === null) return false;
    known.name ??= groupName ?? null;
    const key = `${pgkId}@${notBefore}`;
    const before = known.keys.get(key);
    if (before === undefined && known.keys.size >= KEY_CAP) return false;
    if (before?.state === state && before.notAfter === Date.parse(notAfter)) return false;
    known.keys.set(key, {
      ...{ pgkId, state, notBefore: Date.parse(notBefore), notAfter: Date.parse(notAfter) },
      ...{ revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null },
    });
    return true;
  }

  /** All that is known. */
  groups(): GroupDescription[] {
    return [...this.#groups].map(([id, { name, members, keys }]) => ({
      ...{ id: Number.parseInt(id, 16), name, members, keys: [...keys.values()] },
    }));
  }

  #group(id: string): Known | null {
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    if (!/^[0-9a-f]{6}$/.test(id) || this.#groups.size >= GROUP_CAP) return null;
    const added: Known = { name: null, members: [], keys: new Map() };
    this.#groups.set(id, added);
    return added;
  }
}
