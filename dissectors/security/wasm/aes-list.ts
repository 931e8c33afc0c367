// The list of messages, each under a key of its own, for which the kernel of aes-kernel.ts makes key stream.

/** We chose: messages that can be listed. */
export const AES_LISTED = 128;

/** Words of an entry of the list, and what stands in them. */
export const AES_ENTRY_WORDS = 8;
export const AesEntry = {
  /** Four words, the first octet of each the lowest. */
  key: 0,
  /** COUNT, and BEARER, DIRECTION and 26 zeros: words of the counter block, the first octet of each the lowest. */
  count: 4,
  stream: 5,
  /** Blocks of key stream, 1 to 256. */
  blocks: 6,
} as const;
