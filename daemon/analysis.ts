// One capture analysed from end to end: frames in, the records of interfaces 3 out, in the order that page fixes. `read`,
// the test helpers and the terminal UI all stand on this.

import type { CaptureProblem, FrameBatch, FrameSource } from '../captures/frame-batch.ts';
import { Conclusions, gathersFrames } from './conclusions.ts';
import type { AnalysedFrame, AnalysedMessage } from './engine/analysed-frame.ts';
import { CorrectionWindow } from './engine/correction-window.ts';
import { Engine, type EngineSink } from './engine/engine.ts';
import type { MessageAccount } from './engine/message-account.ts';
import type { MessageTable } from './engine/message-table.ts';
import type { RunSums } from './engine/run-sums.ts';
import type { Senders } from './engine/senders.ts';
import type { EpochEvent, FindingEvent, KeyEvent, MessageEvent, SummaryEvent } from './events.ts';
import type { CounterCaps } from './findings/counter.ts';
import type { SeverityOverrides } from './findings/severity-overrides.ts';
import type { FindingWatch } from './findings/watch.ts';
import type { Keyring } from './keyring/keyring.ts';
import type { KeyringChange } from './keyring/live-keyring.ts';
import type { StopRequest } from './stop-request.ts';

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
  /** Ends the reading before the input does; absent: nobody will. */
  readonly stop?: StopRequest;
  /** Caps of the tables that counters and replays are followed in; absent: those of a whole capture. */
  readonly counterCaps?: CounterCaps;
}

/** Who listens. A listener that is absent costs nothing: no record is made for it. */
export interface AnalysisListener {
  /** A judged message as a row: for printers and tables that need no record. */
  row?(table: MessageTable, row: number): void;
  /**
   * The same rows in the same order, several at once where nothing else is told between them: for tables that count.
   *
   * @param until row behind the last
   * @param senders who they are of; always the same
   * @param sums the same by context, for those who need not look at rows; null: they are not summed
   */
  rows?(table: MessageTable, from: number, until: number, senders: Senders, sums: RunSums | null): void;
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

/** One analysis of one capture, or of one live feed, in this thread. */
export class Analysis {
  readonly engine: Engine;
  readonly #conclusions: Conclusions;
  readonly #keyring: Keyring;
  readonly #listener: AnalysisListener;
  readonly #corrections: CorrectionWindow | null;
  readonly #stop: StopRequest | undefined;
  #epochs: number;
  #framesLeft: number;

  constructor(options: AnalysisOptions, listener: AnalysisListener) {
    this.#listener = listener;
    this.#stop = options.stop;
    this.#keyring = options.keyring;
    this.#framesLeft = options.frames ?? Number.POSITIVE_INFINITY;
    this.#epochs = options.keyring.epochs.length;
    const conclusions = new Conclusions(options, listener, (time) => this.#correct(time));
    this.#conclusions = conclusions;
    const isHeard = listener.message !== undefined || listener.correction !== undefined;
    this.#corrections = options.live === true && isHeard ? new CorrectionWindow() : null;
    this.engine = new Engine(
      { index: conclusions.index, allowStale: options.allowStale ?? false },
      this.#corrections === null ? conclusions.sink : keeping(conclusions.sink, this.#corrections),
    );
    if (gathersFrames(listener) && options.explain === true) this.engine.traceInto(conclusions.attempts);
  }

  /** Findings; what the message at hand raised is in `raised()` while `row` and `message` are called. */
  get findings(): FindingWatch {
    return this.#conclusions.findings;
  }

  /** What was counted of the messages so far. */
  get account(): MessageAccount {
    return this.#conclusions.account;
  }

  /** Takes the next batch; false when no more frames are wanted. */
  push(batch: FrameBatch): boolean {
    const wanted = batch.count <= this.#framesLeft ? batch : { ...batch, count: this.#framesLeft };
    this.#framesLeft -= wanted.count;
    if (wanted.count > 0 || wanted.marks.length > 0) this.engine.push(wanted);
    this.account.frames(wanted);
    return this.#framesLeft > 0;
  }

  /** The keyring was changed from outside (keyring/live-keyring.ts): the very next message is judged by it. */
  keyringChanged(change: KeyringChange): void {
    if (change.underived.size > 0) this.engine.forgetKeys(change.underived);
    this.#conclusions.keyringChanged(change);
    this.#correct(this.account.lastTime);
  }

  /** Tells of messages still in the window that keys which came since the last time open after all. */
  #correct(time: number): void {
    const { epochs } = this.#keyring;
    const indexes = new Set(epochs.slice(this.#epochs).map(({ index5 }) => index5));
    this.#epochs = epochs.length;
    const corrections = this.#corrections;
    if (corrections === null || indexes.size === 0) return;
    const { table } = corrections;
    corrections.judgeAgain(indexes, time, () => {
      const before = table.verdict[0];
      if (!this.engine.judgeAgain(table, 0)) return false;
      this.#conclusions.corrected(table, 0, before);
      return true;
    });
    this.#conclusions.attempts.length = 0;
  }

  /** Wipes every key that was derived or learned on the way; the keyring is the caller's. `run` does it by itself. */
  close(): void {
    this.engine.close();
    this.#conclusions.close();
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
    return this.#conclusions.finish(this.engine.report(), problem);
  }

  /** Reads a source to its end, or until it is to stop, and finishes. The source is closed in any case. */
  async run(source: FrameSource): Promise<{ summary: SummaryEvent; problem: CaptureProblem | null }> {
    this.findings.rereadFrom(source);
    try {
      for (;;) {
        // A plain file answers at once: no promise is waited for on the hot path.
        const next = this.#stop === undefined ? source.next() : this.#stop.next(source);
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
