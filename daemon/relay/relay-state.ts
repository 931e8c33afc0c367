// Where the daemon's state stands: the number of its last change and a chain of hashes over all of them. The state file says
// so, and others testify to it (the vault with its audit log, a copy beside the journal, every subscriber), so that a file that
// is put back or taken away contradicts somebody. Pure: who reads and writes lies elsewhere.

import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../audit/canonical-json.ts';

// We chose.
const HEAD_LABEL = 'sidescope-relay-head-v1\0';
const HEAD = /^[0-9a-f]{64}$/;

/** One revocation: of one capability, or of everything that was granted to one subscriber. Times: seconds since 1970. */
export interface Revocation {
  readonly kind: 'capability' | 'subject';
  /** `jti`, or the subscriber's public key. */
  readonly name: string;
  readonly at: number;
  /** From then on nothing that it speaks of is valid any more. */
  readonly until: number;
  readonly reason: string;
}

/** Where a state stands. */
export interface StatePoint {
  /** Changes so far: 0 before the first. It only rises. */
  readonly epoch: number;
  /** Hash over this change and the head before it, 64 hex digits. */
  readonly head: string;
}

/** A change of the state, as it is put on record before it is made: whoever reads it there can finish it. */
export interface StateChange extends StatePoint {
  /** Public key of the daemon. */
  readonly daemon: string;
  /** Head that it follows. */
  readonly previous: string;
  /** What is revoked; null where an operator accepted a state that was set back. */
  readonly row: Revocation | null;
}

/** A state before its first change. */
export const FIRST_POINT: StatePoint = { epoch: 0, head: '0'.repeat(64) };

/** The head behind a change. */
export function headOf({ daemon, epoch, previous, row }: Omit<StateChange, 'head'>): string {
  const fields = { daemon, epoch, previous, row: row as JsonValue };
  return createHash('sha256').update(HEAD_LABEL).update(canonicalJson(fields)).digest('hex');
}

/** Whether a value is a point. */
export function isStatePoint(value: unknown): value is StatePoint {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, head } = value as Record<string, unknown>;
  return typeof epoch === 'number' && Number.isSafeInteger(epoch) && epoch >= 0 && isHead(head);
}

/** Reads a change that was put on record; null where it is none, or one of another daemon. */
export function readChange(text: string | null, daemon: string): StateChange | null {
  if (text === null) return null;
  const change = JSON.parse(text) as StateChange;
  return isStatePoint(change) && change.daemon === daemon && isHead(change.previous) ? change : null;
}

function isHead(value: unknown): value is string {
  return typeof value === 'string' && HEAD.test(value);
}

/** What a state file says of itself: where it stands, and its last points, the oldest first and its own the last. */
export interface StateAccount {
  readonly point: StatePoint;
  readonly trail: readonly StatePoint[];
}

/** How a state file stands against those who testify. */
export type Standing =
  | { readonly kind: 'good' }
  /** A change is on record that was to follow a point of this state and was not made: a crash came between. */
  | { readonly kind: 'interrupted'; readonly change: StateChange }
  | { readonly kind: 'set-back'; readonly witness: 'audit' | 'journal'; readonly epoch: number };

/**
 * Judges a state file. A change is recorded in the vault first, then made in the file, then copied beside the journal: so a
 * file that lacks what the vault alone knows was interrupted, and one that lacks what the journal knows was set back.
 *
 * @param recorded the last change that the vault has on record; null where there is none
 * @param copied the point beside the journal; null where there is none
 */
export function judgeState(account: StateAccount, recorded: StateChange | null, copied: StatePoint | null): Standing {
  if (copied !== null && !contains(account, copied)) {
    return { kind: 'set-back', witness: 'journal', epoch: copied.epoch };
  }
  if (recorded === null || contains(account, recorded)) return { kind: 'good' };
  const follows = account.trail.some(({ head }) => head === recorded.previous);
  if (follows && recorded.head === headOf(recorded)) return { kind: 'interrupted', change: recorded };
  return { kind: 'set-back', witness: 'audit', epoch: recorded.epoch };
}

/** Whether a state has been where somebody saw it. What is older than its trail is believed. */
function contains({ point, trail }: StateAccount, { epoch, head }: StatePoint): boolean {
  if (epoch > point.epoch) return false;
  if (epoch === FIRST_POINT.epoch || epoch < (trail[0] ?? point).epoch) return true;
  return trail.some((each) => each.epoch === epoch && each.head === head);
}
