// What a daemon tells of groups, put together: names, members and dates of keys from its status, which not everybody may ask
// for; windows and states of keys from epoch records as well.

import type { EpochEvent } from '../../daemon/events.ts';
import type { GroupDescription, KeyDescription } from '../../daemon/inspection/contract.ts';

/** A group as the status of a daemon has it. Times: ms since 1970; a daemon of another version does not tell them. */
export interface StatusGroup {
  readonly group: string;
  readonly name: string;
  readonly members: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly from?: number | null;
    readonly until?: number | null;
  }[];
}

/** A key as the status of a daemon has it. */
export type StatusKey = KeyDescription & { readonly group: string };

/** Constants we chose: groups and keys that are kept; what comes beyond is not described. */
const GROUP_CAP = 4096;
const KEY_CAP = 256;

/** An epoch record has a window and a state, and no other dates. */
const NO_DATES = {
  ...{ revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null },
} as const;
const ALL_OF_A_KEY = [
  ...(['pgkId', 'state', 'notBefore', 'notAfter'] as const),
  ...(['revokedAt', 'compromisedAt', 'suspendedAt', 'resumedAt', 'destroyedAt'] as const),
];

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
      const told = members.map((member) => ({
        ...{ id: Number.parseInt(member.id, 16), name: member.name ?? member.id },
        ...{ from: member.from ?? null, until: member.until ?? null },
      }));
      if (known.name !== name || JSON.stringify(known.members) !== JSON.stringify(told)) isNew = true;
      known.name = name;
      known.members = told;
    }
    return isNew;
  }

  /** Takes the keys of a status, with all of their dates. @returns whether something is new */
  keys(rows: readonly StatusKey[]): boolean {
    let isNew = false;
    for (const { group, pgkId, notBefore, notAfter, state, ...row } of rows) {
      const { revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt } = row;
      const dates = { revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
      if (this.#key(group, { pgkId, notBefore, notAfter, state, ...dates })) isNew = true;
    }
    return isNew;
  }

  /** Takes an epoch. @returns whether something is new */
  epoch({ group, groupName, pgkId, notBefore, notAfter, state }: EpochEvent): boolean {
    const known = this.#group(group);
    if (known === null) return false;
    known.name ??= groupName ?? null;
    const from = Date.parse(notBefore);
    const dates = known.keys.get(`${pgkId}@${from}`) ?? NO_DATES;
    return this.#key(group, { ...dates, pgkId, state, notBefore: from, notAfter: Date.parse(notAfter) });
  }

  #key(group: string, told: KeyDescription): boolean {
    const keys = this.#group(group)?.keys;
    const name = `${told.pgkId}@${told.notBefore}`;
    const before = keys?.get(name);
    if (keys === undefined || (before === undefined && keys.size >= KEY_CAP)) return false;
    if (before !== undefined && ALL_OF_A_KEY.every((each) => before[each] === told[each])) return false;
    keys.set(name, told);
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
