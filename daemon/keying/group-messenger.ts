// The messages that carry out an operation of the group manager, and what they would cost by either scheme.

import type { LkhCopy, LkhUpdate } from '../../dissectors/keying/lkh-rekey.ts';
import { layer2IdText } from '../keyring/keyring.ts';
import { GroupError } from './group-error.ts';
import { type GroupState, type ManagedGroup, type ManagedPgk, memberOf, type Scheme } from './group-state.ts';
import type { LkhTree, RandomOctets } from './lkh.ts';
import { managerKeyId, managerPrivateKey, managerPublicOctets } from './lkh-crypto.ts';
import { buildRekey, type RekeySigner, splitUpdates } from './lkh-sender.ts';
import { buildPgkDelivery, type PgkToDeliver } from './mikey-sender.ts';
import {
  bearerTime,
  costOf,
  mikeyOctets,
  type PlannedMessage,
  planMessages,
  type RekeyCost,
  rekeySizes,
  responderOf,
  welcomeSize,
} from './rekey-plan.ts';

// The specification says: bits of the counter of a MIKEY message (RFC 3830 6.6); octets of CSB ID and RAND (6.1, 6.11).
const MIKEY_COUNTER_MOST = 0xffff_ffff;
const CSB_ID_OCTETS = 4;
const RAND_OCTETS = 16;

/** PGKs for one member. */
export interface Delivery {
  readonly member: number;
  readonly pgks: readonly ManagedPgk[];
}

/** A message, ready to be sent as the payload of a UDP datagram. */
export interface BuiltMessage {
  /** Layer-2 id of the member it is for; null: the whole group. */
  readonly to: number | null;
  readonly kind: PlannedMessage['kind'];
  readonly octets: Uint8Array;
}

/** See the head of the file. */
export class GroupMessenger {
  readonly #state: GroupState;
  readonly #random: RandomOctets;
  readonly #now: number;
  readonly #rate: number;
  #signer: RekeySigner | null = null;
  /** Milliseconds that the rekey messages made so far take on the bearer. */
  #sent = 0;

  constructor(
    state: GroupState,
    around: { readonly random: RandomOctets; readonly now: number; readonly rate: number },
  ) {
    this.#state = state;
    this.#random = around.random;
    this.#now = around.now;
    this.#rate = around.rate;
  }

  /** One MIKEY message for each delivery that has PGKs. @throws GroupError `counter-spent` */
  mikey(group: ManagedGroup, deliveries: readonly Delivery[]): BuiltMessage[] {
    const initiator = Buffer.from(this.#state.initiator);
    // Most members are told the same; the callers give them the same list.
    const known = new Map<readonly ManagedPgk[], PgkToDeliver[]>();
    return deliveries.flatMap(({ member: id, pgks }): BuiltMessage[] => {
      if (pgks.length === 0) return [];
      const member = memberOf(this.#state, id);
      const counter = Math.max(member.counter + 1, Math.floor(this.#now / 1000));
      if (counter > MIKEY_COUNTER_MOST) throw counterSpent(`the PMK of ${layer2IdText(id)}`, 'Give it a new PMK');
      member.counter = counter;
      const fresh = this.#random(CSB_ID_OCTETS + RAND_OCTETS);
      const keys = known.get(pgks) ?? pgks.map((pgk) => toDeliver(group.id, pgk));
      known.set(pgks, keys);
      const octets = buildPgkDelivery({
        pmk: member.pmk,
        initiator,
        responder: responderOf(member),
        timestamp: { counter },
        csbId: new DataView(fresh.buffer, fresh.byteOffset).getUint32(0),
        rand: fresh.subarray(CSB_ID_OCTETS),
        keys,
        profile: member.profile,
      });
      return [{ to: id, kind: 'mikey', octets }];
    });
  }

  /** Rekey messages for the whole group: one for each list of updates (more where one does not fit), PGKs in the last. */
  rekeys(
    group: ManagedGroup,
    tree: LkhTree,
    lists: readonly (readonly LkhUpdate[])[],
    pgks: readonly ManagedPgk[],
  ): BuiltMessage[] {
    const parts = lists.flatMap((updates) => splitUpdates(updates, pgks.length));
    return parts.map((updates, index): BuiltMessage => {
      const keys = index === parts.length - 1 ? pgks.map((pgk) => toDeliver(group.id, pgk)) : [];
      return { to: null, kind: 'rekey', octets: this.#rekey(group, tree, null, updates, keys) };
    });
  }

  /** A message for each delivery, which places the member in the tree. */
  welcomes(group: ManagedGroup, tree: LkhTree, deliveries: readonly Delivery[]): BuiltMessage[] {
    const cache = new Map<number, LkhCopy>();
    return deliveries.map(({ member, pgks }): BuiltMessage => {
      const keys = pgks.map((pgk) => toDeliver(group.id, pgk));
      const updates = tree.welcome(member, cache);
      return { to: member, kind: 'welcome', octets: this.#rekey(group, tree, member, updates, keys) };
    });
  }

  /** What the messages of these deliveries cost, without making them. */
  individualCost(deliveries: readonly Delivery[]): RekeyCost {
    const initiator = Buffer.byteLength(this.#state.initiator);
    const withdrawn = new Map<readonly ManagedPgk[], number>();
    let octets = 0;
    let messages = 0;
    for (const { member: id, pgks } of deliveries) {
      if (pgks.length === 0) continue;
      const member = memberOf(this.#state, id);
      const taken = withdrawn.get(pgks) ?? pgks.filter((pgk) => pgk.withdrawnAt !== null).length;
      withdrawn.set(pgks, taken);
      octets += mikeyOctets(initiator, responderOf(member).length, pgks.length, taken, member.profile);
      messages++;
    }
    return { scheme: 'individual', messages, octets, latency: bearerTime(octets, messages, this.#rate) };
  }

  /** What rekey messages and welcomes cost, without making them. */
  treeCost(
    tree: LkhTree,
    lists: readonly (readonly LkhUpdate[])[],
    pgks: number,
    welcomed: readonly Delivery[],
  ): RekeyCost {
    const rekeys = lists.flatMap((updates, index) => rekeySizes(updates, index === lists.length - 1 ? pgks : 0));
    const welcomes = welcomed.map(({ member, pgks: given }) => {
      return welcomeSize(tree, member, memberOf(this.#state, member).pmkId.length, given.length);
    });
    return costOf('lkh', [...rekeys, ...welcomes], this.#rate);
  }

  /** Milliseconds that the messages of a renewal take at most. @param pgks that each of them may hold */
  latencyBound(group: ManagedGroup, members: readonly number[], updates: readonly LkhUpdate[], pgks: number): number {
    if (group.tree !== null) return costOf('lkh', rekeySizes(updates, pgks), this.#rate).latency;
    const initiator = Buffer.byteLength(this.#state.initiator);
    let octets = 0;
    for (const id of members) {
      const member = memberOf(this.#state, id);
      octets += mikeyOctets(initiator, responderOf(member).length, pgks, 0, member.profile);
    }
    return bearerTime(octets, members.length, this.#rate);
  }

  /** What messages cost that were made. */
  costOfMessages(scheme: Scheme, messages: readonly BuiltMessage[]): RekeyCost {
    const sizes = messages.map(({ octets }) => octets.length);
    return costOf(scheme, sizes, this.#rate);
  }

  /** Messages as a plan shows them. */
  planned(messages: readonly BuiltMessage[]): PlannedMessage[] {
    const sizes = messages.map(({ to, kind, octets }) => ({ to, kind, octets: octets.length }));
    return planMessages(sizes, this.#rate);
  }

  #rekey(
    group: ManagedGroup,
    tree: LkhTree,
    member: number | null,
    updates: readonly LkhUpdate[],
    pgks: readonly PgkToDeliver[],
  ): Uint8Array {
    const counter = Math.max(group.counter + 1, Math.floor(this.#now));
    if (!Number.isSafeInteger(counter)) throw counterSpent(`group ${layer2IdText(group.id)}`, 'Make the group anew');
    group.counter = counter;
    const leaf = member === null ? null : tree.leaf(member);
    const placement =
      leaf === null || member === null
        ? null
        : { pmkId: memberOf(this.#state, member).pmkId, node: leaf.node, version: leaf.version };
    // Placing a large group takes longer than receivers let a message be old.
    const issued = Math.floor(this.#now + this.#sent);
    const said = { group: group.id, arity: tree.arity, issued, counter, placement, updates, pgks };
    this.#signer ??= signerOf(this.#state);
    const message = buildRekey({ ...said, pgkKey: leaf ?? tree.root }, this.#signer);
    this.#sent += bearerTime(message.length, 1, this.#rate);
    return message;
  }
}

/** Public key of the manager, 32 octets: what `managers` of a member's keyring holds. */
export function managerPublicKey(state: Pick<GroupState, 'seed'>): Uint8Array {
  return managerPublicOctets(managerPrivateKey(state.seed));
}

function signerOf(state: GroupState): RekeySigner {
  const privateKey = managerPrivateKey(state.seed);
  return { privateKey, keyId: managerKeyId(managerPublicOctets(privateKey)) };
}

function toDeliver(group: number, pgk: ManagedPgk): PgkToDeliver {
  const { pgkId, octets, notBefore } = pgk;
  return { group, pgkId, octets, notBefore, notAfter: pgk.withdrawnAt === null ? pgk.notAfter : null };
}

function counterSpent(whose: string, hint: string): GroupError {
  return new GroupError('counter-spent', `the message counter of ${whose} is spent`, hint);
}
