// Measures one piece of watched work against the calibration, in turn, and prints the ratio of their processor times. Each
// has a process of its own, so that what the compiler learns from one piece of work does not change another.

import { calibration, type Work, watchedWork } from './check-work.ts';
import { median } from './measure.ts';

// We chose.
const ROUNDS = 40;
/** Rounds that are not counted: code is compiled while they run. */
const WARM_UP = 6;
/** Where this is used up the rounds so far count, if they are enough. */
const BUDGET_MS = 6000;
const FEWEST_ROUNDS = 9;

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
const ratios: number[] = [];
const end = performance.now() + BUDGET_MS;
let before = await processorTime(calibrate);
for (let round = -WARM_UP; round < ROUNDS; round++) {
  if (round >= FEWEST_ROUNDS && performance.now() > end) break;
  const took = await processorTime(work);
  const after = await processorTime(calibrate);
  if (round >= 0) ratios.push((2 * took) / (before + after));
  before = after;
}
process.stdout.write(`${median(ratios)}\n`);
