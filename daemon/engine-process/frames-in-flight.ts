// Frames on their way to the child: how many were sent and not judged yet, and who waits until there is room again.

// We chose.
/** Frames and octets that may be on their way; above it whoever brings more waits. */
export const FLIGHT_FRAMES = 16_384;
export const FLIGHT_OCTETS = 8 * 1024 * 1024;

/** What was sent in one piece; one without frames stands for frames that were left out. */
interface Flight {
  readonly lastFrame: number;
  readonly frames: number;
  readonly octets: number;
}

/** See the head of the file. */
export class FramesInFlight {
  #flights: Flight[] = [];
  #frames = 0;
  #octets = 0;
  #waiting: ((isTaken: boolean) => void)[] = [];

  /** Frames sent and not judged yet. */
  get frames(): number {
    return this.#frames;
  }

  /** Something was sent, or left out. */
  add(lastFrame: number, frames: number, octets: number): void {
    this.#flights.push({ lastFrame, frames, octets });
    this.#frames += frames;
    this.#octets += octets;
  }

  /**
   * Frames up to this one were judged.
   *
   * @returns up to where that is so with those that were left out behind it
   */
  judged(through: number): number {
    let reached = through;
    let done = 0;
    for (const flight of this.#flights) {
      if (flight.lastFrame > reached && flight.frames > 0) break;
      reached = Math.max(reached, flight.lastFrame);
      this.#frames -= flight.frames;
      this.#octets -= flight.octets;
      done++;
    }
    if (done > 0) this.#flights.splice(0, done);
    if (this.#hasRoom) this.#wake(true);
    return reached;
  }

  /** Resolves when there is room: true; false when the child has gone. */
  room(): Promise<boolean> {
    if (this.#hasRoom) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The child has gone, and what was on its way with it. */
  drop(): void {
    this.#flights = [];
    this.#frames = 0;
    this.#octets = 0;
    this.#wake(false);
  }

  get #hasRoom(): boolean {
    return this.#frames < FLIGHT_FRAMES && this.#octets < FLIGHT_OCTETS;
  }

  #wake(isTaken: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(isTaken);
  }
}
