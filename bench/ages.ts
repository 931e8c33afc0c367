// How old messages were when they came, with the first second of the traffic apart from the rest: in it every process still
// compiles its code, and one number over both would speak of neither.

// We chose.
/** ms from the first message on that count as the beginning. */
const BEGINNING_MS = 1000;

/** Ages in milliseconds. */
export interface AgeFigures {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Of all messages, of those sent in the first second, and of those sent after it. */
export interface AgesResult extends AgeFigures {
  readonly beginning: AgeFigures;
  readonly rest: AgeFigures;
}

/** Gathers ages; in the order in which messages were sent or not. */
export class Ages {
  readonly #sent: number[] = [];
  readonly #ages: number[] = [];

  /** @param sent when the message was sent, milliseconds since 1970 */
  add(sent: number): void {
    this.#sent.push(sent);
    this.#ages.push(performance.timeOrigin + performance.now() - sent);
  }

  /** What came of it; zeros where nothing came. */
  result(): AgesResult {
    const begun = this.#sent.reduce((least, sent) => Math.min(least, sent), Number.POSITIVE_INFINITY);
    const isEarly = (index: number): boolean => this.#sent[index] - begun < BEGINNING_MS;
    return {
      ...figuresOf(this.#ages),
      beginning: figuresOf(this.#ages.filter((_, index) => isEarly(index))),
      rest: figuresOf(this.#ages.filter((_, index) => !isEarly(index))),
    };
  }
}

/** One line of figures. */
export function ageText({ beginning, rest, ...whole }: AgesResult): string {
  const text = ({ p50, p99, worst }: AgeFigures): string =>
    `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(0)} ms`;
  return `first second ${text(beginning)}; after it ${text(rest)}; whole ${text(whole)}`;
}

function figuresOf(ages: readonly number[]): AgeFigures {
  const sorted = [...ages].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? 0 };
}
