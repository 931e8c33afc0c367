// The clock of a pcapng interface: turns the 64-bit timestamps of its packets into seconds and nanoseconds without
// losing a nanosecond (draft-ietf-opsawg-pcapng 4.2, if_tsresol and if_tsoffset).

import type { FrameColumns } from '../frame-columns.ts';

/** Constants of the specification. */
/** if_tsresol where the interface gives none: microseconds. */
export const DEFAULT_RESOLUTION = 6;
/** Bit of if_tsresol that says that the unit is a negative power of 2 instead of 10. */
const BINARY_RESOLUTION = 0x80;

/** Constants we chose. */
/**
 * Seconds that a time may say: the range of a JavaScript date. A clock that says more is nonsense, and becomes the bound
 * rather than a date that nobody can write down.
 */
export const FIRST_SECOND = -8_640_000_000_000;
export const LAST_SECOND = 8_639_999_999_999;

const NANOSECONDS = 1_000_000_000n;

/** How one interface counts time. */
export class InterfaceClock {
  /** Digits of a second that it resolves: 6, or 9 where the unit is finer than a microsecond. */
  readonly digits: number;
  readonly #unitsPerSecond: bigint;
  /** The same as a number where it is a power of ten of at most a thousand million, else 0. */
  readonly #decimal: number;
  readonly #nanosecondsPerUnit: number;
  readonly #offsetSeconds: number;
  /** The timestamp at which the second of the last packet began, and that second. */
  #startHigh = 0;
  #startLow = 0;
  #second: number;

  /**
   * @param resolution if_tsresol, 0 to 255: units of 10^-n s, or of 2^-(n - 128) s where n is 128 or more
   * @param offsetSeconds if_tsoffset: seconds to add to every timestamp, may be negative
   */
  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & ~BINARY_RESOLUTION;
    const binary = (resolution & BINARY_RESOLUTION) !== 0;
    this.#unitsPerSecond = binary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
    this.#decimal = !binary && exponent <= 9 ? 10 ** exponent : 0;
    this.#nanosecondsPerUnit = this.#decimal === 0 ? 0 : 1_000_000_000 / this.#decimal;
    this.#offsetSeconds = offsetSeconds;
    this.#second = this.#bounded(0);
    this.digits = this.#unitsPerSecond > 1_000_000n ? 9 : 6;
  }

  /**
   * Writes the time of a row. What is finer than a nanosecond is cut off.
   * @param high the upper 32 bits of the timestamp
   * @param low the lower 32 bits
   */
  store(high: number, low: number, columns: FrameColumns, row: number): void {
    columns.digits[row] = this.digits;
    // Most packets fall into the second of the one before.
    let since = (high - this.#startHigh) * 0x1_0000_0000 + (low - this.#startLow);
    if (!(since >= 0 && since < this.#decimal)) {
      if (this.#decimal === 0) {
        this.#storeExactly(high, low, columns, row);
        return;
      }
      since = this.#turnTo(high, low);
    }
    columns.seconds[row] = this.#second;
    columns.nanoseconds[row] = since * this.#nanosecondsPerUnit;
  }

  /** Makes the second of the timestamp the current one; gives the units since it began. */
  #turnTo(high: number, low: number): number {
    const unit = this.#decimal;
    // Long division with digits of 32, 16 and 16 bits: every product stays below 2^47, so doubles are exact.
    const first = Math.floor(high / unit);
    const middle = (high - first * unit) * 0x10000 + (low >>> 16);
    const second = Math.floor(middle / unit);
    const last = (middle - second * unit) * 0x10000 + (low & 0xffff);
    const third = Math.floor(last / unit);
    const since = last - third * unit;
    this.#second = this.#bounded(first * 0x1_0000_0000 + second * 0x10000 + third);
    this.#startHigh = low >= since ? high : high - 1;
    this.#startLow = low >= since ? low - since : low - since + 0x1_0000_0000;
    return since;
  }

  /** The same for any unit, in big integers: resolutions that no capturing program is known to use. */
  #storeExactly(high: number, low: number, columns: FrameColumns, row: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low);
    const perSecond = this.#unitsPerSecond;
    columns.seconds[row] = this.#bounded(Number(units / perSecond));
    columns.nanoseconds[row] = Number(((units % perSecond) * NANOSECONDS) / perSecond);
  }

  #bounded(counted: number): number {
    return Math.min(Math.max(counted + this.#offsetSeconds, FIRST_SECOND), LAST_SECOND);
  }
}
