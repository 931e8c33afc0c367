// The parent's end of the engine (engine-port.ts): starts the child, feeds it, hears it, kills it where it hangs, starts it
// again when it is gone, and then asks its owner for the frames that were not judged.

import { fileURLToPath } from 'node:url';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { JsonObject } from '../audit/canonical-json.ts';
import type { Severity } from '../events.ts';
import type { Reach } from '../relay/access.ts';
import { NO_RECORDS, type RecordBlock } from '../relay/record-block.ts';
import type { EngineRecord, PlainPart } from '../relay/relay-record.ts';
import { type ChildStart, EngineProcess, HANDED_ON_PATH } from './child-process.ts';
import type {
  Demand,
  EngineListener,
  EnginePort,
  EngineStatus,
  KeysAnswer,
  KeysRequest,
  Track,
  TreeAnswer,
} from './engine-port.ts';
import { FramesInFlight } from './frames-in-flight.ts';
import { PendingQuestions, raised } from './pending-questions.ts';
import { encodeBatch, sliceBatch, sliceEnd } from './pipe-batch.ts';
import type { Answers, EngineSettings, PipedError, Question, UpMessage } from './pipe-messages.ts';
import { PoisonFrames } from './poison-frames.ts';

// We chose.
/** Octets and rows of one batch on the pipe: `BODY_MOST` is far above, and one frame goes alone however long. */
const BATCH_OCTETS = 1024 * 1024;
const BATCH_ROWS_SENT = 4096;
/** Times of the link, in milliseconds; tests have shorter ones. */
export const LINK_TIMES = {
  /** How often the child is looked at. */
  tick: 1000,
  /** Looks without a word from a child that should say something, after which it is killed. */
  silentTicks: 15,
  /** The same while it opens its keys, which it does without a word; no bound where somebody may have to type for it. */
  openingTicks: 60,
  /** Wait before the child is started again: the first time, and at most; it doubles. */
  firstWait: 200,
  longestWait: 30_000,
  /** A child that lived so long starts the doubling anew. */
  goodLife: 60_000,
  /** How long a vault that another process still holds is waited for at the start: the child of a parent that died. */
  lockWait: 10_000,
  /** How long the child may take to end when it is asked to. */
  stopWait: 5000,
} as const;

/** How a link is made. */
export interface EngineLinkOptions {
  readonly settings: EngineSettings;
  /** Descriptor that the passphrase is read from, handed on to the child; null: `settings.passphraseFile`. */
  readonly passphraseDescriptor: number | null;
  /** The child's program; absent: the one beside this file. */
  readonly program?: string;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly times?: Partial<Record<keyof typeof LINK_TIMES, number>>;
}

const DOWN_ERROR: PipedError = {
  code: 'engine.down',
  message: 'the engine is being started again',
  hint: 'ask again in a few seconds; where it stays so, `sidescope doctor unix:…/control.sock` says why',
  exitCode: 4,
};

/** Of what was asked before it went: an order may have been carried out. */
const UNANSWERED: PipedError = {
  ...DOWN_ERROR,
  message: 'the engine ended before it answered, and is being started again',
  hint: 'look whether it was done before you ask again, in a few seconds: `sidescope keys list`, the audit log',
};

/** See the head of the file. */
export class EngineLink implements EnginePort {
  readonly #options: EngineLinkOptions;
  readonly #listener: EngineListener;
  readonly #times: Record<keyof typeof LINK_TIMES, number>;
  readonly #flight = new FramesInFlight();
  readonly #questions = new PendingQuestions();
  readonly #poison = new PoisonFrames();
  #child: EngineProcess | null = null;
  #state: EngineStatus['state'] = 'down';
  #problem: EngineStatus['problem'] = null;
  #restarts = 0;
  #skipped = 0;
  #memoryOctets: number | null = null;
  #through = 0;
  /** The last frame handed to the child in this life of it, and the last one that it has judged or warmed up with. */
  #sent = 0;
  #judgedNow = 0;
  #tracks: readonly Track[] = [];
  #demand: Demand = new Map();
  #isAnnouncing = false;
  #silent = 0;
  /** Requests about keys under way: passphrases are meant to take their time, and the child says nothing meanwhile. */
  #longWork = 0;
  #isPinged = false;
  #wait: number;
  #startedAt = 0;
  #ticking: NodeJS.Timeout | null = null;
  #restarting: NodeJS.Timeout | null = null;
  /** Who waits for the vault to be opened, and for the child to be gone. */
  #opening: ((error: PipedError | null) => void) | null = null;
  #ending: (() => void) | null = null;

  constructor(options: EngineLinkOptions, listener: EngineListener) {
    this.#options = options;
    this.#listener = listener;
    this.#times = { ...LINK_TIMES, ...options.times };
    this.#wait = this.#times.firstWait;
  }

  async start(tellFrom: number): Promise<void> {
    this.#through = tellFrom - 1;
    this.#ticking = setInterval(() => this.#tick(), this.#times.tick);
    const until = this.#options.now() + this.#times.lockWait;
    for (;;) {
      const error = await this.#open();
      if (error === null) break;
      if (error.code !== 'vault.locked' || this.#options.now() >= until) {
        clearInterval(this.#ticking);
        this.#state = 'stopped';
        throw raised(error);
      }
      await pause(this.#times.firstWait);
    }
    this.#brief();
    this.#state = 'running';
  }

  tracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#child?.say({ say: 'tracks', tracks });
  }

  async push(batch: FrameBatch, track: number): Promise<boolean> {
    const child = this.#child;
    if (child === null || this.#state !== 'running') return false;
    let from = 0;
    do {
      const to = this.#pieceEnd(batch, from);
      this.#send(child, batch, from, to, track);
      from = to;
    } while (from < batch.count);
    return this.#flight.room();
  }

  demand(demand: Demand): void {
    this.#demand = demand;
    this.#child?.say({ say: 'demand', demand: [...demand] });
  }

  async retell(
    items: readonly { readonly record: EngineRecord; readonly frames: FrameBatch }[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<(PlainPart | null)[]> {
    const records = items.map(({ record }) => ({ ...record, plain: null }));
    const parts = items.map(({ record, frames }) => encodeBatch(frames, record.track));
    const answer = await this.#ask({ about: 'retell', records, view, reason }, parts);
    return answer as (PlainPart | null)[];
  }

  async tree(frames: FrameBatch, reach: readonly Reach[], track: number): Promise<TreeAnswer | null> {
    return (await this.#ask({ about: 'tree', reach }, [encodeBatch(frames, track)])) as TreeAnswer | null;
  }

  async keys(request: KeysRequest): Promise<KeysAnswer> {
    if (this.#child === null || this.#state !== 'running') return { ok: false, ...DOWN_ERROR };
    this.#longWork++;
    try {
      return (await this.#ask({ about: 'keys', request })) as KeysAnswer;
    } finally {
      this.#longWork--;
    }
  }

  async audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask({ about: 'audit', entries: [{ type, data: jsonOf(data) }] });
  }

  async relayState(): Promise<string | null> {
    return (await this.#ask({ about: 'relay-state' })) as Answers['relay-state'];
  }

  async keepRelayState(text: string, type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask({ about: 'keep-relay-state', text, entries: [{ type, data: jsonOf(data) }] });
  }

  async finish(): Promise<void> {
    await this.#ask({ about: 'finish' });
  }

  status(): EngineStatus {
    return {
      state: this.#state,
      pid: this.#child?.pid ?? null,
      restarts: this.#restarts,
      through: this.#through,
      waiting: this.#flight.frames,
      skipped: this.#skipped,
      memoryOctets: this.#memoryOctets,
      problem: this.#problem,
    };
  }

  async stop(): Promise<void> {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    if (this.#restarting !== null) clearTimeout(this.#restarting);
    this.#ticking = null;
    this.#restarting = null;
    const child = this.#child;
    const wasRunning = this.#state === 'running';
    this.#state = 'stopped';
    if (child === null) return;
    if (!wasRunning) {
      child.kill('SIGTERM');
      return;
    }
    const gone = new Promise<void>((resolve) => {
      this.#ending = resolve;
    });
    this.#questions.ask((id) => child.say({ say: 'ask', id, question: { about: 'stop' } })).catch(() => undefined);
    const timer = setTimeout(() => child.kill(), this.#times.stopWait);
    await gone;
    clearTimeout(timer);
  }

  /** Starts the child and waits until it has opened its keys; the error where it refused or died. */
  #open(): Promise<PipedError | null> {
    const { settings, passphraseDescriptor, program } = this.#options;
    const path = passphraseDescriptor === null ? settings.passphraseFile : HANDED_ON_PATH;
    const start: ChildStart = {
      program: program ?? fileURLToPath(new URL('./main.js', import.meta.url)),
      readsInput: path === '-',
      descriptor: passphraseDescriptor,
    };
    this.#state = 'starting';
    this.#startedAt = this.#options.now();
    this.#memoryOctets = null;
    this.#isAnnouncing = false;
    this.#isPinged = false;
    this.#silent = 0;
    return new Promise((resolve) => {
      let answered = false;
      const answer = (error: PipedError | null): void => {
        if (answered) return;
        answered = true;
        this.#opening = null;
        // What it says of itself when it ends is less than why it refused.
        if (error !== null) this.#child = null;
        resolve(error);
      };
      this.#opening = answer;
      const child = new EngineProcess(start, {
        message: (message) => {
          if (this.#child === child) this.#hear(message);
        },
        records: ({ block, through }) => {
          if (this.#child === child) this.#judged(block, through);
        },
        gone: (how, by) => {
          answer({
            code: 'engine.died',
            message: `the engine ended before it had opened its keys (${how})`,
            hint: DIED_HINT,
            exitCode: 1,
          });
          if (this.#child === child) this.#gone(how, by);
        },
      });
      this.#child = child;
      child.say({ say: 'open', settings: { ...settings, passphraseFile: path } });
    });
  }

  /** Tells a child that has opened its keys what it must know before frames come. */
  #brief(): void {
    const child = this.#child;
    if (child === null) return;
    this.#sent = 0;
    child.say({ say: 'tracks', tracks: this.#tracks });
    child.say({ say: 'demand', demand: [...this.#demand] });
    child.say({ say: 'tell-from', frame: this.#through + 1 });
  }

  #hear(message: UpMessage): void {
    this.#silent = 0;
    switch (message.say) {
      case 'opened':
        this.#opening?.(null);
        break;
      case 'refused':
        this.#opening?.(message.error);
        break;
      case 'keys':
        this.#listener.keys(message.keys, message.groups);
        break;
      case 'announced':
        this.#poison.announced(message.frame);
        break;
      case 'reply':
        this.#questions.answered(message.id, message.answer);
        break;
      case 'failed':
        this.#questions.failed(message.id, message.error);
        break;
      case 'alarm':
        this.#listener.alarm({ ...message.alarm, time: new Date(this.#options.now()).toISOString() });
        break;
    }
  }

  #judged(block: RecordBlock, judged: number): void {
    this.#silent = 0;
    this.#poison.judged(judged);
    this.#judgedNow = Math.max(this.#judgedNow, judged);
    const reached = this.#flight.judged(judged);
    const through = Math.max(this.#through, reached);
    if (block.count === 0 && through === this.#through) return;
    this.#through = through;
    this.#listener.answer({ block, through });
  }

  /** Where a piece of a batch ends: at a cap, and where frames begin or cease to be announced. */
  #pieceEnd(batch: FrameBatch, from: number): number {
    const to = sliceEnd(batch, from, BATCH_ROWS_SENT, BATCH_OCTETS);
    return Math.min(to, this.#poison.sameThrough(batch.firstFrame + from) - batch.firstFrame + 1);
  }

  #send(child: EngineProcess, batch: FrameBatch, from: number, to: number, track: number): void {
    const first = batch.firstFrame + from;
    const last = batch.firstFrame + to - 1;
    const isCareful = to > from && this.#poison.isCareful(first);
    if (isCareful !== this.#isAnnouncing) {
      this.#isAnnouncing = isCareful;
      child.say({ say: 'announce', on: isCareful });
    }
    if (to === from || !this.#poison.hasSkipped(first, last)) {
      this.#sendRows(child, sliceBatch(batch, from, to), track);
      return;
    }
    for (let row = from; row < to; row++) {
      const frame = batch.firstFrame + row;
      if (!this.#poison.isSkipped(frame)) this.#sendRows(child, sliceBatch(batch, row, row + 1), track);
      else {
        this.#flight.add(frame, 0, 0);
        this.#judged(NO_RECORDS, 0);
      }
    }
  }

  #sendRows(child: EngineProcess, rows: FrameBatch, track: number): void {
    const part = encodeBatch(rows, track);
    child.frames(part);
    if (rows.count === 0) return;
    this.#sent = rows.firstFrame + rows.count - 1;
    this.#flight.add(this.#sent, rows.count, part.length);
  }

  #ask(question: Question, parts: readonly Uint8Array[] = []): Promise<unknown> {
    const child = this.#child;
    if (child === null || this.#state !== 'running') return Promise.reject(raised(DOWN_ERROR));
    return this.#questions.ask((id) => child.say({ say: 'ask', id, question }, parts));
  }

  /** Looks at the child. Ticks are counted, not time: a parent that stood still must not blame the child for it. */
  #tick(): void {
    const child = this.#child;
    const isOpening = this.#state === 'starting';
    if (child === null || (!isOpening && this.#state !== 'running')) return;
    this.#silent++;
    const { openingTicks, silentTicks } = this.#times;
    const most = isOpening ? this.#openingTicks() : this.#longWork > 0 ? openingTicks : silentTicks;
    if (this.#silent >= most) child.kill();
    else if (!isOpening && !this.#isPinged) void this.#ping();
  }

  async #ping(): Promise<void> {
    this.#isPinged = true;
    try {
      const answer = (await this.#ask({ about: 'ping' })) as Answers['ping'];
      this.#isPinged = false;
      this.#memoryOctets = answer.memoryOctets;
    } catch {
      // It is gone, and its successor was not asked yet (`#open`).
    }
  }

  #gone(how: string, by: 'itself' | 'outside'): void {
    this.#child = null;
    const lost = this.#poison.died(this.#judgedNow, this.#sent, by);
    this.#sent = 0;
    this.#judgedNow = 0;
    this.#questions.failAll(UNANSWERED);
    if (this.#state === 'stopped') {
      this.#flight.drop();
      this.#ending?.();
      return;
    }
    const wasRunning = this.#state === 'running';
    const isTyped = this.#isTyped() && this.#options.passphraseDescriptor === null;
    const hint = isTyped ? TYPED_HINT : DIED_HINT;
    const next = isTyped ? 'waits for its passphrase to be typed' : 'is started again';
    const message = `the engine ended (${how}) and ${next}`;
    this.#problem = { code: 'engine.died', message, hint };
    if (wasRunning) this.#state = 'down';
    this.#flight.drop();
    if (lost !== null) this.#leaveOut(lost);
    if (!wasRunning) return;
    this.#alarm('engine.down', 'high', message, hint, true);
    if (this.#options.now() - this.#startedAt >= this.#times.goodLife) this.#wait = this.#times.firstWait;
    this.#restartLater();
  }

  #openingTicks(): number {
    const { passphraseDescriptor, settings } = this.#options;
    const mayBeTyped = this.#isTyped() || passphraseDescriptor !== null || settings.passphraseFile === '-';
    return mayBeTyped ? Number.POSITIVE_INFINITY : this.#times.openingTicks;
  }

  /** A child that asks the terminal for its passphrase waits for somebody. */
  #isTyped(): boolean {
    const { vault, passphraseFile, identity } = this.#options.settings;
    if (vault === null || passphraseFile !== null || identity !== null) return false;
    return (process.env.CREDENTIALS_DIRECTORY ?? '') === '';
  }

  #leaveOut(frame: number): void {
    this.#skipped++;
    const message = `frame ${frame} ended the engine twice and is left out`;
    const hint = 'export it from the journal and report it: no frame should be able to do that';
    this.#alarm('engine.frame-left-out', 'critical', message, hint, true);
  }

  #restartLater(): void {
    this.#restarting = setTimeout(() => {
      this.#restarting = null;
      void this.#restart();
    }, this.#wait);
    this.#wait = Math.min(this.#wait * 2, this.#times.longestWait);
  }

  async #restart(): Promise<void> {
    const error = await this.#open();
    // Stopped meanwhile: `stop` has asked this child to end.
    if (this.#state === 'stopped') return;
    if (error !== null) {
      const { code, message, hint } = error;
      this.#problem = { code, message, hint };
      this.#state = 'down';
      this.#alarm('engine.down', 'high', `the engine cannot be started again, and is tried on: ${message}`, hint, true);
      this.#restartLater();
      return;
    }
    this.#restarts++;
    this.#problem = null;
    this.#brief();
    this.#state = 'running';
    this.#alarm('engine.down', 'high', 'the engine runs again', '', false);
    this.#listener.resume();
  }

  #alarm(name: string, severity: Severity, message: string, hint: string, isRaised: boolean): void {
    const time = new Date(this.#options.now()).toISOString();
    this.#listener.alarm({ type: 'alarm', name, severity, time, message, hint, raised: isRaised });
  }
}

const TYPED_HINT =
  'type the passphrase again at the terminal of the daemon, for nothing else holds it; where nobody sits there, give it as a passphraseFile or as the credential vault-pass of systemd (LoadCredentialEncrypted=), and it comes back by itself';
const DIED_HINT = 'nothing that the journal has is lost; if it happens often, look at memory and at the last frames';

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Plain JSON of what a caller handed in. */
function jsonOf(data: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(data)) as JsonObject;
}
