// Frames that kill the child. After a death the child announces each frame that was on its way before it judges it, so the
// next death names its frame. What killed it twice so is left out: one frame must not stop the daemon. Where somebody else
// killed it (an operator, the system that needs memory) that says little of the frame, and has to happen oftener.

// We chose.
/** What a death in the judgement of one frame counts, by who caused it, and the sum at which the frame is left out. */
const WEIGHTS = { itself: 3, outside: 1 } as const;
const LEFT_OUT_AT = 6;
/** Frames remembered as suspects and as left out; above it the oldest is forgotten, and would have to kill again. */
const REMEMBERED = 4096;

/** See the head of the file. */
export class PoisonFrames {
  readonly #deaths = new Map<number, number>();
  readonly #skipped = new Set<number>();
  #announced: number | null = null;
  #carefulAfter = 0;
  #carefulThrough = 0;

  /** Whether a frame is announced before it is judged. */
  isCareful(frame: number): boolean {
    return frame > this.#carefulAfter && frame <= this.#carefulThrough;
  }

  /** The last frame from this one on that is as this one is, announced or not. */
  sameThrough(frame: number): number {
    if (frame > this.#carefulThrough) return Number.POSITIVE_INFINITY;
    return frame > this.#carefulAfter ? this.#carefulThrough : this.#carefulAfter;
  }

  isSkipped(frame: number): boolean {
    return this.#skipped.has(frame);
  }

  /** True where some frame of a range is left out. */
  hasSkipped(from: number, to: number): boolean {
    for (const frame of this.#skipped) if (frame >= from && frame <= to) return true;
    return false;
  }

  /** The child is about to judge a frame. */
  announced(frame: number): void {
    this.#announced = frame;
  }

  /** It has judged frames up to this one. */
  judged(through: number): void {
    if (this.#announced !== null && this.#announced <= through) this.#announced = null;
  }

  /**
   * The child has gone.
   *
   * @param judged frames up to this one it had judged itself, or warmed up with, in this life of it
   * @param lastSent the last frame that was on its way, or 0
   * @param by who ended it
   * @returns the frame that is left out from now on, or null
   */
  died(judged: number, lastSent: number, by: keyof typeof WEIGHTS): number | null {
    const frame = this.#announced;
    this.#announced = null;
    this.#carefulAfter = judged;
    this.#carefulThrough = Math.max(this.#carefulThrough, lastSent);
    if (frame === null) return null;
    const deaths = (this.#deaths.get(frame) ?? 0) + WEIGHTS[by];
    this.#deaths.delete(frame);
    if (deaths < LEFT_OUT_AT) {
      remember(this.#deaths.keys(), this.#deaths.size, (oldest) => this.#deaths.delete(oldest));
      this.#deaths.set(frame, deaths);
      return null;
    }
    remember(this.#skipped.keys(), this.#skipped.size, (oldest) => this.#skipped.delete(oldest));
    this.#skipped.add(frame);
    return frame;
  }
}

function remember(keys: Iterator<number>, size: number, forget: (oldest: number) => void): void {
  if (size < REMEMBERED) return;
  const oldest = keys.next();
  if (oldest.done !== true) forget(oldest.value);
}
