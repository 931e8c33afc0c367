// Runs commands as whole processes and times them from outside: wall clock and peak memory, median of several runs.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** What some runs of a command took. */
export interface Measurement {
  /** Seconds, one a run, in the order of the runs. */
  readonly seconds: readonly number[];
  /** Median of them. */
  readonly median: number;
  /** Peak resident memory of the process in MiB, the largest of all runs; NaN where GNU time is not there. */
  readonly peakMib: number;
}

const GNU_TIME = '/usr/bin/time';

/** Whether a program can be started. */
export function available(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/**
 * Runs a command `runs` times after one run that warms the page cache. Its output goes nowhere.
 *
 * @throws Error when it cannot be started or ends with another code than 0
 */
export function measure(command: readonly string[], runs: number): Measurement {
  const seconds: number[] = [];
  let peakMib = Number.NaN;
  for (let run = -1; run < runs; run++) {
    const timed = existsSync(GNU_TIME);
    const report = `/tmp/sidescope-bench-${process.pid}.time`;
    const line = timed ? [GNU_TIME, '-f', '%M', '-o', report, ...command] : command;
    const start = performance.now();
    const result = spawnSync(line[0], line.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    const took = (performance.now() - start) / 1000;
    if (result.error !== undefined) throw result.error;
    if (result.status !== 0)
      throw new Error(`${command.join(' ')} ended with ${result.status}: ${result.stderr.toString()}`);
    if (timed) {
      const kib = Number(readFileSync(report, 'utf8').trim().split('\n').at(-1));
      peakMib = Math.max(Number.isNaN(peakMib) ? 0 : peakMib, kib / 1024);
    }
    if (run >= 0) seconds.push(took);
  }
  const sorted = [...seconds].sort((a, b) => a - b);
  return { seconds, median: sorted[Math.floor(sorted.length / 2)], peakMib };
}
