// From which capture on other threads give more than they cost (docs/performance.md). Constants alone: whoever is loaded before
// all else (thread-ahead.ts) has them as numbers.

// We chose.
/** Octets of a capture, and frames of it that are wanted. */
export const WORTH_THREADS_OCTETS = 1 << 26;
export const WORTH_THREADS_FRAMES = 1 << 19;
