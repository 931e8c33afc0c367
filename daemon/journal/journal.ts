// The journal at work: numbers frames and records, lets both lanes commit, answers when something is durable, and goes
// through the state `degraded` when the disk refuses.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import { CommitLane } from './commit-lane.ts';
import { quietly, writeAll } from './file-system.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { readFrames } from './frame-history.ts';
import type { InterfaceName } from './interface-table.ts';
import { type DiskProblem, diskProblem } from './journal-error.ts';
import type { AppendedRecords, InterfaceRow, JournalPort, JournalStatus } from './journal-port.ts';
import type { JournalStart } from './open-journal.ts';
import type { JournalOptions } from './options.ts';
import type { Span } from './outbox.ts';
import { RecordEncoder } from './record-encoder.ts';
import { type ReadRecords, RecordHistory } from './record-history.ts';

/** Constants we chose. */
/** Milliseconds between two looks at the age of files. */
const TRIM_INTERVAL = 1000;
/** Octets written, and made durable, to see whether the disk takes them again. */
const PROBE_OCTETS = 1 << 16;
const PROBE_NAME = 'journal.probe';

interface FrameWaiter {
  readonly frame: number;
  readonly resolve: (isKept: boolean) => void;
}

/** A call of `appendRecords` that is not answered yet. */
interface Appended {
  readonly ticket: number;
  /** Without plaintext. */
  readonly block: RecordBlock;
  /** Number of the first record, or of the next one where there is none. */
  readonly first: number;
  readonly through: number;
  readonly resolve: (answer: AppendedRecords) => void;
}

/** See the head of the file. Made by `openJournal`. */
export class Journal implements JournalPort {
  readonly #folder: string;
  readonly #options: Required<JournalOptions>;
  readonly #start: JournalStart;
  readonly #frames: FrameEncoder;
  readonly #records: RecordEncoder;
  readonly #frameLane: CommitLane;
  readonly #recordLane: CommitLane;
  readonly #history: RecordHistory;
  readonly #timer: NodeJS.Timeout;
  #retry: NodeJS.Timeout | null = null;
  #probing: Promise<void> | null = null;
  #problem: DiskProblem | null = null;
  /** How often the disk refused. */
  #refusals = 0;
  #isClosed = false;
  /** Closed, and nothing is on its way any more. */
  #isOver = false;
  #closing: Promise<void> | null = null;
  #lastFrame: number;
  /** The last frame that was given to the lane. */
  #acceptedFrame: number;
  #durableFrame: number;
  #frameWaiters: FrameWaiter[] = [];
  #readyWaiters: (() => void)[] = [];
  /** Numbers given to records, and how far frames were said to be judged. */
  #seq: number;
  #through: number;
  /** The same as far as durable. */
  #judgedThrough: number;
  #tickets = 0;
  #appended: Appended[] = [];
  #missedRecords = 0;
  #trimming: Promise<void> | null = null;

  constructor(folder: string, options: Required<JournalOptions>, start: JournalStart) {
    const { fs, now, frames, records, commitInterval } = options;
    this.#folder = folder;
    this.#options = options;
    this.#start = start;
    this.#lastFrame = start.lastFrame;
    this.#acceptedFrame = start.lastFrame;
    this.#durableFrame = start.lastFrame;
    this.#seq = start.lastSeq;
    this.#through = start.through;
    this.#judgedThrough = start.through;
    this.#frames = new FrameEncoder(start.interfaces, frames.file, now, start.names);
    this.#records = new RecordEncoder(records.file, now, start.names, start.through);
    this.#history = new RecordHistory(fs, folder, start.records, start.lastSeq);
    this.#frameLane = new CommitLane(fs, folder, this.#frames.outbox, commitInterval, now, {
      kept: (spans) => this.#framesKept(spans),
      refused: (_, error) => this.#framesRefused(error),
    });
    this.#recordLane = new CommitLane(fs, folder, this.#records.outbox, commitInterval, now, {
      before: (ticket) => this.#framesBefore(ticket),
      kept: (spans) => this.#recordsKept(spans),
      refused: (_, error) => this.#recordsRefused(error),
    });
    this.#timer = setInterval(() => this.#look(), TRIM_INTERVAL);
    this.#timer.unref();
    if (start.refusal !== null) this.#degrade(start.refusal);
  }

  interfaceId(row: InterfaceName): number {
    return this.#start.interfaces.idOf(row);
  }

  interfaces(): readonly InterfaceRow[] {
    return this.#start.interfaces.rows;
  }

  get nextFrame(): number {
    return this.#lastFrame + 1;
  }

  get judgedThrough(): number {
    return this.#judgedThrough;
  }

  get lastSeq(): number {
    return this.#history.last;
  }

  appendFrames(batch: FrameBatch): void {
    if (batch.count === 0) return;
    const first = this.#lastFrame + 1;
    this.#lastFrame += batch.count;
    if (this.#problem !== null || this.#isClosed) {
      this.#start.missedFrames.add(first, this.#lastFrame);
      this.#answerFrames();
      return;
    }
    this.#acceptedFrame = this.#lastFrame;
    this.#frames.append(batch);
    this.#frameLane.poke();
  }

  ready(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve) => {
      this.#readyWaiters.push(resolve);
    });
  }

  durable(frame: number): Promise<boolean> {
    const fate = this.#fate(frame);
    if (fate !== null) return Promise.resolve(fate);
    return new Promise((resolve) => {
      this.#frameWaiters.push({ frame, resolve });
    });
  }

  appendRecords(records: RecordBlock, through: number): Promise<AppendedRecords> {
    const first = this.#seq + 1;
    this.#seq += records.count;
    this.#through = Math.max(this.#through, through);
    const block = records.withoutPlain();
    return new Promise((resolve) => {
      const ticket = ++this.#tickets;
      const appended = { ticket, block, first, through: this.#through, resolve };
      if (this.#problem !== null || this.#isClosed) {
        void this.#keepMark(appended);
        return;
      }
      this.#appended.push(appended);
      this.#records.append(block, first, this.#through, ticket);
      this.#recordLane.poke();
    });
  }

  readFrames(from: number, to: number): AsyncIterable<FrameBatch> {
    return readFrames(this.#options.fs, this.#folder, this.#start.frames, Math.max(1, from), to);
  }

  readRecords(seq: number, limit: number): Promise<ReadRecords> {
    return this.#history.read(seq, limit);
  }

  status(): JournalStatus {
    const { frames, records, missedFrames } = this.#start;
    return {
      state: this.#problem === null ? 'good' : 'degraded',
      problem: this.#problem,
      firstFrame: frames.files[0]?.first ?? null,
      lastFrame: this.#lastFrame,
      durableFrame: this.#durableFrame,
      firstSeq: records.files[0]?.first ?? null,
      lastSeq: this.#history.last,
      files: frames.files.length + records.files.length,
      octets: frames.octets + records.octets,
      missedFrames: missedFrames.count,
      missedRecords: this.#missedRecords,
      commitMilliseconds: Math.max(this.#frameLane.commitMilliseconds, this.#recordLane.commitMilliseconds),
    };
  }

  /** Completes the files and lets the folder go. What was appended before is durable then, where the disk allows. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#probing;
    this.#finishFiles();
    await Promise.all([this.#frameLane.close(), this.#recordLane.close()]);
    await this.#start.marks.close();
    await this.#trimming;
    this.#isOver = true;
    this.#answerFrames();
    this.#answerReady();
    this.#start.release();
  }

  get #isReady(): boolean {
    if (this.#problem !== null || this.#isClosed) return true;
    const waiting = this.#frames.outbox.octets + this.#records.outbox.octets;
    const inFlight = this.#frameLane.octetsInFlight + this.#recordLane.octetsInFlight;
    return waiting + inFlight < this.#options.waitingOctets;
  }

  /** Whether a frame was kept; null while nobody knows. */
  #fate(frame: number): boolean | null {
    if (this.#start.missedFrames.has(frame)) return false;
    if (frame <= this.#durableFrame) return true;
    return this.#isOver ? false : null;
  }

  /** Records are written when the frames they speak of are durable: a crash never leaves a record without its frame. */
  async #framesBefore(ticket: number): Promise<void> {
    const through = this.#appended.findLast((appended) => appended.ticket <= ticket)?.through ?? 0;
    await this.durable(Math.min(through, this.#acceptedFrame));
  }

  #framesKept(spans: readonly Span[]): void {
    let isNew = false;
    for (const { file, last } of spans) {
      isNew = this.#start.frames.add(file) || isNew;
      this.#durableFrame = Math.max(this.#durableFrame, last);
    }
    this.#answerFrames();
    this.#answerReady();
    if (isNew) this.#trim();
  }

  #framesRefused(error: unknown): void {
    this.#start.missedFrames.add(this.#durableFrame + 1, this.#acceptedFrame);
    this.#degrade(error);
    this.#answerFrames();
  }

  #recordsKept(spans: readonly Span[]): void {
    let isNew = false;
    for (const { file } of spans) isNew = this.#start.records.add(file) || isNew;
    const ticket = spans.at(-1)?.ticket ?? 0;
    const answered = this.#appended.findIndex((appended) => appended.ticket > ticket);
    for (const { block, first, through, resolve } of this.#appended.splice(
      0,
      answered < 0 ? Number.POSITIVE_INFINITY : answered,
    )) {
      this.#judgedThrough = through;
      this.#history.add({ first, block });
      resolve({ first, kept: true, mayBeTold: true });
    }
    this.#answerReady();
    if (isNew) this.#trim();
  }

  #recordsRefused(error: unknown): void {
    const refused = this.#appended;
    this.#appended = [];
    this.#degrade(error);
    for (const appended of refused) void this.#keepMark(appended);
  }

  /** What is left to do with records that the disk refuses: see to it that their numbers are not given again. */
  async #keepMark({ block, first, through, resolve }: Appended): Promise<void> {
    this.#missedRecords += block.count;
    const mayBeTold = await this.#start.marks.keep({ seq: first + block.count - 1, through });
    if (mayBeTold) {
      this.#judgedThrough = through;
      this.#history.add({ first, block });
    }
    resolve({ first, kept: false, mayBeTold });
  }

  /** The disk refuses: nothing more is kept until it has shown that it takes it again. */
  #degrade(error: unknown): void {
    const wasGood = this.#problem === null;
    this.#problem = diskProblem(error, this.#folder);
    this.#refusals++;
    // What the other lane has on its way may still succeed; what comes is not for its file any more.
    if (wasGood) this.#finishFiles();
    this.#answerReady();
    if (!this.#isClosed && this.#retry === null && this.#probing === null) this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#probing = this.#probe();
    }, this.#options.retryInterval);
    this.#retry.unref();
  }

  /** Sees whether the disk takes new files again, and then goes on as before. */
  async #probe(): Promise<void> {
    const refusals = this.#refusals;
    let refusal: unknown = null;
    try {
      await probeDisk(this.#options, this.#folder);
      const { marks } = this.#start;
      if (!marks.isOpen) await marks.open();
      await Promise.all([this.#frameLane.idle(), this.#recordLane.idle()]);
      // Records that come from now on must not be answered before those that came until now.
      while (!marks.isIdle) await marks.idle();
    } catch (error) {
      refusal = error;
    }
    this.#probing = null;
    if (refusal === null && refusals === this.#refusals) {
      this.#problem = null;
      this.#records.goOnBehind(this.#judgedThrough);
      return;
    }
    if (refusal !== null) this.#problem = diskProblem(refusal, this.#folder);
    if (!this.#isClosed) this.#retryLater();
  }

  #finishFiles(): void {
    this.#frames.finish();
    this.#records.finish();
    this.#frameLane.poke();
    this.#recordLane.poke();
  }

  #answerFrames(): void {
    if (this.#frameWaiters.length === 0) return;
    this.#frameWaiters = this.#frameWaiters.filter(({ frame, resolve }) => {
      const fate = this.#fate(frame);
      if (fate !== null) resolve(fate);
      return fate === null;
    });
  }

  #answerReady(): void {
    if (this.#readyWaiters.length === 0 || !this.#isReady) return;
    for (const resolve of this.#readyWaiters.splice(0)) resolve();
  }

  /** Once in a while: completes files that are old enough, though nothing comes, and removes those beyond the limits. */
  #look(): void {
    if (this.#frames.isDue) {
      this.#frames.finish();
      this.#frameLane.poke();
    }
    if (this.#records.isDue) {
      this.#records.finish();
      this.#recordLane.poke();
    }
    this.#trim();
  }

  #trim(): void {
    this.#trimming ??= this.#trimBoth();
  }

  async #trimBoth(): Promise<void> {
    const { frames, records } = this.#start;
    const now = this.#options.now();
    await frames.trim(now, this.#frames.outbox.file);
    await records.trim(now, this.#records.outbox.file);
    this.#trimming = null;
  }
}

/** Writes a file, makes it durable and removes it. @throws the system's error where the disk refuses */
async function probeDisk({ fs, roomToResume }: Required<JournalOptions>, folder: string): Promise<void> {
  if ((await fs.room(folder)) < roomToResume) throw Object.assign(new Error('too little room'), { code: 'ENOSPC' });
  const path = `${folder}/${PROBE_NAME}`;
  await quietly(fs.unlink(path));
  const handle = await fs.open(path, 'create');
  try {
    await writeAll(fs, handle, new Uint8Array(PROBE_OCTETS), 0);
    await fs.sync(handle);
  } finally {
    await quietly(fs.close(handle));
    await quietly(fs.unlink(path));
  }
}
