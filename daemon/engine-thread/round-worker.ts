// The entry file of the threads behind an analysis in several. The next thread is started before anything that this one
// needs is loaded: both take a while.

import { parentPort, workerData } from 'node:worker_threads';
import { startReading } from './round-start.ts';
import type { RoundStart } from './round-work.ts';

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
const order = workerData as RoundStart;
const reader = order.judges && order.walksAside ? startReading(order) : null;
const { work } = await import('./round-work.ts');
await work(order, reader);
