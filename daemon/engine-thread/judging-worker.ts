// The entry file of the thread that judges for threaded-analysis.ts: opens a capture, walks, deciphers and judges it, and
// fills the slots of the ring as they come free. Whoever listens does all that follows from it.
//
// Keys that the capture delivers are learned in both threads, from the same octets in the same order, so that both hold
// the same keyring at every frame.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FrameBatch, FrameSource } from '../../captures/frame-batch.ts';
import { CaptureOpenError, systemCode } from '../../captures/open-error.ts';
import { FileSource } from '../../captures/sources/file.ts';
import { openInThread } from '../../captures/sources/thread-input.ts';
import { Engine } from '../engine/engine.ts';
import { KeyManagement } from '../engine/key-management.ts';
import { MessageTable } from '../engine/message-table.ts';
import { KeyIndex } from '../keyring/key-index.ts';
import { keyringOf } from '../keyring/keyring-copy.ts';
import { type JudgingMessage, type JudgingOrder, RING_SLOTS } from './judging-messages.ts';
import { NoticeWriter } from './round-notices.ts';
import { RoundSlot } from './round-slot.ts';

/** What the thread is started with: the order, and the channel on which it answers. */
type Start = JudgingOrder & { readonly port: MessagePort };

/** Judges one capture. */
class Judging {
  readonly #port: MessagePort;
  readonly #source: FrameSource;
  readonly #engine: Engine;
  readonly #notices = new NoticeWriter();
  readonly #slots: readonly RoundSlot[];
  readonly #told: Int32Array;
  readonly #noMessages = new MessageTable();
  #filled = 0;
  #framesLeft: number;

  constructor(order: Start, source: FrameSource, index: KeyIndex, keyManagement: KeyManagement) {
    this.#port = order.port;
    this.#source = source;
    this.#framesLeft = order.frames;
    this.#slots = order.ring.map((memory) => new RoundSlot(memory));
    this.#told = new Int32Array(order.told);
    const notices = this.#notices;
    this.#engine = new Engine(
      { index, allowStale: order.allowStale },
      {
        ...notices.sink,
        message: () => undefined,
        keyManagement: (batch, row, at, length) => {
          keyManagement.take(batch, row, at, length);
          notices.keyManagement(row);
        },
        roundDone: (batch, from, until, table) => {
          if (from < until) this.#hand(batch, from, until, table);
        },
      },
    );
  }

  /** Takes the next batch; false when no more frames are wanted. */
  push(batch: FrameBatch): boolean {
    const wanted = batch.count <= this.#framesLeft ? batch : { ...batch, count: this.#framesLeft };
    this.#framesLeft -= wanted.count;
    this.#notices.begin();
    this.#engine.push(wanted);
    // Marks behind the last frame.
    if (this.#notices.pending) this.#hand(wanted, wanted.count, wanted.count, this.#noMessages);
    return this.#framesLeft > 0;
  }

  /** Says how it ended, and wipes what was derived. */
  end(): void {
    const { problem, consumed } = this.#source;
    const ended: JudgingMessage = { kind: 'ended', problem, consumed, report: this.#engine.report() };
    this.#port.postMessage(ended, []);
    this.#engine.close();
  }

  /** Hands a round over, as soon as there is room in the ring for it. */
  #hand(batch: FrameBatch, from: number, until: number, table: MessageTable): void {
    for (;;) {
      const told = Atomics.load(this.#told, 0);
      if (this.#filled - told < RING_SLOTS) break;
      Atomics.wait(this.#told, 0, told);
    }
    const round = this.#slots[this.#filled % RING_SLOTS].fill(batch, from, until, table);
    this.#filled++;
    const said: JudgingMessage = {
      ...round,
      kind: 'round',
      notices: this.#notices.take(from),
      report: this.#engine.report(),
      consumed: this.#source.consumed,
    };
    this.#port.postMessage(said, []);
  }
}

async function judgeAll(order: Start): Promise<void> {
  const { port, path } = order;
  const say = (message: JudgingMessage): void => {
    port.postMessage(message, []);
  };
  let source: FrameSource;
  try {
    source = await openInThread(path, order.readsAside ? 'auto' : 1);
  } catch (error) {
    say({ kind: 'refused', reason: error instanceof CaptureOpenError ? error.reason : systemCode(error) });
    return;
  }
  const descriptor = source instanceof FileSource && source.reread !== undefined ? source.descriptor : null;
  say({ kind: 'opened', total: source.total, descriptor });
  const keyring = keyringOf(order.keyring);
  const index = new KeyIndex(keyring);
  const keyManagement = new KeyManagement(keyring, index);
  const judging = new Judging(order, source, index, keyManagement);
  for (;;) {
    const next = source.next();
    const batch = next instanceof Promise ? await next : next;
    if (batch === null || !judging.push(batch)) break;
  }
  judging.end();
  keyManagement.close();
  keyring.wipe();
  if (descriptor === null) await source.close();
  // A plain file stays open for whoever listens: a thread that waits on its channel goes on until it is ended.
  else port.on('message', () => undefined);
}

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
await judgeAll(workerData as Start);
