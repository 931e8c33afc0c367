// Instants as octets: what `formatInstant` says, for output of which there is very much.

import type { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { formatInstant } from '../time.ts';

/** Characters behind the dot of what `formatInstant` gives for microseconds. */
const BEHIND_DOT = '000000Z'.length;

/** A capture repeats the same second thousands of times: its octets are kept. */
export class InstantWriter {
  #seconds = Number.NaN;
  #whole: Uint8Array = new Uint8Array(0);
  readonly #before: string;
  readonly #between: string;

  /**
   * @param before stands before each instant
   * @param between between date and time: `T` as in RFC 3339, or a blank as people write it
   */
  constructor(before: string, between = 'T') {
    this.#before = before;
    this.#between = between;
  }

  /** RFC 3339 without the `Z` behind it; parameters as those of `formatInstant`. */
  write(seconds: number, nanoseconds: number, digits: number, out: AsciiWriter): void {
    if (seconds !== this.#seconds) {
      const text = formatInstant(seconds, 0, 6);
      const whole = text.slice(0, -BEHIND_DOT);
      this.#whole = Uint8Array.from(Buffer.from(this.#before + whole.replace('T', this.#between)));
      this.#seconds = seconds;
    }
    out.octets(this.#whole);
    if (digits > 6) out.paddedDecimal(nanoseconds, 9);
    else out.paddedDecimal(Math.floor(nanoseconds / 1000), 6);
  }
}
