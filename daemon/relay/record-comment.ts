// The comment that a relayed frame bears in Wireshark, made from its record: the same words as `read -w`. Nothing of a
// plaintext: the summary is left out for that reason.

import { printable } from '../../dissectors/printable.ts';
import type { RelayedEvent } from './relay-record.ts';

/** What was found out, in one line. */
export function recordComment(event: RelayedEvent): string {
  switch (event.type) {
    case 'message': {
      const key =
        event.pgkIndex === 0 && event.ptkId === 0
          ? `not ciphered SN ${event.sn}`
          : `PGK ${event.pgkId ?? `index ${event.pgkIndex}`} PTK ${event.ptkId} SN ${event.sn}`;
      const parts = [
        event.verdict,
        `group ${withName(event.group, event.groupName)}`,
        `source ${withName(event.source, event.sourceName)}`,
        key,
        `${event.evidenceBits} evidence bits`,
      ];
      return `sidescope frame ${event.frame}: ${parts.join('; ')}`;
    }
    case 'finding':
      return `sidescope finding ${event.name} (${event.severity}, ${event.confidence})`;
    case 'key': {
      const what =
        event.group === null
          ? 'key-management message'
          : `PGK ${event.pgkId} of group ${event.group} ${event.event} by a message`;
      const reason = event.reason === null ? '' : `; findings ${event.reason}`;
      return `sidescope frame ${event.frame}: ${what}; ${event.accepted ? 'accepted' : 'not accepted'}${reason}`;
    }
    case 'epoch':
      return `sidescope epoch PGK ${event.pgkId} of group ${event.group}: ${event.state}`;
  }
}

function withName(id: string, name: string | undefined): string {
  return name === undefined || name === id ? id : `${id} ${printable(name)}`;
}
