// The entry file of the thread that writes standard output (output-thread.ts): slot after slot, until the process ends.

import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { type OutputMemory, OutputSlots } from './output-slots.ts';

/** We chose: what an error without a number of the system counts as (EIO). */
const UNKNOWN = -5;

const slots = new OutputSlots(workerData as OutputMemory);
slots.begin();
/** Not 0 once something could not be written: what follows would leave a gap. */
let failed = 0;
for (;;) {
  const octets = slots.take();
  try {
    for (let at = 0; failed === 0 && at < octets.length; ) at += writeSync(1, octets, at);
  } catch (error) {
    failed = (error as NodeJS.ErrnoException).errno ?? UNKNOWN;
  }
  slots.written(failed);
}
