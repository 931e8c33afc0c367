// The group manager's state as octets, in the vault's canonical encoding: it is kept in the vault, sealed with everything
// else (keyring/vault/cbor.ts). One state has one form: members, groups and nodes stand in order of their numbers.

import { KEY_OCTETS } from '../keyring/keyring.ts';
import { CborReader, CborWriter } from '../keyring/vault/cbor.ts';
import {
  GROUP_MEMBER_CAP,
  type GroupState,
  type HeldSerials,
  type ManagedGroup,
  type ManagedMember,
  type ManagedPgk,
  SCHEMES,
} from './group-state.ts';
import { treeSources } from './group-tree.ts';
import { type LkhNode, LkhTree, type RandomOctets } from './lkh.ts';

// We chose. Above a cap: refused when it is read.

/** Version of the encoding. */
const VERSION = 1;
const GROUP_CAP = 65_536;
const MEMBER_CAP = 1_048_576;
const PGK_CAP = 256;
const NODE_CAP = 4 * GROUP_MEMBER_CAP;
const NAME_OCTETS = 256;
const PMK_ID_OCTETS = 256;
const LAYER2_ID_MOST = 0xff_ffff;
const PRFS = ['sha1', 'sha256'] as const;
const IDRS = ['pmk-id', 'ue'] as const;

/** The state as octets. Whoever asked overwrites them when they are sealed. */
export function encodeGroupState(state: GroupState): Uint8Array {
  const writer = new CborWriter();
  writer.map(6).key(1).uint(VERSION).key(2).text(state.managerName).key(3).bytes(state.seed);
  writer.key(4).text(state.initiator).key(5).list(state.members.size);
  for (const member of inOrder(state.members)) writeMember(writer, member);
  writer.key(6).list(state.groups.size);
  for (const group of inOrder(state.groups)) writeGroup(writer, group);
  return writer.take();
}

/** Reads a state. @throws VaultError `malformed` */
export function decodeGroupState(octets: Uint8Array, random: RandomOctets): GroupState {
  const reader = new CborReader(octets, 'the group state of the vault');
  reader.map(6);
  reader.key(1);
  reader.uint(VERSION, VERSION);
  reader.key(2);
  const managerName = reader.text(NAME_OCTETS);
  reader.key(3);
  const seed = reader.bytes(KEY_OCTETS);
  reader.key(4);
  const initiator = reader.text(NAME_OCTETS);
  const state: GroupState = { managerName, seed, initiator, members: new Map(), groups: new Map() };
  reader.key(5);
  let last = -1;
  for (let left = reader.list(MEMBER_CAP); left > 0; left--) {
    const member = readMember(reader, last);
    last = member.id;
    state.members.set(member.id, member);
  }
  reader.key(6);
  last = -1;
  for (let left = reader.list(GROUP_CAP); left > 0; left--) {
    const group = readGroup(reader, last, state, random);
    last = group.id;
    state.groups.set(group.id, group);
  }
  reader.end();
  return state;
}

function writeMember(writer: CborWriter, member: ManagedMember): void {
  const { prf, extensionType, keyDataType, idr } = member.profile;
  writer.map(7).key(1).uint(member.id).key(2).text(member.name).key(3).bytes(member.pmkId).key(4).bytes(member.pmk);
  writer.key(5).map(4).key(1);
  if (prf === null) writer.nothing();
  else writer.uint(PRFS.indexOf(prf));
  writer.key(2).uint(extensionType).key(3).uint(keyDataType).key(4).uint(IDRS.indexOf(idr)).key(6);
  writeAddress(writer, member.address);
  writer.key(7).uint(member.counter);
}

function readMember(reader: CborReader, last: number): ManagedMember {
  reader.map(7);
  reader.key(1);
  const id = reader.uint(last + 1, LAYER2_ID_MOST);
  reader.key(2);
  const name = reader.text(NAME_OCTETS);
  reader.key(3);
  const pmkId = reader.bytes(1, PMK_ID_OCTETS);
  reader.key(4);
  const pmk = reader.bytes(KEY_OCTETS);
  reader.key(5);
  reader.map(4);
  reader.key(1);
  const prf = reader.nothing() ? null : PRFS[reader.uint(0, PRFS.length - 1)];
  reader.key(2);
  const extensionType = reader.uint(0, 255);
  reader.key(3);
  const keyDataType = reader.uint(0, 15);
  reader.key(4);
  const idr = IDRS[reader.uint(0, IDRS.length - 1)];
  reader.key(6);
  const address = readAddress(reader);
  reader.key(7);
  const counter = reader.uint();
  return { id, name, pmkId, pmk, profile: { prf, extensionType, keyDataType, idr }, address, counter };
}

function writeGroup(writer: CborWriter, group: ManagedGroup): void {
  const { scheme, arity, period, overlap, ahead } = group.policy;
  writer.map(12).key(1).uint(group.id).key(2).text(group.name).key(3).uint(group.algorithm);
  writer.key(4).map(5).key(1).uint(SCHEMES.indexOf(scheme)).key(2).uint(arity).key(3).uint(period);
  writer.key(4).uint(overlap).key(5).uint(ahead).key(5);
  writeAddress(writer, group.multicast);
  writer.key(6).list(group.members.size);
  for (const [id, serial] of [...group.members].sort((a, b) => a[0] - b[0])) {
    writer.map(2).key(1).uint(id).key(2).uint(serial);
  }
  writer.key(7).list(group.pgks.length);
  for (const pgk of group.pgks) writePgk(writer, pgk);
  writer.key(8).uint(group.nextSerial).key(9).uint(group.nextPgkId).key(10).uint(group.counter).key(11);
  if (group.tree === null) writer.nothing();
  else writeTree(writer, group.tree);
  writer.key(12).list(group.former.size);
  for (const [id, { first, last }] of [...group.former].sort((a, b) => a[0] - b[0])) {
    writer.map(3).key(1).uint(id).key(2).uint(first).key(3).uint(last);
  }
}

function readGroup(reader: CborReader, last: number, state: GroupState, random: RandomOctets): ManagedGroup {
  reader.map(12);
  reader.key(1);
  const id = reader.uint(last + 1, LAYER2_ID_MOST);
  reader.key(2);
  const name = reader.text(NAME_OCTETS);
  reader.key(3);
  const algorithm = reader.uint(0, 3);
  reader.key(4);
  reader.map(5);
  reader.key(1);
  const scheme = SCHEMES[reader.uint(0, SCHEMES.length - 1)];
  reader.key(2);
  const arity = reader.uint(2, 4);
  reader.key(3);
  const period = reader.uint();
  reader.key(4);
  const overlap = reader.uint();
  reader.key(5);
  const policy = { scheme, arity, period, overlap, ahead: reader.uint(0, 31) };
  reader.key(5);
  const multicast = readAddress(reader);
  reader.key(6);
  const members = new Map<number, number>();
  let before = -1;
  for (let left = reader.list(GROUP_MEMBER_CAP); left > 0; left--) {
    reader.map(2);
    reader.key(1);
    before = reader.uint(before + 1, LAYER2_ID_MOST);
    if (!state.members.has(before)) throw reader.problem('a member is not known');
    reader.key(2);
    members.set(before, reader.uint());
  }
  reader.key(7);
  const pgks: ManagedPgk[] = [];
  for (let left = reader.list(PGK_CAP); left > 0; left--) pgks.push(readPgk(reader, pgks.at(-1)?.serial ?? 0));
  reader.key(8);
  const nextSerial = reader.uint((pgks.at(-1)?.serial ?? 0) + 1);
  reader.key(9);
  const nextPgkId = reader.uint(0, 255);
  reader.key(10);
  const counter = reader.uint();
  reader.key(11);
  const tree = readTree(reader, arity, id, members, state, random);
  if ((tree === null) !== (scheme === 'individual'))
    throw reader.problem('a key tree is missing or stands for nothing');
  reader.key(12);
  const former = new Map<number, HeldSerials>();
  before = -1;
  for (let left = reader.list(MEMBER_CAP); left > 0; left--) {
    reader.map(3);
    reader.key(1);
    before = reader.uint(before + 1, LAYER2_ID_MOST);
    reader.key(2);
    const first = reader.uint();
    reader.key(3);
    former.set(before, { first, last: reader.uint(first) });
  }
  const serials = { nextSerial, nextPgkId, counter };
  return { id, name, algorithm, policy, multicast, members, former, pgks, foreign: [], ...serials, tree };
}

function writePgk(writer: CborWriter, pgk: ManagedPgk): void {
  writer.map(7).key(1).uint(pgk.serial).key(2).uint(pgk.pgkId).key(3).bytes(pgk.octets);
  writer.key(4).instant(pgk.notBefore).key(5).instant(pgk.notAfter).key(6).instant(pgk.firstNotAfter).key(7);
  if (pgk.withdrawnAt === null) writer.nothing();
  else writer.instant(pgk.withdrawnAt);
}

function readPgk(reader: CborReader, last: number): ManagedPgk {
  reader.map(7);
  reader.key(1);
  const serial = reader.uint(last + 1);
  reader.key(2);
  const pgkId = reader.uint(0, 255);
  reader.key(3);
  const octets = reader.bytes(KEY_OCTETS);
  reader.key(4);
  const notBefore = reader.instant();
  reader.key(5);
  const notAfter = reader.instant();
  reader.key(6);
  const firstNotAfter = reader.instant();
  reader.key(7);
  const withdrawnAt = reader.nothing() ? null : reader.instant();
  return { serial, pgkId, octets, notBefore, notAfter, firstNotAfter, withdrawnAt, order: null };
}

function writeTree(writer: CborWriter, tree: LkhTree): void {
  const nodes = tree.nodes();
  writer.map(2).key(1).uint(tree.revision).key(2).list(nodes.length);
  for (const { node, version, key, member } of nodes) {
    writer.map(4).key(1).uint(node).key(2).uint(version).key(3).bytes(key).key(4);
    if (member === null) writer.nothing();
    else writer.uint(member);
  }
}

function readTree(
  reader: CborReader,
  arity: number,
  group: number,
  members: ReadonlyMap<number, number>,
  state: GroupState,
  random: RandomOctets,
): LkhTree | null {
  if (reader.nothing()) return null;
  reader.map(2);
  reader.key(1);
  const revision = reader.uint(1);
  reader.key(2);
  const nodes: LkhNode[] = [];
  let last = 0;
  for (let left = reader.list(NODE_CAP); left > 0; left--) {
    reader.map(4);
    reader.key(1);
    const node = reader.uint(last + 1, 0xffff_ffff);
    last = node;
    reader.key(2);
    const version = reader.uint(1);
    reader.key(3);
    const key = reader.bytes(KEY_OCTETS);
    reader.key(4);
    const member = reader.nothing() ? null : reader.uint(0, LAYER2_ID_MOST);
    if (member !== null && !members.has(member)) throw reader.problem('a leaf belongs to nobody');
    nodes.push({ node, version, key, member });
  }
  let tree: LkhTree;
  try {
    tree = LkhTree.restore(arity, revision, nodes, treeSources(state, group, random));
  } catch {
    throw reader.problem('a key tree is none');
  }
  if (tree.size !== members.size) throw reader.problem('a member has no leaf');
  return tree;
}

function writeAddress(writer: CborWriter, address: Uint8Array | null): void {
  if (address === null) writer.nothing();
  else writer.bytes(address);
}

function readAddress(reader: CborReader): Uint8Array | null {
  return reader.nothing() ? null : reader.bytes(4);
}

function inOrder<Value extends { readonly id: number }>(map: ReadonlyMap<number, Value>): Value[] {
  return [...map.values()].sort((a, b) => a.id - b.id);
}
