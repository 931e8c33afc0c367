// A lasting source: makes one attempt after the other, waits between them, numbers what they bring as one feed, and says
// how it fares.

import type { FrameBatch } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import type { LiveSource, SourceClock, SourceProblem, SourceState, SourceStatus } from './live-source.ts';
import { RESTART_TIMES, RestartPolicy, type RestartTimes } from './restart-policy.ts';
import { type AttemptEnding, type SourceAttempt, SourceFailure } from './source-attempt.ts';
import type { SourceTiming } from './source-clock.ts';
import { DropCounter } from './source-drops.ts';
import { SourceInterfaces } from './source-interfaces.ts';
import { sourceProblem } from './source-problems.ts';

/** Constants we chose. */
/** What was taken before a stop is still given out for so long (ms). */
const DRAIN_MS = 2000;
/** A source that never has to wait lets others have their turn after so long (ms). */
const TURN_MS = 10;

/** What makes a lasting source. */
export interface SourceParts {
  readonly name: string;
  readonly clock: SourceClock;
  /** What it is, for people; no secrets. */
  kind(): string;
  /** Name of interfaces that the capture does not name. */
  readonly defaultInterface: string;
  /** Begins an attempt. A rejection with SourceFailure is a failed attempt. Aborted when the source is stopped. */
  begin(signal: AbortSignal): SourceAttempt | Promise<SourceAttempt>;
  readonly restart?: RestartTimes | undefined;
  /** Told of every change of its state. */
  readonly changed?: ((status: SourceStatus) => void) | undefined;
}

/** A source that is tried again when it fails. */
export class SupervisedSource implements LiveSource {
  readonly name: string;
  readonly clock: SourceClock;
  readonly #parts: SourceParts;
  readonly #timing: SourceTiming;
  readonly #restarts: RestartPolicy;
  readonly #interfaces: SourceInterfaces;
  readonly #drops = new DropCounter();
  readonly #stopping = new AbortController();
  #attempt: SourceAttempt | null = null;
  #state: SourceState = 'starting';
  #octets = 0;
  #overflowed = 0;
  #attempts = 0;
  #lastFrameAt: number | null = null;
  #problem: SourceProblem | null = null;
  /** When the next attempt is due, in elapsed milliseconds. */
  #retryAt = 0;
  #turnEnds = 0;
  #done: Promise<void> | null = null;

  constructor(parts: SourceParts, timing: SourceTiming) {
    this.name = parts.name;
    this.clock = parts.clock;
    this.#parts = parts;
    this.#timing = timing;
    this.#restarts = new RestartPolicy(parts.restart ?? RESTART_TIMES, () => timing.random());
    this.#interfaces = new SourceInterfaces(parts.defaultInterface);
  }

  async run(consumer: (batch: FrameBatch) => void | Promise<void>): Promise<void> {
    if (this.#done !== null) throw new RangeError(`source ${this.name} runs already`);
    this.#done = this.#run(consumer);
    await this.#done;
  }

  interfaceName(interfaceId: number): string {
    return this.#interfaces.name(interfaceId);
  }

  status(): SourceStatus {
    const attempt = this.#attempt;
    const state = attempt === null || attempt.state === 'starting' ? this.#state : attempt.state;
    return {
      name: this.name,
      kind: this.#parts.kind(),
      clock: this.clock,
      state,
      frames: this.#interfaces.frames,
      octets: this.#octets,
      dropped: this.#drops.total(attempt?.dropped ?? null),
      overflowed: this.#overflowed + (attempt?.overflowed ?? 0),
      restarts: Math.max(0, this.#attempts - 1),
      lastFrameAt: this.#lastFrameAt,
      problem: attempt?.problem ?? (state === 'running' ? null : this.#problem),
      retryIn: this.#state === 'waiting' ? Math.max(0, Math.ceil(this.#retryAt - this.#timing.elapsed())) : null,
    };
  }

  /**
   * Takes no new input, gives out what has been taken for up to 2 s, and ends. Resolves when child processes and sockets
   * of the source are gone; where the consumer still holds a batch, `run` resolves once it lets go of it.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#attempt?.finish();
    if (this.#done === null) {
      this.#done = Promise.resolve();
      this.#become('stopped');
      return;
    }
    const ended = new AbortController();
    const limit = this.#timing.wait(DRAIN_MS, ended.signal).catch(() => {});
    await Promise.race([this.#done, limit]);
    ended.abort();
    await this.#attempt?.close();
  }

  async #run(consumer: (batch: FrameBatch) => void | Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const began = this.#timing.elapsed();
      this.#attempts++;
      this.#become('starting');
      const ending = await this.#once(consumer);
      // What was wrong with an attempt that was stopped is of no interest.
      if (signal.aborted) break;
      this.#problem = ending.problem;
      if (ending.kind === 'finished') {
        this.#become('ended');
        return;
      }
      const now = this.#timing.elapsed();
      const wait = this.#restarts.next(now - began);
      this.#retryAt = now + wait;
      this.#become('waiting');
      await this.#timing.wait(wait, signal).catch(() => {});
    }
    this.#become('stopped');
  }

  /** One attempt, to its end. Never rejects. */
  async #once(consumer: (batch: FrameBatch) => void | Promise<void>): Promise<AttemptEnding> {
    this.#drops.begin();
    let ending: AttemptEnding;
    try {
      const attempt = await this.#parts.begin(this.#stopping.signal);
      this.#attempt = attempt;
      if (this.#stopping.signal.aborted) attempt.finish();
      else if (attempt.state === 'running') this.#become('running');
      await this.#giveOut(attempt, consumer);
      ending = attempt.ending;
    } catch (error) {
      ending = { kind: 'failed', problem: problemOf(error) };
    }
    const attempt = this.#attempt;
    if (attempt !== null) {
      await attempt.close().catch(() => {});
      this.#drops.settle(attempt.dropped);
      this.#overflowed += attempt.overflowed;
      this.#attempt = null;
    }
    return ending;
  }

  async #giveOut(attempt: SourceAttempt, consumer: (batch: FrameBatch) => void | Promise<void>): Promise<void> {
    let capture = Number.NaN;
    for (;;) {
      const next = attempt.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === null) return;
      if (attempt.capture !== capture) {
        capture = attempt.capture;
        this.#interfaces.begin();
      }
      const numbered = this.#interfaces.numbered(batch);
      this.#account(numbered);
      if (numbered.count === 0 && numbered.marks.length === 0) continue;
      let taken: void | Promise<void>;
      try {
        taken = consumer(numbered);
        if (taken instanceof Promise) await taken;
      } catch (error) {
        this.#stopping.abort();
        const sentence = `what takes the frames of ${this.name} failed (${error instanceof Error ? error.name : 'unknown'})`;
        this.#problem = sourceProblem('source.consumer-failed', sentence);
        return;
      }
      if (!(next instanceof Promise) && !(taken instanceof Promise)) await this.#takeTurns();
    }
  }

  /** Lets timers and sockets have their turn where neither source nor consumer ever waits. */
  async #takeTurns(): Promise<void> {
    const now = this.#timing.elapsed();
    if (now < this.#turnEnds) return;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#turnEnds = this.#timing.elapsed() + TURN_MS;
  }

  #account(batch: FrameBatch): void {
    if (this.#state === 'starting') this.#become('running');
    for (const mark of batch.marks) this.#drops.take(mark);
    for (let row = 0; row < batch.count; row++) this.#octets += batch.captured[row];
    if (batch.count > 0) this.#lastFrameAt = Math.floor(this.#timing.wallTime());
  }

  #become(state: SourceState): void {
    this.#state = state;
    this.#parts.changed?.(this.status());
  }
}

function problemOf(error: unknown): SourceProblem {
  if (error instanceof SourceFailure) return error.problem;
  const code = systemCode(error);
  const said = code === 'unknown' && error instanceof Error ? error.name : code;
  return sourceProblem('source.failed', `it failed: the operating system says ${said}`);
}
