// One capture analysed from end to end: frames in, the records of interfaces 3 out, in the order that page fixes. `read`,
// the test helpers and the terminal UI all stand on this.

import type { CaptureProblem, FrameBatch, FrameSource } from '../captures/frame-batch.ts';
import { AnalysedFrame, type AnalysedMessage } from './engine/analysed-frame.ts';
import { CorrectionWindow } from './engine/correction-window.ts';
import { Engine, type EngineSink } from './engine/engine.ts';
import { epochEvents } from './engine/epoch-event.ts';
import type { Attempt } from './engine/judge.ts';
import { KeyManagement } from './engine/key-management.ts';
import { MessageEventMaker } from './engine/message-event.ts';
import type { MessageTable } from './engine/message-table.ts';
import { SduFragments } from './engine/sdu-fragments.ts';
import { summaryEvent } from './engine/summary-event.ts';
import type { EpochEvent, FindingEvent, KeyEvent, MessageEvent, SummaryEvent } from './events.ts';
import type { CounterCaps } from './findings/counter.ts';
import type { SeverityOverrides } from './findings/severity-overrides.ts';
import { FindingWatch } from './findings/watch.ts';
import { KeyIndex } from './keyring/key-index.ts';
import type { Keyring } from './keyring/keyring.ts';
import type { KeyringChange } from './keyring/live-keyring.ts';

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
  /** Writes down each key that is tried, for layer trees that explain verdicts. */
  readonly explain?: boolean;
  /**
   * A live feed: the first occurrence of a finding is told at once, its folded record follows; and messages that a key
   * opens which arrives shortly after them are told again as corrections.
   */
  readonly live?: boolean;
  /** Caps of the tables that counters and replays are followed in; absent: those of a whole capture. */
  readonly counterCaps?: CounterCaps;
}

/** Who listens. A listener that is absent costs nothing: no record is made for it. */
export interface AnalysisListener {
  /** A judged message as a row: for printers and tables that need no record. */
  row?(table: MessageTable, row: number): void;
  /** A record; with `corrects` it replaces the one told before of the same message. */
  message?(event: MessageEvent): void;
  /**
   * The same message as the row that its record is made of, for who writes records without making them.
   *
   * @param reassembled payload of the IP datagram that its SDU, a fragment, completed; null for every other SDU
   */
  record?(table: MessageTable, row: number, reassembled: Uint8Array | null): void;
  /**
   * On a live feed: a message that was `no-key` or `forged` and that a key which arrived since gives another verdict, as
   * the row that its record is made of. `row`, `record` and `accepts` are not asked, findings are not looked for again.
   */
  correction?(table: MessageTable, row: number, reassembled: Uint8Array | null): void;
  /**
   * Whether a message is wanted as `message` and `record`, asked before they are called; absent: all are. The frame
   * holds what came of it up to this message.
   */
  accepts?(frame: AnalysedFrame, message: AnalysedMessage): boolean;
  /** Any frame, after its messages and with all that came of it. Valid during the call. */
  frame?(frame: AnalysedFrame): void;
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
  readonly #fragments = new SduFragments();
  readonly #options: AnalysisOptions;
  readonly #listener: AnalysisListener;
  readonly #keyManagement: KeyManagement;
  readonly #index: KeyIndex;
  readonly #attempts: Attempt[] = [];
  readonly #maker: MessageEventMaker;
  readonly #corrections: CorrectionWindow | null;
  #epochs: number;
  #framesLeft: number;

  constructor(options: AnalysisOptions, listener: AnalysisListener) {
    this.#options = options;
    this.#listener = listener;
    this.#framesLeft = options.frames ?? Number.POSITIVE_INFINITY;
    this.#index = new KeyIndex(options.keyring);
    this.#keyManagement = new KeyManagement(options.keyring, this.#index);
    this.#epochs = options.keyring.epochs.length;
    const maker = new MessageEventMaker(options.keyring.groups, this.#index, { payload: options.payload ?? false });
    this.#maker = maker;
    const isHeard = listener.message !== undefined || listener.correction !== undefined;
    const corrections = options.live === true && isHeard ? new CorrectionWindow() : null;
    this.#corrections = corrections;
    const tell = (event: FindingEvent): void => listener.finding?.(event);
    const findings = new FindingWatch({
      keyring: options.keyring,
      index: this.#index,
      listener:
        listener.finding === undefined ? null : { record: tell, ...(options.live === true ? { first: tell } : {}) },
      ...(options.severities === undefined ? {} : { overrides: options.severities }),
      ...(options.counterCaps === undefined ? {} : { caps: options.counterCaps }),
    });
    this.findings = findings;
    const gathers = listener.frame !== undefined || listener.accepts !== undefined;
    const heard: EngineSink = {
      frame: (batch, row) => findings.frame(batch, row),
      copy: (_batch, _row, source, destination) => findings.copy(source, destination),
      problem: (batch, row, walk) => findings.problem(batch, row, walk),
      loss: (frames, source, destination, lcid) => findings.loss(frames, source, destination, lcid),
      mark: (mark) => findings.mark(mark),
      message: (table, row) => {
        findings.message(table, row);
        listener.row?.(table, row);
        if (listener.message === undefined && listener.record === undefined) return;
        const reassembled = this.#fragments.take(table, row);
        listener.record?.(table, row, reassembled);
        listener.message?.(maker.make(table, row, reassembled));
      },
      keyManagement: (batch, row, at, length) => {
        for (const event of this.#keyManagement.take(batch, row, at, length).events) {
          findings.keyEvent(event);
          listener.key?.(event);
        }
        this.#correct(batch.seconds[row] * 1000 + batch.nanoseconds[row] / 1e6);
      },
    };
    const sink = gathers ? this.#gathering(heard, maker) : heard;
    this.engine = new Engine(
      { keyring: options.keyring, index: this.#index, allowStale: options.allowStale ?? false },
      corrections === null ? sink : keeping(sink, corrections),
    );
    if (gathers && options.explain === true) this.engine.traceInto(this.#attempts);
  }

  /** The same sink, which also gathers each frame for a listener that looks at frames. */
  #gathering(sink: EngineSink, maker: MessageEventMaker): EngineSink {
    const { findings } = this;
    const listener = this.#listener;
    const frame = new AnalysedFrame({ groups: this.#options.keyring.groups, index: this.#index, maker });
    const attempts = this.#attempts;
    return {
      ...sink,
      frame: (batch, row, walk) => {
        sink.frame?.(batch, row, walk);
        frame.begin(batch, row, walk);
      },
      message: (table, row) => {
        if (frame.messages.length === 0) frame.noteRaised(findings.raised());
        findings.message(table, row);
        frame.addMessage(table, row, findings.raised(), attempts, this.#fragments.take(table, row));
        attempts.length = 0;
        listener.row?.(table, row);
        if (listener.message === undefined && listener.record === undefined) return;
        const message = frame.messages[frame.messages.length - 1];
        if (listener.accepts?.(frame, message) === false) return;
        listener.record?.(table, row, message.reassembled);
        listener.message?.(maker.make(table, row, message.reassembled));
      },
      frameDone: () => {
        if (frame.messages.length === 0) frame.noteRaised(findings.raised());
        listener.frame?.(frame);
      },
    };
  }

  /** Takes the next batch; false when no more frames are wanted. */
  push(batch: FrameBatch): boolean {
    const wanted = batch.count <= this.#framesLeft ? batch : { ...batch, count: this.#framesLeft };
    this.#framesLeft -= wanted.count;
    if (wanted.count > 0 || wanted.marks.length > 0) this.engine.push(wanted);
    return this.#framesLeft > 0;
  }

  /** The keyring was changed from outside (keyring/live-keyring.ts): the very next message is judged by it. */
  keyringChanged(change: KeyringChange): void {
    if (change.underived.size > 0) {
      this.engine.forgetKeys(change.underived);
      this.#index.rebuild();
    } else this.#index.refresh();
    this.#keyManagement.refresh();
    this.findings.keyringChanged();
    this.#correct(this.engine.lastSeconds * 1000 + this.engine.lastNanoseconds / 1e6);
  }

  /** Tells of messages still in the window that keys which came since the last time open after all. */
  #correct(time: number): void {
    const { epochs } = this.#options.keyring;
    const indexes = new Set(epochs.slice(this.#epochs).map(({ index5 }) => index5));
    this.#epochs = epochs.length;
    const corrections = this.#corrections;
    if (corrections === null || indexes.size === 0) return;
    const { table } = corrections;
    corrections.judgeAgain(indexes, time, () => {
      if (!this.engine.judgeAgain(table, 0)) return false;
      const reassembled = this.#fragments.take(table, 0);
      this.#listener.correction?.(table, 0, reassembled);
      this.#listener.message?.({ ...this.#maker.make(table, 0, reassembled), corrects: true });
      return true;
    });
    this.#attempts.length = 0;
  }

  /** Wipes every key that was derived or learned on the way; the keyring is the caller's. `run` does it by itself. */
  close(): void {
    this.engine.close();
    this.#keyManagement.close();
  }

  /**
   * Time passes on a live feed while nothing comes: windows of findings end.
   *
   * @param time what capture time it would be now, milliseconds since 1970
   */
  tick(time: number): void {
    this.findings.tick(time);
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
    const evicted = {
      ...engine.evictions(),
      ...findings.evictions(),
      ...(this.#fragments.evictions > 0 ? { 'ip-fragments': this.#fragments.evictions } : {}),
    };
    const summary = summaryEvent(engine, findings.counts(), problem === null, evicted, findings.replayHorizon);
    this.#listener.summary?.(summary);
    return summary;
  }

  /** Reads a source to its end and finishes. The source is closed in any case. */
  async run(source: FrameSource): Promise<{ summary: SummaryEvent; problem: CaptureProblem | null }> {
    this.findings.rereadFrom(source);
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
      this.close();
    }
  }
}

/** The same sink, which also keeps messages that may have to be corrected. */
function keeping(sink: EngineSink, corrections: CorrectionWindow): EngineSink {
  return {
    ...sink,
    message: (table, row) => {
      sink.message(table, row);
      corrections.note(table, row);
    },
  };
}
