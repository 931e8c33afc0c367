// The `epoch` records of interfaces 3: what each PGK of each group did in this capture.

import type { EpochEvent } from '../events.ts';
import { epochStateAt } from '../keyring/epoch-state.ts';
import type { Keyring, PgkEpoch } from '../keyring/keyring.ts';
import { formatMilliseconds } from '../time.ts';
import type { EpochUse } from './epoch-use.ts';

/**
 * One record for each PGK held, groups and keys in the order of the keyring.
 *
 * @param time capture time in milliseconds at which the states are taken: that of the last frame
 */
export function epochEvents(keyring: Keyring, use: EpochUse, time: number): EpochEvent[] {
  return keyring.groups.flatMap((group) => group.keys.map((epoch) => epochEventOf(epoch, use, time)));
}

/** The record of one PGK. @param time at which its state is taken, milliseconds since 1970 */
export function epochEventOf(epoch: PgkEpoch, use: EpochUse, time: number): EpochEvent {
  const { group, serial } = epoch;
  const used = (use.messages[serial] ?? 0) > 0;
  return {
    v: 1,
    type: 'epoch',
    group: group.idText,
    groupName: group.name,
    pgkId: epoch.id,
    state: epochStateAt(epoch, time),
    notBefore: formatMilliseconds(epoch.notBefore),
    notAfter: formatMilliseconds(epoch.notAfter),
    firstUse: used ? formatMilliseconds(use.firstUse[serial]) : null,
    lastUse: used ? formatMilliseconds(use.lastUse[serial]) : null,
    messages: used ? use.messages[serial] : 0,
    sources: used ? use.sources[serial] : 0,
  };
}
