// What is counted of judged messages, beside what the engine counts of frames: verdicts, use of each PGK, and from when to
// when the capture goes. Whoever hears the messages keeps it, so that it is right for what was told so far.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { VERDICTS } from '../events.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { EpochUse } from './epoch-use.ts';
import type { MessageTable } from './message-table.ts';
import { type RunSums, SUM_WORDS, Sum } from './run-sums.ts';
import type { Senders } from './senders.ts';

/** See the head of the file. */
export class MessageAccount {
  readonly epochUse: EpochUse;
  /** Messages by verdict number. */
  readonly verdicts = new Float64Array(VERDICTS.length);
  /** Capture time of the first and the last frame, and what is needed to print them exactly; NaN before the first. */
  firstSeconds = Number.NaN;
  firstNanoseconds = 0;
  firstDigits = 6;
  lastSeconds = Number.NaN;
  lastNanoseconds = 0;
  lastDigits = 6;

  constructor(keyring: Keyring, senders: Senders) {
    this.epochUse = new EpochUse(keyring, senders);
  }

  /** Capture time of the last frame in milliseconds since 1970; NaN where there was none. */
  get lastTime(): number {
    return millisecondsOf(this.lastSeconds, this.lastNanoseconds);
  }

  /**
   * Judged messages, in order.
   *
   * @param until row behind the last
   * @param sums the same by context; null: they are not summed
   */
  note(table: MessageTable, from: number, until: number, sums: RunSums | null = null): void {
    const { verdicts } = this;
    if (sums !== null && this.epochUse.takesSums) {
      const { words, contexts } = sums;
      for (let at = 0; at < contexts * SUM_WORDS; at += SUM_WORDS) {
        verdicts[table.verdict[words[at + Sum.first]]] += words[at + Sum.messages];
      }
      this.epochUse.noteSums(table, sums);
      return;
    }
    for (let row = from; row < until; row++) verdicts[table.verdict[row]]++;
    this.epochUse.note(table, from, until);
  }

  /** The same message was judged once more: it counts under its new verdict. @param before number of the old one */
  noteAgain(table: MessageTable, row: number, before: number): void {
    this.verdicts[before]--;
    this.note(table, row, row + 1);
  }

  /** Frames went by, of which each message was noted. */
  frames(batch: FrameBatch): void {
    if (batch.count === 0) return;
    const last = batch.count - 1;
    if (Number.isNaN(this.firstSeconds)) {
      this.firstSeconds = batch.seconds[0];
      this.firstNanoseconds = batch.nanoseconds[0];
      this.firstDigits = batch.digits[0];
    }
    this.lastSeconds = batch.seconds[last];
    this.lastNanoseconds = batch.nanoseconds[last];
    this.lastDigits = batch.digits[last];
  }
}
