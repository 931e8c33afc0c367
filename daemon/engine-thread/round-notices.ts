// What an engine tells of frames beside their messages, written down in one thread and told again in the other. Rare in
// most captures; where it is not, a notice is one word.

import type { CaptureMark, FrameBatch } from '../../captures/frame-batch.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import type { EngineSink } from '../engine/engine.ts';
import type { Loss, RoundNotices } from './round-messages.ts';

/** In the low bits of a word; the row of the frame stands above it. */
const Kind = { copy: 0, problem: 1, keyManagement: 2, loss: 3, mark: 4 } as const;
const KIND_BITS = 3;
const KIND_MASK = (1 << KIND_BITS) - 1;

/** Words of a notice behind which stand a problem and its octet, or place and length of a key-management message. */
const LONG_WORDS = 3;

/** Listens to an engine. Bounded by a round: the frames of a batch, and the SDUs that they end. */
export class NoticeWriter {
  /** To be heard by an engine. */
  readonly sink: Pick<EngineSink, 'frame' | 'copy' | 'problem' | 'loss' | 'mark'>;
  readonly #words: number[] = [];
  #losses: Loss[] = [];
  #marks: CaptureMark[] = [];
  /** Row behind the last frame that was told of. */
  #next = 0;

  constructor() {
    this.sink = {
      frame: (_batch, row) => {
        this.#next = row + 1;
      },
      copy: (_batch, row) => this.#note(row, Kind.copy),
      problem: (_batch, row, { frames }) => {
        this.#note(row, Kind.problem);
        this.#words.push(frames.problem[row], frames.problemAt[row]);
      },
      loss: (frames, source, destination, version, lcid) => {
        this.#note(this.#next - 1, Kind.loss);
        this.#losses.push({ frames, source, destination, version, lcid });
      },
      mark: (mark) => {
        this.#note(this.#next, Kind.mark);
        this.#marks.push(mark);
      },
    };
  }

  /** A key-management message in this row, `length` octets at `at`. */
  keyManagement(row: number, at: number, length: number): void {
    this.#note(row, Kind.keyManagement);
    this.#words.push(at, length);
  }

  /** Frames up to the one before `row` were told of at once. */
  passed(row: number): void {
    this.#next = row;
  }

  /** The next batch begins. */
  begin(): void {
    this.#next = 0;
  }

  /** Whether something was noted since the last time. */
  get pending(): boolean {
    return this.#words.length > 0;
  }

  /** What was noted since the last time, rows counted from `from` on; null where there is nothing. */
  take(from: number): RoundNotices | null {
    if (!this.pending) return null;
    const words = Uint32Array.from(this.#words);
    for (let at = 0; at < words.length; at += lengthOf(words[at])) words[at] -= from << KIND_BITS;
    const notices = { words, losses: this.#losses, marks: this.#marks };
    this.#words.length = 0;
    this.#losses = [];
    this.#marks = [];
    return notices;
  }

  #note(row: number, kind: number): void {
    this.#words.push((row << KIND_BITS) | kind);
  }
}

/** Tells again what was written down. */
export class NoticeReader {
  readonly #notices: RoundNotices;
  #at = 0;
  #loss = 0;
  #mark = 0;

  /** @param walk of the frames of the round; what the engine found wrong beyond it is added */
  constructor(notices: RoundNotices, walk: WalkTable) {
    this.#notices = notices;
    const { words } = notices;
    for (let at = 0; at < words.length; at += lengthOf(words[at])) {
      if ((words[at] & KIND_MASK) !== Kind.problem) continue;
      const row = words[at] >>> KIND_BITS;
      walk.frames.problem[row] = words[at + 1];
      walk.frames.problemAt[row] = words[at + 2];
    }
  }

  /** Row of the next notice; `none` where there is none. */
  nextRow(none: number): number {
    return this.#at < this.#notices.words.length ? this.#notices.words[this.#at] >>> KIND_BITS : none;
  }

  /** Tells of the marks before a row, which come before its frame. */
  tellMarks(row: number, sink: EngineSink): void {
    const { words, marks } = this.#notices;
    for (; this.#at < words.length; this.#at++) {
      if ((words[this.#at] & KIND_MASK) !== Kind.mark || words[this.#at] >>> KIND_BITS > row) return;
      sink.mark?.(marks[this.#mark++]);
    }
  }

  /** Tells of everything else that is of a row. */
  tell(batch: FrameBatch, row: number, walk: WalkTable, sink: EngineSink): void {
    const { words, losses } = this.#notices;
    for (; this.#at < words.length; this.#at += lengthOf(words[this.#at])) {
      const kind = words[this.#at] & KIND_MASK;
      if (kind === Kind.mark || words[this.#at] >>> KIND_BITS !== row) return;
      if (kind === Kind.copy) sink.copy?.(batch, row, walk);
      else if (kind === Kind.problem) sink.problem?.(batch, row, walk);
      else if (kind === Kind.keyManagement) {
        sink.keyManagement?.(batch, row, words[this.#at + 1], words[this.#at + 2]);
      } else {
        const { frames: lost, source, destination, version, lcid } = losses[this.#loss++];
        sink.loss?.(lost, source, destination, version, lcid);
      }
    }
  }
}

function lengthOf(word: number): number {
  const kind = word & KIND_MASK;
  return kind === Kind.problem || kind === Kind.keyManagement ? LONG_WORDS : 1;
}

/** Goes through the key-management messages of a round. */
export function visitKeyManagement(
  { words }: RoundNotices,
  visit: (row: number, at: number, length: number) => void,
): void {
  for (let i = 0; i < words.length; i += lengthOf(words[i])) {
    if ((words[i] & KIND_MASK) === Kind.keyManagement) visit(words[i] >>> KIND_BITS, words[i + 1], words[i + 2]);
  }
}
