// Capture time as one number, as all clocks and bounds of the program are compared.

/**
 * Milliseconds since 1970 UTC, whole microseconds: what is finer is cut off. A number holds a quarter of a microsecond at
 * best, and rounding took the last nanoseconds before an instant for that instant: a message for one after its key was revoked.
 *
 * @param seconds whole seconds since 1970 UTC, may be negative
 * @param nanoseconds 0 to 999,999,999
 */
export function millisecondsOf(seconds: number, nanoseconds: number): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1000) / 1000;
}

const NANOSECONDS = 1_000_000_000n;

/** The same of nanoseconds since 1970 UTC, from 0 on. */
export function millisecondsOfNanoseconds(nanoseconds: bigint): number {
  // Not by one division: that may be another of the two numbers next to it.
  return millisecondsOf(Number(nanoseconds / NANOSECONDS), Number(nanoseconds % NANOSECONDS));
}
