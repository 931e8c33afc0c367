// `npm run bench:check`: has a change made something slower by more than a fifth? Each piece of work is done in turn with a
// calibration in one process, many times; the median of their ratios is compared with the recorded one, and measured again
// where it is worse. `--record`
// writes bench/recorded.json anew, which a change that means to be slower (or is faster) commits.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchedWork } from './check-work.ts';
import { median } from './measure.ts';

// We chose.
/** A loss of more than this share fails. */
const TOLERATED = 0.2;
/** Runs of which the median is recorded. */
const RECORDED_RUNS = 3;
/** Runs in which a loss has to show. */
const MOST_RUNS = 4;

const HERE = dirname(fileURLToPath(import.meta.url));
const RECORDED = join(HERE, '..', '..', 'bench', 'recorded.json');
const ONE = join(HERE, 'check-one.js');

/** How many times the calibration's time a piece of work takes, measured in a process of its own. */
function ratioOf(name: string): number {
  const { stdout, stderr, status } = spawnSync(process.execPath, [ONE, name], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return Number(stdout);
}

const names = Object.keys(watchedWork());
const isRecording = process.argv.includes('--record');
const recorded = isRecording ? {} : (JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, number>);
const ratios: Record<string, number> = {};
let slower = 0;
for (const name of names) {
  const before = recorded[name] as number | undefined;
  const isSlower = (ratio: number): boolean => before !== undefined && ratio > before * (1 + TOLERATED);
  const measured: number[] = [];
  // What is slower once may have had bad neighbours: a loss shows each time.
  do measured.push(ratioOf(name));
  while (
    isRecording ? measured.length < RECORDED_RUNS : isSlower(Math.min(...measured)) && measured.length < MOST_RUNS
  );
  const ratio = isRecording ? median(measured) : Math.min(...measured);
  ratios[name] = Number(ratio.toFixed(3));
  if (isSlower(ratio)) slower++;
  const change = before === undefined ? 'not recorded yet' : `${Math.round((ratio / before - 1) * 100)} %`;
  const runs = measured.length === 1 ? '' : `  ${measured.length} runs`;
  process.stdout.write(
    `${isSlower(ratio) ? 'SLOWER' : 'good  '}  ${name.padEnd(22)}${ratio.toFixed(3)}  ${change}${runs}\n`,
  );
}
if (isRecording) writeFileSync(RECORDED, `${JSON.stringify(ratios, null, 2)}\n`);
if (slower > 0) {
  process.stdout.write(
    `${slower} of ${names.length} are more than ${TOLERATED * 100} % slower than recorded in bench/recorded.json: ` +
      'find out why, or record again with `npm run bench:check -- --record`\n',
  );
  process.exitCode = 1;
}
