// One capture analysed from end to end: frames in, the records of interfaces 3 out, in the order that page fixes. `read`,
// the test helpers and the terminal UI all stand on this.

import type { CaptureProblem, FrameBatch, FrameSource } from '../captures/frame-batch.ts';
import { Engine, type EngineSink } from './engine/engine.ts';
import { epochEvents } from './engine/epoch-event.ts';
import { KeyManagement } from './engine/key-management.ts';
import { MessageEventMaker } from './engine/message-event.ts';
import type { MessageTable } from './engine/message-table.ts';
import { summaryEvent } from './engine/summary-event.ts';
import type { EpochEvent, FindingEvent, KeyEvent, MessageEvent, SummaryEvent } from './events.ts';
import type { SeverityOverrides } from './findings/severity-overrides.ts';
import { FindingWatch } from './findings/watch.ts';
import { KeyIndex } from './keyring/key-index.ts';
import type { Keyring } from './keyring/keyring.ts';

/** What an analysis is asked to do. */
export interface AnalysisOptions {
  /** Where the keys come from; MIKEY deliveries add to it while the capture is read. */
  readonly keyring: Keyring;
  /** Puts deciphered SDUs into the message records. */
  readonly payload?: boolean;
  /** Lets plaintext under keys that were not active out. */
  readonly allowStale?: boolean;
  /** Stops after this many frames. */
  readonly frames?: number;
  /** Severities of findings that the operator chose. */
  readonly severities?: SeverityOverrides;
  /** A live feed: the first occurrence of a finding is told at once, its folded record follows. */
  readonly live?: boolean;
}

/** Who listens. A listener that is absent costs nothing: no record is made for it. */
export interface AnalysisListener {
  /** A judged message as a row: for printers and tables that need no record. */
  row?(table: MessageTable, row: number): void;
  message?(event: MessageEvent): void;
  finding?(event: FindingEvent): void;
  key?(event: KeyEvent): void;
  epoch?(event: EpochEvent): void;
  summary?(event: SummaryEvent): void;
  /** After each batch: octets consumed, and in all where known. */
  progress?(consumed: number, total: number | null): void;
}

/** One analysis of one capture. */
export class Analysis {
  readonly engine: Engine;
  /** Findings; what the message at hand raised is in `raised()` while `row` and `message` are called. */
  readonly findings: FindingWatch;
  readonly #options: AnalysisOptions;
  readonly #listener: AnalysisListener;
  readonly #keyManagement: KeyManagement;
  readonly #index: KeyIndex;
  #framesLeft: number;

  constructor(options: AnalysisOptions, listener: AnalysisListener) {
    this.#options = options;
    this.#listener = listener;
    this.#framesLeft = options.frames ?? Number.POSITIVE_INFINITY;
    this.#index = new KeyIndex(options.keyring);
    this.#keyManagement = new KeyManagement(options.keyring, this.#index);
    const maker = new MessageEventMaker(options.keyring.groups, this.#index, { payload: options.payload ?? false });
    const tell = (event: FindingEvent): void => listener.finding?.(event);
    const findings = new FindingWatch({
      keyring: options.keyring,
      index: this.#index,
      listener:
        listener.finding === undefined ? null : { record: tell, ...(options.live === true ? { first: tell } : {}) },
      ...(options.severities === undefined ? {} : { overrides: options.severities }),
    });
    this.findings = findings;
    const sink: EngineSink = {
      frame: (batch, row) => findings.frame(batch, row),
      copy: (_batch, _row, source, destination) => findings.copy(source, destination),
      problem: (batch, row, walk) => findings.problem(batch, row, walk),
      loss: (frames, source, destination, lcid) => findings.loss(frames, source, destination, lcid),
      mark: (mark) => findings.mark(mark),
      message: (table, row) => {
        findings.message(table, row);
        listener.row?.(table, row);
        listener.message?.(maker.make(table, row));
      },
      keyManagement: (batch, row, at, length) => {
        for (const event of this.#keyManagement.take(batch, row, at, length).events) {
          findings.keyEvent(event);
          listener.key?.(event);
        }
      },
    };
    this.engine = new Engine(
      { keyring: options.keyring, index: this.#index, allowStale: options.allowStale ?? false },
      sink,
    );
  }

  /** Takes the next batch; false when no more frames are wanted. */
  push(batch: FrameBatch): boolean {
    const wanted = batch.count <= this.#framesLeft ? batch : { ...batch, count: this.#framesLeft };
    this.#framesLeft -= wanted.count;
    if (wanted.count > 0 || wanted.marks.length > 0) this.engine.push(wanted);
    return this.#framesLeft > 0;
  }

  /** Says what is still to be said: findings that are open, epochs, then the summary. */
  finish(problem: CaptureProblem | null): SummaryEvent {
    const { engine, findings } = this;
    findings.finish(problem);
    const lastTime = engine.lastSeconds * 1000 + engine.lastNanoseconds / 1e6;
    if (this.#listener.epoch !== undefined && engine.accounting.frames > 0) {
      for (const event of epochEvents(this.#options.keyring, engine.epochUse, lastTime)) {
        this.#listener.epoch(event);
      }
    }
    const summary = summaryEvent(engine, findings.counts(), problem === null, {
      ...engine.evictions(),
      ...findings.evictions(),
    });
    this.#listener.summary?.(summary);
    return summary;
  }

  /** Reads a source to its end and finishes. The source is closed in any case. */
  async run(source: FrameSource): Promise<{ summary: SummaryEvent; problem: CaptureProblem | null }> {
    try {
      for (;;) {
        // A plain file answers at once: no promise is waited for on the hot path.
        const next = source.next();
        const batch = next instanceof Promise ? await next : next;
        if (batch === null) break;
        const more = this.push(batch);
        this.#listener.progress?.(source.consumed, source.total);
        if (!more) break;
      }
      return { summary: this.finish(source.problem), problem: source.problem };
    } finally {
      await source.close();
      this.engine.close();
    }
  }
}
