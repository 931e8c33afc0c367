// The keys that the kernel of next-message-kernel.ts knows, and where they lie, in octets from where its memory begins.

/** We chose: keys that it knows, by serial. Messages under keys behind them are judged without it. */
export const KNOWN_EPOCHS_CAP = 1 << 16;

// What messages under a key come to, in octets: between two instants the same for all, as long as nothing of the keyring
// changes; the count of its changes and 1; index of the group, what to add to the flags, state, verdict, 1 where the group has
// no IPv4 address; and two of those, as they lie in a datagram.
export const KnownEpoch = {
  ...{ after: 0, before: 8, changes: 16, group: 20, flags: 24, state: 28, verdict: 32, addressless: 36 },
  ...{ firstAddress: 40, otherAddress: 44 },
} as const;
export const KNOWN_EPOCH_OCTETS = 64;

export const EPOCHS_AT = 0;
/** The row at which a call stopped. */
export const STOPPED_AT = EPOCHS_AT + KNOWN_EPOCHS_CAP * KNOWN_EPOCH_OCTETS;
/** Octets that are the kernel's own. */
export const NEXT_MESSAGE_KERNEL_OCTETS = STOPPED_AT + 8;
