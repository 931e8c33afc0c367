// What an operation on a group comes to before anything is sent: messages, octets and time of both schemes, and who can
// still read what until when.

import type { LkhUpdate } from '../../dissectors/keying/lkh-rekey.ts';
import { nodeDepth } from '../../dissectors/keying/lkh-rekey.ts';
import { layer2IdText, type MikeyProfile } from '../keyring/keyring.ts';
import type { HeldSerials, ManagedGroup, ManagedMember, ManagedPgk, Scheme } from './group-state.ts';
import type { LkhTree } from './lkh.ts';
import { rekeyOctets, splitUpdates } from './lkh-sender.ts';

// The specification says: octets of IPv4 and UDP headers (RFC 791, RFC 768), which each message needs on its way.
const DATAGRAM_HEADERS = 28;

// The specification says (reference 4.1, 4.2): octets of the parts of a message in the profile of reference 4.9.
const MIKEY_FIXED = 10 + 6 + 18 + 4 + 4 + 5 + 20;
const MIKEY_EXTENSION = 16;
const MIKEY_KEY = 36;
const MIKEY_SALT_LENGTH = 2;
const MIKEY_INTERVAL = 18;
const KEY_WITH_SALT: readonly number[] = [1, 3, 5];

/** We chose (after the reference, security B.5): bits a second of the bearer that plans reckon with. */
export const DEFAULT_BEARER = 100_000;

/** Operations on a group. */
export type GroupOperation = 'create' | 'add' | 'remove' | 'rotate';

/** What one scheme costs. */
export interface RekeyCost {
  readonly scheme: Scheme;
  readonly messages: number;
  /** Of the messages alone, without IP and UDP. */
  readonly octets: number;
  /** Milliseconds until the last of them is through, at the bearer's rate, headers of IP and UDP included. */
  readonly latency: number;
}

/** One message to send. */
export interface PlannedMessage {
  /** Layer-2 id of the member it is for; null: the whole group. */
  readonly to: number | null;
  readonly kind: 'mikey' | 'welcome' | 'rekey';
  readonly octets: number;
  /** Milliseconds after the first began until this one is through. */
  readonly through: number;
}

/** What happens to a PGK. */
export interface PlannedPgk {
  readonly pgkId: number;
  readonly change: 'new' | 'kept' | 'shortened' | 'withdrawn';
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What somebody who is no longer, or not yet, meant to can read. */
export interface Exposure {
  readonly member: number;
  readonly pgkId: number;
  readonly from: number;
  /** Where everybody hears of the change; null: then nothing is sent under this PGK at all. */
  readonly until: number | null;
  /** From members that do not hear of it. */
  readonly unreached: number;
}

/** See the head of the file. */
export interface RekeyPlan {
  readonly operation: GroupOperation;
  readonly group: number;
  readonly scheme: Scheme;
  /** When it was made, and when the new PGKs come into use. */
  readonly at: number;
  readonly changeover: number | null;
  /** Members after the operation. */
  readonly members: number;
  readonly messages: readonly PlannedMessage[];
  readonly cost: RekeyCost;
  /** The same by every scheme. */
  readonly costs: readonly RekeyCost[];
  readonly pgks: readonly PlannedPgk[];
  /** Of members that were removed: what they go on reading. Of members that were added: what they can read of the past. */
  readonly exposure: readonly Exposure[];
  /** Other groups that removed members stay in. */
  readonly elsewhere: readonly { readonly member: number; readonly group: number }[];
  readonly warnings: readonly string[];
}

/** Octets that IDr of messages to a member carries. */
export function responderOf(member: Pick<ManagedMember, 'id' | 'pmkId' | 'profile'>): Uint8Array {
  return member.profile.idr === 'pmk-id' ? member.pmkId : Buffer.from(layer2IdText(member.id));
}

/** Octets of a MIKEY message with these PGKs. @param withdrawn how many of them have no interval */
export function mikeyOctets(
  initiator: number,
  responder: number,
  pgks: number,
  withdrawn: number,
  profile: MikeyProfile,
): number {
  const key = MIKEY_EXTENSION + MIKEY_KEY + (KEY_WITH_SALT.includes(profile.keyDataType) ? MIKEY_SALT_LENGTH : 0);
  return MIKEY_FIXED + initiator + responder + pgks * key + (pgks - withdrawn) * MIKEY_INTERVAL;
}

/** Milliseconds that messages take on the bearer. @param rate bits a second */
export function bearerTime(octets: number, messages: number, rate: number): number {
  return ((octets + messages * DATAGRAM_HEADERS) * 8 * 1000) / rate;
}

/** A cost from the octets of each message. */
export function costOf(scheme: Scheme, octets: readonly number[], rate: number): RekeyCost {
  const sum = octets.reduce((total, each) => total + each, 0);
  return { scheme, messages: octets.length, octets: sum, latency: bearerTime(sum, octets.length, rate) };
}

/** Octets of the rekey messages that updates need, the PGKs in the last. */
export function rekeySizes(updates: readonly LkhUpdate[], pgks: number): number[] {
  const lists = splitUpdates(updates, pgks);
  return lists.map((list, index) => rekeyOctets(list, index === lists.length - 1 ? pgks : 0, null));
}

/** Octets of the message that places a member. */
export function welcomeSize(tree: LkhTree, member: number, pmkIdOctets: number, pgks: number): number {
  const depth = nodeDepth(tree.leaf(member).node, tree.arity);
  const update = { node: 1, version: 0, copies: [{ under: 0, version: 0, wrapped: new Uint8Array(0) }] };
  return rekeyOctets(
    Array.from({ length: depth }, () => update),
    pgks,
    pmkIdOctets,
  );
}

/** What each message comes to on the bearer, one after the other. */
export function planMessages(
  messages: readonly Pick<PlannedMessage, 'to' | 'kind' | 'octets'>[],
  rate: number,
): PlannedMessage[] {
  let octets = 0;
  return messages.map((message, index) => {
    octets += message.octets;
    return { ...message, through: bearerTime(octets, index + 1, rate) };
  });
}

/**
 * What a removed member goes on reading: every PGK it holds until that ends.
 *
 * @param held serials of what it holds
 */
export function exposureOf(group: ManagedGroup, member: number, held: HeldSerials, now: number): Exposure[] {
  const its = group.pgks.filter(
    (pgk) => pgk.serial >= held.first && pgk.serial <= held.last && pgk.firstNotAfter > now,
  );
  return its.map((pgk) => ({
    member,
    pgkId: pgk.pgkId,
    from: Math.max(pgk.notBefore, now),
    until: pgk.withdrawnAt === null && pgk.notAfter > now ? pgk.notAfter : null,
    unreached: pgk.firstNotAfter,
  }));
}

/** How a PGK stands in a plan. */
export function plannedPgk(pgk: ManagedPgk, change: PlannedPgk['change']): PlannedPgk {
  return { pgkId: pgk.pgkId, change, notBefore: pgk.notBefore, notAfter: pgk.notAfter };
}
