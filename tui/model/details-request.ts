// Which frames must be judged before one so that it is judged as it was when the whole capture was: those that it was put
// together with, one that proved its context, and those that delivered keys.

import { type KeyEvent, VERDICTS } from '../../daemon/events.ts';
import type { DetailsRequest } from '../../daemon/inspection/contract.ts';
import type { MessageStore, RaisedFinding } from './message-store.ts';

// The specification says (interfaces 3): evidence from which on a message proves its context.
const PROVING_BITS = 55;

/** Constants we chose. */
/** Messages looked through for one that proves the context; without one, what is withheld shows as it would at first. */
const LOOKED_THROUGH = 1 << 18;
/** Key deliveries that are judged first, the newest. */
const DELIVERIES = 64;

const DECRYPTED = VERDICTS.indexOf('decrypted');
const STALE = VERDICTS.indexOf('stale');

/** @param ordinal a message that is kept */
export function detailsRequest(store: MessageStore, keys: readonly KeyEvent[], ordinal: number): DetailsRequest {
  const frame = store.frame(ordinal);
  const before = new Set<number>();
  const raised: RaisedFinding[] = [];
  // A frame may complete several messages: all of them stand side by side.
  let first = ordinal;
  while (store.has(first - 1) && store.frame(first - 1) === frame) first--;
  for (let each = first; store.has(each) && store.frame(each) === frame; each++) {
    for (const part of store.frames(each)) before.add(part);
    raised.push(...store.raised(each));
    const prover = proverOf(store, each, first);
    if (prover !== null) for (const part of store.frames(prover)) before.add(part);
  }
  for (const key of keys.filter((event) => event.frame < frame).slice(-DELIVERIES)) before.add(key.frame);
  before.delete(frame);
  return { frame, before: [...before].sort((a, b) => a - b), raised };
}

/** The nearest earlier message of the same context that opened with enough evidence, or null. */
function proverOf(store: MessageStore, ordinal: number, before: number): number | null {
  const group = store.group(ordinal);
  const source = store.source(ordinal);
  const index = store.pgkIndex(ordinal);
  const ptkId = store.ptkId(ordinal);
  const end = Math.max(store.first, before - LOOKED_THROUGH);
  for (let each = before - 1; each >= end; each--) {
    if (store.source(each) !== source || store.group(each) !== group) continue;
    if (store.ptkId(each) !== ptkId || store.pgkIndex(each) !== index) continue;
    const verdict = store.verdict(each);
    if ((verdict === DECRYPTED || verdict === STALE) && store.evidenceBits(each) >= PROVING_BITS) return each;
  }
  return null;
}
