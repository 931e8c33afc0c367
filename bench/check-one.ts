// Measures one piece of watched work against the calibration, in turn, and prints the ratio of their processor times, and
// which share of a processor it had. Each has a process of its own, so that what the compiler learns from one piece of work does not change another.
//
// The fastest round of each counts: whatever else runs on the machine makes rounds slower and none faster, and what a
// change of ours costs is in every round. `check.ts` starts it with one thread for compiler and collector: which round
// they end in is not left to chance then.

import { calibration, type Work, watchedWork } from './check-work.ts';

// We chose.
const ROUNDS = 40;
/** Rounds that are not counted: code is compiled while they run. */
const WARM_UP = 8;
/** Where this is used up the rounds so far count, if they are enough. */
const BUDGET_MS = 6000;
const FEWEST_ROUNDS = 12;

/** Milliseconds of processor time. */
async function processorTime(work: Work): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const [name] = process.argv.slice(2);
const work = watchedWork()[name]();
const calibrate = calibration();
const end = performance.now() + BUDGET_MS;
let fastest = Number.POSITIVE_INFINITY;
let unit = Number.POSITIVE_INFINITY;
let used = 0;
const begun = performance.now();
for (let round = -WARM_UP; round < ROUNDS; round++) {
  if (round >= FEWEST_ROUNDS && performance.now() > end) break;
  const took = await processorTime(work);
  const calibrated = await processorTime(calibrate);
  used += took + calibrated;
  if (round < 0) continue;
  fastest = Math.min(fastest, took);
  unit = Math.min(unit, calibrated);
}
process.stdout.write(`${JSON.stringify({ ratio: fastest / unit, share: used / (performance.now() - begun) })}\n`);
