// NTP timestamps (RFC 5905 6): seconds since 1900 and a fraction of 2^-32 s, as RTCP and MIKEY carry them.

/** The specification says: seconds from 1900-01-01 to 1970-01-01 (RFC 5905 A.1.1). */
const SECONDS_1900_TO_1970 = 2_208_988_800n;
/** The specification says: seconds of one NTP era (RFC 5905 6). */
const ERA = 1n << 32n;
const NANOSECONDS = 1_000_000_000n;

/**
 * Nanoseconds since 1970 UTC. The 32 bits of seconds repeat every 136 years: with the highest bit set they are read as
 * 1968 to 2036, without it as 2036 to 2104 (RFC 4330 3).
 *
 * @param seconds high 32 bits of the timestamp
 * @param fraction low 32 bits
 */
export function ntpToNanoseconds(seconds: number, fraction: number): bigint {
  const era = seconds >= 0x80000000 ? 0n : ERA;
  return (BigInt(seconds) + era - SECONDS_1900_TO_1970) * NANOSECONDS + ((BigInt(fraction) * NANOSECONDS) >> 32n);
}

/** The 64-bit NTP timestamp of nanoseconds since 1970 UTC, modulo the era; the fraction is rounded up to survive a return trip. */
export function nanosecondsToNtp(nanoseconds: bigint): bigint {
  const shifted = nanoseconds + SECONDS_1900_TO_1970 * NANOSECONDS;
  const seconds = shifted / NANOSECONDS;
  const rest = shifted % NANOSECONDS;
  const fraction = (rest * ERA + NANOSECONDS - 1n) / NANOSECONDS;
  return BigInt.asUintN(64, (seconds << 32n) + fraction);
}
