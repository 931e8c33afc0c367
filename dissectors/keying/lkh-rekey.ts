// The rekey message of the logical key hierarchy (RFC 2627 5.4). The RFC defines no octets, so layout, port and magic are
// ours. One message gives new node keys, each enciphered under keys that the right members hold, and PGKs: under the root
// key in a rekey, in a welcome under the leaf key of the member it is for, who may be given PGKs that others must not
// learn. The group manager signs it, because every member knows some node keys and could otherwise make one itself.
//
//   0   8  magic "SSCOLKH1"                    37     2  placements P, 0 or 1
//   8   1  kind: 1 rekey, 2 welcome            then   P: PMK id length (2), PMK id, leaf (4), version (4)
//   9   1  arity: 2 or 4                       then   updates U (2), then each: node (4), version (4), copies C (1),
//   10  3  group                                      then each: under (1), version of that key (4), wrapped key (40)
//   13  8  issued, NTP-UTC                     then   version of their key (4), PGKs K (1), then each: PGK id (1),
//   21  8  counter                                    not before (8), not after (8), wrapped PGK (40)
//   29  8  id of the manager's key             then   signature, Ed25519 over everything before it (64)
//
// Canonical: node numbers fall from update to update (deeper nodes first, so that one pass opens all), `under` rises from
// copy to copy, and nothing follows the signature.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { nanosecondsToNtp, ntpToNanoseconds } from '../ntp.ts';
import { OctetWriter, uint16, uint24, uint32 } from '../octets.ts';
import type { MikeyProblem, OctetRange } from './mikey-payloads.ts';

// Offsets.
const MAGIC = 0;
const KIND = 8;
const ARITY = 9;
const GROUP = 10;
const ISSUED = 13;
const COUNTER = 21;
const MANAGER = 29;
const PLACEMENTS = 37;
const HEADER = 39;

/** The specification says: octets of an Ed25519 signature (RFC 8032 5.1.6), of a wrapped 32-octet key (RFC 3394 2.2.1). */
export const SIGNATURE_OCTETS = 64;
export const WRAPPED_OCTETS = 40;

// We chose.

/** "SSCOLKH1"; a MIKEY message begins with 1, so that the two are told apart wherever they stand. */
const MAGIC_OCTETS = Uint8Array.of(0x53, 0x53, 0x43, 0x4f, 0x4c, 0x4b, 0x48, 0x31);
/** Octets of the name of a manager's public key. */
export const MANAGER_ID_OCTETS = 8;
/** Node number of the root. A child's number is its parent's times the arity, plus its place. */
export const ROOT_NODE = 1;
/** `under` of a key that was the node's own before, and of its parent's key; any lower value is the place of a child. */
export const UNDER_SELF = 0xfe;
export const UNDER_PARENT = 0xff;

/** Kinds of message: `rekey` is for the whole group, `welcome` places one member in the tree. */
export const LkhKind = { rekey: 1, welcome: 2 } as const;

/** Arities that a tree may have. */
export const LKH_ARITIES: readonly number[] = [2, 4];

const KIND_NAMES = new Map<number, string>([
  [LkhKind.rekey, 'rekey'],
  [LkhKind.welcome, 'welcome'],
]);
const UNDER_NAMES = new Map<number, string>([
  [UNDER_SELF, 'its own earlier key'],
  [UNDER_PARENT, 'the key of its parent'],
]);

/** Where a member stands: its leaf key follows from its PMK. */
export interface LkhPlacement {
  readonly pmkId: Uint8Array;
  readonly node: number;
  readonly version: number;
}

/** A new node key, enciphered under one other key. */
export interface LkhCopy {
  readonly under: number;
  readonly version: number;
  /** 40 octets (RFC 3394). */
  readonly wrapped: Uint8Array;
}

/** A new node key. */
export interface LkhUpdate {
  readonly node: number;
  readonly version: number;
  readonly copies: readonly LkhCopy[];
}

/** A PGK, enciphered under the root key, or in a welcome under the leaf key. */
export interface LkhPgk {
  readonly pgkId: number;
  /** Nanoseconds since 1970 UTC. */
  readonly notBefore: bigint;
  /** Nanoseconds since 1970 UTC; null: withdrawn (the field is 0). */
  readonly notAfter: bigint | null;
  readonly wrapped: Uint8Array;
}

/** What a message says; all but its signature. */
export interface LkhContents {
  readonly kind: number;
  readonly arity: number;
  /** Layer-2 id, 24 bits. */
  readonly group: number;
  /** Nanoseconds since 1970 UTC. */
  readonly issued: bigint;
  /** 0 to 2^53 - 1; rises from message to message of one manager and group. */
  readonly counter: number;
  readonly managerId: Uint8Array;
  readonly placement: LkhPlacement | null;
  readonly updates: readonly LkhUpdate[];
  /** Version of the key that the PGKs are enciphered under. */
  readonly pgkKeyVersion: number;
  readonly pgks: readonly LkhPgk[];
}

/** A message that could be read. Octets are views into the frame. */
export interface LkhMessage extends LkhContents, OctetRange {
  readonly signature: Uint8Array;
  /** What the signature covers. */
  readonly covered: OctetRange;
}

/** What parsing gave. */
export interface LkhParsed {
  /** Null where anything is wrong: half a rekey is of no use. */
  readonly message: LkhMessage | null;
  readonly problem: MikeyProblem | null;
}

/** Whether octets begin as a rekey message does. */
export function looksLikeLkhRekey(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < MAGIC_OCTETS.length) return false;
  for (let i = 0; i < MAGIC_OCTETS.length; i++) if (bytes[at + i] !== MAGIC_OCTETS[i]) return false;
  return true;
}

/** Level of a node below the root; -1 where a tree of this arity has no such node. */
export function nodeDepth(node: number, arity: number): number {
  let depth = 0;
  let left = node;
  while (left > ROOT_NODE) {
    // A number whose first digit is not the root's 1 would end at 2 or 3.
    if (left < arity) return -1;
    left = Math.floor(left / arity);
    depth++;
  }
  return left === ROOT_NODE ? depth : -1;
}

/** `1.0.1` of a node number: the root's 1 and the place at each level. The caller has checked it with `nodeDepth`. */
export function nodeName(node: number, arity: number): string {
  let name = '';
  for (let left = node; left > ROOT_NODE; left = Math.floor(left / arity)) name = `.${left % arity}${name}`;
  return `${ROOT_NODE}${name}`;
}

/** Number of a node name; null where a tree of this arity has no such node. */
export function nodeNumber(name: string, arity: number): number | null {
  const [root, ...places] = name.split('.').map(Number);
  let node = root;
  if (node !== ROOT_NODE) return null;
  for (const place of places) {
    if (!Number.isInteger(place) || place < 0 || place >= arity) return null;
    node = node * arity + place;
    if (node > 0xffff_ffff) return null;
  }
  return node;
}

/** Number of the node whose key a copy is enciphered under. */
export function underNode(node: number, under: number, arity: number): number {
  if (under === UNDER_SELF) return node;
  return under === UNDER_PARENT ? Math.floor(node / arity) : node * arity + under;
}

/**
 * Reads one message. Never throws.
 *
 * @param at first octet of the message
 * @param end one behind its last octet
 */
export function parseLkhRekey(bytes: Uint8Array, at: number, end: number): LkhParsed {
  return readRekey(bytes, at, end, null);
}

/** Shows one message. @returns what `parseLkhRekey` gives */
export function dissectLkhRekey(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): LkhParsed {
  tree.begin(lkhProtocol, at, Math.max(0, end - at));
  const parsed = readRekey(bytes, at, end, tree);
  if (parsed.problem !== null) tree.problem(parsed.problem.code, parsed.problem.at, parsed.problem.text);
  tree.end();
  return parsed;
}

function readRekey(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): LkhParsed {
  const wrong = (code: string, where: number, text: string): LkhParsed => ({
    message: null,
    problem: { code: `lkh.${code}`, at: where, text },
  });
  const cut = (where: number, what: string): LkhParsed => wrong('cut', where, `the message ends inside ${what}`);
  if (end - at < HEADER) return cut(at, 'its header');
  if (!looksLikeLkhRekey(bytes, at, end)) return wrong('magic', at, 'no rekey message begins like this');
  if (tree !== null) {
    addFields(tree, bytes, at, [f.magic, f.kind, f.arity, f.group]);
    tree.add(f.issued, at + ISSUED, 8, timeAt(bytes, at + ISSUED));
    addFields(tree, bytes, at + COUNTER, [f.counter]);
    addOctets(tree, f.manager, bytes, at + MANAGER, at + PLACEMENTS);
    addFields(tree, bytes, at + PLACEMENTS, [f.placements]);
  }
  const kind = bytes[at + KIND];
  const arity = bytes[at + ARITY];
  const counter = uint32(bytes, at + COUNTER) * 2 ** 32 + uint32(bytes, at + COUNTER + 4);
  const placements = uint16(bytes, at + PLACEMENTS);
  if (!KIND_NAMES.has(kind)) return wrong('kind', at + KIND, `kind ${kind} is not known`);
  if (!LKH_ARITIES.includes(arity)) return wrong('arity', at + ARITY, `the arity is ${arity}, not 2 or 4`);
  if (!Number.isSafeInteger(counter)) return wrong('counter', at + COUNTER, 'the counter is beyond 2^53 - 1');
  if (placements !== (kind === LkhKind.welcome ? 1 : 0)) {
    return wrong('placements', at + PLACEMENTS, `${placements} placements in a ${KIND_NAMES.get(kind)} message`);
  }

  let next = at + HEADER;
  let placement: LkhPlacement | null = null;
  if (placements === 1) {
    const idAt = next + 2;
    const nodeAt = next + 2 > end ? Number.POSITIVE_INFINITY : idAt + uint16(bytes, next);
    if (nodeAt + 8 > end) return cut(next, 'a placement');
    placement = {
      pmkId: bytes.subarray(idAt, nodeAt),
      node: uint32(bytes, nodeAt),
      version: uint32(bytes, nodeAt + 4),
    };
    if (nodeDepth(placement.node, arity) < 1) return wrong('node', nodeAt, 'the placement names no leaf of the tree');
    if (tree !== null) {
      tree.group('Placement', next, nodeAt + 8 - next);
      addFields(tree, bytes, next, [f.pmkIdLength]);
      addOctets(tree, f.pmkId, bytes, idAt, nodeAt);
      addFields(tree, bytes, nodeAt, [f.node, f.version]);
      tree.generated(f.name, nodeName(placement.node, arity));
      tree.end();
    }
    next = nodeAt + 8;
  }

  if (next + 2 > end) return cut(next, 'the number of its updates');
  const updates: LkhUpdate[] = [];
  if (tree !== null) addFields(tree, bytes, next, [f.updates]);
  let left = uint16(bytes, next);
  next += 2;
  let before = Number.POSITIVE_INFINITY;
  for (; left > 0; left--) {
    if (next + 9 > end) return cut(next, 'an update');
    const node = uint32(bytes, next);
    const version = uint32(bytes, next + 4);
    const copyCount = bytes[next + 8];
    const updateEnd = next + 9 + copyCount * (5 + WRAPPED_OCTETS);
    if (updateEnd > end) return cut(next, 'an update');
    if (nodeDepth(node, arity) < 0) return wrong('node', next, `a tree of arity ${arity} has no node ${node}`);
    if (node >= before) return wrong('order', next, 'the updates are not in falling order of their nodes');
    if (tree !== null) {
      tree.group(`Node ${nodeName(node, arity)}, version ${version}`, next, updateEnd - next);
      addFields(tree, bytes, next, [f.node, f.version, f.copies]);
    }
    const copies: LkhCopy[] = [];
    let lastUnder = -1;
    let flaw: LkhParsed | null = null;
    for (let copyAt = next + 9; copyAt < updateEnd; copyAt += 5 + WRAPPED_OCTETS) {
      const under = bytes[copyAt];
      const wrapped = bytes.subarray(copyAt + 5, copyAt + 5 + WRAPPED_OCTETS);
      copies.push({ under, version: uint32(bytes, copyAt + 1), wrapped });
      if (tree !== null) {
        addFields(tree, bytes, copyAt, [f.under, f.underVersion]);
        addOctets(tree, f.wrapped, bytes, copyAt + 5, copyAt + 5 + WRAPPED_OCTETS);
      }
      if (under >= arity && under < UNDER_SELF) flaw ??= wrong('under', copyAt, `a node has no child ${under}`);
      else if (under === UNDER_PARENT && node === ROOT_NODE) flaw ??= wrong('under', copyAt, 'the root has no parent');
      else if (under <= lastUnder) flaw ??= wrong('order', copyAt, 'the copies are not in rising order');
      lastUnder = under;
    }
    if (tree !== null) tree.end();
    if (flaw !== null) return flaw;
    updates.push({ node, version, copies });
    before = node;
    next = updateEnd;
  }

  const pgksAt = next + 5;
  const pgksEnd = pgksAt > end ? pgksAt : pgksAt + bytes[next + 4] * (17 + WRAPPED_OCTETS);
  if (pgksEnd > end) return cut(next, 'its PGKs');
  const pgkKeyVersion = uint32(bytes, next);
  if (tree !== null) addFields(tree, bytes, next, [f.pgkKeyVersion, f.pgks]);
  const pgks: LkhPgk[] = [];
  for (let pgkAt = pgksAt; pgkAt < pgksEnd; pgkAt += 17 + WRAPPED_OCTETS) {
    const notBefore = timeAt(bytes, pgkAt + 1);
    const withdrawn = uint32(bytes, pgkAt + 9) === 0 && uint32(bytes, pgkAt + 13) === 0;
    const notAfter = withdrawn ? null : timeAt(bytes, pgkAt + 9);
    const wrapped = bytes.subarray(pgkAt + 17, pgkAt + 17 + WRAPPED_OCTETS);
    pgks.push({ pgkId: bytes[pgkAt], notBefore, notAfter, wrapped });
    if (tree !== null) {
      tree.group(`PGK ${bytes[pgkAt]}${withdrawn ? ', withdrawn' : ''}`, pgkAt, 17 + WRAPPED_OCTETS);
      addFields(tree, bytes, pgkAt, [f.pgkId]);
      tree.add(f.notBefore, pgkAt + 1, 8, notBefore);
      if (notAfter !== null) tree.add(f.notAfter, pgkAt + 9, 8, notAfter);
      addOctets(tree, f.wrapped, bytes, pgkAt + 17, pgkAt + 17 + WRAPPED_OCTETS);
      tree.end();
    }
  }
  if (pgksEnd + SIGNATURE_OCTETS > end) return cut(pgksEnd, 'its signature');
  if (tree !== null) addOctets(tree, f.signature, bytes, pgksEnd, pgksEnd + SIGNATURE_OCTETS);
  const messageEnd = pgksEnd + SIGNATURE_OCTETS;
  if (messageEnd < end) return wrong('trailing', messageEnd, `${end - messageEnd} octets follow the signature`);
  return {
    problem: null,
    message: {
      at,
      end,
      kind,
      arity,
      group: uint24(bytes, at + GROUP),
      issued: timeAt(bytes, at + ISSUED),
      counter,
      managerId: bytes.subarray(at + MANAGER, at + PLACEMENTS),
      placement,
      updates,
      pgkKeyVersion,
      pgks,
      signature: bytes.subarray(pgksEnd, messageEnd),
      covered: { at, end: pgksEnd },
    },
  };
}

function timeAt(bytes: Uint8Array, at: number): bigint {
  return ntpToNanoseconds(uint32(bytes, at), uint32(bytes, at + 4));
}

/** One phrase for an event. */
export function describeLkhRekey(bytes: Uint8Array, at: number, end: number): string {
  const { message, problem } = parseLkhRekey(bytes, at, end);
  if (message === null) return `LKH rekey message, ${problem?.text ?? 'unreadable'}`;
  const pgks = message.pgks.map((pgk) => pgk.pgkId).join(' ');
  const what = `${message.updates.length} node keys${pgks === '' ? '' : `, PGK ${pgks}`}`;
  return `LKH ${KIND_NAMES.get(message.kind)} of ${message.group.toString(16).padStart(6, '0')}: ${what}`;
}

/** The octets that are signed: a message without its signature. Counts and lengths are the caller's to keep in range. */
export function encodeLkhContents(contents: LkhContents): Uint8Array {
  const writer = new OctetWriter().bytes(MAGIC_OCTETS).uint8(contents.kind).uint8(contents.arity);
  writer.uint24(contents.group).uint64(nanosecondsToNtp(contents.issued)).uint64(BigInt(contents.counter));
  writer.bytes(contents.managerId);
  const { placement } = contents;
  writer.uint16(placement === null ? 0 : 1);
  if (placement !== null) {
    writer.uint16(placement.pmkId.length).bytes(placement.pmkId).uint32(placement.node).uint32(placement.version);
  }
  writer.uint16(contents.updates.length);
  for (const { node, version, copies } of contents.updates) {
    writer.uint32(node).uint32(version).uint8(copies.length);
    for (const copy of copies) writer.uint8(copy.under).uint32(copy.version).bytes(copy.wrapped);
  }
  writer.uint32(contents.pgkKeyVersion).uint8(contents.pgks.length);
  for (const { pgkId, notBefore, notAfter, wrapped } of contents.pgks) {
    writer.uint8(pgkId).uint64(nanosecondsToNtp(notBefore));
    writer.uint64(notAfter === null ? 0n : nanosecondsToNtp(notAfter)).bytes(wrapped);
  }
  return writer.take();
}

/** Octets of a message with so many parts, signature included. @param pmkIdOctets null where it places nobody */
export function lkhMessageOctets(updates: number, copies: number, pgks: number, pmkIdOctets: number | null): number {
  const placement = pmkIdOctets === null ? 0 : 10 + pmkIdOctets;
  const nodeKeys = 2 + updates * 9 + copies * (5 + WRAPPED_OCTETS);
  return HEADER + placement + nodeKeys + 5 + pgks * (17 + WRAPPED_OCTETS) + SIGNATURE_OCTETS;
}

const OURS = 'docs/groups.md, rekey message';
const VARIES = { width: 0, clause: OURS } as const;
const time = (name: string, label: string, about: string) =>
  field(name, label, 'time', { width: 8, about, clause: OURS });
const number = (name: string, label: string, width: number, about: string, values?: ReadonlyMap<number, string>) =>
  field(name, label, 'uint', { width, about, clause: OURS, ...(values === undefined ? {} : { values }) });

const f = {
  magic: field('lkh.magic', 'Magic', 'bytes', { width: KIND - MAGIC, about: 'SSCOLKH1.', clause: OURS }),
  kind: number('lkh.kind', 'Kind', 1, 'For the whole group, or for one member.', KIND_NAMES),
  arity: number('lkh.arity', 'Arity', 1, 'Children that a node has at most.'),
  group: field('lkh.group', 'Group', 'l2id', { width: 3, about: 'Layer-2 id of the group.', clause: OURS }),
  issued: time('lkh.issued', 'Issued', 'When the group manager made the message.'),
  counter: number('lkh.counter', 'Counter', 8, 'Rises from message to message; a lower one is a replay.'),
  manager: field('lkh.manager', 'Manager key', 'bytes', { ...VARIES, about: 'Names the key it is signed with.' }),
  placements: number('lkh.placements', 'Placements', 2, 'Members that the message places in the tree.'),
  pmkIdLength: number('lkh.pmk_id.len', 'PMK ID length', 2, 'Octets of the PMK id.'),
  pmkId: field('lkh.pmk_id', 'PMK ID', 'bytes', {
    ...VARIES,
    about: 'Whose leaf it is; its key follows from the PMK.',
  }),
  updates: number('lkh.updates', 'Updates', 2, 'New node keys.'),
  node: field('lkh.node', 'Node', 'uint', { base: 'hex', width: 4, about: 'Number of the node.', clause: OURS }),
  name: field('lkh.node.name', 'Node name', 'text', { ...VARIES, about: 'The node as a keyring names it.' }),
  version: number('lkh.version', 'Version', 4, 'Version of its key.'),
  copies: number('lkh.copies', 'Copies', 1, 'How often the key follows, each time under another key.'),
  under: number('lkh.under', 'Under', 1, 'Whose key enciphers the copy: a child by its place.', UNDER_NAMES),
  underVersion: number('lkh.under.version', 'Version of that key', 4, 'Version of the enciphering key.'),
  wrapped: field('lkh.wrapped', 'Wrapped key', 'bytes', { width: 0, about: 'AES key wrap.', clause: 'RFC 3394 2.2.1' }),
  pgkKeyVersion: number('lkh.pgk_key_version', 'PGK key version', 4, 'Version of the key that enciphers the PGKs.'),
  pgks: number('lkh.pgks', 'PGKs', 1, 'PGKs that follow.'),
  pgkId: number('lkh.pgk-id', 'PGK ID', 1, 'Names the PGK inside the group.'),
  notBefore: time('lkh.not_before', 'Not before', 'First instant of validity.'),
  notAfter: time('lkh.not_after', 'Not after', 'First instant at which the PGK is no longer valid.'),
  signature: field('lkh.signature', 'Signature', 'bytes', { width: 0, about: 'Ed25519.', clause: 'RFC 8032 5.1.6' }),
};

/** Field table. */
export const lkhProtocol: Protocol = {
  name: 'lkh',
  title: 'Logical Key Hierarchy rekey',
  about: 'Replaces the keys of a group in one multicast message.',
  clause: 'RFC 2627 5.4',
  fields: f,
};
