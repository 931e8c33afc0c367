// What is known of the kernel of pek-kernel.ts before it is loaded.

/** Senders side by side: words of a vector. */
export const LANES = 4;
