// What may be shown of the group manager's state, as plain data: it goes over the control socket of a daemon as it is. Never
// a key. Times are milliseconds since 1970 UTC.

import type { CipherAlgorithm } from '../../dissectors/security/traffic-cipher.ts';
import { CIPHER_ALGORITHMS } from '../../dissectors/security/traffic-cipher.ts';
import { managerPublicKey } from './group-messenger.ts';
import { type GroupPolicy, type GroupState, lastingPgks, type ManagedGroup } from './group-state.ts';

/** A PGK. */
export interface PgkView {
  readonly pgkId: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isSuspended: boolean;
}

/** A group. */
export interface GroupView {
  /** Layer-2 id, 24 bits. */
  readonly id: number;
  readonly name: string;
  readonly algorithm: CipherAlgorithm;
  readonly policy: GroupPolicy;
  /** Revision of the key tree; null with the scheme `individual`. */
  readonly revision: number | null;
  /** PGKs that are valid or will be, and that no order took back. */
  readonly pgks: readonly PgkView[];
  /** In the order of their ids. */
  readonly members: readonly { readonly id: number; readonly name: string }[];
}

/** All groups of a manager. */
export interface ManagerView {
  readonly name: string;
  /** Ed25519 public key, 64 hex digits; null before the first group, with which its key pair is kept first. */
  readonly publicKey: string | null;
  readonly now: number;
  readonly groups: readonly GroupView[];
}

/** What a manager has. */
export function managerView(state: GroupState, now: number): ManagerView {
  return {
    name: state.managerName,
    publicKey: state.groups.size === 0 ? null : Buffer.from(managerPublicKey(state)).toString('hex'),
    now,
    groups: [...state.groups.values()].map((group) => groupView(state, group, now)),
  };
}

function groupView(state: GroupState, group: ManagedGroup, now: number): GroupView {
  const { id, name, algorithm, policy, tree } = group;
  return {
    ...{ id, name, algorithm: CIPHER_ALGORITHMS[algorithm], policy, revision: tree?.revision ?? null },
    pgks: lastingPgks(group, now).map(({ pgkId, notBefore, notAfter, order }) => {
      return { pgkId, notBefore, notAfter, isSuspended: order === 'suspended' };
    }),
    members: [...group.members.keys()]
      .sort((a, b) => a - b)
      .map((member) => ({ id: member, name: state.members.get(member)?.name ?? '' })),
  };
}
