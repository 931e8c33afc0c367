// The entry file of the threads behind an analysis in several.

import { parentPort, workerData } from 'node:worker_threads';
import { type RoundStart, work } from './round-work.ts';

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
// One that was started before anybody knew what it is to do is told then.
if ((workerData ?? null) === null) parentPort.once('message', (start: RoundStart) => void work(start));
else void work(workerData as RoundStart);
