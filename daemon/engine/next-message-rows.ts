// What the kernel of next-message-kernel.ts knows beside the columns of messages, and where it lies in its memory.

import { TRAFFIC_KEY_CAP } from './traffic-keys.ts';
import { WIRE_CONTEXT_CAP } from './wire-contexts.ts';

/** We chose: keys that it has, by serial. Messages under keys behind them are judged without it. */
export const KNOWN_EPOCHS_CAP = 1 << 16;

// What messages under a key come to, in octets: between two instants the same for all, as long as nothing of the keyring
// changes; the count of its changes and 1; index of the group, what to add to the flags, state, verdict, 1 where the group has
// no IPv4 address; and two of those, as they lie in a datagram.
export const KnownEpoch = {
  ...{ after: 0, before: 8, changes: 16, group: 20, flags: 24, state: 28, verdict: 32, addressless: 36 },
  ...{ firstAddress: 40, otherAddress: 44 },
} as const;
export const KNOWN_EPOCH_OCTETS = 64;

// In octets from where the kernel begins: by context how it opened, and marks of use (wire-contexts.ts, traffic-keys.ts).
export const HOW_AT = 0;
export const CONTEXTS_TOUCHED_AT = HOW_AT + WIRE_CONTEXT_CAP * 2;
export const KEYS_TOUCHED_AT = CONTEXTS_TOUCHED_AT + WIRE_CONTEXT_CAP;
export const EPOCHS_AT = KEYS_TOUCHED_AT + TRAFFIC_KEY_CAP;
/** The row at which a call stopped. */
export const STOPPED_AT = EPOCHS_AT + KNOWN_EPOCHS_CAP * KNOWN_EPOCH_OCTETS;
/** Octets that are the kernel's own. Those that nobody touches are addresses and no memory. */
export const NEXT_MESSAGE_KERNEL_OCTETS = STOPPED_AT + 8;
