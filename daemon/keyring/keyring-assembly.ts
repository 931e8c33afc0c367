// Puts what one or several keyring files say together into a keyring. Within a file nothing may stand twice; several
// files may say the same of a thing, or one more than the other, but nothing that contradicts.

import { type GroupContents, sameOctets } from './group.ts';
import { errorAt, type Place, placeText } from './json-reader.ts';
import { GROUP_CAP, KEY_CAP, Keyring, MEMBER_CAP, type NodeKey } from './keyring.ts';
import type { GroupDraft, KeyringDraft, KeysDraft, Placed, RosterDraft } from './keyring-schema.ts';
import type { Pmk } from './pmk.ts';
import { type Roster, rosterOf } from './roster.ts';

const KEEP_ONE = 'Keep the one that is right';
const AGREE = 'Make the two agree, or load only one of them';

/** A group while files are added to it. Null: no file said so far. */
interface GroupInProgress {
  readonly id: number;
  readonly place: Place;
  name: string | null;
  readonly algorithm: number;
  protection: GroupDraft['protection'];
  derivation: GroupDraft['derivation'];
  multicast: Uint8Array[];
  /** One of each file that lists members. */
  members: RosterDraft[];
  /** The same of those that list keys. */
  keys: KeysDraft[];
}

/** See the head of the file. @throws SidescopeError that names both places of a contradiction */
export function assembleKeyring(files: readonly KeyringDraft[]): Keyring {
  const groups = new Map<number, GroupInProgress>();
  for (const file of files) {
    for (const draft of file.groups) addGroup(groups, draft);
  }
  const merged = [...groups.values()].map(mergeEntries);
  checkCaps(merged, files);
  return new Keyring({
    groups: merged,
    pmks: withoutRepeats(
      files.map((file) => file.pmks),
      (pmk) => Buffer.from(pmk.id).toString('hex'),
      samePmk,
      'PMK',
    ),
    lkh: withoutRepeats(
      files.map((file) => file.lkh),
      (node) => `${node.group}/${node.node}/${node.version}`,
      sameNodeKey,
      'node key',
    ),
    managers: withoutRepeats(
      files.map((file) => file.managers),
      (manager) => manager.name,
      (a, b) => sameOctets(a.publicKey, b.publicKey),
      'manager',
    ),
  });
}

function addGroup(groups: Map<number, GroupInProgress>, { value: draft, place }: Placed<GroupDraft>): void {
  const known = groups.get(draft.id);
  if (known === undefined) {
    const { members, keys, multicast } = draft;
    const rosters = members === null ? [] : [members];
    const lists = keys === null ? [] : [keys];
    groups.set(draft.id, { ...draft, place, members: rosters, keys: lists, multicast: [...multicast] });
    return;
  }
  if (known.place.file === place.file) {
    const what = `is a group that stands already at ${placeText(known.place)}`;
    throw errorAt('keyring.duplicate-group', below(place, 'id'), what, 'Put the keys of a group into one entry');
  }
  for (const name of ['name', 'algorithm', 'protection', 'derivation'] as const) {
    if (known[name] === null || draft[name] === null || known[name] === draft[name]) continue;
    throw contradiction(below(place, name), below(known.place, name));
  }
  known.name ??= draft.name;
  known.protection ??= draft.protection;
  known.derivation ??= draft.derivation;
  known.multicast = union(known.multicast, draft.multicast);
  if (draft.members !== null) known.members.push(draft.members);
  if (draft.keys !== null) known.keys.push(draft.keys);
}

function mergeEntries(group: GroupInProgress): GroupContents {
  const resolved = { protection: group.protection ?? 'required', derivation: group.derivation ?? 'ts33303' } as const;
  const keys = mergeKeys(group.keys, group.algorithm);
  const members = mergeMembers(group.members);
  const { id, name, algorithm, multicast } = group;
  return { id, name, algorithm, multicast, ...resolved, members, keys };
}

/**
 * One entry for each key, in the order of the files. Entries of one id that overlap in time are the same key, told by
 * two files; anything else is a contradiction, because a message could not say which one is meant.
 */
function mergeKeys(lists: readonly KeysDraft[], algorithm: number): GroupContents['keys'] {
  // The usual case: one file lists them, in an order in which none can overlap with another.
  if (lists.length === 1 && lists[0].keys.isApart) return lists[0].keys;
  const entries = lists.flatMap(({ keys, places }) =>
    Array.from({ length: keys.length }, (_, at) => ({ value: keys.contents(at), place: places.at(at) })),
  );
  return mergeOverlapping(
    entries,
    (key) => key.id,
    (key) => key.notBefore,
    (key) => key.notAfter,
    (first, second) => {
      const a = first.value;
      const b = second.value;
      if (first.place.file === second.place.file) {
        const what = `is PGK ${b.id} a second time, overlapping ${placeText(first.place)} in time`;
        throw errorAt('keyring.duplicate-key', below(second.place, 'id'), what, KEEP_ONE);
      }
      const bothHeld = a.octets !== null && b.octets !== null;
      const sameKey = bothHeld ? sameOctets(a.octets, b.octets) : a.octets === b.octets;
      if (!sameKey) throw contradiction(below(second.place, 'key'), below(first.place, 'key'));
      for (const name of ['notBefore', 'notAfter'] as const) {
        if (a[name] !== b[name]) throw contradiction(below(second.place, name), below(first.place, name));
      }
      if ((a.algorithm ?? algorithm) !== (b.algorithm ?? algorithm)) {
        throw contradiction(below(second.place, 'algorithm'), below(first.place, 'algorithm'));
      }
      const dates = { ...a };
      for (const name of ['revokedAt', 'compromisedAt', 'suspendedAt', 'resumedAt', 'destroyedAt'] as const) {
        if (a[name] !== null && b[name] !== null && a[name] !== b[name]) {
          throw contradiction(below(second.place, name), below(first.place, name));
        }
        dates[name] = a[name] ?? b[name];
      }
      return dates;
    },
  );
}

/** One entry for each stay of a member, in the order of the files. */
function mergeMembers(rosters: readonly RosterDraft[]): Roster {
  // The usual case: one file lists them, each once.
  if (rosters.length === 1 && !rosters[0].roster.hasRepeats) return rosters[0].roster;
  const entries = rosters.flatMap(({ roster, places }) =>
    roster.drafts().map((value, stay) => ({ value, place: places.at(stay) })),
  );
  const merged = mergeOverlapping(
    entries,
    (member) => member.id,
    (member) => member.from ?? Number.NEGATIVE_INFINITY,
    (member) => member.until ?? Number.POSITIVE_INFINITY,
    (first, second) => {
      const a = first.value;
      const b = second.value;
      if (first.place.file === second.place.file) {
        const what = `is a member a second time, overlapping ${placeText(first.place)} in time`;
        const hint = 'Give each stay of a member its own "from" and "until"';
        throw errorAt('keyring.duplicate-member-stay', below(second.place, 'id'), what, hint);
      }
      for (const name of ['from', 'until'] as const) {
        if (a[name] !== b[name]) throw contradiction(below(second.place, name), below(first.place, name));
      }
      if (a.name !== null && b.name !== null && a.name !== b.name) {
        throw contradiction(below(second.place, 'name'), below(first.place, 'name'));
      }
      return { ...a, name: a.name ?? b.name, addresses: union(a.addresses, b.addresses) };
    },
  );
  return rosterOf(merged);
}

/**
 * Finds entries of one id that overlap in time and merges them. Sorted by their beginning, entries can overlap only where
 * neighbours do, so that a million entries of one id take no longer than a million of different ones.
 */
function mergeOverlapping<Value>(
  entries: readonly Placed<Value>[],
  idOf: (value: Value) => number,
  startOf: (value: Value) => number,
  endOf: (value: Value) => number,
  merge: (first: Placed<Value>, second: Placed<Value>) => Value,
): Value[] {
  const isBehind = (first: Value, second: Value): boolean =>
    idOf(first) < idOf(second) || (idOf(first) === idOf(second) && startOf(second) >= endOf(first));
  // Most files list them so that nothing is to be sorted.
  let apart = 1;
  while (apart < entries.length && isBehind(entries[apart - 1].value, entries[apart].value)) apart++;
  if (apart >= entries.length) return entries.map(({ value }) => value);
  const sorted = entries.map((entry, order) => ({ entry, order }));
  sorted.sort((a, b) => {
    const [x, y] = [a.entry.value, b.entry.value];
    // Infinities must not be subtracted from one another.
    const start = startOf(x) === startOf(y) ? 0 : startOf(x) - startOf(y);
    return idOf(x) - idOf(y) || start || a.order - b.order;
  });
  const kept: { entry: Placed<Value>; order: number }[] = [];
  for (const next of sorted) {
    const last = kept.at(-1);
    const { value } = next.entry;
    if (last === undefined || idOf(last.entry.value) !== idOf(value) || startOf(value) >= endOf(last.entry.value)) {
      kept.push(next);
      continue;
    }
    const [first, second] = last.order < next.order ? [last, next] : [next, last];
    const place = first.entry.place;
    kept[kept.length - 1] = { order: first.order, entry: { value: merge(first.entry, second.entry), place } };
  }
  kept.sort((a, b) => a.order - b.order);
  return kept.map(({ entry }) => entry.value);
}

/** Entries of all files; one that stands in a second file must be the same, in one file it may not stand twice. */
function withoutRepeats<Value>(
  lists: readonly (readonly Placed<Value>[])[],
  nameOf: (value: Value) => string,
  same: (a: Value, b: Value) => boolean,
  what: string,
): Value[] {
  const known = new Map<string, Placed<Value>>();
  for (const entry of lists.flat()) {
    const name = nameOf(entry.value);
    const first = known.get(name);
    if (first === undefined) known.set(name, entry);
    else if (first.place.file === entry.place.file) {
      const text = `is a ${what} that stands already at ${placeText(first.place)}`;
      throw errorAt('keyring.duplicate-entry', entry.place, text, KEEP_ONE);
    } else if (!same(first.value, entry.value)) throw contradiction(entry.place, first.place);
  }
  return Array.from(known.values(), (entry) => entry.value);
}

function samePmk(a: Pmk, b: Pmk): boolean {
  const profile =
    a.profile.prf === b.profile.prf &&
    a.profile.extensionType === b.profile.extensionType &&
    a.profile.keyDataType === b.profile.keyDataType &&
    a.profile.idr === b.profile.idr;
  return sameOctets(a.octets, b.octets) && a.member === b.member && profile;
}

function sameNodeKey(a: NodeKey, b: NodeKey): boolean {
  return sameOctets(a.octets, b.octets);
}

/** Each file keeps the caps; all of them together must too. */
function checkCaps(groups: readonly GroupContents[], files: readonly KeyringDraft[]): void {
  const keys = groups.reduce((sum, group) => sum + group.keys.length, 0);
  const members = groups.reduce((sum, group) => sum + group.members.length, 0);
  const place = files.at(-1)?.groups.at(-1)?.place;
  if (place === undefined) return;
  const [count, cap, what] =
    groups.length > GROUP_CAP
      ? [groups.length, GROUP_CAP, 'groups']
      : keys > KEY_CAP
        ? [keys, KEY_CAP, 'keys']
        : [members, MEMBER_CAP, 'members'];
  if (count <= cap) return;
  const text = `brings all files together to ${count} ${what}, ${cap} are allowed`;
  throw errorAt('keyring.too-many', place, text, 'Load only the keyrings that are needed');
}

function contradiction(second: Place, first: Place): Error {
  return errorAt('keyring.contradiction', second, `contradicts ${placeText(first)}`, AGREE);
}

/** The place of a member of the object at `place`. */
function below(place: Place, name: string): Place {
  return { ...place, path: `${place.path}.${name}` };
}

/** Addresses of both lists, each once. */
function union(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  const all = [...a];
  for (const address of b) {
    if (!all.some((known) => sameOctets(known, address))) all.push(address);
  }
  return all;
}
