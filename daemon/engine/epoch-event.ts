// The `epoch` records of interfaces 3: what each PGK of each group did in this capture.

import type { EpochEvent } from '../events.ts';
import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { formatMilliseconds } from '../time.ts';
import type { EpochUse } from './epoch-use.ts';

/**
 * One record for each PGK held, groups and keys in the order of the keyring.
 *
 * @param time capture time in milliseconds at which the states are taken: that of the last frame
 */
export function epochEvents(keyring: Keyring, use: EpochUse, time: number): EpochEvent[] {
  const events: EpochEvent[] = [];
  for (const group of keyring.groups) {
    for (const epoch of group.keys) {
      const used = (use.messages[epoch.serial] ?? 0) > 0;
      events.push({
        v: 1,
        type: 'epoch',
        group: group.idText,
        ...(group.name === group.idText ? {} : { groupName: group.name }),
        pgkId: epoch.id,
        state: epochStateAt(epoch, time),
        notBefore: formatMilliseconds(epoch.notBefore),
        notAfter: formatMilliseconds(epoch.notAfter),
        firstUse: used ? formatMilliseconds(use.firstUse[epoch.serial]) : null,
        lastUse: used ? formatMilliseconds(use.lastUse[epoch.serial]) : null,
        messages: used ? use.messages[epoch.serial] : 0,
        sources: used ? use.sources[epoch.serial] : 0,
      });
    }
  }
  return events;
}
