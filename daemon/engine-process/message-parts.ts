// A judged message in two parts: what anybody with a grant may read, which holds nothing that the SDU gave, and the plain
// part with summary, inner protocols and payload (docs/daemon.md, the gate).

import { describeSdu } from '../../dissectors/sdu.ts';
import { innerType, type MessageEventMaker } from '../engine/message-event.ts';
import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../engine/message-table.ts';
import type { MessageEvent } from '../events.ts';
import { isUsableAt } from '../keyring/epoch-state.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import type { PlainAccess, PlainPart } from '../relay/relay-record.ts';

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

/** The record without anything that the SDU gave: `summary` says why nothing is shown, `protocols` end with PDCP. */
export function outerMessage(maker: MessageEventMaker, table: MessageTable, row: number): MessageEvent {
  const flags = table.flags[row];
  table.flags[row] = flags & ~MessageFlag.plaintextShown;
  try {
    const event = maker.make(table, row);
    const why = withheldText(table, row, event);
    return why === null ? event : { ...event, summary: why };
  } finally {
    table.flags[row] = flags;
  }
}

/** Why plaintext that there is does not stand here; null where `withheld` of the maker has said it. */
function withheldText(table: MessageTable, row: number, event: MessageEvent): string | null {
  switch (table.verdict[row]) {
    case VerdictCode.clear:
      return `${event.length} octets, not ciphered`;
    case VerdictCode.downgraded:
      return (table.flags[row] & MessageFlag.claimedButPlain) !== 0
        ? `${event.length} octets, not ciphered though the header claims it`
        : `${event.length} octets, not ciphered though the group requires it`;
    case VerdictCode.decrypted:
      return `${event.length} octets, plausible under PGK ${event.pgkId} (${event.evidenceBits} bits)`;
    case VerdictCode.unverifiable:
      return table.epoch[row] === NONE
        ? null
        : `${event.length} octets under PGK ${event.pgkId}; too little to be sure`;
    default:
      return null;
  }
}

/**
 * What the SDU gives: summary, all protocols, payload.
 *
 * @param outer protocols down to PDCP
 * @param reassembled payload of the IP datagram that the SDU, a fragment, completed
 */
export function plainMessage(
  maker: MessageEventMaker,
  table: MessageTable,
  row: number,
  outer: readonly string[],
  reassembled: Uint8Array | null,
): PlainPart {
  const bytes = table.bodyBytes(row);
  const at = table.bodyAt(row);
  const length = table.length[row];
  const inner = describeSdu(bytes, at, length, innerType(table, row), reassembled);
  return {
    summary: shownText(maker, table, row, inner.summary),
    protocols: [...outer, ...inner.protocols],
    payload: Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('hex'),
  };
}

function shownText(maker: MessageEventMaker, table: MessageTable, row: number, summary: string): string {
  if (table.verdict[row] === VerdictCode.stale) return `${summary} (${maker.withheld(table, row)})`;
  return (table.flags[row] & MessageFlag.claimedButPlain) === 0 ? summary : `${summary} (header claims ciphering)`;
}
