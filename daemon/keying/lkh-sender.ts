// Builds rekey messages: puts what changed in a tree and the PGKs under its root key into octets, and signs them. Time and
// counter are the caller's, so that the same input gives the same octets.

import type { KeyObject } from 'node:crypto';
import {
  encodeLkhContents,
  LkhKind,
  type LkhPlacement,
  type LkhUpdate,
  lkhMessageOctets,
} from '../../dissectors/keying/lkh-rekey.ts';
import { wrapKey } from './key-wrap.ts';
import type { LkhNode } from './lkh.ts';
import { signRekey } from './lkh-crypto.ts';
import type { PgkToDeliver } from './mikey-sender.ts';

/**
 * We chose: octets of one message at most, below what a UDP datagram carries (65,507). A rekey that needs more is sent in
 * several messages, the PGKs in the last.
 */
export const REKEY_MESSAGE_OCTETS = 60_000;

/** Who signs. */
export interface RekeySigner {
  readonly privateKey: KeyObject;
  /** `managerKeyId` of the public key. */
  readonly keyId: Uint8Array;
}

/** A message to build. */
export interface RekeyToBuild {
  readonly group: number;
  readonly arity: number;
  /** Milliseconds since 1970. */
  readonly issued: number;
  readonly counter: number;
  /** Null: for the whole group. */
  readonly placement: LkhPlacement | null;
  readonly updates: readonly LkhUpdate[];
  /** What the PGKs are enciphered under, after the updates: the root, or in a welcome the member's leaf. */
  readonly pgkKey: LkhNode;
  /** A beginning that is null is the time of issue. */
  readonly pgks: readonly PgkToDeliver[];
}

/** One message, signed (docs/groups.md, rekey message). @throws RangeError where it would not fit a datagram */
export function buildRekey(rekey: RekeyToBuild, signer: RekeySigner): Uint8Array {
  const { group, arity, counter, placement, updates, pgkKey } = rekey;
  const contents = encodeLkhContents({
    kind: placement === null ? LkhKind.rekey : LkhKind.welcome,
    arity,
    group,
    issued: nanosecondsOf(rekey.issued),
    counter,
    managerId: signer.keyId,
    placement,
    updates,
    pgkKeyVersion: pgkKey.version,
    pgks: rekey.pgks.map(({ pgkId, octets, notBefore, notAfter }) => ({
      pgkId,
      notBefore: nanosecondsOf(notBefore ?? rekey.issued),
      notAfter: notAfter === null ? null : nanosecondsOf(notAfter),
      wrapped: wrapKey(pgkKey.key, octets),
    })),
  });
  const signature = signRekey(contents, signer.privateKey);
  const message = new Uint8Array(contents.length + signature.length);
  if (message.length > REKEY_MESSAGE_OCTETS) throw new RangeError('a rekey message is too long');
  message.set(contents);
  message.set(signature, contents.length);
  return message;
}

/** Octets of the message that `buildRekey` gives. */
export function rekeyOctets(updates: readonly LkhUpdate[], pgks: number, pmkIdOctets: number | null): number {
  const copies = updates.reduce((sum, update) => sum + update.copies.length, 0);
  return lkhMessageOctets(updates.length, copies, pgks, pmkIdOctets);
}

/** Cuts updates into lists that fit a message each, in their order; at least one list, which may be empty. */
export function splitUpdates(updates: readonly LkhUpdate[], pgks: number): LkhUpdate[][] {
  const lists: LkhUpdate[][] = [[]];
  let octets = rekeyOctets([], pgks, null);
  for (const update of updates) {
    const more = rekeyOctets([update], pgks, null) - rekeyOctets([], pgks, null);
    if (octets + more > REKEY_MESSAGE_OCTETS) {
      lists.push([]);
      octets = rekeyOctets([], pgks, null);
    }
    lists[lists.length - 1].push(update);
    octets += more;
  }
  return lists;
}

/** Whole microseconds, which is what milliseconds as a number can hold. */
function nanosecondsOf(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
