// A frame's way through the parent: numbered, to the journal and to the engine; what the engine answers, to the journal and,
// once that is durable, to the relay. After a crash of the engine the journal is read again, and nothing is told twice.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { LiveSource } from '../../captures/sources/live-source.ts';
import type { EngineAnswer, EnginePort } from '../engine-process/engine-port.ts';
import { sliceBatch } from '../engine-process/pipe-batch.ts';
import type { AppendedRecords, JournalPort } from '../journal/journal-port.ts';
import type { NumberedBlock, RecordBlock } from '../relay/record-block.ts';
import { FrameNumbers, type Tracks } from './frame-numbers.ts';

// We chose.

/** Frames judged already that warm a new engine up: contexts, reassembly and copies of the last minutes. */
export const WARM_UP_FRAMES = 20_000;
/** Frames on their way to the relay. Above: sources wait, and press back on whoever feeds them. */
export const UNDER_WAY_MOST = 65_536;
/** Arrivals remembered for the lag, while the engine is down too; of more the oldest are not. */
const ARRIVALS_MOST = 8192;

/** What the pipeline tells. */
export interface PipelineListener {
  /** Records in the order of `seq`, durable unless `kept` is false. */
  deliver(records: NumberedBlock, kept: boolean): void;
}

/** What a pipeline joins. */
export interface PipelineParts {
  readonly journal: JournalPort;
  readonly engine: Pick<EnginePort, 'push' | 'tracks'>;
  readonly tracks: Tracks;
  readonly listener: PipelineListener;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** How far it is. */
export interface PipelineStatus {
  readonly frames: number;
  readonly answered: number;
  readonly told: number;
  /** Seconds from a frame's arrival to its records' way to the relay, of the last that were told. */
  readonly lagMilliseconds: number;
  readonly catchingUp: boolean;
}

interface Arrival {
  readonly frame: number;
  readonly at: number;
}

/** See the head of the file. */
export class Pipeline {
  readonly #parts: PipelineParts;
  /** Frames that went to the journal since the start, and the last of them. */
  #frames = 0;
  #last: number;
  /** Every record of frames up to here has been answered, and told. */
  #answered: number;
  #told: number;
  /** Records are told in the order of their answers. */
  #telling: Promise<void> = Promise.resolve();
  /** The engine takes frames as they come; else `#feed` brings them from the journal. */
  #isLive = false;
  #feeding: Promise<void> | null = null;
  #feedAgain = false;
  #isStopped = false;
  #roomWaiters: (() => void)[] = [];
  #arrivals: Arrival[] = [];
  #lag = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#answered = parts.journal.judgedThrough;
    this.#told = this.#answered;
    this.#last = parts.journal.nextFrame - 1;
  }

  /** The first frame of which anything is told: what the engine is started with. */
  get tellFrom(): number {
    return this.#answered + 1;
  }

  /** A consumer for the frames of a source. */
  consumer(source: LiveSource): (batch: FrameBatch) => Promise<void> {
    const track = this.#parts.tracks.of(source);
    const numbers = new FrameNumbers(source, track, this.#parts.journal);
    return (batch) => this.#take(numbers.number(batch), track.track);
  }

  /** Takes what the engine answers. */
  answer({ block, through }: EngineAnswer): void {
    if (through > this.#answered) this.#answered = through;
    // At once: the journal gathers what comes into one commit, and keeps the order.
    const written = this.#parts.journal.appendRecords(block, through);
    this.#telling = this.#deliver(this.#telling, written, block, through);
  }

  /** A new engine knows nothing: brings it what it has to know, then what it has not judged, then what comes. */
  resume(): void {
    this.#isLive = false;
    if (this.#feeding !== null) {
      this.#feedAgain = true;
      return;
    }
    this.#feeding = this.#feed().finally(() => {
      this.#feeding = null;
      if (this.#feedAgain && !this.#isStopped) {
        this.#feedAgain = false;
        this.resume();
      }
    });
  }

  status(): PipelineStatus {
    return {
      frames: this.#frames,
      answered: this.#answered,
      told: this.#told,
      lagMilliseconds: this.#lag,
      catchingUp: !this.#isLive,
    };
  }

  /** Waits until all that has come has been judged and told, or for so many milliseconds. */
  async drain(milliseconds: number): Promise<boolean> {
    const until = this.#parts.now() + milliseconds;
    while (this.#told < this.#last && this.#parts.now() < until) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 10);
      });
    }
    await this.#telling;
    return this.#told >= this.#last;
  }

  /** Takes no more frames; whoever waits goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async #deliver(
    before: Promise<void>,
    written: Promise<AppendedRecords>,
    block: RecordBlock,
    through: number,
  ): Promise<void> {
    const [{ first, kept, mayBeTold }, isFrameKept] = await Promise.all([
      written,
      this.#parts.journal.durable(through),
    ]);
    await before;
    this.#tell(through);
    if (mayBeTold && block.count > 0) this.#parts.listener.deliver({ first, block }, kept && isFrameKept);
  }

  async #take(batch: FrameBatch, track: number): Promise<void> {
    if (this.#isStopped || (batch.count === 0 && batch.marks.length === 0)) return;
    const { journal, engine } = this.#parts;
    // No wait between these: numbers, journal and engine see the same order.
    journal.appendFrames(batch);
    this.#frames += batch.count;
    if (batch.count > 0) {
      this.#last = batch.firstFrame + batch.count - 1;
      this.#arrivals.push({ frame: this.#last, at: this.#parts.now() });
      if (this.#arrivals.length > ARRIVALS_MOST) this.#arrivals.splice(0, ARRIVALS_MOST / 2);
    }
    const pushed = this.#isLive ? engine.push(batch, track) : null;
    if (pushed !== null && !(await pushed)) this.#isLive = false;
    await journal.ready();
    while (this.#isLive && this.#last - this.#told > UNDER_WAY_MOST && !this.#isStopped) await this.#room();
  }

  /** From the journal until nothing is left there; the step from there to live frames waits for nothing. */
  async #feed(): Promise<void> {
    const { journal, engine, tracks } = this.#parts;
    const first = journal.status().firstFrame ?? journal.nextFrame;
    let next = Math.max(first, this.tellFrom - WARM_UP_FRAMES);
    engine.tracks(tracks.all());
    while (!this.#isStopped && !this.#feedAgain) {
      const end = journal.nextFrame - 1;
      if (next > end) {
        this.#isLive = true;
        return;
      }
      await journal.durable(end);
      for await (const batch of journal.readFrames(next, end)) {
        for (const part of this.#byTrack(batch)) {
          if (this.#feedAgain || !(await engine.push(part.batch, part.track))) return;
        }
        if (this.#isStopped) return;
      }
      next = end + 1;
    }
  }

  /** A batch from the journal in runs of one track each. */
  #byTrack(batch: FrameBatch): { batch: FrameBatch; track: number }[] {
    const { journal, tracks, engine } = this.#parts;
    const names = new Map(journal.interfaces().map((row) => [row.interfaceId, row.track]));
    const before = tracks.all().length;
    const trackOf = (row: number): number => {
      const name = names.get(batch.interfaceId[row]);
      return name === undefined ? 0 : tracks.named(name).track;
    };
    const parts: { batch: FrameBatch; track: number }[] = [];
    for (let begin = 0; begin < batch.count; ) {
      const track = trackOf(begin);
      let end = begin + 1;
      while (end < batch.count && trackOf(end) === track) end++;
      parts.push({ batch: begin === 0 && end === batch.count ? batch : sliceBatch(batch, begin, end), track });
      begin = end;
    }
    if (tracks.all().length > before) engine.tracks(tracks.all());
    return parts;
  }

  #tell(through: number): void {
    this.#told = Math.max(this.#told, through);
    let told = 0;
    while (told < this.#arrivals.length && this.#arrivals[told].frame <= through) told++;
    if (told > 0) {
      this.#lag = this.#parts.now() - this.#arrivals[told - 1].at;
      this.#arrivals.splice(0, told);
    }
    this.#wake();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
    });
  }

  #wake(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }
}
