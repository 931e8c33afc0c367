// A judged message is told in two parts: what anybody with a grant may read, which holds nothing that the SDU gave, and the
// plain part with summary, inner protocols and payload (docs/daemon.md, the gate). What the first says, and whose the second is.

import type { MessageEventMaker } from '../engine/message-event.ts';
import { MessageFlag, type MessageTable, VerdictCode } from '../engine/message-table.ts';
import { isUsableAt } from '../keyring/epoch-state.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import type { PlainAccess } from '../relay/relay-record.ts';

/** Whose plaintext a message holds, by its verdict alone. The wall clock is asked besides (plain-gate.ts). */
export interface MessageAccess {
  readonly access: PlainAccess;
  /** Key that opened or fits it; null where none was needed, or none did. */
  readonly epoch: PgkEpoch | null;
  /** Whether there is plaintext at all. */
  readonly hasPlain: boolean;
}

/**
 * What the verdict of a row says of its plaintext (interfaces 3). The table must have been judged with `allowStale`, so
 * that `plaintextShown` says only whether the SDU can be read.
 *
 * @param epoch the key that the row names
 */
export function accessOf(table: MessageTable, row: number, epoch: PgkEpoch | null): MessageAccess {
  const hasPlain = (table.flags[row] & MessageFlag.plaintextShown) !== 0;
  switch (table.verdict[row]) {
    case VerdictCode.clear:
      return { access: 'plain', epoch: null, hasPlain };
    case VerdictCode.downgraded:
      return { access: 'downgraded', epoch: null, hasPlain };
    case VerdictCode.decrypted:
      return { access: 'plain', epoch, hasPlain };
    case VerdictCode.stale:
      return { access: 'forensic', epoch, hasPlain };
    case VerdictCode.unverifiable: {
      const wasUsable = epoch !== null && isUsableAt(epoch, table.time[row]);
      return {
        access: wasUsable || epoch === null ? 'plain' : 'forensic',
        epoch,
        hasPlain: hasPlain && epoch !== null,
      };
    }
    default:
      // No plaintext came of it: a key that the record names is the one its context was proved with.
      return { access: 'plain', epoch: null, hasPlain: false };
  }
}

/**
 * What stands in the place of the summary where nothing that the SDU gave may be said: what is known of it without.
 *
 * @param epoch the key that the row names
 */
export function outerSummary(
  maker: MessageEventMaker,
  table: MessageTable,
  row: number,
  epoch: PgkEpoch | null,
): string {
  const octets = table.length[row];
  switch (table.verdict[row]) {
    case VerdictCode.clear:
      return `${octets} octets, not ciphered`;
    case VerdictCode.downgraded:
      return (table.flags[row] & MessageFlag.claimedButPlain) !== 0
        ? `${octets} octets, not ciphered though the header claims it`
        : `${octets} octets, not ciphered though the group requires it`;
    case VerdictCode.decrypted:
      return `${octets} octets, plausible under PGK ${epoch?.id ?? null} (${Math.floor(table.evidence[row] / 10)} bits)`;
    case VerdictCode.unverifiable:
      return epoch === null
        ? maker.withheld(table, row)
        : `${octets} octets under PGK ${epoch.id}; too little to be sure`;
    default:
      return maker.withheld(table, row);
  }
}
