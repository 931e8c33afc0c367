// What a thread that judges remembers of contexts and traffic keys, laid in memory that threads share, so that its kernels have it
// at hand: where, in octets of that memory behind the place that shared-layout.ts gives it. There is room for as many as there
// can be, since memory that nobody touches is addresses and no more.

import { TRAFFIC_KEY_CAP } from './traffic-keys.ts';
import { WIRE_CONTEXT_CAP } from './wire-contexts.ts';

const C = WIRE_CONTEXT_CAP;
const K = TRAFFIC_KEY_CAP;
/**
 * We chose: octets between columns, all of which take whole pages. Else what they have of one slot would lie at the same place of a
 * page, and take the same lines of the cache.
 */
const APART = 9 * 64;

/** Columns of wire-contexts.ts, and the table that finds a context. */
export const ContextsAt = {
  ...{ heads: 0, entries: 8 * C + APART, provedEpoch: 24 * C + 2 * APART, traffic: 28 * C + 3 * APART },
  ...{ trafficGeneration: 32 * C + 4 * APART, how: 36 * C + 5 * APART, touched: 38 * C + 6 * APART },
} as const;
const KEYS_AT = 39 * C + 7 * APART;
/** Columns of traffic-keys.ts. */
export const KeysAt = {
  ...{ generation: KEYS_AT, algorithm: KEYS_AT + 4 * K + APART, touched: KEYS_AT + 5 * K + 2 * APART },
} as const;
export const JUDGING_MEMORY_OCTETS = KEYS_AT + 6 * K + 3 * APART;
