// What the threads behind an analysis in several do (threaded-analysis.ts). One reads a capture, walks it, and puts messages
// together; one deciphers and judges them; or one does both. Who reads fills a ring of slots, in which those behind it work
// (round-slot.ts).
//
// Keys that the capture delivers are learned by whoever judges and by whoever listens, from the same octets in the same
// order, so that both hold the same keyring at every frame.

import type { MessagePort } from 'node:worker_threads';
import { CaptureOpenError } from '../../captures/open-error.ts';
import { FileSource } from '../../captures/sources/file.ts';
import { openInThread } from '../../captures/sources/thread-input.ts';
import { type EngineReport, withoutZeros } from '../engine/engine.ts';
import { Judgement } from '../engine/judgement.ts';
import { ReaderQueue } from './reader-queue.ts';
import { RoundKeys } from './round-keys.ts';
import {
  JUDGED_RING_SLOTS,
  type JudgingMessage,
  RING_SLOTS,
  type RoundOrder,
  type ThreadInstruction,
} from './round-messages.ts';
import { visitKeyManagement } from './round-notices.ts';
import { RoundReading } from './round-reading.ts';
import { RoundSender } from './round-sender.ts';
import { openRounds } from './round-thread.ts';

/** What a thread is started with: the order, and the channel on which it answers. */
export type RoundStart = RoundOrder & { readonly port: MessagePort };

/** What to judge with, as soon as it comes. To be called before anybody else listens to the channel. */
function judgingFrom(instructions: MessagePort): Promise<JudgingMessage> {
  return new Promise((resolve) => {
    instructions.on('message', (message: ThreadInstruction) => {
      if (message.kind === 'keys') resolve(message);
    });
  });
}

/** Reads a capture in this thread. */
async function read(order: RoundStart, judging: Promise<JudgingMessage> | null, sender: RoundSender): Promise<void> {
  const source = await openInThread(order.path, order.decompressesAside ? 'auto' : 1);
  const descriptor = source instanceof FileSource && source.reread !== undefined ? source.descriptor : null;
  sender.opened({ total: source.total, descriptor }, judging === null ? JUDGED_RING_SLOTS : RING_SLOTS);
  const keys = judging === null ? null : new RoundKeys(await judging);
  const reading = new RoundReading(source, order.frames, keys, sender);
  for (;;) {
    const next = reading.next();
    const batch = next instanceof Promise ? await next : next;
    if (batch === null) break;
    const wanted = reading.begin(batch);
    while (reading.goOn(wanted)) {
      // Round by round.
    }
  }
  reading.end();
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
  sender.say(rounds.opened);
  const keys = new RoundKeys(await judging);
  const judgement = new Judgement(keys, rounds.opened.ring.shared);
  const { attempts } = keys;
  judgement.traceInto(attempts?.attempts ?? null);
  const report = (): EngineReport => ({
    ...rounds.report,
    trialLimited: judgement.trialLimited,
    evictions: withoutZeros({ ...rounds.report.evictions, ...judgement.evictions() }),
  });
  for (;;) {
    const next = rounds.passed();
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
    sender.say({ ...round.slot.judged(round.filled), ...standing, kind: 'round' });
  }
  const ended = { problem: rounds.problem, report: report(), consumed: rounds.consumed };
  judgement.close();
  keys.wipe();
  sender.say({ kind: 'ended', ...ended });
  // A thread that reads stays for as long as this one: the file may be read again there.
  if (!order.readsInProgram) return;
  // This one ends by itself, and gives its memory back while the program still concludes.
  await reader.end();
  order.port.close();
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
