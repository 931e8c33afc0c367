// Records to octets of rotating files: each call a group, with its mark, in one stretch.

import type { RecordBlock } from '../relay/record-block.ts';
import type { FileLimits } from './frame-encoder.ts';
import type { FileNames } from './journal-file.ts';
import { Outbox } from './outbox.ts';
import { type FileMark, headLine, lastLine, markLength, markLine, RecordLines } from './record-groups.ts';

/** See the head of the file. */
export class RecordEncoder {
  readonly outbox = new Outbox();
  readonly #limits: FileLimits;
  readonly #now: () => number;
  readonly #names: FileNames;
  #last: FileMark;
  #ticket = 0;

  /**
   * @param now milliseconds since 1970
   * @param through frames judged before
   */
  constructor(limits: FileLimits, now: () => number, names: FileNames, through: number) {
    this.#limits = limits;
    this.#now = now;
    this.#names = names;
    this.#last = { seq: 0, through };
  }

  /**
   * Puts a group behind the others.
   * @param next number of the first record, or of the next one where there is none
   * @param ticket count of the call
   */
  append(block: RecordBlock, next: number, through: number, ticket: number): void {
    const { outbox } = this;
    if (this.isDue) this.finish();
    if (outbox.file === null) {
      outbox.begin(this.#names.begin('records', next, this.#now()));
      outbox.put(headLine({ seq: next, through: this.#last.through }));
    }
    const offset = outbox.fileOctets;
    const { count } = block;
    const lines = new RecordLines(block, next);
    const mark = { first: next, count, through, octets: lines.length, synced: outbox.file?.octets ?? 0 };
    const linesAt = outbox.at + markLength(mark);
    const end = linesAt + lines.length;
    // The lines first, at their place: the mark bears their CRC-32.
    outbox.room(end - outbox.at);
    lines.write(outbox.bytes, linesAt);
    outbox.put(markLine(mark, outbox.bytes.subarray(linesAt, end)));
    outbox.at = end;
    if (count > 0) outbox.file?.index?.add(next, offset);
    this.#last = { seq: next + count - 1, through };
    this.#ticket = ticket;
    outbox.note(this.#last.seq, ticket);
  }

  /** True where the file has reached a limit. */
  get isDue(): boolean {
    const { file, fileOctets } = this.outbox;
    if (file === null) return false;
    const { octets, milliseconds } = this.#limits;
    return (
      (octets !== null && fileOctets >= octets) || (milliseconds !== null && this.#now() - file.begun >= milliseconds)
    );
  }

  /** Ends the file. */
  finish(): void {
    if (this.outbox.file === null) return;
    this.outbox.put(lastLine(this.#last));
    this.outbox.note(this.#last.seq, this.#ticket);
    this.outbox.finish();
  }

  /** Frames judged as far as is durable elsewhere: the next file begins with it. */
  goOnBehind(through: number): void {
    this.#last = { ...this.#last, through };
  }
}
