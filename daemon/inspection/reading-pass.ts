// The pass in which a capture is analysed once and all that it holds is told, a little at a time. Whoever listens sees the
// first messages at once and can ask in between.

import type { FrameSource } from '../../captures/frame-batch.ts';
import { Analysis } from '../analysis.ts';
import { epochEvents } from '../engine/epoch-event.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { InspectionNote, Progress } from './contract.ts';
import { groupDescriptions } from './group-descriptions.ts';
import { MessageBatches } from './message-batches.ts';

/** Constants we chose. */
/** What was gathered is told after so many ms at the latest. */
const TELL_MS = 40;
/** States of keys and groups are told anew after so many ms: every table is made for it. */
const TELL_STATES_MS = 500;

/** How the pass runs. */
export interface ReadingOptions {
  readonly keyring: Keyring;
  readonly allowStale: boolean;
  readonly tell: (note: InspectionNote) => void;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** Reads a source to its end and tells everything. The source is closed in any case. */
export async function readingPass(source: FrameSource, options: ReadingOptions): Promise<void> {
  const { keyring, tell, now } = options;
  const batches = new MessageBatches();
  let rowTime = 0;
  let told = Number.NEGATIVE_INFINITY;
  let toldStates = Number.NEGATIVE_INFINITY;
  let messages = 0;
  /** Findings and deliveries wait for the messages that they are about. */
  let later: InspectionNote[] = [];
  const flush = (): void => {
    const batch = batches.take();
    if (batch !== null) tell({ kind: 'batch', batch });
    for (const note of later) tell(note);
    later = [];
  };
  const analysis = new Analysis(
    { keyring, allowStale: options.allowStale, live: true },
    {
      row: (table, row) => {
        rowTime = table.time[row];
      },
      message: (event) => {
        if (event.corrects !== true) messages++;
        batches.add(event, rowTime, analysis.findings.raised());
        if (batches.full) flush();
      },
      finding: (event) => later.push({ kind: 'finding', event }),
      key: (event) => later.push({ kind: 'key', event }),
    },
  );
  const states = (): void => {
    const { engine, account } = analysis;
    const time = account.lastTime;
    tell({ kind: 'groups', groups: groupDescriptions(keyring, time) });
    if (engine.accounting.frames > 0) {
      tell({ kind: 'epochs', events: epochEvents(keyring, account.epochUse, time) });
    }
  };
  const progress = (): Progress => ({
    consumed: source.consumed,
    total: source.total,
    frames: analysis.engine.accounting.frames,
    messages,
    undecoded: analysis.engine.accounting.undecoded(),
  });
  try {
    states();
    for (;;) {
      const next = source.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === null) break;
      analysis.push(batch);
      const time = now();
      if (time - told < TELL_MS) continue;
      flush();
      tell({ kind: 'progress', progress: progress() });
      told = time;
      if (time - toldStates < TELL_STATES_MS) continue;
      states();
      toldStates = time;
    }
    const summary = analysis.finish(source.problem);
    flush();
    states();
    tell({ kind: 'progress', progress: progress() });
    tell({ kind: 'done', summary, problem: source.problem });
  } finally {
    await source.close();
    analysis.close();
  }
}
