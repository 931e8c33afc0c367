// Keeps the group manager's state in the vault: sealed with its keys, saved as one, and every operation on record in the
// audit log before it takes effect.

import type { JsonObject } from '../audit/canonical-json.ts';
import { type EpochContents, type Group, Keyring, layer2IdText, type Member } from '../keyring/keyring.ts';
import { systemRandomness } from '../keyring/vault/sealing.ts';
import type { Vault } from '../keyring/vault.ts';
import type { GroupOutcome } from './group-manager.ts';
import { type GroupState, groupOf, type ManagedGroup, type ManagedPgk, wipeGroupState } from './group-state.ts';
import { decodeGroupState, encodeGroupState } from './group-state-codec.ts';
import type { RandomOctets } from './lkh.ts';
import { takeVaultOrders } from './vault-orders.ts';

// We chose.

/** Name of the attachment. */
const ATTACHMENT = 'group-manager';
/** IDi of MIKEY messages, and the manager's name, until somebody says otherwise. */
const INITIATOR = 'sidescope-pkmf';
const MANAGER_NAME = 'Group manager';
/** Members that a record of the audit log names; it counts all of them. */
const RECORDED_MEMBERS = 1000;

/** Types of the records that operations leave. */
const RECORDS = {
  create: 'group.created',
  add: 'group.members_added',
  remove: 'group.members_removed',
  rotate: 'group.rotated',
} as const;

/** What a vault offers that the state needs. */
export type GroupVault = Pick<Vault, 'attachment' | 'attach' | 'generation' | 'keyring' | 'now'>;

/** What is on record about an operation besides its plan. */
export interface GroupRecord {
  /** Members that it was about. */
  readonly members: readonly number[];
  readonly reason: string;
  readonly details: JsonObject;
}

/** The state as the vault has it, with what became of its PGKs there, or a new one. Whoever asked wipes it. @throws VaultError `malformed` */
export function loadGroups(vault: GroupVault, random: RandomOctets = systemRandomness): GroupState {
  const octets = vault.attachment(ATTACHMENT);
  if (octets === null) {
    const fresh = { managerName: MANAGER_NAME, seed: random(32), initiator: INITIATOR };
    return { ...fresh, members: new Map(), groups: new Map() };
  }
  try {
    const state = decodeGroupState(octets, random);
    const { keyring } = vault.keyring(null);
    try {
      takeVaultOrders(state, keyring, vault.now());
    } finally {
      keyring.wipe();
    }
    return state;
  } finally {
    octets.fill(0);
  }
}

/**
 * Saves the state after an operation, together with the PGKs that it made or ended: `read` and the daemon use them from
 * the same vault. What happened is in the audit log before anything of it is saved.
 *
 * @throws VaultError, AuditError: then nothing has happened
 */
export function saveGroups(vault: GroupVault, state: GroupState, outcome: GroupOutcome, record: GroupRecord): void {
  const { plan, changed } = outcome;
  const group = groupOf(state, plan.group);
  const entry = { type: RECORDS[plan.operation], data: recordOf(outcome, record) };
  const keyring = keyringOf(vault, state, group, changed, plan.at, record.members, plan.changeover ?? plan.at);
  const octets = encodeGroupState(state);
  try {
    vault.attach(ATTACHMENT, octets, [entry], keyring);
  } finally {
    octets.fill(0);
    keyring.wipe();
  }
}

/** Overwrites a state that is no longer needed. */
export { wipeGroupState };

function recordOf({ plan }: GroupOutcome, { members, reason, details }: GroupRecord): JsonObject {
  return {
    ...details,
    group: layer2IdText(plan.group),
    scheme: plan.scheme,
    members: members.slice(0, RECORDED_MEMBERS).map(layer2IdText),
    memberCount: members.length,
    membersAfter: plan.members,
    messages: plan.cost.messages,
    octets: plan.cost.octets,
    pgks: plan.pgks.map(({ pgkId, change }) => `${pgkId} ${change}`),
    changeover: plan.changeover === null ? null : new Date(plan.changeover).toISOString(),
    reason,
  };
}

/** What the vault's own keys have to know of an operation: the group, its roster, and the PGKs that changed. */
function keyringOf(
  vault: GroupVault,
  state: GroupState,
  group: ManagedGroup,
  changed: readonly ManagedPgk[],
  now: number,
  touched: readonly number[],
  leftAt: number,
): Keyring {
  const { keyring: held } = vault.keyring(null);
  const known = held.groupById(group.id);
  const contents = {
    id: group.id,
    name: group.name,
    algorithm: group.algorithm,
    protection: known?.protection ?? 'required',
    derivation: known?.derivation ?? 'ts33303',
    multicast: known?.multicast ?? (group.multicast === null ? [] : [group.multicast]),
    members: rosterOf(state, group, known?.members ?? [], now, touched, leftAt),
    keys: changed.map((pgk) => epochOf(pgk, known)),
  } as const;
  held.wipe();
  return new Keyring({ groups: [contents], pmks: [], lkh: [], managers: [] });
}

/** The roster as it was, with who came and who went. */
function rosterOf(
  state: GroupState,
  group: ManagedGroup,
  held: readonly Member[],
  now: number,
  touched: readonly number[],
  leftAt: number,
): Member[] {
  const gone = new Set(touched.filter((id) => !group.members.has(id)));
  const roster = held.map((member) => {
    const leaves = gone.has(member.id) && member.until === null && (member.from ?? now) < leftAt;
    return leaves ? { ...member, until: leftAt } : member;
  });
  const staying = new Set(roster.filter((member) => member.until === null).map((member) => member.id));
  for (const id of group.members.keys()) {
    const member = state.members.get(id);
    if (staying.has(id) || member === undefined) continue;
    const addresses = member.address === null ? [] : [member.address];
    // A group that is new to the vault has always had its members, as far as anybody knows.
    roster.push({ id, name: member.name, addresses, from: held.length === 0 ? null : now, until: null });
  }
  return roster;
}

function epochOf(pgk: ManagedPgk, known: Group | undefined): EpochContents {
  const held = known?.keys.find(({ id, notBefore }) => id === pgk.pgkId && notBefore === pgk.notBefore);
  return {
    id: pgk.pgkId,
    octets: pgk.octets.slice(),
    algorithm: null,
    notBefore: pgk.notBefore,
    // An import may have ended it in the vault before: a window gets no longer.
    notAfter: Math.min(pgk.notAfter, held?.notAfter ?? pgk.notAfter),
    revokedAt: pgk.withdrawnAt,
    ...{ compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null },
  };
}
