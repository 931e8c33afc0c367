// States of a PGK and the way between them (reference security B.1, after NIST SP 800-57 Part 1, 7). A state follows from
// the key's dates; orders set dates. What no order may bring about is refused here, whoever gives it.

import type { EpochStateName } from '../../events.ts';
import type { VaultKey } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';

/** What a group manager can order about a key. */
export const KEY_ORDERS = ['revoke', 'compromise', 'suspend', 'resume', 'destroy'] as const;

/** One of `KEY_ORDERS`. */
export type KeyOrder = (typeof KEY_ORDERS)[number];

/**
 * The specification says: the states an order may be given in. Nothing leads out of destroyed; out of compromised only
 * destruction; out of revoked only what is worse; an expired key does not come back; resuming is the only way back at all.
 */
const ALLOWED: Readonly<Record<KeyOrder, readonly EpochStateName[]>> = {
  revoke: ['staged', 'active', 'overlap', 'suspended', 'expired'],
  compromise: ['staged', 'active', 'overlap', 'suspended', 'expired', 'revoked'],
  suspend: ['staged', 'active', 'overlap'],
  resume: ['suspended'],
  destroy: ['staged', 'active', 'overlap', 'suspended', 'expired', 'revoked', 'compromised'],
};

/** Changes of state that never happen, by order or by time (B.1). */
const FORBIDDEN: Readonly<Record<EpochStateName, readonly EpochStateName[]>> = {
  staged: ['overlap'],
  active: ['staged'],
  overlap: ['staged'],
  suspended: [],
  expired: ['staged', 'active', 'overlap', 'suspended'],
  revoked: ['staged', 'active', 'overlap', 'suspended', 'expired'],
  compromised: ['staged', 'active', 'overlap', 'suspended', 'expired', 'revoked'],
  destroyed: ['staged', 'active', 'overlap', 'suspended', 'expired', 'revoked', 'compromised'],
};

/** Types of the audit records that orders leave. */
export const ORDER_RECORDS: Readonly<Record<KeyOrder, string>> = {
  revoke: 'key.revoked',
  compromise: 'key.compromised',
  suspend: 'key.suspended',
  resume: 'key.resumed',
  destroy: 'key.destroyed',
};

/** States in which a daemon may use a key today, on the wall clock. */
export function isActiveToday(state: EpochStateName): boolean {
  return state === 'active' || state === 'overlap';
}

/** Whether an order can be given for a key in this state. */
export function takesOrder(state: EpochStateName, order: KeyOrder): boolean {
  return ALLOWED[order].includes(state);
}

/** Whether a key may go from one state to another. Staying is no change. */
export function mayChange(from: EpochStateName, to: EpochStateName): boolean {
  return !FORBIDDEN[from].includes(to);
}

/**
 * The key after an order.
 *
 * @param state the key's state now, on the wall clock
 * @param now wall clock, never before the high-water mark
 * @param name of the key, for the message, e.g. `PGK 39 of group f00001`
 * @param since for `compromise`: since when authorship is not to be trusted; not after `now`
 * @throws VaultError `transition`
 */
export function orderKey(
  key: VaultKey,
  order: KeyOrder,
  state: EpochStateName,
  now: number,
  name: string,
  since: number = now,
): VaultKey {
  if (!takesOrder(state, order)) throw refused(order, state, name);
  if (since > now) {
    throw new VaultError('transition', `${name} cannot be compromised in the future`, 'Give a time that has passed');
  }
  switch (order) {
    case 'revoke':
      return { ...key, revokedAt: earlier(key.revokedAt, now) };
    case 'compromise':
      return { ...key, compromisedAt: earlier(key.compromisedAt, since) };
    case 'suspend':
      return { ...key, suspendedAt: now, resumedAt: null };
    case 'resume':
      return { ...key, resumedAt: now };
    case 'destroy':
      return { ...key, destroyedAt: now, material: null };
  }
}

const WHY: Readonly<Record<EpochStateName, string>> = {
  staged: 'Wait until its time begins',
  active: 'Nothing needs to be done',
  overlap: 'Nothing needs to be done',
  suspended: 'Resume, revoke or destroy it',
  expired: 'Its time is over for good; give the group a new PGK',
  revoked: 'A revocation is never taken back; give the group a new PGK',
  compromised: 'A compromised key can only be destroyed; give the group a new PGK',
  destroyed: 'Its octets are gone; give the group a new PGK',
};

function refused(order: KeyOrder, state: EpochStateName, name: string): VaultError {
  return new VaultError('transition', `${name} is ${state}: ${order} is refused`, WHY[state]);
}

function earlier(known: number | null, at: number): number {
  return known === null ? at : Math.min(known, at);
}
