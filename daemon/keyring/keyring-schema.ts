// The members of a keyring file (interfaces 2): what each may hold, read into drafts that know where they stand. What
// several entries say together is checked in keyring-assembly.ts.

import type { Derivation } from '../../dissectors/security/kdf.ts';
import type { EpochContents, Protection } from './group.ts';
import { memberTable, type Place, Places, type ValueReader } from './json-reader.ts';
import { KeyColumns, KeyRange } from './key-columns.ts';
import { GROUP_CAP, KEY_CAP, KEY_OCTETS, type Manager, MEMBER_CAP, NodeKey } from './keyring.ts';
import {
  readAddresses,
  readAlgorithm,
  readChoice,
  readInstant,
  readLayer2Id,
  readName,
  readNodeName,
  readOctets,
  readOptionalInstant,
  readPmkId,
} from './keyring-values.ts';
import { DEFAULT_MIKEY_PROFILE, type MikeyProfile, Pmk } from './pmk.ts';
import { type MemberDraft, type Roster, RosterBuilder, RosterColumns } from './roster.ts';
import { takeUsualKey } from './usual-key.ts';
import { takeUsualMember } from './usual-member.ts';

/** The specification says (interfaces 2): the value of `format`. */
export const KEYRING_FORMAT = 'sidescope-keyring/1';

/** We chose: entries of `pmks`, `lkh` and `managers` each. Above: an error. */
const LIST_CAP = 65_536;

const PROTECTIONS: readonly Protection[] = ['required', 'optional', 'none'];
const DERIVATIONS: readonly Derivation[] = ['ts33303', 'ts33303-no-group', 'direct'];
const KEY_DATA_TYPES: Readonly<Record<string, number>> = { TGK: 0, 'TGK+SALT': 1, TEK: 2, 'TEK+SALT': 3 };

const ROOT = memberTable(['format', 'groups'], ['pmks', 'lkh', 'managers']);
const GROUP = memberTable(['id', 'algorithm'], ['name', 'protection', 'derivation', 'multicast', 'members', 'keys']);
const MEMBER = memberTable(['id'], ['name', 'addresses', 'from', 'until']);
const KEY = memberTable(
  ['id', 'notBefore', 'notAfter'],
  ['key', 'algorithm', 'revokedAt', 'compromisedAt', 'suspendedAt', 'resumedAt', 'destroyedAt'],
);
const PMK = memberTable(['id', 'key'], ['member', 'profile']);
const PROFILE = memberTable([], ['prf', 'extensionType', 'keyDataType', 'idr']);
const NODE = memberTable(['group', 'node', 'version', 'key'], []);
const MANAGER = memberTable(['name', 'ed25519'], []);

/** Something read, and where it begins. */
export interface Placed<Value> {
  readonly value: Value;
  readonly place: Place;
}

/** The members of a group, and where each begins. */
export interface RosterDraft {
  readonly roster: Roster;
  readonly places: Places;
}

/** The keys of a group, and where each begins. */
export interface KeysDraft {
  readonly keys: KeyRange;
  readonly places: Places;
}

/** A group as its file says it; null where the file says nothing. */
export interface GroupDraft {
  readonly id: number;
  readonly name: string | null;
  readonly algorithm: number;
  readonly protection: Protection | null;
  readonly derivation: Derivation | null;
  readonly multicast: readonly Uint8Array[];
  /** Null where the file lists none. */
  readonly members: RosterDraft | null;
  /** Null where the file lists none. */
  readonly keys: KeysDraft | null;
}

/** One file, read. */
export interface KeyringDraft {
  readonly groups: readonly Placed<GroupDraft>[];
  readonly pmks: readonly Placed<Pmk>[];
  readonly lkh: readonly Placed<NodeKey>[];
  readonly managers: readonly Placed<Manager>[];
}

/** What groups of the file have in common: their columns, and so how much of each cap is used up. */
interface Shared {
  readonly keys: KeyColumns;
  readonly rosters: RosterColumns;
}

/** Reads a keyring document. @throws SidescopeError at the first thing that interfaces 2 does not allow */
export function readKeyring(reader: ValueReader): KeyringDraft {
  const shared: Shared = { keys: KeyColumns.forFile(reader.size), rosters: RosterColumns.forFile(reader.size) };
  const draft = {
    groups: [] as Placed<GroupDraft>[],
    pmks: [] as Placed<Pmk>[],
    lkh: [] as Placed<NodeKey>[],
    managers: [] as Placed<Manager>[],
  };
  reader.object(ROOT, (name) => {
    if (name === 'format') {
      reader.text((text) => {
        if (text === KEYRING_FORMAT) return;
        throw reader.error('wrong-format', `is not "${KEYRING_FORMAT}"`, 'Give a keyring of this format');
      });
    } else if (name === 'groups') draft.groups = readList(reader, GROUP_CAP, 'groups', () => readGroup(reader, shared));
    else if (name === 'pmks') draft.pmks = readList(reader, LIST_CAP, 'PMKs', () => readPmk(reader));
    else if (name === 'lkh') draft.lkh = readList(reader, LIST_CAP, 'node keys', () => readNodeKey(reader));
    else draft.managers = readList(reader, LIST_CAP, 'managers', () => readManager(reader));
  });
  return draft;
}

function readGroup(reader: ValueReader, shared: Shared): GroupDraft {
  const draft = {
    id: 0,
    name: null as string | null,
    algorithm: 0,
    protection: null as Protection | null,
    derivation: null as Derivation | null,
    multicast: [] as readonly Uint8Array[],
    members: null as RosterDraft | null,
    keys: null as KeysDraft | null,
  };
  reader.object(GROUP, (name) => {
    if (name === 'id') draft.id = readLayer2Id(reader);
    else if (name === 'name') draft.name = readName(reader);
    else if (name === 'algorithm') draft.algorithm = readAlgorithm(reader);
    else if (name === 'protection') draft.protection = readChoice(reader, PROTECTIONS);
    else if (name === 'derivation') draft.derivation = readChoice(reader, DERIVATIONS);
    else if (name === 'multicast') draft.multicast = readAddresses(reader);
    else if (name === 'members') draft.members = readRoster(reader, shared.rosters);
    else draft.keys = readKeys(reader, shared.keys);
  });
  return draft;
}

function readRoster(reader: ValueReader, columns: RosterColumns): RosterDraft {
  const places = new Places(reader.place());
  const roster = new RosterBuilder(columns);
  // Made once and not for each member: the collector would have more to do than with all that is kept.
  const takeUsual = (octets: Uint8Array, at: number): number => takeUsualMember(octets, at, roster);
  reader.list(() => {
    if (columns.length >= MEMBER_CAP) throw tooMany(reader, 'members in the file');
    reader.note(places);
    if (!reader.take(takeUsual)) roster.add(readMember(reader));
  });
  return { roster: roster.build(), places };
}

function readMember(reader: ValueReader): MemberDraft {
  const draft = {
    id: 0,
    name: null as string | null,
    addresses: [] as readonly Uint8Array[],
    from: null as number | null,
    until: null as number | null,
  };
  let untilAt: Place | null = null;
  reader.object(MEMBER, (name) => {
    if (name === 'id') draft.id = readLayer2Id(reader);
    else if (name === 'name') draft.name = readName(reader);
    else if (name === 'addresses') draft.addresses = readAddresses(reader);
    else if (name === 'from') draft.from = readOptionalInstant(reader);
    else {
      untilAt = reader.place();
      draft.until = readOptionalInstant(reader);
    }
  });
  if (untilAt !== null && draft.from !== null && draft.until !== null && draft.until <= draft.from) {
    throw reader.error('impossible-date', 'is not later than "from"', 'Correct one of the two', untilAt);
  }
  return draft;
}

function readKeys(reader: ValueReader, columns: KeyColumns): KeysDraft {
  const places = new Places(reader.place());
  const first = columns.length;
  const takeUsual = (octets: Uint8Array, at: number): number => takeUsualKey(octets, at, columns);
  reader.list(() => {
    if (columns.length >= KEY_CAP) throw tooMany(reader, 'keys in the file');
    reader.note(places);
    if (reader.take(takeUsual)) return;
    const key = readKey(reader);
    const place = columns.reserve();
    if (key.octets !== null) columns.octets.set(key.octets, place);
    columns.add(key, key.octets !== null);
    key.octets?.fill(0);
  });
  return { keys: new KeyRange(columns, first, columns.length - first), places };
}

function readKey(reader: ValueReader): EpochContents {
  const draft = {
    id: 0,
    octets: null as Uint8Array | null,
    algorithm: null as number | null,
    notBefore: 0,
    notAfter: 0,
    revokedAt: null as number | null,
    compromisedAt: null as number | null,
    suspendedAt: null as number | null,
    resumedAt: null as number | null,
    destroyedAt: null as number | null,
  };
  const begin = reader.place();
  const places = new Map<string, Place>();
  reader.object(KEY, (name) => {
    switch (name) {
      case 'id':
        draft.id = reader.integer(0, 255);
        break;
      case 'key':
        places.set(name, reader.place());
        draft.octets = readOctets(reader, KEY_OCTETS);
        break;
      case 'algorithm':
        draft.algorithm = readAlgorithm(reader);
        break;
      case 'notBefore':
        draft.notBefore = readInstant(reader);
        break;
      case 'notAfter':
        places.set(name, reader.place());
        draft.notAfter = readInstant(reader);
        break;
      case 'resumedAt':
        places.set(name, reader.place());
        draft.resumedAt = readOptionalInstant(reader);
        break;
      case 'revokedAt':
      case 'compromisedAt':
      case 'suspendedAt':
      case 'destroyedAt':
        draft[name] = readOptionalInstant(reader);
        break;
    }
  });
  checkKey(reader, draft, begin, places);
  return draft;
}

/** What the members of one key say together. */
function checkKey(reader: ValueReader, key: EpochContents, begin: Place, places: ReadonlyMap<string, Place>): void {
  if (key.notAfter <= key.notBefore) {
    throw reader.error('impossible-date', 'is not later than "notBefore"', 'Correct one', places.get('notAfter'));
  }
  if (key.resumedAt !== null && (key.suspendedAt === null || key.resumedAt <= key.suspendedAt)) {
    const hint = 'A key can be resumed only after it was suspended: correct "suspendedAt" or "resumedAt"';
    throw reader.error('impossible-date', 'is not later than "suspendedAt"', hint, places.get('resumedAt'));
  }
  const at: Place = places.get('key') ?? { ...begin, path: `${begin.path}.key` };
  if (key.octets === null && key.destroyedAt === null) {
    throw reader.error('missing-member', 'is missing', 'Add the key, or "destroyedAt" where it is destroyed', at);
  }
  if (key.octets !== null && key.destroyedAt !== null) {
    const hint = 'Remove "key" if the key is destroyed, or else "destroyedAt"';
    throw reader.error('destroyed-key', 'is there although "destroyedAt" says that the key is destroyed', hint, at);
  }
}

function readPmk(reader: ValueReader): Pmk {
  let id = new Uint8Array(0);
  let octets = new Uint8Array(0);
  let member: number | null = null;
  let profile = DEFAULT_MIKEY_PROFILE;
  const begin = reader.place();
  let profileAt = begin;
  reader.object(PMK, (name) => {
    if (name === 'id') id = readPmkId(reader);
    else if (name === 'key') octets = readOctets(reader, KEY_OCTETS);
    else if (name === 'member') member = reader.nothing() ? null : readLayer2Id(reader);
    else {
      profileAt = reader.place();
      profile = readProfile(reader);
    }
  });
  if (profile.idr === 'ue' && member === null) {
    const hint = 'Add "member", the Layer-2 id of the UE whose identity IDr carries';
    const place = { ...profileAt, path: `${begin.path}.member` };
    throw reader.error('missing-member', 'is missing, which "idr": "ue" needs', hint, place);
  }
  return new Pmk(id, octets, member, profile);
}

function readProfile(reader: ValueReader): MikeyProfile {
  const profile = { ...DEFAULT_MIKEY_PROFILE };
  reader.object(PROFILE, (name) => {
    if (name === 'prf') profile.prf = readChoice(reader, ['sha1', 'sha256'] as const);
    else if (name === 'extensionType') profile.extensionType = reader.integer(0, 255);
    else if (name === 'idr') profile.idr = readChoice(reader, ['pmk-id', 'ue'] as const);
    else if (reader.atNumber()) profile.keyDataType = reader.integer(0, 15);
    else profile.keyDataType = KEY_DATA_TYPES[readChoice(reader, Object.keys(KEY_DATA_TYPES))];
  });
  return profile;
}

function readNodeKey(reader: ValueReader): NodeKey {
  let group = 0;
  let node = '';
  let version = 0;
  let octets = new Uint8Array(0);
  reader.object(NODE, (name) => {
    if (name === 'group') group = readLayer2Id(reader);
    else if (name === 'node') node = readNodeName(reader);
    else if (name === 'version') version = reader.integer(0, 0xffff_ffff);
    else octets = readOctets(reader, KEY_OCTETS);
  });
  return new NodeKey(group, node, version, octets);
}

function readManager(reader: ValueReader): Manager {
  let name = '';
  let publicKey = new Uint8Array(0);
  reader.object(MANAGER, (member) => {
    if (member === 'name') name = readName(reader);
    else publicKey = readOctets(reader, KEY_OCTETS);
  });
  return { name, publicKey };
}

/** Reads a list of at most `cap` entries with the place of each. */
function readList<Value>(reader: ValueReader, cap: number, what: string, read: () => Value): Placed<Value>[] {
  const entries: Placed<Value>[] = [];
  reader.list((index) => {
    if (index >= cap) throw tooMany(reader, what);
    const place = reader.place();
    entries.push({ value: read(), place });
  });
  return entries;
}

function tooMany(reader: ValueReader, what: string): Error {
  return reader.error('too-many', `is one of too many ${what}`, 'Split the keyring and load only what is needed');
}
