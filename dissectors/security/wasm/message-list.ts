// The list of messages that the kernel of message-kernel.ts works on: what it is told of each, and what it writes.

/** Words of an entry of the list, and what stands in them. */
export const LIST_WORDS = 8;
export const Entry = {
  /** Addresses in the memory: where the message lies, and where it goes, on a boundary of 16 octets. */
  from: 0,
  to: 1,
  /** At least 1. */
  octets: 2,
  /** COUNT, and BEARER, DIRECTION and 26 zeros: the first two words of a counter block. Only `layOut` reads them. */
  count: 3,
  stream: 4,
  /** Written: the sum of all its 16-bit halves, low octets first and not folded. A last single octet is a low one. */
  sum: 5,
  /** Octets of key stream before its own: a multiple of 16, and under 128-EEA2 that of its counter blocks. */
  keyStream: 6,
} as const;
