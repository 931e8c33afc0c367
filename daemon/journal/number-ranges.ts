// Numbers that were not kept, as ranges.

/** Constants we chose. */
/** Ranges held. Beyond, the two lowest become one: numbers between them are then said not to be kept, though they were. */
const MOST_RANGES = 1024;

/** See the head of the file. */
export class NumberRanges {
  #ranges: { readonly from: number; readonly to: number }[] = [];
  /** Numbers added. */
  count = 0;

  /** Adds numbers that are not there yet; an empty range is none. */
  add(from: number, to: number): void {
    if (to < from) return;
    this.count += to - from + 1;
    const below = this.#ranges.filter((range) => range.to < from - 1);
    const above = this.#ranges.filter((range) => range.from > to + 1);
    const beside = this.#ranges.slice(below.length, this.#ranges.length - above.length);
    const joined = { from: Math.min(from, beside[0]?.from ?? from), to: Math.max(to, beside.at(-1)?.to ?? to) };
    this.#ranges = [...below, joined, ...above];
    if (this.#ranges.length <= MOST_RANGES) return;
    const [first, second, ...rest] = this.#ranges;
    this.#ranges = [{ from: first.from, to: second.to }, ...rest];
  }

  has(number: number): boolean {
    return this.#ranges.some(({ from, to }) => number >= from && number <= to);
  }
}
