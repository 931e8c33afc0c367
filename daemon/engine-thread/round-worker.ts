// The entry file of the threads behind an analysis in several. The next thread is started before anything that this one
// needs is loaded: both take a while.

import { parentPort, workerData } from 'node:worker_threads';
import { openRounds, type RoundThread } from './round-thread.ts';
import type { RoundStart } from './round-work.ts';

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
const order = workerData as RoundStart;
const { path, frames } = order;
let opening: Promise<RoundThread> | null = null;
if (order.judging !== null && order.walksAside) {
  opening = openRounds(path, { frames, judging: null, walksAside: true });
  // Waited for below; until then nobody is to call its failure unexpected.
  opening.catch(() => undefined);
}
const { work } = await import('./round-work.ts');
await work(order, opening);
