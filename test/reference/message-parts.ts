// The two parts of a judged message as objects: the slow, obvious form of what the engine writes as octets.

import { innerType, type MessageEventMaker } from '../../daemon/engine/message-event.ts';
import { MessageFlag, type MessageTable, NONE, VerdictCode } from '../../daemon/engine/message-table.ts';
import type { MessageEvent } from '../../daemon/events.ts';
import type { PlainPart } from '../../daemon/relay/relay-record.ts';
import { describeSdu } from '../../dissectors/sdu.ts';

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
