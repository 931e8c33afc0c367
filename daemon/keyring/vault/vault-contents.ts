// What a vault holds, and its encoding. Two right ways to write the same contents do not exist: groups stand by id, keys
// of a group by id and beginning, and the reader refuses any other order.

import type { Derivation } from '../../../dissectors/security/kdf.ts';
import type { Member, Protection } from '../group.ts';
import { KEY_OCTETS, type Manager, NodeKey } from '../keyring.ts';
import { Pmk } from '../pmk.ts';
import { CborReader, CborWriter } from './cbor.ts';
import { HASH_OCTETS, SEAL_KEY_OCTETS } from './sealing.ts';

// The specification says (interfaces 2).

const LAYER2_ID_MOST = 0xff_ffff;
const PGK_ID_MOST = 255;
const ALGORITHM_MOST = 3;
const PROTECTIONS: readonly Protection[] = ['required', 'optional', 'none'];
const DERIVATIONS: readonly Derivation[] = ['ts33303', 'ts33303-no-group', 'direct'];
const PRFS = ['sha1', 'sha256'] as const;
const IDRS = ['pmk-id', 'ue'] as const;

// We chose. Above a cap: refused when it is written and when it is read.

/** Groups, keys and members of one vault; a file of that size stays below `BODY_OCTETS`. */
export const VAULT_GROUP_CAP = 65_536;
export const VAULT_KEY_CAP = 1_048_576;
const MEMBER_CAP = 1_048_576;
const LIST_CAP = 65_536;
/** UTF-8 octets of 64 characters. */
const NAME_OCTETS = 256;
const SOURCE_OCTETS = 256;
const PATH_OCTETS = 4096;
const PMK_ID_OCTETS = 256;
const ADDRESS_CAP = 256;
const ATTACHMENT_CAP = 16;
export const ATTACHMENT_OCTETS = 64 * 1024 * 1024;
export const FINGERPRINT_OCTETS = 8;
/** Version of the contents. */
const VERSION = 1;

/** One PGK of one group: its octets, and the dates that its state follows from. */
export interface VaultKey {
  /** PGK id, 0 to 255. */
  readonly id: number;
  /** Algorithm identity 0 to 3. */
  readonly algorithm: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revokedAt: number | null;
  readonly compromisedAt: number | null;
  readonly suspendedAt: number | null;
  readonly resumedAt: number | null;
  readonly destroyedAt: number | null;
  /** When it came into the vault, on the wall clock. */
  readonly addedAt: number;
  /** Where it came from, e.g. the name of a keyring file. */
  readonly source: string;
  /** Names the key in lists and in the audit log; stays when the octets are gone. */
  readonly fingerprint: Uint8Array;
  /** 32 octets; null exactly where `destroyedAt` is set. */
  readonly material: Uint8Array | null;
}

/** One group with its keys. */
export interface VaultGroup {
  readonly id: number;
  readonly name: string;
  readonly algorithm: number;
  readonly protection: Protection;
  readonly derivation: Derivation;
  readonly multicast: readonly Uint8Array[];
  readonly members: readonly Member[];
  /** In order of id, then beginning. */
  readonly keys: readonly VaultKey[];
}

/** Where the audit log stood: the record `seq` with this hash ended at octet `offset`; `key` is for the next record. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly offset: number;
  readonly key: Uint8Array;
}

/** Keys that the vault needs for itself. */
export interface VaultSecrets {
  /** Names keys without giving anything away. */
  readonly fingerprint: Uint8Array;
  /** Seals the state file; the one before is kept until the state file has been sealed anew. */
  readonly state: Uint8Array;
  readonly previousState: Uint8Array | null;
  /** First key of the audit log's evolving MAC. */
  readonly auditStart: Uint8Array;
  /** Seed of the Ed25519 key that signs checkpoints of the audit log. */
  readonly auditSeed: Uint8Array;
}

/** The contents of a vault. Nothing in here is changed in place; a change makes a new one. */
export interface VaultContents {
  /** As in the header: +1 a save. */
  readonly generation: number;
  /** The highest wall clock seen when this was saved. */
  readonly lastSeen: number;
  /** Where the anchor file stands, absolute; empty: beside the vault. */
  readonly anchorPath: string;
  readonly secrets: VaultSecrets;
  readonly auditHead: AuditHead;
  /** In order of id. */
  readonly groups: readonly VaultGroup[];
  readonly pmks: readonly Pmk[];
  readonly lkh: readonly NodeKey[];
  readonly managers: readonly Manager[];
  /** What other parts keep sealed with the vault, by name; its form is theirs. In order of name. */
  readonly attachments: readonly Attachment[];
}

/** Octets that another part keeps in the vault. */
export interface Attachment {
  readonly name: string;
  readonly octets: Uint8Array;
}

/** Order of keys within a group. */
export function compareKeys(a: VaultKey, b: VaultKey): number {
  return a.id - b.id || a.notBefore - b.notBefore;
}

/** Overwrites every key of the contents. */
export function wipeContents(contents: VaultContents): void {
  for (const group of contents.groups) for (const key of group.keys) key.material?.fill(0);
  for (const pmk of contents.pmks) pmk.octets.fill(0);
  for (const node of contents.lkh) node.octets.fill(0);
  for (const attachment of contents.attachments) attachment.octets.fill(0);
  const { fingerprint, state, previousState, auditStart, auditSeed } = contents.secrets;
  for (const secret of [fingerprint, state, previousState, auditStart, auditSeed]) secret?.fill(0);
  contents.auditHead.key.fill(0);
}

/** The contents as octets. Whoever asked overwrites them when they are sealed. */
export function encodeContents(contents: VaultContents): Uint8Array {
  const writer = new CborWriter();
  writer.map(11).key(1).uint(VERSION).key(2).uint(contents.generation).key(3).instant(contents.lastSeen);
  writer.key(4).text(contents.anchorPath).key(5);
  const { fingerprint, state, previousState, auditStart, auditSeed } = contents.secrets;
  writer.map(5).key(1).bytes(fingerprint).key(2).bytes(state).key(3);
  optional(writer, previousState, (value) => writer.bytes(value));
  writer.key(4).bytes(auditStart).key(5).bytes(auditSeed);
  const { seq, hash, offset, key } = contents.auditHead;
  writer.key(6).map(4).key(1).uint(seq).key(2).bytes(hash).key(3).uint(offset).key(4).bytes(key);
  writer.key(7);
  writeGroups(writer, contents.groups);
  writer.key(8).list(contents.pmks.length);
  for (const pmk of contents.pmks) writePmk(writer, pmk);
  writer.key(9).list(contents.lkh.length);
  for (const node of contents.lkh) {
    writer.map(4).key(1).uint(node.group).key(2).text(node.node).key(3).uint(node.version).key(4).bytes(node.octets);
  }
  writer.key(10).list(contents.managers.length);
  for (const manager of contents.managers) writer.map(2).key(1).text(manager.name).key(2).bytes(manager.publicKey);
  writer.key(11).list(contents.attachments.length);
  for (const { name, octets } of contents.attachments) writer.map(2).key(1).text(name).key(2).bytes(octets);
  return writer.take();
}

/** Reads contents. @throws VaultError `malformed` */
export function decodeContents(octets: Uint8Array, path: string): VaultContents {
  const reader = new CborReader(octets, `the body of ${path}`);
  reader.map(11);
  reader.key(1);
  reader.uint(VERSION, VERSION);
  reader.key(2);
  const generation = reader.uint(1);
  reader.key(3);
  const lastSeen = reader.instant();
  reader.key(4);
  const anchorPath = reader.text(PATH_OCTETS);
  reader.key(5);
  const secrets = readSecrets(reader);
  reader.key(6);
  const auditHead = readAuditHead(reader);
  reader.key(7);
  const groups = readGroups(reader);
  reader.key(8);
  const pmks = readList(reader, LIST_CAP, () => readPmk(reader));
  reader.key(9);
  const lkh = readList(reader, LIST_CAP, () => readNode(reader));
  reader.key(10);
  const managers = readList(reader, LIST_CAP, () => readManager(reader));
  reader.key(11);
  const attachments = readAttachments(reader);
  reader.end();
  return { generation, lastSeen, anchorPath, secrets, auditHead, groups, pmks, lkh, managers, attachments };
}

/** Writes groups with their keys: in the body of a vault, and in a sealed export. */
export function writeGroups(writer: CborWriter, groups: readonly VaultGroup[]): void {
  writer.list(groups.length);
  for (const group of groups) {
    writer.map(8).key(1).uint(group.id).key(2).text(group.name).key(3).uint(group.algorithm);
    writer.key(4).uint(PROTECTIONS.indexOf(group.protection)).key(5).uint(DERIVATIONS.indexOf(group.derivation));
    writer.key(6);
    writeAddresses(writer, group.multicast);
    writer.key(7).list(group.members.length);
    for (const member of group.members) {
      writer.map(5).key(1).uint(member.id).key(2).text(member.name).key(3);
      writeAddresses(writer, member.addresses);
      writer.key(4);
      optional(writer, member.from, (value) => writer.instant(value));
      writer.key(5);
      optional(writer, member.until, (value) => writer.instant(value));
    }
    writer.key(8).list(group.keys.length);
    for (const key of group.keys) writeKey(writer, key);
  }
}

function writeKey(writer: CborWriter, key: VaultKey): void {
  writer.map(13).key(1).uint(key.id).key(2).uint(key.algorithm);
  writer.key(3).instant(key.notBefore).key(4).instant(key.notAfter);
  let member = 5;
  for (const at of [key.revokedAt, key.compromisedAt, key.suspendedAt, key.resumedAt, key.destroyedAt]) {
    writer.key(member++);
    optional(writer, at, (value) => writer.instant(value));
  }
  writer.key(10).instant(key.addedAt).key(11).text(key.source).key(12).bytes(key.fingerprint).key(13);
  optional(writer, key.material, (value) => writer.bytes(value));
}

/** Reads what `writeGroups` wrote. */
export function readGroups(reader: CborReader): VaultGroup[] {
  let keys = 0;
  let members = 0;
  let lastId = -1;
  return readList(reader, VAULT_GROUP_CAP, () => {
    reader.map(8);
    reader.key(1);
    const id = reader.uint(lastId + 1, LAYER2_ID_MOST);
    lastId = id;
    reader.key(2);
    const name = reader.text(NAME_OCTETS);
    reader.key(3);
    const algorithm = reader.uint(0, ALGORITHM_MOST);
    reader.key(4);
    const protection = PROTECTIONS[reader.uint(0, PROTECTIONS.length - 1)];
    reader.key(5);
    const derivation = DERIVATIONS[reader.uint(0, DERIVATIONS.length - 1)];
    reader.key(6);
    const multicast = readAddresses(reader);
    reader.key(7);
    const group = { id, name, algorithm, protection, derivation, multicast };
    const roster = readList(reader, MEMBER_CAP - members, () => readMember(reader));
    members += roster.length;
    reader.key(8);
    const held = readList(reader, VAULT_KEY_CAP - keys, () => readKey(reader));
    keys += held.length;
    for (let i = 1; i < held.length; i++) {
      if (compareKeys(held[i - 1], held[i]) >= 0) throw reader.problem('keys are out of order');
    }
    return { ...group, members: roster, keys: held };
  });
}

function readKey(reader: CborReader): VaultKey {
  reader.map(13);
  reader.key(1);
  const id = reader.uint(0, PGK_ID_MOST);
  reader.key(2);
  const algorithm = reader.uint(0, ALGORITHM_MOST);
  reader.key(3);
  const notBefore = reader.instant();
  reader.key(4);
  const notAfter = reader.instant();
  if (notAfter <= notBefore) throw reader.problem('a key ends before it begins');
  const dates: (number | null)[] = [];
  for (let member = 5; member <= 9; member++) {
    reader.key(member);
    dates.push(readOptional(reader, () => reader.instant()));
  }
  const [revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt] = dates;
  reader.key(10);
  const addedAt = reader.instant();
  reader.key(11);
  const source = reader.text(SOURCE_OCTETS);
  reader.key(12);
  const fingerprint = reader.bytes(FINGERPRINT_OCTETS);
  reader.key(13);
  const material = readOptional(reader, () => reader.bytes(KEY_OCTETS));
  if ((material === null) !== (destroyedAt !== null)) throw reader.problem('a key is destroyed and held, or neither');
  const state = { revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
  return { id, algorithm, notBefore, notAfter, ...state, addedAt, source, fingerprint, material };
}

function readMember(reader: CborReader): Member {
  reader.map(5);
  reader.key(1);
  const id = reader.uint(0, LAYER2_ID_MOST);
  reader.key(2);
  const name = reader.text(NAME_OCTETS);
  reader.key(3);
  const addresses = readAddresses(reader);
  reader.key(4);
  const from = readOptional(reader, () => reader.instant());
  reader.key(5);
  return { id, name, addresses, from, until: readOptional(reader, () => reader.instant()) };
}

function writeAddresses(writer: CborWriter, addresses: readonly Uint8Array[]): void {
  writer.list(addresses.length);
  for (const address of addresses) writer.bytes(address);
}

function readAddresses(reader: CborReader): Uint8Array[] {
  return readList(reader, ADDRESS_CAP, () => {
    const address = reader.bytes(4, 16);
    if (address.length !== 4 && address.length !== 16) throw reader.problem('an address has the wrong length');
    return address;
  });
}

function writePmk(writer: CborWriter, pmk: Pmk): void {
  const { prf, extensionType, keyDataType, idr } = pmk.profile;
  writer.map(4).key(1).bytes(pmk.id).key(2).bytes(pmk.octets).key(3);
  optional(writer, pmk.member, (value) => writer.uint(value));
  writer.key(4).map(4).key(1);
  optional(writer, prf, (value) => writer.uint(PRFS.indexOf(value)));
  writer.key(2).uint(extensionType).key(3).uint(keyDataType).key(4).uint(IDRS.indexOf(idr));
}

function readPmk(reader: CborReader): Pmk {
  reader.map(4);
  reader.key(1);
  const id = reader.bytes(1, PMK_ID_OCTETS);
  reader.key(2);
  const octets = reader.bytes(KEY_OCTETS);
  reader.key(3);
  const member = readOptional(reader, () => reader.uint(0, LAYER2_ID_MOST));
  reader.key(4);
  reader.map(4);
  reader.key(1);
  const prf = readOptional(reader, () => PRFS[reader.uint(0, PRFS.length - 1)]);
  reader.key(2);
  const extensionType = reader.uint(0, 255);
  reader.key(3);
  const keyDataType = reader.uint(0, 255);
  reader.key(4);
  return new Pmk(id, octets, member, { prf, extensionType, keyDataType, idr: IDRS[reader.uint(0, IDRS.length - 1)] });
}

function readNode(reader: CborReader): NodeKey {
  reader.map(4);
  reader.key(1);
  const group = reader.uint(0, LAYER2_ID_MOST);
  reader.key(2);
  const node = reader.text(NAME_OCTETS);
  reader.key(3);
  const version = reader.uint();
  reader.key(4);
  return new NodeKey(group, node, version, reader.bytes(KEY_OCTETS));
}

function readManager(reader: CborReader): Manager {
  reader.map(2);
  reader.key(1);
  const name = reader.text(NAME_OCTETS);
  reader.key(2);
  return { name, publicKey: reader.bytes(HASH_OCTETS) };
}

function readAttachments(reader: CborReader): Attachment[] {
  let last = '';
  return readList(reader, ATTACHMENT_CAP, () => {
    reader.map(2);
    reader.key(1);
    const name = reader.text(NAME_OCTETS);
    if (name <= last) throw reader.problem('attachments are out of order');
    last = name;
    reader.key(2);
    return { name, octets: reader.bytes(0, ATTACHMENT_OCTETS) };
  });
}

function readSecrets(reader: CborReader): VaultSecrets {
  reader.map(5);
  reader.key(1);
  const fingerprint = reader.bytes(SEAL_KEY_OCTETS);
  reader.key(2);
  const state = reader.bytes(SEAL_KEY_OCTETS);
  reader.key(3);
  const previousState = readOptional(reader, () => reader.bytes(SEAL_KEY_OCTETS));
  reader.key(4);
  const auditStart = reader.bytes(SEAL_KEY_OCTETS);
  reader.key(5);
  return { fingerprint, state, previousState, auditStart, auditSeed: reader.bytes(SEAL_KEY_OCTETS) };
}

function readAuditHead(reader: CborReader): AuditHead {
  reader.map(4);
  reader.key(1);
  const seq = reader.uint();
  reader.key(2);
  const hash = reader.bytes(HASH_OCTETS);
  reader.key(3);
  const offset = reader.uint();
  reader.key(4);
  return { seq, hash, offset, key: reader.bytes(SEAL_KEY_OCTETS) };
}

function optional<Value>(writer: CborWriter, value: Value | null, write: (value: Value) => void): void {
  if (value === null) writer.nothing();
  else write(value);
}

function readOptional<Value>(reader: CborReader, read: () => Value): Value | null {
  return reader.nothing() ? null : read();
}

function readList<Value>(reader: CborReader, most: number, read: () => Value): Value[] {
  const values: Value[] = [];
  for (let left = reader.list(most); left > 0; left--) values.push(read());
  return values;
}
