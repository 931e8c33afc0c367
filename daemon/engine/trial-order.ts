// In which order the keys of one PGK Index are tried (findings, Order of judgement).

import { compareTrialOrder, isUsableAt } from '../keyring/epoch-state.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';

/** We chose: above so many only those that may be used now are put first, because sorting costs too. */
const SORTED_CANDIDATES = 64;

/**
 * Candidates in the order of trial; the list itself stays as it is.
 *
 * @param time capture time, milliseconds since 1970
 */
export function inTrialOrder(candidates: readonly PgkEpoch[], time: number): readonly PgkEpoch[] {
  if (candidates.length === 1) return candidates;
  if (candidates.length <= SORTED_CANDIDATES) return [...candidates].sort((a, b) => compareTrialOrder(a, b, time));
  const usable = candidates.filter((epoch) => isUsableAt(epoch, time));
  return usable.length === 0 ? candidates : [...usable, ...candidates.filter((epoch) => !isUsableAt(epoch, time))];
}
