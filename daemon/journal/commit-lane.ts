// Group commit of one kind of file: takes what has gathered, writes it, makes it durable, says so; one group at a time, at
// most one in so many milliseconds. Meanwhile the next gathers.

import { type JournalFileSystem, quietly, writeAll } from './file-system.ts';
import type { JournalFile } from './journal-file.ts';
import type { Outbox, Span } from './outbox.ts';

/** What the lane tells its owner. */
export interface LaneListener {
  /** A group is about to be written, up to this ticket: waits for what must be durable before. */
  before?(ticket: number): Promise<void>;
  /** These stretches are durable; the files' own numbers have been raised. In order. */
  kept(spans: readonly Span[]): void;
  /**
   * The disk refused: these stretches are not durable, and what waited behind them has been let go. The file is closed,
   * cut back to what is durable.
   */
  refused(spans: readonly Span[], error: unknown): void;
}

/** See the head of the file. */
export class CommitLane {
  readonly #fs: JournalFileSystem;
  readonly #folder: string;
  readonly #outbox: Outbox;
  readonly #interval: number;
  readonly #now: () => number;
  readonly #listener: LaneListener;
  #running: Promise<void> | null = null;
  #lastStart = Number.NEGATIVE_INFINITY;
  /** The file that is open, how far it is written, and whether its name is durable. */
  #file: JournalFile | null = null;
  #handle = -1;
  #written = 0;
  #isNamed = false;
  /** Milliseconds that the last group took. */
  commitMilliseconds = 0;
  /** Octets of the group being written that are not durable yet. */
  octetsInFlight = 0;

  /**
   * @param interval milliseconds between the beginnings of two groups, at least
   * @param now milliseconds since 1970
   */
  constructor(
    fs: JournalFileSystem,
    folder: string,
    outbox: Outbox,
    interval: number,
    now: () => number,
    listener: LaneListener,
  ) {
    this.#fs = fs;
    this.#folder = folder;
    this.#outbox = outbox;
    this.#interval = interval;
    this.#now = now;
    this.#listener = listener;
  }

  /** Something waits. */
  poke(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits and nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** The file that is open, if any, is let go as it is. Only when idle. */
  async close(): Promise<void> {
    await this.idle();
    if (this.#file !== null) await quietly(this.#fs.close(this.#handle));
    this.#file = null;
  }

  async #run(): Promise<void> {
    try {
      do {
        await this.#pause();
        await this.#commit();
      } while (!this.#outbox.isEmpty);
    } finally {
      this.#running = null;
    }
  }

  /** At least to the end of this turn, so that what comes together goes together. */
  async #pause(): Promise<void> {
    const wait = this.#lastStart + this.#interval - performance.now();
    await new Promise<void>((resolve) => {
      if (wait > 0) setTimeout(resolve, wait);
      else setImmediate(resolve);
    });
  }

  async #commit(): Promise<void> {
    this.#lastStart = performance.now();
    const group = this.#outbox.take();
    const last = group.spans.at(-1);
    this.octetsInFlight = last?.end ?? 0;
    if (last !== undefined) await this.#listener.before?.(last.ticket);
    const waiting: Span[] = [];
    let done = 0;
    try {
      for (const span of group.spans) {
        await this.#write(span, group.bytes);
        waiting.push(span);
        done++;
        if (span.finishes) {
          await this.#sync(waiting);
          await this.#fs.close(this.#handle);
          this.#file = null;
        }
      }
      await this.#sync(waiting);
    } catch (error) {
      await this.#giveUp();
      this.#outbox.abandon();
      this.octetsInFlight = 0;
      this.#listener.refused([...waiting, ...group.spans.slice(done)], error);
      return;
    }
    this.#outbox.giveBack(group);
    this.commitMilliseconds = performance.now() - this.#lastStart;
  }

  async #write(span: Span, bytes: Uint8Array): Promise<void> {
    const { file, start, end } = span;
    if (this.#file !== file) {
      if (this.#file !== null) throw new Error('two files at once');
      this.#isNamed = false;
      this.#handle = await this.#fs.open(`${this.#folder}/${file.name}`, 'create');
      this.#file = file;
      this.#written = 0;
    }
    if (end === start) return;
    await writeAll(this.#fs, this.#handle, bytes.subarray(start, end), this.#written);
    this.#written += end - start;
  }

  /** Makes the open file durable and tells of the stretches, which are all of it. */
  async #sync(spans: Span[]): Promise<void> {
    const file = this.#file;
    if (file === null || spans.length === 0) return;
    if (this.#written > file.octets) await this.#fs.sync(this.#handle);
    if (!this.#isNamed) {
      await this.#fs.syncDirectory(this.#folder);
      this.#isNamed = true;
    }
    file.octets = this.#written;
    file.last = spans.at(-1)?.last ?? file.last;
    file.written = this.#now();
    for (const { start, end } of spans) this.octetsInFlight -= end - start;
    this.#listener.kept(spans.splice(0));
  }

  /** What is not durable is cut off, so that others can read the file; a file without anything durable goes away. */
  async #giveUp(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    if (file.octets > 0) await quietly(this.#fs.truncate(this.#handle, file.octets));
    await quietly(this.#fs.close(this.#handle));
    if (file.octets === 0) await quietly(this.#fs.unlink(`${this.#folder}/${file.name}`));
  }
}
