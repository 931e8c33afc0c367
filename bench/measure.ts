// Runs commands as whole processes and times them from outside: wall clock and peak memory, median of several runs.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
 * Runs commands `runs` times in turn, after one run of each that warms the page cache: the speed of a machine comes and goes, so
 * what is compared has to meet the same minutes.
 *
 * @param output file for their standard output; absent: it goes nowhere
 * @returns what each took, in the order of the commands
 * @throws Error when one cannot be started or ends with another code than 0
 */
export function measureInTurn(
  commands: readonly (readonly string[])[],
  runs: number,
  output?: string,
): readonly Measurement[] {
  const taken = commands.map(() => ({ seconds: [] as number[], peakMib: Number.NaN }));
  for (let run = runs > 1 ? -1 : 0; run < runs; run++) {
    for (const [i, command] of commands.entries()) {
      const { seconds, peakMib } = runOnce(command, output);
      if (!Number.isNaN(peakMib)) taken[i].peakMib = Math.max(taken[i].peakMib || 0, peakMib);
      if (run >= 0) taken[i].seconds.push(seconds);
    }
  }
  return taken.map(({ seconds, peakMib }) => ({ seconds, median: median(seconds), peakMib }));
}

/** Seconds of one run, and its peak memory in MiB, NaN where nobody can say. */
function runOnce(command: readonly string[], output: string | undefined): { seconds: number; peakMib: number } {
  const timed = existsSync(GNU_TIME);
  const report = join(tmpdir(), `sidescope-bench-${process.pid}.time`);
  const line = timed ? [GNU_TIME, '-f', '%M', '-o', report, ...command] : command;
  const stdout = output === undefined ? 'ignore' : openSync(output, 'w');
  const start = performance.now();
  const result = spawnSync(line[0], line.slice(1), { stdio: ['ignore', stdout, 'pipe'] });
  const seconds = (performance.now() - start) / 1000;
  if (typeof stdout === 'number') closeSync(stdout);
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${command.join(' ')} ended with ${result.status}: ${result.stderr.toString()}`);
  }
  const kib = timed ? Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) : Number.NaN;
  rmSync(report, { force: true });
  if (output !== undefined) rmSync(output, { force: true });
  return { seconds, peakMib: kib / 1024 };
}

/** Seconds from starting a command to the first octet of its output, one a run. */
export async function firstOutput(command: readonly string[], runs: number): Promise<readonly number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    seconds.push((performance.now() - start) / 1000);
    child.stdout.resume();
    await closed;
  }
  return seconds;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
