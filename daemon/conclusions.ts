// What follows from judged messages, in the order in which an engine tells of them: findings, records, delivered keys, and
// in the end the account of the capture. The engine itself may be in this thread (analysis.ts) or in another one
// (engine-thread/).

import type { CaptureProblem } from '../captures/frame-batch.ts';
import { millisecondsOf } from '../captures/milliseconds.ts';
import type { SharedMemory } from '../dissectors/security/wasm/shared-memory.ts';
import type { AnalysisListener, AnalysisOptions } from './analysis.ts';
import { AnalysedFrame } from './engine/analysed-frame.ts';
import type { EngineReport, EngineSink } from './engine/engine.ts';
import { epochEvents } from './engine/epoch-event.ts';
import type { Attempt } from './engine/judge.ts';
import { KeyManagement } from './engine/key-management.ts';
import { MessageAccount } from './engine/message-account.ts';
import { MessageEventMaker } from './engine/message-event.ts';
import { type MessageTable, PART_ROWS } from './engine/message-table.ts';
import type { RunSums } from './engine/run-sums.ts';
import { SduFragments } from './engine/sdu-fragments.ts';
import { Senders } from './engine/senders.ts';
import { summaryEvent } from './engine/summary-event.ts';
import type { FindingEvent, SummaryEvent } from './events.ts';
import { FindingWatch } from './findings/watch.ts';
import { KeyIndex } from './keyring/key-index.ts';
import type { KeyringChange } from './keyring/live-keyring.ts';

/** See the head of the file. */
export class Conclusions {
  /** What an engine is to tell. */
  readonly sink: EngineSink;
  /** Findings; what the message at hand raised is in `raised()` while a listener's `row` and `message` are called. */
  readonly findings: FindingWatch;
  readonly account: MessageAccount;
  readonly index: KeyIndex;
  /** Frames that `sink.run` is best asked to take at once: a kernel takes all there are, a loop over rows some. */
  readonly rowsAtOnce: number;
  /** Keys tried on the message at hand, where the engine writes them down; emptied behind each message. */
  readonly attempts: Attempt[] = [];
  readonly #senders = new Senders();
  readonly #options: AnalysisOptions;
  readonly #listener: AnalysisListener;
  readonly #fragments = new SduFragments();
  readonly #keyManagement: KeyManagement;
  readonly #maker: MessageEventMaker;

  /**
   * @param keysCame called behind a key-management message, with the capture time in milliseconds
   * @param shared memory in which rounds lie (engine/shared-layout.ts); null: they lie elsewhere
   */
  constructor(
    options: AnalysisOptions,
    listener: AnalysisListener,
    keysCame: (time: number) => void,
    shared: SharedMemory | null = null,
  ) {
    this.#options = options;
    this.#listener = listener;
    const { keyring } = options;
    this.index = new KeyIndex(keyring);
    this.account = new MessageAccount(keyring, this.#senders);
    this.#keyManagement = new KeyManagement(keyring, this.index);
    this.#maker = new MessageEventMaker(keyring.groups, this.index, { payload: options.payload ?? false });
    const tell = (event: FindingEvent): void => listener.finding?.(event);
    this.findings = new FindingWatch({
      keyring,
      index: this.index,
      senders: this.#senders,
      shared,
      listener:
        listener.finding === undefined ? null : { record: tell, ...(options.live === true ? { first: tell } : {}) },
      ...(options.severities === undefined ? {} : { overrides: options.severities }),
      ...(options.counterCaps === undefined ? {} : { caps: options.counterCaps }),
    });
    this.rowsAtOnce = shared === null || hearsEach(listener) ? PART_ROWS : Number.POSITIVE_INFINITY;
    const heard = this.#heard(keysCame);
    this.sink = gathersFrames(listener) ? this.#gathering(heard) : this.#takingRuns(heard);
  }

  /** The keyring was changed from outside: what is concluded from now on goes by it. */
  keyringChanged(change: KeyringChange): void {
    if (change.underived.size > 0) this.index.rebuild();
    else this.index.refresh();
    this.#keyManagement.refresh();
    this.findings.keyringChanged();
  }

  /**
   * A message got another verdict than it was told with (correction-window.ts).
   *
   * @param before number of the verdict it had
   */
  corrected(table: MessageTable, row: number, before: number): void {
    this.account.noteAgain(table, row, before);
    const reassembled = this.#fragments.take(table, row);
    this.#listener.correction?.(table, row, reassembled);
    this.#listener.message?.({ ...this.#maker.make(table, row, reassembled), corrects: true });
  }

  /** Overwrites keys that were learned on the way and are in no keyring. */
  close(): void {
    this.#keyManagement.close();
  }

  /**
   * Says what is still to be said: findings that are open, epochs, then the summary.
   *
   * @param problem what cut the input short; null: nothing
   */
  finish(report: EngineReport, problem: CaptureProblem | null): SummaryEvent {
    const { findings, account } = this;
    findings.finish(problem);
    if (this.#listener.epoch !== undefined && report.frames > 0) {
      for (const event of epochEvents(this.#options.keyring, account.epochUse, account.lastTime)) {
        this.#listener.epoch(event);
      }
    }
    const forgottenSources = account.epochUse.evictions;
    const evicted = {
      ...report.evictions,
      ...(forgottenSources > 0 ? { 'epoch-sources': forgottenSources } : {}),
      ...findings.evictions(),
      ...(this.#fragments.evictions > 0 ? { 'ip-fragments': this.#fragments.evictions } : {}),
    };
    const isComplete = problem === null && this.#options.stop?.isMade !== true;
    const summary = summaryEvent(report, account, findings.counts(), isComplete, evicted, findings.replayHorizon);
    this.#listener.summary?.(summary);
    return summary;
  }

  #heard(keysCame: (time: number) => void): EngineSink {
    const { findings, account } = this;
    const senders = this.#senders;
    const listener = this.#listener;
    return {
      frame: (batch, row) => findings.frame(batch, row),
      copy: (_batch, row, walk) => findings.copy(walk, row),
      problem: (batch, row, walk) => findings.problem(batch, row, walk),
      loss: (frames, source, destination, version, lcid) => findings.loss(frames, source, destination, version, lcid),
      mark: (mark) => findings.mark(mark),
      message: (table, row) => {
        account.note(table, row, row + 1);
        findings.message(table, row);
        listener.rows?.(table, row, row + 1, senders, null);
        this.#tellOf(table, row);
      },
      keyManagement: (batch, row, at, length) => {
        for (const notice of this.#keyManagement.take(batch, row, at, length)) {
          findings.keyNotice(notice);
          listener.key?.(notice.event);
        }
        keysCame(millisecondsOf(batch.seconds[row], batch.nanoseconds[row]));
      },
    };
  }

  /** The same sink, which takes frames of which no rule has anything to say several at once. */
  #takingRuns(sink: EngineSink): EngineSink {
    const { findings, account } = this;
    const senders = this.#senders;
    const listener = this.#listener;
    const tellsEach = hearsEach(listener);
    const count = (table: MessageTable, from: number, until: number, sums: RunSums | null): void => {
      account.note(table, from, until, sums);
      listener.rows?.(table, from, until, senders, sums);
    };
    return {
      ...sink,
      run: (batch, row, until, table, message) => {
        const taken = findings.run(batch, row, until, table, message);
        if (taken === 0) return 0;
        const end = message + taken;
        // What a full table gives up depends on the order of its rows.
        const summed = senders.isFull ? 0 : findings.summed;
        const { sums } = findings;
        if (summed > 0) count(table, message, message + summed, sums);
        if (message + summed < end) count(table, message + summed, end, null);
        if (tellsEach) for (let at = message; at < end; at++) this.#tellOf(table, at);
        return taken;
      },
    };
  }

  /** Tells whoever hears messages one by one of a judged one. */
  #tellOf(table: MessageTable, row: number): void {
    const listener = this.#listener;
    listener.row?.(table, row);
    if (listener.message === undefined && listener.record === undefined) return;
    const reassembled = this.#fragments.take(table, row);
    listener.record?.(table, row, reassembled);
    listener.message?.(this.#maker.make(table, row, reassembled));
  }

  /** The same sink, which also gathers each frame for a listener that looks at frames. */
  #gathering(sink: EngineSink): EngineSink {
    const { findings, account } = this;
    const senders = this.#senders;
    const listener = this.#listener;
    const maker = this.#maker;
    const frame = new AnalysedFrame({ groups: this.#options.keyring.groups, index: this.index, maker });
    const { attempts } = this;
    return {
      ...sink,
      frame: (batch, row, walk) => {
        sink.frame?.(batch, row, walk);
        frame.begin(batch, row, walk);
      },
      message: (table, row) => {
        if (frame.messages.length === 0) frame.noteRaised(findings.raised());
        account.note(table, row, row + 1);
        findings.message(table, row);
        frame.addMessage(table, row, findings.raised(), attempts, this.#fragments.take(table, row));
        // Setting the length would give its memory up.
        while (attempts.length > 0) attempts.pop();
        listener.rows?.(table, row, row + 1, senders, null);
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
}

/** Whether somebody hears of each message. */
function hearsEach(listener: AnalysisListener): boolean {
  return listener.row !== undefined || listener.record !== undefined || listener.message !== undefined;
}

/** Whether somebody looks at whole frames, which must be walked and gathered for it. */
export function gathersFrames(listener: AnalysisListener): boolean {
  return listener.frame !== undefined || listener.accepts !== undefined;
}
