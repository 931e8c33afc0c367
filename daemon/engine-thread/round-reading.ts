// A capture that is read with an engine, round by round, each handed over to the next thread. Without keys its messages are put
// together and not judged.

import type { FrameBatch, FrameSource } from '../../captures/frame-batch.ts';
import { FileSource } from '../../captures/sources/file.ts';
import { Engine, type EngineSink } from '../engine/engine.ts';
import { MessageTable } from '../engine/message-table.ts';
import { buildRecordsKernel } from './records-kernel.ts';
import type { RoundKeys } from './round-keys.ts';
import { NoticeWriter } from './round-notices.ts';
import type { RoundSender } from './round-sender.ts';

/** See the head of the file. */
export class RoundReading {
  readonly #source: FrameSource;
  readonly #keys: RoundKeys | null;
  readonly #sender: RoundSender;
  readonly #engine: Engine;
  readonly #notices = new NoticeWriter();
  readonly #noMessages = new MessageTable();
  #left: number;
  /** Whether marks behind the last frame of the batch are still to be handed over. */
  #marksBehind = false;

  /**
   * @param frames stops after this many
   * @param keys null: who takes the rounds judges them
   */
  constructor(source: FrameSource, frames: number, keys: RoundKeys | null, sender: RoundSender) {
    this.#source = source;
    this.#left = frames;
    this.#keys = keys;
    this.#sender = sender;
    const shared = source instanceof FileSource ? sender.shared : null;
    this.#engine = new Engine(keys, this.#sink(), shared);
    if (source instanceof FileSource && shared !== null) source.takeUsualWith(() => buildRecordsKernel(shared));
    this.#engine.traceInto(keys?.attempts?.attempts ?? null);
  }

  /** The next batch of the capture, or null where there is none or no more are wanted; a plain file is read into a slot. */
  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#left === 0) return null;
    if (this.#source instanceof FileSource) {
      const { window, frames } = this.#sender.next();
      this.#source.continueIn(window, frames);
    }
    return this.#source.next();
  }

  /** Begins a batch. @returns the part of it that is wanted, for `goOn` */
  begin(batch: FrameBatch): FrameBatch {
    const wanted = batch.count <= this.#left ? batch : { ...batch, count: this.#left };
    this.#left -= wanted.count;
    this.#notices.begin();
    this.#engine.begin(wanted);
    return wanted;
  }

  /** Hands the next round of a batch over, of which there is one at most. @returns whether there may be more of it */
  goOn(batch: FrameBatch): boolean {
    if (!this.#marksBehind) {
      if (this.#engine.goOn(batch, this.#sender.next().table)) return true;
      this.#marksBehind = this.#notices.pending;
      return this.#marksBehind;
    }
    this.#marksBehind = false;
    this.#sender.hand(batch, batch.count, batch.count, this.#noMessages, this.#standing(batch.count));
    return false;
  }

  /** Says that the capture is through. */
  end(): void {
    const { problem, consumed } = this.#source;
    const report = this.#engine.report();
    // Wiped before anybody is told of the end, who may end this thread then.
    this.#engine.close();
    this.#keys?.wipe();
    this.#sender.say({ kind: 'ended', problem, consumed, report });
  }

  #standing(from: number) {
    return {
      notices: this.#notices.take(from),
      attempts: this.#keys?.attempts?.take() ?? null,
      report: this.#engine.report(),
      consumed: this.#source.consumed,
    };
  }

  #sink(): EngineSink {
    const notices = this.#notices;
    const keys = this.#keys;
    const attempts = keys?.attempts ?? null;
    return {
      ...notices.sink,
      message: (table, row) => attempts?.note(table, row),
      keyManagement: (batch, row, at, length) => {
        keys?.management.take(batch, row, at, length);
        notices.keyManagement(row, at, length);
      },
      roundDone: (batch, from, until, table) => {
        if (from < until) this.#sender.hand(batch, from, until, table, this.#standing(from));
      },
      // Nothing is noted of frames that have one message each.
      ...(attempts === null
        ? {
            run: (_batch, row, until, table, message) => {
              const taken = oneMessageEach(table, row, until, message);
              if (taken > 0) notices.passed(row + taken);
              return taken;
            },
          }
        : {}),
    };
  }
}

/** How many frames from row `row` on and before `until` have one message each, the first of them `message`. */
function oneMessageEach({ frameRow, count }: MessageTable, row: number, until: number, message: number): number {
  let next = row;
  let at = message;
  while (next < until && at < count && frameRow[at] === next) {
    next++;
    at++;
  }
  // The last of them has another one.
  if (next > row && at < count && frameRow[at] === next - 1) next--;
  return next - row;
}
