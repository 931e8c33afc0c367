// What the doctor notes while frames are analysed: counts, and the first frames of each kind of trouble.

import type { CaptureProblem, FrameBatch, FrameSource } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { PROBLEMS } from '../../dissectors/problems.ts';
import { Framing, Outcome } from '../../dissectors/walk-table.ts';
import { Analysis } from '../analysis.ts';
import type { AnalysedFrame } from '../engine/analysed-frame.ts';
import { MessageFlag, VerdictCode } from '../engine/message-table.ts';
import type { FindingEvent, MessageEvent, SummaryEvent, Verdict } from '../events.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { KeptFrames } from './kept-frames.ts';
import { outerUdp } from './outer-udp.ts';

/** Constants we chose. */
/** Rows of each table. What is beyond is counted in no row: the doctor shows the first few anyway. */
const MOST_ROWS = 4096;

/** Messages of one group under one PGK index. */
export interface ContextRow {
  /** As in the records: 6 hex digits, `f000??` where only 16 bits are known. */
  readonly group: string;
  readonly pgkIndex: number;
  messages: number;
  readonly verdicts: Map<Verdict, number>;
}

/** A capture as the doctor saw it. */
export interface CaptureObservations {
  readonly problem: CaptureProblem | null;
  readonly summary: SummaryEvent;
  /** Frames by LINKTYPE_ number. */
  readonly linkTypes: ReadonlyMap<number, number>;
  /** Frames that the snap length cut, and the shortest length they were cut to. */
  readonly cutFrames: number;
  readonly shortestCut: number;
  /** Frames by problem code of the dissectors. */
  readonly problems: ReadonlyMap<string, number>;
  /** Frames with a context of mac-lte, rlc-lte or pdcp-lte that are not of the sidelink. */
  readonly otherRadioFrames: number;
  /** Frames that carry UDP and nothing of the sidelink, by destination port. */
  readonly udpPorts: ReadonlyMap<number, number>;
  readonly contexts: readonly ContextRow[];
  /** The first finding of each name. */
  readonly findings: ReadonlyMap<string, FindingEvent>;
  /** Frames that nothing was read from. */
  readonly unread: KeptFrames;
  /** Frames with one message that no key opened, or another one than it should. */
  readonly locked: KeptFrames;
  /** Earliest and latest capture time, milliseconds since 1970; null where there is no frame. */
  readonly earliest: number | null;
  readonly latest: number | null;
  /** Frames that the capture says were lost; null where it does not say. */
  readonly dropped: number | null;
}

/** Analyses frames and notes what is in them. */
export class CaptureObserver {
  readonly #analysis: Analysis;
  readonly #linkTypes = new Map<number, number>();
  readonly #problems = new Map<string, number>();
  readonly #udpPorts = new Map<number, number>();
  readonly #contexts = new Map<string, ContextRow>();
  readonly #findings = new Map<string, FindingEvent>();
  readonly #dropped = new Map<number, number>();
  readonly #unread = new KeptFrames();
  readonly #locked = new KeptFrames();
  #cutFrames = 0;
  #shortestCut = Number.POSITIVE_INFINITY;
  #otherRadioFrames = 0;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;

  /** @param keyring is not changed but by MIKEY deliveries in the capture */
  constructor(keyring: Keyring) {
    this.#analysis = new Analysis(
      { keyring },
      {
        message: (event) => this.#message(event),
        finding: (event) => {
          if (!this.#findings.has(event.name)) this.#findings.set(event.name, event);
        },
        frame: (frame) => this.#frame(frame),
      },
    );
  }

  /** Takes the next frames. */
  push(batch: FrameBatch): void {
    for (let row = 0; row < batch.count; row++) {
      count(this.#linkTypes, batch.linkType[row]);
      const time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
      this.#earliest = Math.min(this.#earliest, time);
      this.#latest = Math.max(this.#latest, time);
      if (batch.captured[row] < batch.original[row]) {
        this.#cutFrames++;
        this.#shortestCut = Math.min(this.#shortestCut, batch.captured[row]);
      }
    }
    for (const { kind, interfaceId, dropped } of batch.marks) {
      if (kind === 'drops' && dropped !== undefined) this.#dropped.set(interfaceId, dropped);
    }
    this.#analysis.push(batch);
  }

  /** Reads a source to its end, or so many frames of it, and closes it. */
  async read(source: FrameSource, frames: number): Promise<CaptureObservations> {
    try {
      for (let left = frames; left > 0; ) {
        const next = source.next();
        const batch = next instanceof Promise ? await next : next;
        if (batch === null) break;
        this.push(batch.count <= left ? batch : { ...batch, count: left });
        left -= batch.count;
      }
      return this.finish(source.problem);
    } finally {
      await source.close();
    }
  }

  /** No more frames come. */
  finish(problem: CaptureProblem | null): CaptureObservations {
    const summary = this.#analysis.finish(problem);
    this.#analysis.close();
    const any = this.#earliest <= this.#latest;
    return {
      problem,
      summary,
      linkTypes: this.#linkTypes,
      cutFrames: this.#cutFrames,
      shortestCut: this.#shortestCut,
      problems: this.#problems,
      otherRadioFrames: this.#otherRadioFrames,
      udpPorts: this.#udpPorts,
      contexts: [...this.#contexts.values()],
      findings: this.#findings,
      unread: this.#unread,
      locked: this.#locked,
      earliest: any ? this.#earliest : null,
      latest: any ? this.#latest : null,
      dropped: this.#dropped.size === 0 ? null : [...this.#dropped.values()].reduce((sum, lost) => sum + lost, 0),
    };
  }

  #message({ group, pgkIndex, verdict }: MessageEvent): void {
    const key = `${group}/${pgkIndex}`;
    let row = this.#contexts.get(key);
    if (row === undefined) {
      if (this.#contexts.size === MOST_ROWS) return;
      row = { group, pgkIndex, messages: 0, verdicts: new Map() };
      this.#contexts.set(key, row);
    }
    row.messages++;
    count(row.verdicts, verdict);
  }

  #frame(frame: AnalysedFrame): void {
    const { batch, row, walk, messages } = frame;
    const { frames } = walk;
    const outcome = frames.outcome[row];
    if (frames.problem[row] !== 0) count(this.#problems, PROBLEMS[frames.problem[row]].code);
    if (outcome <= Outcome.notSidelink || outcome === Outcome.malformed) {
      if (outcome === Outcome.notSidelink && frames.framing[row] !== Framing.none) this.#otherRadioFrames++;
      else if (outcome !== Outcome.keyManagement) this.#unread.keep(batch, row);
      const port = outerUdp(frame.bytes, batch.linkType[row])?.destinationPort;
      if (port !== undefined && (this.#udpPorts.has(port) || this.#udpPorts.size < MOST_ROWS))
        count(this.#udpPorts, port);
    }
    // A message of several frames cannot be tried again from one of them.
    if (messages.length === 1 && frame.table.framesCount[messages[0].row] <= 1) {
      const { verdict, flags } = frame.table;
      const message = messages[0].row;
      const locked = verdict[message] === VerdictCode.noKey || verdict[message] === VerdictCode.forged;
      if (locked || (flags[message] & MessageFlag.otherAlgorithm) !== 0) this.#locked.keep(batch, row);
    }
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
