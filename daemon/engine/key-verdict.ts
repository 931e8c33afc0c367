// What a message under a key is worth: the verdict by the state of the key at capture time, and whether its plaintext may
// leave.

import { epochStateNumberAt, isActiveState, isUsableAt } from '../keyring/epoch-state.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import { MessageFlag, type MessageTable, VerdictCode } from './message-table.ts';

/** Gives a message that opened under a key its verdict, and notes the state of the key. */
export function giveKeyVerdict(table: MessageTable, row: number, epoch: PgkEpoch, allowStale: boolean): void {
  const time = table.time[row];
  const state = epochStateNumberAt(epoch, time);
  table.epochState[row] = state;
  const usable = isActiveState(state) || isUsableAt(epoch, time);
  table.verdict[row] = verdictBy(usable);
  if (mayShow(epoch, usable, allowStale)) table.flags[row] |= MessageFlag.plaintextShown;
}

/** The verdict on a message under a key, by whether that may be used at capture time. */
export function verdictBy(usable: boolean): VerdictCode {
  return usable ? VerdictCode.decrypted : VerdictCode.stale;
}

/** Two clocks: the verdict says whether the key was valid at capture time, `forbidden` whether it may be used today. */
export function mayShow(epoch: PgkEpoch, usable: boolean, allowStale: boolean): boolean {
  return allowStale || (usable && epoch.forbidden === null);
}
