// What the threads behind an analysis in several do (threaded-analysis.ts). One reads a capture, walks it, and puts messages
// together; one deciphers and judges them; or one does both. Each copies what it has into a ring of slots for the next
// (round-slot.ts).
//
// Keys that the capture delivers are learned by whoever judges and by whoever listens, from the same octets in the same
// order, so that both hold the same keyring at every frame.

import type { MessagePort } from 'node:worker_threads';
import type { FrameSource } from '../../captures/frame-batch.ts';
import { CaptureOpenError } from '../../captures/open-error.ts';
import { FileSource } from '../../captures/sources/file.ts';
import { openInThread } from '../../captures/sources/thread-input.ts';
import { Engine, type EngineReport, withoutZeros } from '../engine/engine.ts';
import { Judgement } from '../engine/judgement.ts';
import { KeyManagement } from '../engine/key-management.ts';
import { MessageTable } from '../engine/message-table.ts';
import { KeyIndex } from '../keyring/key-index.ts';
import { keyringOf } from '../keyring/keyring-copy.ts';
import { ReaderQueue } from './reader-queue.ts';
import { AttemptWriter } from './round-attempts.ts';
import type { JudgingMessage, RoundOrder, ThreadInstruction } from './round-messages.ts';
import { NoticeWriter, visitKeyManagement } from './round-notices.ts';
import { RoundSender } from './round-sender.ts';
import { openRounds } from './round-thread.ts';

/** What a thread is started with: the order, and the channel on which it answers. */
export type RoundStart = RoundOrder & { readonly port: MessagePort };

/** Keys of a thread that judges, copies of those of the thread that listens. */
class Keys {
  readonly index: KeyIndex;
  readonly management: KeyManagement;
  readonly allowStale: boolean;
  /** Null where nobody asks for the keys that were tried. */
  readonly attempts: AttemptWriter | null;
  readonly #keyring: ReturnType<typeof keyringOf>;

  constructor({ keyring, allowStale, explains }: JudgingMessage) {
    this.#keyring = keyringOf(keyring);
    this.index = new KeyIndex(this.#keyring);
    this.management = new KeyManagement(this.#keyring, this.index);
    this.allowStale = allowStale;
    this.attempts = explains ? new AttemptWriter() : null;
  }

  wipe(): void {
    this.management.close();
    this.#keyring.wipe();
  }
}

/** What to judge with, as soon as it comes. To be called before anybody else listens to the channel. */
function judgingFrom(instructions: MessagePort): Promise<JudgingMessage> {
  return new Promise((resolve) => {
    instructions.on('message', (message: ThreadInstruction) => {
      if (message.kind === 'keys') resolve(message);
    });
  });
}

/** Reads a capture with an engine, which has keys or none. */
async function readAll(source: FrameSource, order: RoundStart, keys: Keys | null, sender: RoundSender): Promise<void> {
  const notices = new NoticeWriter();
  const attempts = keys?.attempts ?? null;
  const noMessages = new MessageTable();
  const engine = new Engine(keys, {
    ...notices.sink,
    message: (table, row) => attempts?.note(table, row),
    keyManagement: (batch, row, at, length) => {
      keys?.management.take(batch, row, at, length);
      notices.keyManagement(row, at, length);
    },
    roundDone: (batch, from, until, table) => {
      if (from < until) sender.hand(batch, from, until, table, standing(from));
    },
  });
  engine.traceInto(attempts?.attempts ?? null);
  const standing = (from: number) => ({
    notices: notices.take(from),
    attempts: attempts?.take() ?? null,
    report: engine.report(),
    consumed: source.consumed,
  });
  let left = order.frames;
  while (left > 0) {
    const next = source.next();
    const batch = next instanceof Promise ? await next : next;
    if (batch === null) break;
    const wanted = batch.count <= left ? batch : { ...batch, count: left };
    left -= wanted.count;
    notices.begin();
    engine.push(wanted);
    // Marks behind the last frame.
    if (notices.pending) sender.hand(wanted, wanted.count, wanted.count, noMessages, standing(wanted.count));
  }
  const { problem, consumed } = source;
  const report = engine.report();
  // Wiped before anybody is told of the end, who may end this thread then.
  engine.close();
  keys?.wipe();
  sender.say({ kind: 'ended', problem, consumed, report });
}

/** Reads a capture in this thread. */
async function read(order: RoundStart, judging: Promise<JudgingMessage> | null, sender: RoundSender): Promise<void> {
  const source = await openInThread(order.path, order.decompressesAside ? 'auto' : 1);
  const descriptor = source instanceof FileSource && source.reread !== undefined ? source.descriptor : null;
  sender.opened({ total: source.total, descriptor });
  const keys = judging === null ? null : new Keys(await judging);
  await readAll(source, order, keys, sender);
  if (descriptor === null) await source.close();
  // A plain file stays open for whoever listens: a thread that waits on its channel goes on until it is ended.
  else order.port.on('message', () => undefined);
}

/** Judges what another thread reads. */
async function judge(
  order: RoundStart,
  reader: ReaderQueue,
  judging: Promise<JudgingMessage>,
  sender: RoundSender,
): Promise<void> {
  const rounds = await openRounds(reader, order.path);
  sender.opened({ total: rounds.total, descriptor: rounds.descriptor });
  const keys = new Keys(await judging);
  const judgement = new Judgement(keys);
  const { attempts } = keys;
  judgement.traceInto(attempts?.attempts ?? null);
  const report = (): EngineReport => ({
    ...rounds.report,
    trialLimited: judgement.trialLimited,
    evictions: withoutZeros({ ...rounds.report.evictions, ...judgement.evictions() }),
  });
  for (;;) {
    const next = rounds.next();
    const round = next instanceof Promise ? await next : next;
    if (round === null) break;
    const { table, notices } = round;
    judgement.prepare(table);
    if (attempts === null) judgement.judge(table, 0, table.count);
    else {
      for (let row = 0; row < table.count; row++) {
        judgement.judge(table, row, row + 1);
        attempts.note(table, row);
      }
    }
    // Such a message is the last of its round (engine.ts), so that all before it were judged without what it brings.
    if (notices !== null) {
      visitKeyManagement(notices, (row, at, length) => keys.management.take(round.frames, row, at, length));
    }
    const standing = { notices, attempts: attempts?.take() ?? null, report: report(), consumed: rounds.consumed };
    sender.hand(round.frames, 0, round.frames.count, table, standing);
  }
  const ended = { problem: rounds.problem, report: report(), consumed: rounds.consumed };
  judgement.close();
  keys.wipe();
  sender.say({ kind: 'ended', ...ended });
}

/** Does what it is told to, to the end of the capture. */
export async function work(order: RoundStart): Promise<void> {
  const judging = order.judges ? judgingFrom(order.port) : null;
  const sender = new RoundSender(order.port);
  try {
    if (judging === null || order.reader === null) await read(order, judging, sender);
    else await judge(order, new ReaderQueue(order.reader, order.port), judging, sender);
  } catch (error) {
    if (!(error instanceof CaptureOpenError)) throw error;
    sender.say({ kind: 'refused', reason: error.reason });
  }
}
