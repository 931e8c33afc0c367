// The capture itself (findings, capture.*).

import {
  type CaptureMark,
  type CaptureProblem,
  CUSTOM_BLOCK_LINKTYPE,
  type FrameBatch,
  NO_INTERFACE,
} from '../../captures/frame-batch.ts';
import type { CaptureProblemCode } from '../../captures/problems.ts';
import { NO_GROUP } from '../engine/group-key.ts';
import { formatDuration } from '../time.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { NO_PGK, type OpenRecord, type Recorder } from './recorder.ts';
import { NO_SOURCE } from './subject.ts';

// The specification says (findings, capture.*).
const BACKWARD_MS = 1;
/** Frames of an interface that are further apart are a jump. */
export const JUMP_MS = 3_600_000;

/** Problems of an input that ends inside a record. */
const CUTS: ReadonlySet<string> = new Set<CaptureProblemCode>(['capture.cut-record', 'capture.compressed-cut']);

const DUPLICATE = findingNumber('capture.duplicate');
const BACKWARD = findingNumber('capture.time_backward');
const JUMP = findingNumber('capture.time_jump');
const TRUNCATED = findingNumber('capture.truncated');
const DROPS = findingNumber('capture.drops');

/** See the head of the file. Interfaces are few: a file numbers at most 65,535 of them. */
export class CaptureWatch {
  readonly #recorder: Recorder;
  readonly #lastTime: number[] = [];
  readonly #dropped: number[] = [];
  #latest = Number.NEGATIVE_INFINITY;
  /** What the next frame says was lost before it. */
  #lostBefore: CaptureMark | null = null;
  /** Interface of the last frame; NO_INTERFACE where it had none that counts. */
  #interface = NO_INTERFACE;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Any frame. */
  frame(batch: FrameBatch, row: number): void {
    const { time } = this.#recorder;
    const id = batch.linkType[row] === CUSTOM_BLOCK_LINKTYPE ? NO_INTERFACE : batch.interfaceId[row];
    this.#interface = id;
    if (this.#lostBefore !== null) {
      this.#drops(this.#lostBefore);
      this.#lostBefore = null;
    }
    if (id === NO_INTERFACE) return;
    const before = this.#lastTime[id];
    if (before !== undefined) {
      if (before - time > BACKWARD_MS) this.#backward(id, before - time);
      else if (time - before > JUMP_MS) this.#jump(id, time - before);
    }
    this.#lastTime[id] = time;
    if (time > this.#latest) this.#latest = time;
    if (batch.captured[row] < batch.original[row]) this.#truncated(batch.captured[row], batch.original[row]);
  }

  /**
   * Whether these rules have nothing to say of a frame: whole, of the interface of the last one, and neither before it nor
   * long behind. Of such frames it is enough to say when the last of them came (`passed`).
   *
   * @param latest time of the frame before it, milliseconds since 1970
   */
  isUsual(batch: FrameBatch, row: number, time: number, latest: number): boolean {
    return (
      time >= latest &&
      time - latest <= JUMP_MS &&
      batch.interfaceId[row] === this.#interface &&
      batch.linkType[row] !== CUSTOM_BLOCK_LINKTYPE &&
      batch.captured[row] >= batch.original[row]
    );
  }

  /** Such frames went by. @param time of the last of them */
  passed(time: number): void {
    if (this.#interface === NO_INTERFACE) return;
    this.#lastTime[this.#interface] = time;
    this.#latest = time;
  }

  /**
   * The latest capture time so far, which is that of the last frame; Infinity, which no frame comes behind, where the last
   * one has another time or there is none.
   */
  get latest(): number {
    return this.#lastTime[this.#interface] === this.#latest ? this.#latest : Number.POSITIVE_INFINITY;
  }

  /** Interface of the last frame, which those of a run must have; NO_INTERFACE where it had none that counts. */
  get interfaceId(): number {
    return this.#interface;
  }

  /** A copy of an earlier transmission. */
  copy(group: number, source: number): void {
    const record = this.#recorder.raise(DUPLICATE, SeverityLevel.info, ConfidenceLevel.proved, group, source);
    if (record === null) return;
    record.summary = 'copies of transmissions were removed: HARQ repeats or another receiver';
    record.evidence = {};
  }

  /** What the file says of itself. */
  mark(mark: CaptureMark): void {
    if (mark.kind !== 'drops') return;
    if (mark.byFrame === true) this.#lostBefore = mark;
    else this.#drops(mark);
  }

  /** Whether something is to be told of the next frame, whatever it is. */
  get awaitsFrame(): boolean {
    return this.#lostBefore !== null;
  }

  /** The input could not be read to its end. Other damage than a cut is told with the exit code. */
  ended(problem: CaptureProblem): void {
    if (!CUTS.has(problem.code)) return;
    const record = this.#raise(TRUNCATED, SeverityLevel.medium);
    if (record === null) return;
    record.summary = `${problem.message} (octet ${problem.offset})`;
    record.evidence = { code: problem.code, octet: problem.offset };
  }

  #drops({ interfaceId, dropped = 0 }: CaptureMark): void {
    const before = this.#dropped[interfaceId] ?? 0;
    this.#dropped[interfaceId] = dropped;
    if (dropped <= before) return;
    const record = this.#raise(DROPS, SeverityLevel.low);
    if (record === null) return;
    record.summary = `the sniffer says that it lost ${dropped - before} frames on interface ${interfaceId}`;
    record.evidence = { interface: interfaceId, dropped };
  }

  #backward(id: number, step: number): void {
    const record = this.#raise(BACKWARD, SeverityLevel.medium);
    if (record === null) return;
    record.summary = `time stepped back by ${formatDuration(step)} on interface ${id}`;
    record.evidence = { interface: id, milliseconds: Math.round(step * 1000) / 1000 };
  }

  #jump(id: number, step: number): void {
    const record = this.#raise(JUMP, SeverityLevel.low);
    if (record === null) return;
    record.summary = `${formatDuration(step)} lie between this frame and the one before on interface ${id}`;
    record.evidence = { interface: id, seconds: Math.round(step / 1000) };
  }

  #truncated(captured: number, original: number): void {
    const record = this.#raise(TRUNCATED, SeverityLevel.medium);
    if (record === null) return;
    record.summary = `${captured} of ${original} octets were captured`;
    record.evidence = { captured, original };
  }

  #raise(number: number, severity: number): OpenRecord | null {
    return this.#recorder.raise(number, severity, ConfidenceLevel.proved, NO_GROUP, NO_SOURCE, NO_PGK);
  }
}
